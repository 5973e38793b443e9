"""Questions: a manager's objections to time entries, each with its thread."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.billing import prices, time_report
from portal.domain.questions import models as questions
from portal.domain.questions import workflow
from portal.web import rendering
from portal.web.auth.access_control import actor, own_company, own_reader

bp = Blueprint("questions", __name__)


@bp.get("/questions")
def index() -> Response:
    reader = own_reader()
    return rendering.render(
        page="questions/index.html", open=questions.listed(reader), over=questions.listed(reader, only_open=False)
    )


@bp.get("/questions/<int:question_id>")
def show(question_id: int) -> Response:
    card = questions.show(own_reader(), question_id)
    return rendering.render(
        page="questions/show.html",
        card=card,
        question=card.question,
        thread=questions.thread(card.question),
        replaced=questions.replaced(card.question),
    )


@bp.get("/entries/<int:entry_id>/question")
def write(entry_id: int) -> Response:
    reader = own_reader()
    asked = questions.entry(reader, entry_id)
    return rendering.render(
        page="questions/write.html",
        asked=asked,
        worked=time_report.entry(reader, asked.ticket_number, entry_id),
        currency=prices.list_of(reader).currency,
        earlier=questions.of_entry(reader, entry_id),
    )


@bp.post("/entries/<int:entry_id>/question")
def ask(entry_id: int) -> AnyResponse:
    question_id = workflow.ask(actor(), own_company(), entry_id, request.form.get("text", ""))
    flash(_("Asked. Connectica has been told."))
    return redirect(url_for(".show", question_id=question_id))


@bp.post("/questions/<int:question_id>/reply")
def reply(question_id: int) -> AnyResponse:
    workflow.reply(actor(), own_company(), question_id, request.form.get("text", ""))
    flash(_("Sent. Connectica has been told."))
    return redirect(url_for(".show", question_id=question_id))


@bp.post("/questions/<int:question_id>/take-back")
def take_back(question_id: int) -> AnyResponse:
    workflow.take_back(actor(), own_company(), question_id)
    flash(_("Your question is closed."))
    return redirect(url_for(".show", question_id=question_id))
