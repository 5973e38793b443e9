"""The page behind the link of an invitation: a name, a password, and the account is there."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import invitations, rate_limits, sso_providers
from portal.domain.users.sessions import FirstProof
from portal.web import rendering
from portal.web.auth import access_control, login

bp = Blueprint("invitations", __name__, url_prefix="/invitation")
bp.after_request(rendering.keep_quiet)


@bp.get("/", defaults={"token": ""})
@bp.get("/<token>")
def show(token: str) -> Response:
    invitation = invitations.opened(token)
    return rendering.minimal(
        "invitations/show.html",
        invitation=invitation,
        token=token,
        providers=sso_providers.of(invitation.company_id),
        by_password=sso_providers.allow_password(invitation.company_id),
    )


@bp.post("/", defaults={"token": ""})
@bp.post("/<token>")
def accept(token: str) -> AnyResponse:
    rate_limits.count(rate_limits.AttemptKind.LINK, address=access_control.address())
    person = invitations.accept(
        token,
        name=request.form.get("name", ""),
        password=request.form.get("password", ""),
        address=access_control.address(),
    )
    return login.arrive(person, how=FirstProof.INVITATION)
