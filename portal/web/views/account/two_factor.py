"""The second step of signing in: a code of the app, a recovery code or a passkey, after the first proof was right."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import passkeys, two_factor
from portal.errors import NotFound
from portal.web import rendering
from portal.web.auth import credentials, login, webauthn
from portal.web.auth.login import Pending

bp = Blueprint("second_step", __name__, url_prefix="/sign-in/second")


@bp.get("")
def show() -> AnyResponse:
    waiting = login.pending()
    return _page(waiting) if waiting else _begin_again()


@bp.post("")
def enter() -> AnyResponse:
    waiting = login.pending()
    if waiting is None:
        return _begin_again()
    refusal = credentials.refusal_of_code(waiting.person, request.form.get("code", ""))
    return _page(waiting, refusal) if refusal else login.complete(waiting)


@bp.post("/challenge")
def challenge() -> Response:
    waiting = login.pending()
    if waiting is None:
        raise NotFound
    given = webauthn.give(webauthn.SECOND_STEP)
    return webauthn.as_json(passkeys.to_show(given, person_id=waiting.person.id))


@bp.post("/passkey")
def enter_by_passkey() -> AnyResponse:
    waiting = login.pending()
    if waiting is None:
        return _begin_again()
    refusal = credentials.refusal_of_passkey(waiting.person, webauthn.SECOND_STEP)
    return _page(waiting, refusal) if refusal else login.complete(waiting)


def _begin_again() -> AnyResponse:
    return redirect(url_for("sign_in.show"))


def _page(waiting: Pending, refusal: str = "") -> Response:
    return rendering.minimal(
        "sign_in/second.html",
        refusal=refusal,
        factors=two_factor.of(waiting.person.id),
        passkeys_are_possible=passkeys.are_possible(),
    )
