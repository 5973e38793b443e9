"""The overview: a manager's start page. What waits, what happened since the last visit, and the month at a glance."""

from flask import Blueprint, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.domain.accounts import last_seen
from portal.domain.approvals import deputies
from portal.domain.approvals import models as approvals
from portal.domain.billing import budgets, disclosure, entry_changes, time_report
from portal.domain.billing.agreements import meter
from portal.domain.billing.time_report import HoursFilter
from portal.domain.questions import models as questions
from portal.domain.read_models import overview, upcoming_sum
from portal.domain.users.permissions import Right
from portal.lib import periods
from portal.web import navigation, rendering
from portal.web.auth.access_control import own_reader

bp = Blueprint("overview", __name__)


@bp.get("/")
def index() -> AnyResponse:
    if current_user.may(Right.SERVE):
        return redirect(url_for("staff.index"))
    if not current_user.may(Right.READ):
        return redirect(url_for("invoices.show_upcoming"))
    reader, month = own_reader(), periods.month_of(clock.today())
    since = last_seen.note(current_user, last_seen.OVERVIEW)
    time_report.load(reader, HoursFilter(period=month), *upcoming_sum.WANTED, *budgets.sums(month))
    turn, turns = overview.companys_turn(reader)
    around = navigation.around()
    return rendering.render(
        page="overview/index.html",
        approvals=approvals.waiting(deputies.reading(current_user, reader)) if around.approvals else [],
        answered=questions.answered(reader) if around.answered else [],
        turn=turn,
        turns=turns,
        changes=entry_changes.since(reader, since) if since else [],
        since=since,
        news=overview.news(reader, since) if since else None,
        month=month,
        told=disclosure.of(reader),
        worked=time_report.totals(reader, HoursFilter(period=month)),
        upcoming=upcoming_sum.of(reader),
        in_question=len(around.in_question),
        agreement=meter.of(reader),
        budget=budgets.use(reader, month),
        overdue=overview.overdue(reader),
        pace=overview.pace(reader),
    )
