"""The page behind a link in a letter: it shows a question to anybody who holds the link, and a button answers it.

Looking never decides: mail scanners open links. Nobody is signed in by it; the cookie it sets only guards the form.
"""

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.approvals import link_answers
from portal.errors import AlreadyDecided
from portal.web import approval_form, error_pages, rendering
from portal.web.auth import access_control

bp = Blueprint("decide", __name__, url_prefix="/decide")
bp.after_request(rendering.keep_quiet)


@bp.get("/", defaults={"token": ""})
@bp.get("/<token>")
def show(token: str) -> Response:
    return rendering.minimal("approval_link/show.html", opened=link_answers.opened(token), token=token)


@bp.post("/", defaults={"token": ""})
@bp.post("/<token>")
def answer(token: str) -> AnyResponse:
    said = approval_form.give_by_link(token, request.form, address=access_control.address())
    flash(said)
    return redirect(url_for(".show", token=token))


@bp.errorhandler(AlreadyDecided)
def too_late(error: AlreadyDecided) -> Response:
    """Somebody was faster: the same page, which says who decided what and when."""
    flash(error_pages.words_of(error))
    token = (request.view_args or {})["token"]
    return rendering.minimal("approval_link/show.html", status=409, opened=link_answers.opened(token), token=token)
