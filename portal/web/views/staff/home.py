"""Staff's start page: what waits for Connectica, whether the mirror is true, and the companies at a glance."""

from flask import Blueprint, Response

from portal.domain import sync_state
from portal.domain.approvals import models as approvals
from portal.domain.notifications import outbox
from portal.domain.questions import models as questions
from portal.domain.tickets import models as tickets
from portal.domain.tickets.models import State
from portal.web import rendering

bp = Blueprint("staff", __name__, url_prefix="/staff")


@bp.get("")
def index() -> Response:
    return rendering.render(
        page="staff/index.html",
        age=sync_state.age(),
        aside=sync_state.set_aside(),
        untold=sync_state.untold_count(),
        companies=tickets.counts_by_company(),
        states=list(State),
        approvals=approvals.open_everywhere(),
        questions=questions.open_everywhere(),
        late=outbox.late(),
    )
