"""Address changes: an account moves to another e-mail address once both addresses have said yes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import rate_limits
from portal.domain.audit import events as audit
from portal.domain.notifications import outbox, rendering
from portal.domain.users import models as people
from portal.domain.users import passwords
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.errors import NotFound, Refused
from portal.lib import tokens, urls
from portal.lib.i18n import msgid

LASTS = timedelta(hours=24)
KEPT = timedelta(days=30)  # the audit log says longer who moved


class AddressChange(Base):
    """A wish to move, with one key for each address. Nothing moves before both are used."""

    __tablename__ = "address_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    old_email: Mapped[str]
    new_email: Mapped[str]
    at: Mapped[datetime]
    old_token_hash: Mapped[str] = mapped_column(unique=True)
    new_token_hash: Mapped[str] = mapped_column(unique=True)
    old_confirmed_at: Mapped[datetime | None]
    new_confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # done, stopped, or another took its place


@dataclass(frozen=True, slots=True)
class OpenedChange:
    """What a key shows: the change, and what it still waits for."""

    change: AddressChange
    name: str
    is_of_old: bool

    @property
    def is_confirmed(self) -> bool:
        """Whether this key has said yes already."""
        return (self.change.old_confirmed_at if self.is_of_old else self.change.new_confirmed_at) is not None


def waiting(person_id: int) -> AddressChange | None:
    """The change of a person that still waits for one of the addresses."""
    return db.session.scalar(_open().where(AddressChange.person_id == person_id).order_by(AddressChange.id.desc()))


def wish(actor: Actor, *, email: str, password: str) -> None:
    """Ask both addresses. Commits. Raises Refused when the password is not theirs or the address is none.

    An address that has an account gets a letter that says so; whoever asked learns nothing of it.
    """
    person = db.session.get_one(Person, actor.known.id)
    if not passwords.matches(password, person.password):
        raise Refused(msgid("This is not your present password."))
    new = people.address(email)
    if new == person.email:
        raise Refused(msgid("This is your address already."))
    rate_limits.count(rate_limits.AttemptKind.LETTER, account=str(person.id))
    _wished(actor, person, new)


def opened(token: str) -> OpenedChange:
    """The change a key belongs to. Changes nothing. Raises NotFound."""
    kept = tokens.hash_of(token)
    change = db.session.scalar(
        _open().where(or_(AddressChange.old_token_hash == kept, AddressChange.new_token_hash == kept))
    )
    person = db.session.get(Person, change.person_id) if change else None
    if change is None or person is None or not _is_still(person, change):
        raise NotFound
    return OpenedChange(change=change, name=person.name, is_of_old=change.old_token_hash == kept)


def confirm(token: str, *, address: str) -> bool:
    """One address says yes; whether the account has moved now. Commits. Raises NotFound."""
    found = opened(token)
    _say_yes(found)
    change = db.session.get_one(AddressChange, found.change.id, populate_existing=True)
    if change.old_confirmed_at is None or change.new_confirmed_at is None or change.ended_at is not None:
        return False
    try:
        _move(change, address=address)
    except IntegrityError as error:  # it has got an account meanwhile
        raise NotFound from error
    return True


@unit_of_work()
def stop(token: str, *, address: str) -> None:
    """Either address says no: both keys open nothing any more. Commits. Raises NotFound."""
    found = opened(token)
    found.change.ended_at = clock.now()
    person = db.session.get(Person, found.change.person_id)
    audit.note(audit.ADDRESS_STOPPED, Actor(person, None, address), about=found.change.new_email)


@unit_of_work()
def sweep() -> None:
    """Delete wishes that have been over for long. Commits."""
    db.session.execute(delete(AddressChange).where(AddressChange.at < clock.now() - KEPT))


@unit_of_work()
def _wished(actor: Actor, person: Person, new: str) -> None:
    _end_others(person.id)
    (old_key, old_kept), (new_key, new_kept) = tokens.new(), tokens.new()
    change = AddressChange(
        person_id=person.id,
        old_email=person.email,
        new_email=new,
        at=clock.now(),
        old_token_hash=old_kept,
        new_token_hash=new_kept,
    )
    db.session.add(change)
    db.session.flush()
    _write(person, change, "address_old", to=person.email, key=old_key)
    _write(person, change, "address_taken" if people.by_email(new) else "address_new", to=new, key=new_key)
    audit.note(audit.ADDRESS_WISHED, actor, about=new)


@unit_of_work()
def _say_yes(found: OpenedChange) -> None:
    column = AddressChange.old_confirmed_at if found.is_of_old else AddressChange.new_confirmed_at
    unsaid = update(AddressChange).where(AddressChange.id == found.change.id, column.is_(None))
    db.session.execute(unsaid.values({column: clock.now()}))


def _is_still(person: Person, change: AddressChange) -> bool:
    """Whether the account is as it was when both were asked: open, at that address, under that password."""
    is_as_it_was = person.password_set_at is None or person.password_set_at <= change.at
    return person.active and person.email == change.old_email and is_as_it_was


def _end_others(person_id: int) -> None:
    db.session.execute(
        update(AddressChange)
        .where(AddressChange.person_id == person_id, AddressChange.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


@unit_of_work()
def _move(change: AddressChange, *, address: str) -> None:
    person = db.session.get_one(Person, change.person_id)
    change.ended_at, person.email = clock.now(), change.new_email
    db.session.flush()
    audit.note(audit.ADDRESS_CHANGED, Actor.of(person, address=address), about=change.new_email)


def _open():
    return select(AddressChange).where(AddressChange.ended_at.is_(None), AddressChange.at > clock.now() - LASTS)


def _write(person: Person, change: AddressChange, kind: str, *, to: str, key: str) -> None:
    subject, text = rendering.letter(
        person.language,
        kind,
        name=person.name,
        old=change.old_email,
        new=change.new_email,
        link=urls.link(f"/address/{key}"),
        until=change.at + LASTS,
    )
    outbox.write(
        key=f"address:{change.id}:{kind}", to=to, name=person.name, subject=subject, text=text, person=person
    )
