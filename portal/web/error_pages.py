"""Error pages: every error in the reader's language, as a whole page or as a short note for an htmx part."""

from math import ceil

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from portal.domain.read_models import health
from portal.errors import AlreadyDecided, CoreError, NotFound, Refused, TooMany
from portal.web import rendering

BODIES = {  # status: what happened, what to do now
    400: (
        lambda: _("This did not work"),
        lambda: _("The request made no sense to us. Please go back and try again."),
    ),
    404: (lambda: _("Not found"), lambda: _("There is no such page, or it is not yours to see.")),
    405: (lambda: _("This cannot be done here"), lambda: _("Please go back and use the buttons of the page.")),
    413: (lambda: _("This is too long"), lambda: _("Please shorten what you send.")),
    500: (
        lambda: _("Something broke"),
        lambda: _("It is our fault, and it has been written down. Please try again."),
    ),
}


def install(app: Flask) -> None:
    """One place where errors become answers: views catch nothing."""
    app.register_error_handler(NotFound, lambda error: _apology(404))
    app.register_error_handler(AlreadyDecided, lambda error: _refusal(error, 409))
    app.register_error_handler(Refused, lambda error: _refusal(error, 422))
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(CSRFError, _forgotten)
    app.register_error_handler(SecurityError, lambda error: Response("Unknown host.", 400, mimetype="text/plain"))
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(CoreError, _broken)
    for trouble in health.TROUBLES:
        app.register_error_handler(trouble, _without_database)
    app.register_error_handler(500, _broken)


def words_of(error: Refused) -> str:
    """What a refusal says, in the reader's language."""
    return _(error.text, **error.values) if error.values else _(error.text)


def _of_http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    return _apology(error.code if error.code in BODIES else 400, status=error.code)


def _refusal(error: Refused, status: int) -> Response:
    return _answer(status, _("This was not done"), words_of(error))


def _too_many(error: TooMany) -> Response:
    minutes = ceil(error.wait.total_seconds() / 60)
    words = ngettext("Please try again in %(num)s minute.", "Please try again in %(num)s minutes.", minutes)
    response = _answer(429, _("Too many attempts"), words)
    response.headers["Retry-After"] = str(ceil(error.wait.total_seconds()))
    return response


def _forgotten(error: CSRFError) -> Response:
    return _answer(
        400,
        _("The page was too old"),
        _("You may have signed out or in meanwhile. Open the page again and repeat it."),
    )


def _broken(error: Exception) -> Response:
    return _apology(500)


def _without_database(error: Exception) -> Response:
    """The database cannot do this now: said without asking it anything, not even who is signed in."""
    health.give_up(error)
    if "_login_user" not in g:
        g._login_user = AnonymousUserMixin()
    title, words = (
        _("This cannot be done now"),
        _("The portal cannot read or write its data at the moment. Please try again soon."),
    )
    response = (
        _note(503, title, words)
        if rendering.is_from_htmx()
        else make_response(rendering.plain("errors/show.html", title=title, words=words), 503)
    )
    response.headers["Retry-After"] = "30"
    return response


def _apology(code: int, *, status: int | None = None) -> Response:
    title, words = BODIES[code]
    return _answer(status or code, title(), words())


def _answer(status: int, title: str, words: str) -> Response:
    if rendering.is_from_htmx():
        return _note(status, title, words)
    if status == 500 or (request.endpoint is None and not current_user.is_authenticated):
        return make_response(rendering.plain("errors/show.html", title=title, words=words), status)
    return rendering.render(page="errors/show.html", status=status, title=title, words=words)


def _note(status: int, title: str, words: str) -> Response:
    """A small note instead of a page, for htmx."""
    response = make_response(render_template("errors/_note.html", title=title, words=words), status)
    response.headers["HX-Retarget"] = "#notes"
    response.headers["HX-Reswap"] = "innerHTML"
    response.headers["HX-Push-Url"] = "false"
    return response
