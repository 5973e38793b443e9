"""Deputies: who decides while a manager is away."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.approvals import deputies
from portal.errors import Refused
from portal.lib import periods
from portal.lib.i18n import msgid
from portal.web import rendering
from portal.web.auth.access_control import actor, own_company

bp = Blueprint("deputies", __name__, url_prefix="/deputies")


@bp.get("")
def index() -> Response:
    company = own_company()
    return rendering.render(
        page="deputies/index.html",
        planned=deputies.planned(company),
        colleagues=deputies.colleagues(company, current_user),
    )


@bp.post("")
def appoint() -> AnyResponse:
    first, last = periods.day(request.form.get("first")), periods.day(request.form.get("last"))
    if first is None or last is None:
        raise Refused(msgid("Say from which day to which."))
    deputy_id = request.form.get("deputy", type=rendering.row_id, default=0)
    deputies.appoint(actor(), own_company(), deputy_id=deputy_id, first=first, last=last)
    flash(_("Your deputy is asked too on these days and may decide for you."))
    return redirect(url_for(".index"))


@bp.post("/<int:absence_id>/end")
def dismiss(absence_id: int) -> AnyResponse:
    deputies.dismiss(actor(), own_company(), absence_id)
    flash(_("Your deputy decides no more."))
    return redirect(url_for(".index"))
