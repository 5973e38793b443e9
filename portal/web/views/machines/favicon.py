"""What browsers ask for by themselves."""

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from portal.web import assets

bp = Blueprint("start", __name__)


@bp.get("/favicon.ico")
def favicon() -> Response:
    return redirect(assets.asset("icon.svg"))
