"""Staff's side of questions about time entries: answering them, or explaining why an entry stays."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.questions import models as questions
from portal.domain.questions import workflow
from portal.web import rendering
from portal.web.auth.access_control import actor

bp = Blueprint("staff_questions", __name__, url_prefix="/staff/questions")


@bp.get("/<int:question_id>")
def show(question_id: int) -> Response:
    card = questions.card(question_id)
    with unit_of_work():
        audit.note(audit.OPENED_QUESTION, actor(), company_id=card.company_id, about=card.ticket_number)
    return rendering.render(
        page="staff/question.html",
        card=card,
        question=card.question,
        thread=questions.thread(card.question),
        replaced=questions.replaced(card.question),
    )


@bp.post("/<int:question_id>/answer")
def answer(question_id: int) -> AnyResponse:
    workflow.answer(actor(), question_id, request.form.get("text", ""))
    flash(_("Answered. The manager has been written to."))
    return redirect(url_for(".show", question_id=question_id))


@bp.post("/<int:question_id>/uphold")
def uphold(question_id: int) -> AnyResponse:
    workflow.uphold(actor(), question_id, request.form.get("text", ""))
    flash(_("Closed. The manager has been written to."))
    return redirect(url_for(".show", question_id=question_id))
