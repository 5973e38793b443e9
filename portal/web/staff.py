"""Staff's start page: whether the mirror is true, and the companies at a glance."""

from flask import Blueprint, Response

from portal.web import pages

bp = Blueprint("staff", __name__, url_prefix="/staff")


@bp.get("")
def index() -> Response:
    return pages.render(page="staff/index.html")
