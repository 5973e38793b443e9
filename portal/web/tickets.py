"""Tickets: the list, and one with its conversation."""

from flask import Blueprint, Response

from portal.web import pages

bp = Blueprint("tickets", __name__)


@bp.get("/tickets")
def index() -> Response:
    return pages.render(page="tickets/index.html")
