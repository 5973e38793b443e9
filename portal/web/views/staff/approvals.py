"""Staff's side of approvals: finding any company's ticket, asking about it, answering what was asked back."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.approvals import consents, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.models import AtExpiry
from portal.domain.approvals.requests import Asking
from portal.domain.audit import events as audit
from portal.domain.tickets import staff_search
from portal.errors import AlreadyDecided, Refused
from portal.lib import periods
from portal.lib.i18n import msgid
from portal.web import error_pages, rendering
from portal.web.auth.access_control import actor

bp = Blueprint("staff_approvals", __name__, url_prefix="/staff")


@bp.get("/tickets")
def find() -> Response:
    words = request.args.get("q", "")
    return rendering.render(page="staff/tickets.html", words=words, found=staff_search.find(words))


@bp.get("/tickets/<int:ticket_id>")
def write(ticket_id: int) -> Response:
    ticket = staff_search.show(ticket_id)
    with unit_of_work():
        audit.note(audit.OPENED_TICKET, actor(), company_id=ticket.company_id, about=ticket.number)
    return rendering.render(
        page="staff/ask.html",
        ticket=ticket,
        messages=staff_search.messages(ticket_id),
        consent=consents.of_employee(ticket.requester_id),
        earlier=approvals.of_ticket_for_staff(ticket_id),
        until=requests.default_until(),
        promises=list(AtExpiry),
    )


@bp.post("/tickets/<int:ticket_id>")
def ask(ticket_id: int) -> AnyResponse:
    asked = requests.ask(actor(), staff_search.show(ticket_id).id, _asking())
    if asked.was_open:
        flash(_("This is being asked already."))
    elif asked.was_answered:
        flash(_("A standing consent answered it at once."))
    else:
        flash(_("Asked. The managers have been written to."))
    return redirect(url_for(".show", approval_id=asked.approval_id))


@bp.get("/approvals/<int:approval_id>")
def show(approval_id: int) -> Response:
    return _page(approval_id, status=200)


@bp.post("/approvals/<int:approval_id>/answer")
def answer(approval_id: int) -> AnyResponse:
    requests.answer(actor(), approval_id, request.form.get("note", ""))
    flash(_("Answered. The managers have been written to."))
    return redirect(url_for(".show", approval_id=approval_id))


@bp.post("/approvals/<int:approval_id>/withdraw")
def withdraw(approval_id: int) -> AnyResponse:
    requests.withdraw(actor(), approval_id)
    flash(_("The question is withdrawn."))
    return redirect(url_for(".show", approval_id=approval_id))


@bp.errorhandler(AlreadyDecided)
def too_late(error: AlreadyDecided) -> Response:
    """A manager was faster: the same page, which says who decided what and when."""
    flash(error_pages.words_of(error))
    return _page((request.view_args or {})["approval_id"], status=409)


def _page(approval_id: int, *, status: int) -> Response:
    card = approvals.card(approval_id)
    if status == 200:
        with unit_of_work():
            audit.note(audit.OPENED_APPROVAL, actor(), company_id=card.company_id, about=card.ticket_number)
    return rendering.render(
        page="staff/approval.html",
        status=status,
        card=card,
        approval=card.approval,
        history=approvals.history(card.approval),
    )


def _asking() -> Asking:
    form = request.form
    until, then = periods.day(form.get("until")), form.get("at_expiry", "")
    if until is None:
        raise Refused(msgid("Choose a day from today on, within a year."))
    if then not in set(AtExpiry):
        raise Refused(msgid("Say what happens when nobody decides."))
    return Asking(form.get("question", ""), until=until, at_expiry=AtExpiry(then), reason=form.get("reason", ""))
