"""Approvals: what Connectica asks, the manager's one answer, and the record of it."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.approvals import consents, deputies
from portal.domain.approvals import decisions as deciding
from portal.domain.approvals import models as approvals
from portal.domain.companies.reader import Reader
from portal.errors import AlreadyDecided
from portal.web import approval_form, error_pages, rendering
from portal.web.auth.access_control import actor, own_company, own_reader

bp = Blueprint("approvals", __name__, url_prefix="/approvals")


@bp.get("")
def index() -> Response:
    reader = own_reader()
    read = deputies.reading(current_user, reader)
    before = request.args.get("before", type=rendering.row_id)
    return rendering.render(
        page="approvals/index.html",
        waiting=approvals.waiting(read),
        asked_back=approvals.asked_back(read),
        decided=approvals.decided(reader, before=before),
        page_size=approvals.PAGE,
        absences=deputies.planned(own_company()),
        consents=consents.in_force(reader),
    )


@bp.get("/<int:approval_id>")
def show(approval_id: int) -> Response:
    card = approvals.show(_read(), approval_id)
    return _page(card, status=200)


@bp.post("/<int:approval_id>")
def answer(approval_id: int) -> AnyResponse:
    flash(approval_form.give(actor(), approval_id, request.form, read=_read()))
    if request.form.get("on") == "ticket":
        return redirect(url_for("tickets.show", number=approvals.show(_read(), approval_id).ticket_number))
    return redirect(url_for(".show", approval_id=approval_id))


@bp.errorhandler(AlreadyDecided)
def too_late(error: AlreadyDecided) -> Response:
    """Somebody was faster: the same page, which says who decided what and when."""
    flash(error_pages.words_of(error))
    return _page(approvals.show(_read(), (request.view_args or {})["approval_id"]), status=409)


def _read() -> Reader:
    return deputies.reading(current_user, own_reader())


def _page(card: approvals.ApprovalCard, *, status: int) -> Response:
    approver = deciding.may_decide(current_user, card) if card.approval.is_open else None
    return rendering.render(
        page="approvals/show.html",
        status=status,
        card=card,
        approval=card.approval,
        history=approvals.history(card.approval),
        may_answer=approver is not None,
        may_consent=approver is not None and approver.is_manager,
        consent=consents.of_employee(card.requester_id),
        title=_("Approval"),
    )
