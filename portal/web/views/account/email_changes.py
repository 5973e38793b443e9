"""A new e-mail address for one's account, and the page on which each of the two addresses says yes or no."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import email_changes, rate_limits
from portal.web import rendering
from portal.web.auth import access_control, credentials

bp = Blueprint("address_changes", __name__, url_prefix="/address")
bp.after_request(rendering.keep_quiet)


@bp.get("")
def show() -> Response:
    return rendering.render(page="email_changes/show.html", waiting=email_changes.waiting(current_user.id))


@bp.post("")
def wish() -> AnyResponse:
    rate_limits.count(rate_limits.AttemptKind.SIGN_IN, **credentials.tried_of(current_user))
    email_changes.wish(
        access_control.actor(), email=request.form.get("email", ""), password=request.form.get("password", "")
    )
    flash(_("Both addresses have been written to. Nothing changes before both have confirmed."))
    return redirect(url_for(".show"))


@bp.get("/<token>")
def open_link(token: str) -> Response:
    return rendering.minimal("email_changes/confirm.html", opened=email_changes.opened(token), token=token)


@bp.post("/<token>")
def answer(token: str) -> Response:
    rate_limits.count(rate_limits.AttemptKind.LINK, address=request.remote_addr or "")
    if request.form.get("answer") == "stop":
        email_changes.stop(token, address=access_control.address())
        return rendering.minimal("email_changes/answered.html", words=_("Stopped. The account stays at its address."))
    if email_changes.confirm(token, address=access_control.address()):
        return rendering.minimal(
            "email_changes/answered.html", words=_("Done. From now on you sign in with the new address.")
        )
    return rendering.minimal("email_changes/answered.html", words=_("Confirmed. It now waits for the other address."))
