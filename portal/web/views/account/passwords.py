"""Passwords: one's own changed, and a new one for whoever forgot theirs, through a link in a letter."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import password_change, password_resets, rate_limits
from portal.domain.users import models as people
from portal.web import rendering
from portal.web.auth import access_control, credentials, known_devices

bp = Blueprint("passwords", __name__, url_prefix="/password")
bp.after_request(rendering.keep_quiet)


@bp.get("")
def show() -> Response:
    return rendering.render(page="passwords/show.html")


@bp.post("")
def change() -> AnyResponse:
    rate_limits.count(rate_limits.AttemptKind.SIGN_IN, **credentials.tried_of(current_user))
    password_change.change(
        access_control.actor(),
        present=request.form.get("present", ""),
        new=request.form.get("password", ""),
        session_id=current_user.session_id,
    )
    if person := people.living(current_user.id):
        known_devices.recognise(person)
    flash(_("The password is changed. Everywhere else you are signed out."))
    return redirect(url_for("account.show"))


@bp.get("/forgotten")
def ask() -> Response:
    return rendering.minimal("passwords/forgotten.html")


@bp.post("/forgotten")
def wish() -> Response:
    rate_limits.count(rate_limits.AttemptKind.RESET, address=request.remote_addr or "")
    password_resets.wish(request.form.get("email", ""))
    return rendering.minimal("passwords/on_its_way.html")


@bp.get("/<token>")
def open_link(token: str) -> Response:
    return rendering.minimal("passwords/new.html", person=password_resets.opened(token), token=token)


@bp.post("/<token>")
def use_link(token: str) -> AnyResponse:
    rate_limits.count(rate_limits.AttemptKind.LINK, address=request.remote_addr or "")
    password_resets.use(token, request.form.get("password", ""), address=access_control.address())
    flash(_("The password is changed. Sign in with it."))
    return redirect(url_for("sign_in.show"))
