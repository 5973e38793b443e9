"""The start page: where a person begins."""

from flask import Blueprint, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.web import assets

bp = Blueprint("start", __name__)


@bp.get("/")
def index() -> Response:
    return redirect(url_for("staff.index" if current_user.is_staff else "tickets.index"))


@bp.get("/favicon.ico")
def favicon() -> Response:
    return redirect(assets.asset("icon.svg"))
