"""Saved views: a filter of the ticket list under a name, kept by the person who gave it."""

from urllib.parse import urlencode

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import saved_views
from portal.domain.read_models.listing import TicketFilter
from portal.exports import tickets as ticket_files
from portal.web import rendering
from portal.web.auth.access_control import own_reader

bp = Blueprint("saved_views", __name__, url_prefix="/tickets/views")


@bp.get("")
def index() -> Response:
    reader, wanted = own_reader(), TicketFilter.parse(request.args.to_dict())
    return rendering.render(
        page="saved_views/index.html",
        wanted=wanted,
        said=ticket_files.filters(reader, wanted),
        views=saved_views.of(current_user),
    )


@bp.post("")
def save() -> AnyResponse:
    wanted = TicketFilter.parse(request.form.to_dict())
    saved_views.save(
        current_user,
        name=request.form.get("name", ""),
        query=urlencode(wanted.to_args()),
        starts=bool(request.form.get("starts")),
    )
    flash(_("Saved. The view stands under the states."))
    return redirect(f"{url_for('tickets.index')}?{urlencode(wanted.to_args())}")


@bp.post("/start")
def start() -> AnyResponse:
    saved_views.start_with(current_user, request.form.get("view", type=rendering.row_id))
    flash(_("Saved."))
    return redirect(url_for(".index"))


@bp.post("/<int:view_id>/remove")
def remove(view_id: int) -> AnyResponse:
    saved_views.remove(current_user, view_id)
    flash(_("The view is removed."))
    return redirect(url_for(".index"))
