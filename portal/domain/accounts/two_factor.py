"""The second factor: what a person has besides the first proof, who must have one, and what a change of it means."""

from collections.abc import Set
from dataclasses import dataclass

from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import passkeys, recovery_codes, totp
from portal.domain.accounts.passkeys import Challenge
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.domain.users.permissions import OF_CONNECTICA
from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid

CODE, RECOVERY = "code", "recovery"  # what somebody may type: digits of the app, or a word from paper


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person can prove themselves with besides the first proof. A recovery code alone is none."""

    codes: bool  # of an app
    passkeys: int
    recovery_codes: int  # not used yet

    @property
    def any(self) -> bool:
        return self.codes or self.passkeys > 0


def of(person_id: int) -> Factors:
    return Factors(
        codes=totp.has(person_id),
        passkeys=passkeys.count(person_id),
        recovery_codes=recovery_codes.left(person_id),
    )


def is_required(role_names: Set[str], company: Company | None, *, of_staff: bool) -> bool:
    """Whether somebody must have a second factor; of_staff says whether Connectica's own people must."""
    if company is None:
        return of_staff and not OF_CONNECTICA.isdisjoint(role_names)
    return company.requires_second_factor


@unit_of_work()
def accept_code(person_id: int, code: str) -> str | None:
    """Which kind of code this is, CODE or RECOVERY; used up by asking. None for neither. Commits."""
    if "".join(code.split()).isdigit():
        return CODE if totp.accept(person_id, code) else None
    return RECOVERY if recovery_codes.use(person_id, code) else None


@unit_of_work()
def confirm_codes(actor: Actor, session_id: int, code: str) -> list[str] | None:
    """The app's first code: it counts from now on, and every other session ends. Commits.

    The recovery codes, which are none when there was a factor before; None for a wrong code.
    """
    person_id = actor.known.id
    had = of(person_id)
    if not totp.confirm(person_id, code):
        return None
    audit.note(audit.SECOND_FACTOR_ON, actor)
    return _gained(person_id, session_id, had)


def add_passkey(actor: Actor, session_id: int, *, name: str, written: str, challenge: Challenge | None) -> list[str]:
    """A passkey more, and every other session ends. Commits. The recovery codes, as above. Raises Refused."""
    person_id = actor.known.id
    new = passkeys.made(person_id, written=written, challenge=challenge)
    with unit_of_work():
        had = of(person_id)
        passkeys.add(person_id, new, name=name)
        audit.note(audit.PASSKEY_ADDED, actor)
        return _gained(person_id, session_id, had)


@unit_of_work()
def new_recovery_codes(actor: Actor) -> list[str]:
    """A new set in place of the old one. Commits. Raises Refused for somebody without a second factor."""
    if not of(actor.known.id).any:
        raise Refused(msgid("Recovery codes stand in for a second factor; set one up first."))
    audit.note(audit.RECOVERY_CODES_MADE, actor)
    return recovery_codes.make(actor.known.id)


@unit_of_work()
def remove_codes(actor: Actor, session_id: int, *, is_required: bool) -> bool:
    """The app counts no more, and every other session ends; whether a factor is left. Commits.

    Raises NotFound without an app, Refused when it is the last factor of somebody who must have one.
    """
    if not totp.remove(actor.known.id):
        raise NotFound
    audit.note(audit.SECOND_FACTOR_OFF, actor)
    return _lost(actor.known.id, session_id, is_required=is_required)


@unit_of_work()
def remove_passkey(actor: Actor, session_id: int, passkey_id: int, *, is_required: bool) -> bool:
    """The passkey counts no more; otherwise as above. Commits."""
    passkeys.remove(actor.known.id, passkey_id)
    audit.note(audit.PASSKEY_REMOVED, actor)
    return _lost(actor.known.id, session_id, is_required=is_required)


@unit_of_work()
def take_away(actor: Actor, email: str) -> Person:
    """Everything of somebody who lost everything; their sessions end. Commits. Raises NotFound."""
    person = people.by_email(email)
    if person is None:
        raise NotFound
    _remove_all(person.id)
    sessions.end_all(person.id)
    audit.note(audit.SECOND_FACTOR_RESET, actor, company_id=person.company_id, about=person.email)
    return person


@unit_of_work()
def require_of(actor: Actor, company_id: int, *, required: bool) -> None:
    """Whether everybody of a company must have one; who has none gets no further than making one. Commits."""
    company = db.session.get(Company, company_id)
    if company is None:
        raise NotFound
    company.requires_second_factor = required
    what = audit.SECOND_FACTOR_REQUIRED if required else audit.SECOND_FACTOR_NOT_REQUIRED
    audit.note(what, actor, company_id=company_id)


def _gained(person_id: int, session_id: int, had: Factors) -> list[str]:
    codes = [] if had.any else recovery_codes.make(person_id)
    sessions.end_all(person_id, but=session_id)
    return codes


def _lost(person_id: int, session_id: int, *, is_required: bool) -> bool:
    has_more = of(person_id).any
    if is_required and not has_more:
        raise Refused(msgid("You must have a second factor: add another one before you remove this."))
    if not has_more:
        _remove_all(person_id)
    sessions.end_all(person_id, but=session_id)
    return has_more


def _remove_all(person_id: int) -> None:
    totp.remove(person_id)
    passkeys.remove_all(person_id)
    recovery_codes.remove(person_id)
