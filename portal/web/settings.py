"""Settings: the language and the look a person wants."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain import audit, people
from portal.domain.words import msgid
from portal.errors import Refused
from portal.web import pages
from portal.web.languages import LANGUAGES

bp = Blueprint("settings", __name__)


@bp.get("/settings")
def show() -> Response:
    return pages.render(page="settings/show.html", languages=LANGUAGES, themes=people.THEMES)


@bp.post("/settings")
def change() -> AnyResponse:
    language, theme = request.form.get("language", ""), request.form.get("theme", "")
    if language not in LANGUAGES:
        raise Refused(msgid("There is no such language."))
    people.prefer(current_user.id, language=language, theme=theme)
    audit.note(audit.SETTINGS_CHANGED, **pages.signature())
    current_user.language = language
    refresh()
    flash(_("Saved."))
    return redirect(url_for(".show"))
