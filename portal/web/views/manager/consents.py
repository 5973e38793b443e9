"""Service consents: the standing answers a company's managers gave, and taking them back."""

from flask import Blueprint, Response, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.approvals import consents
from portal.web import rendering
from portal.web.auth.access_control import actor, own_company, own_reader

bp = Blueprint("consents", __name__, url_prefix="/consents")


@bp.get("")
def index() -> Response:
    reader = own_reader()
    return rendering.render(
        page="consents/index.html", in_force=consents.in_force(reader), over=consents.over(reader)
    )


@bp.post("/<int:consent_id>/revoke")
def revoke(consent_id: int) -> AnyResponse:
    consents.revoke(actor(), own_company(), consent_id)
    flash(_("Revoked. From now on Connectica asks again."))
    return redirect(url_for(".index"))
