"""Signing in with an address and a password, and signing out. One answer for every failure."""

from flask import Blueprint, Response, redirect, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import passkeys, rate_limits, sso_providers
from portal.domain.accounts.rate_limits import AttemptKind
from portal.domain.audit import events as audit
from portal.domain.users import models as people
from portal.domain.users import passwords
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.domain.users.sessions import FirstProof
from portal.web import rendering
from portal.web.auth import credentials, known_devices, login, webauthn

bp = Blueprint("sign_in", __name__)


@bp.get("/sign-in")
def show() -> AnyResponse:
    onward = request.args.get("next", "")
    if current_user.is_authenticated:
        return redirect(login.own_address(onward))
    return _page(onward=onward)


@bp.post("/sign-in")
def enter() -> AnyResponse:
    email, onward = people.folded(request.form.get("email", "")), request.form.get("next", "")
    browser = known_devices.proof_of(email)
    rate_limits.count(AttemptKind.SIGN_IN, account=email, address=request.remote_addr or "", browser=browser)
    person = _proven(email, request.form.get("password", ""))
    if person is None:
        return _page(_("We do not know this address with this password."), email=email, onward=onward)
    return login.arrive(person, how=FirstProof.PASSWORD, onward=onward)


@bp.post("/sign-in/challenge")
def challenge() -> Response:
    return webauthn.as_json(passkeys.to_show(webauthn.give(webauthn.SIGN_IN), person_id=None))


@bp.post("/sign-in/passkey")
def enter_by_passkey() -> AnyResponse:
    onward = request.form.get("next", "")
    person, refusal = credentials.person_by_passkey(webauthn.SIGN_IN)
    if person is None:
        return _page(refusal, onward=onward)
    return login.arrive(person, how=FirstProof.PASSKEY, onward=onward, second_factor=True)


@bp.post("/sign-out")
def leave() -> AnyResponse:
    return login.leave()


def _proven(email: str, password: str) -> Person | None:
    """The living account whose address and password these are. What fails is written down."""
    person, address = people.by_email(email), request.remote_addr or ""
    is_theirs = passwords.matches(password, person.password if person else None)
    if is_theirs and person and person.active and sso_providers.allow_password(person.company_id):
        rate_limits.forget(AttemptKind.SIGN_IN, account=email, address=address, browser=known_devices.proof_of(email))
        people.refresh_password(person, password)
        return person
    company = person.company if person else None  # nobody's, for an address we do not know
    with unit_of_work():
        audit.note(audit.SIGN_IN_FAILED, Actor(None, company, address), name=email)
    return None


def _page(refusal: str = "", *, email: str = "", onward: str = "") -> Response:
    return rendering.minimal(
        "sign_in/show.html",
        refusal=refusal,
        email=email,
        onward=onward,
        has_sso=sso_providers.are_any(),
        passkeys_are_possible=passkeys.are_possible(),
    )
