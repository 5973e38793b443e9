"""Settings: the language and the look a person wants, and how they want to be written to."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.notifications import preferences
from portal.domain.notifications.outbox import Delivery
from portal.domain.users import models as people
from portal.errors import Refused
from portal.lib.i18n import msgid
from portal.web import languages, rendering
from portal.web.auth import access_control
from portal.web.languages import LANGUAGES

bp = Blueprint("settings", __name__)


@bp.get("/settings")
def show() -> Response:
    return rendering.render(
        page="settings/show.html",
        languages=LANGUAGES,
        themes=people.THEMES,
        ways=Delivery,
        choices=preferences.choices(current_user.id, current_user.role_names),
    )


@bp.post("/settings/notices")
def choose_notices() -> AnyResponse:
    with unit_of_work():
        preferences.choose(current_user, request.form.to_dict())
        audit.note(audit.SETTINGS_CHANGED, access_control.actor())
    flash(_("Saved."))
    return redirect(url_for(".show"))


@bp.post("/settings")
def change() -> AnyResponse:
    language, theme = request.form.get("language", ""), request.form.get("theme", "")
    if language not in LANGUAGES:
        raise Refused(msgid("There is no such language."))
    with unit_of_work():
        people.prefer(current_user.id, language=language, theme=theme)
        audit.note(audit.SETTINGS_CHANGED, access_control.actor())
    current_user.language = language
    languages.forget()
    flash(_("Saved."))
    return redirect(url_for(".show"))
