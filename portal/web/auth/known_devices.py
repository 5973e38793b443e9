"""Devices: a cookie that remembers where an account was signed in to, so that its owner is never locked out.

It opens nothing. It only says under whose own limits of attempts a sign-in from this browser is counted. It is good
for one state of the account: another password, another address or the end of access ends it everywhere.
"""

from hmac import compare_digest

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from portal.domain.users import models as people
from portal.domain.users.models import Person

LASTS = 180 * 24 * 3600  # seconds


def install(app: Flask) -> None:
    """The cookie goes out with the answer to a sign-in."""
    app.after_request(_remember)


def proof_of(email: str) -> str:
    """What says that the account of an address was signed in to in this browser, as it is now; empty otherwise."""
    cookie = request.cookies.get(_name(), "")
    try:
        known = _signer().loads(cookie, max_age=LASTS)
    except BadData:
        return ""
    person = people.by_email(email)
    is_theirs = person is not None and person.active and compare_digest(people.state_of(person), str(known))
    return cookie if is_theirs else ""


def recognise(person: Person) -> None:
    """This account is signed in to here: the answer to this request brings the cookie."""
    g.recognised = people.state_of(person)


def _remember(response: Response) -> Response:
    state = g.pop("recognised", None)
    if state:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(
            _name(), _signer().dumps(state), max_age=LASTS, secure=secure, httponly=True, samesite="Lax"
        )
    return response


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known device")
