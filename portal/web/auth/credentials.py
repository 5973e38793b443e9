"""Credentials: checks what somebody typed or signed, slows down whoever guesses, and records failures."""

from flask import request
from flask_babel import gettext as _

from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import passkeys, rate_limits, two_factor
from portal.domain.accounts.rate_limits import AttemptKind
from portal.domain.audit import events as audit
from portal.domain.users import models as people
from portal.domain.users import passwords
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, Visitor
from portal.errors import Refused
from portal.web import error_pages
from portal.web.auth import access_control, known_devices, webauthn


def tried_of(person: Person | Visitor) -> dict[str, str]:
    """Whose account is tried, and from where: what attempts.count() counts. Their own browser is counted apart."""
    browser = known_devices.proof_of(person.email)
    return {"account": person.email, "address": request.remote_addr or "", "browser": browser}


def refusal_of_code(person: Person | Visitor, code: str) -> str:
    """Why this code of an app, or recovery code, does not count; nothing when it does. It is used up then."""
    tried = tried_of(person)
    rate_limits.count(AttemptKind.CODE, **tried)
    with unit_of_work():
        kind = two_factor.accept_code(person.id, code)
        if kind != two_factor.CODE:
            what = audit.RECOVERY_CODE_USED if kind == two_factor.RECOVERY else audit.PROOF_FAILED
            audit.note(what, access_control.actor_for(person))
    if kind is None:
        return _("This code is not right, or it was used already. Wait for the next one.")
    rate_limits.forget(AttemptKind.CODE, **tried)
    return ""


def refusal_of_password(visitor: Visitor, password: str) -> str:
    """Why this password does not count; nothing when it does."""
    tried = tried_of(visitor)
    rate_limits.count(AttemptKind.SIGN_IN, **tried)
    person = people.living(visitor.id)
    if not passwords.matches(password, person.password if person else None):
        _write_down(audit.PROOF_FAILED, access_control.actor_for(visitor))
        return _("This is not your password.")
    rate_limits.forget(AttemptKind.SIGN_IN, **tried)
    return ""


def refusal_of_passkey(person: Person | Visitor, purpose: str) -> str:
    """Why the challenge signed in the form does not count as this person's; nothing when it does."""
    signed = request.form.get("credential", "")
    rate_limits.count(AttemptKind.PASSKEY, address=request.remote_addr or "")
    try:
        passkeys.accept(signed, challenge=webauthn.take(purpose), person_id=person.id)
    except Refused as error:
        _write_down(audit.PROOF_FAILED, access_control.actor_for(person))
        return error_pages.words_of(error)
    return ""


def person_by_passkey(purpose: str) -> tuple[Person | None, str]:
    """The living account whose passkey signed the challenge in the form, or nobody and why."""
    signed, address = request.form.get("credential", ""), request.remote_addr or ""
    rate_limits.count(AttemptKind.PASSKEY, address=address)
    try:
        passkey = passkeys.accept(signed, challenge=webauthn.take(purpose), person_id=None)
    except Refused as error:
        _write_down(audit.SIGN_IN_FAILED, Actor(None, None, address))
        return None, error_pages.words_of(error)
    return people.living(passkey.person_id), _(passkeys.NOT_GENUINE)


@unit_of_work()
def _write_down(what: str, actor: Actor) -> None:
    audit.note(what, actor)
