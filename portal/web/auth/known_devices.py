"""Devices: a cookie that remembers where an account was signed in to, so that its owner is never locked out.

It opens nothing. It only says under whose own limit of attempts a sign-in from this browser is counted.
"""

from hashlib import sha256

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from portal.domain.users import models as people

LASTS = 180 * 24 * 3600  # seconds


def install(app: Flask) -> None:
    """The cookie goes out with the answer to a sign-in."""
    app.after_request(_remember)


def proof_of(email: str) -> str:
    """What names this browser if the account of an address was signed in to here; empty otherwise."""
    try:
        known = _signer().loads(request.cookies.get(_name(), ""), max_age=LASTS)
    except BadData:
        return ""
    return request.cookies[_name()] if known == _alias(email) else ""


def recognise(email: str) -> None:
    """The account of this address is signed in to here: the answer to this request brings the cookie."""
    g.recognised = email


def _remember(response: Response) -> Response:
    email = g.pop("recognised", None)
    if email:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(
            _name(), _signer().dumps(_alias(email)), max_age=LASTS, secure=secure, httponly=True, samesite="Lax"
        )
    return response


def _alias(email: str) -> str:
    """Stands for an address where others may read it."""
    return sha256(people.folded(email).encode()).hexdigest()


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known device")
