"""Staff's start page: what waits for Connectica, whether the mirror is true, and the companies at a glance."""

from datetime import timedelta

from flask import Blueprint, Response

from portal import clock
from portal.domain import sync_state
from portal.domain.approvals import models as approvals
from portal.domain.notifications import outbox
from portal.domain.questions import models as questions
from portal.domain.tickets import models as tickets
from portal.domain.tickets.models import State
from portal.web import rendering

bp = Blueprint("staff", __name__, url_prefix="/staff")

DECIDED = timedelta(days=7)  # how long an answer stays on the page


@bp.get("")
def index() -> Response:
    decided, today = approvals.decided_everywhere(clock.now() - DECIDED), clock.start_of(clock.today())
    return rendering.render(
        page="staff/index.html",
        age=sync_state.age(),
        aside=sync_state.set_aside(),
        untold=sync_state.untold_count(),
        companies=tickets.counts_by_company(),
        states=list(State),
        approvals=approvals.open_everywhere(),
        decided=decided,
        decided_today=sum(card.approval.decided_at >= today for card in decided if card.approval.decided_at),
        questions=questions.open_everywhere(),
        late=outbox.late(),
    )
