"""The second factor: what a person has besides the first proof, who must have one, and what a change of it means."""

from collections.abc import Set
from dataclasses import dataclass

from portal.db import db
from portal.domain.accounts import passkeys, recovery_codes, totp
from portal.domain.accounts.passkeys import Challenge
from portal.domain.companies.models import Company
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.models import Person, Visitor
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


def accept_code(person_id: int, code: str) -> str | None:
    """Which kind of code this is, CODE or RECOVERY; used up by asking. None for neither. Commits."""
    if "".join(code.split()).isdigit():
        return CODE if totp.accept(person_id, code) else None
    return RECOVERY if recovery_codes.use(person_id, code) else None


def confirm_codes(visitor: Visitor, code: str) -> list[str] | None:
    """The app's first code: it counts from now on, and every other session ends. Commits.

    The recovery codes, which are none when there was a factor before; None for a wrong code.
    """
    had = of(visitor.id)
    return _gained(visitor, had) if totp.confirm(visitor.id, code) else None


def add_passkey(visitor: Visitor, *, name: str, written: str, challenge: Challenge | None) -> list[str]:
    """A passkey more, and every other session ends. Commits. The recovery codes, as above. Raises Refused."""
    had = of(visitor.id)
    passkeys.add(visitor.id, name=name, written=written, challenge=challenge)
    return _gained(visitor, had)


def new_recovery_codes(visitor: Visitor) -> list[str]:
    """A new set in place of the old one. Commits. Raises Refused for somebody without a second factor."""
    if not of(visitor.id).any:
        raise Refused(msgid("Recovery codes stand in for a second factor; set one up first."))
    codes = recovery_codes.make(visitor.id)
    db.session.commit()
    return codes


def remove_codes(visitor: Visitor, *, is_required: bool) -> bool:
    """The app counts no more, and every other session ends; whether a factor is left. Commits.

    Raises NotFound without an app, Refused when it is the last factor of somebody who must have one.
    """
    if not totp.remove(visitor.id):
        raise NotFound
    return _lost(visitor, is_required=is_required)


def remove_passkey(visitor: Visitor, passkey_id: int, *, is_required: bool) -> bool:
    """The passkey counts no more; otherwise as above."""
    passkeys.remove(visitor.id, passkey_id)
    return _lost(visitor, is_required=is_required)


def take_away(email: str) -> Person:
    """Everything of somebody who lost everything; their sessions end. Commits. Raises NotFound."""
    person = people.by_email(email)
    if person is None:
        raise NotFound
    _remove_all(person.id)
    sessions.end_all(person.id)
    db.session.commit()
    return person


def require_of(company_id: int, *, required: bool) -> None:
    """Whether everybody of a company must have one; who has none gets no further than making one. Commits."""
    company = db.session.get(Company, company_id)
    if company is None:
        raise NotFound
    company.requires_second_factor = required
    db.session.commit()


def _gained(visitor: Visitor, had: Factors) -> list[str]:
    codes = [] if had.any else recovery_codes.make(visitor.id)
    sessions.end_all(visitor.id, but=visitor.session_id)
    db.session.commit()
    return codes


def _lost(visitor: Visitor, *, is_required: bool) -> bool:
    has_more = of(visitor.id).any
    if is_required and not has_more:
        db.session.rollback()
        raise Refused(msgid("You must have a second factor: add another one before you remove this."))
    if not has_more:
        _remove_all(visitor.id)
    sessions.end_all(visitor.id, but=visitor.session_id)
    db.session.commit()
    return has_more


def _remove_all(person_id: int) -> None:
    totp.remove(person_id)
    passkeys.remove_all(person_id)
    recovery_codes.remove(person_id)
