"""Password resets: a wish anybody may write down for any address, and a letter with a key if somebody has it.

The page does the same work for every address. Whether there is an account is looked up later, by an errand of the
sync service, so that neither words nor time tell.
"""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import password_change
from portal.domain.audit import events as audit
from portal.domain.notifications import outbox, rendering
from portal.domain.users import models as people
from portal.domain.users import passwords
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.errors import NotFound
from portal.lib import tokens, urls

LASTS = timedelta(minutes=30)
KEPT = timedelta(days=1)  # anybody may write down a wish: the list must not grow for ever
MOST_LETTERS = 3  # to one account within an hour: nobody's mailbox is flooded in our name


class PasswordReset(Base):
    """A wish for a new password. The account and the key come when the letter is written."""

    __tablename__ = "password_reset"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    wished_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    written_at: Mapped[datetime | None] = mapped_column(index=True)  # looked at, whether a letter came of it or not
    used_at: Mapped[datetime | None]


@unit_of_work()
def wish(email: str) -> None:
    """Somebody says they forgot the password of this address. Commits."""
    db.session.add(PasswordReset(email=people.folded(email), wished_at=clock.now()))


@unit_of_work()
def write_due() -> int:
    """Letters for the wishes whose address has an account; old wishes are swept away. How many letters. Commits."""
    db.session.execute(delete(PasswordReset).where(PasswordReset.wished_at < clock.now() - KEPT))
    waiting = db.session.scalars(select(PasswordReset).where(PasswordReset.written_at.is_(None)).limit(100)).all()
    return sum(_write(one) for one in waiting)


def opened(token: str) -> Person:
    """Whose password a key changes. Changes nothing. Raises NotFound."""
    return _genuine(token)[1]


@unit_of_work()
def use(token: str, password: str, *, address: str) -> None:
    """The new password; every session and every other key of the account ends. Commits. Raises NotFound, Refused."""
    reset, person = _genuine(token)
    password_change.check(person, password)
    kept = passwords.hash_of(password)
    used = rows_changed(
        update(PasswordReset)
        .where(PasswordReset.id == reset.id, PasswordReset.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if not used:
        raise NotFound
    password_change.choose(person, kept)
    audit.note(audit.PASSWORD_CHANGED, Actor.of(person, address=address), about="link")


def _genuine(token: str) -> tuple[PasswordReset, Person]:
    found = db.session.execute(
        select(PasswordReset, Person)
        .join(Person, Person.id == PasswordReset.person_id)
        .where(PasswordReset.token_hash == tokens.hash_of(token), PasswordReset.used_at.is_(None), Person.active)
        .where(PasswordReset.written_at > clock.now() - LASTS, _is_newer_than_password())
    ).first()
    if found is None:
        raise NotFound
    return found[0], found[1]


def _is_newer_than_password():
    return or_(Person.password_set_at.is_(None), PasswordReset.written_at >= Person.password_set_at)


def _write(reset: PasswordReset) -> bool:
    reset.written_at, person = clock.now(), people.by_email(reset.email)
    if person is None or not person.active or _letters_lately(person.id) >= MOST_LETTERS:
        return False
    key, kept = tokens.new()
    reset.person_id, reset.token_hash = person.id, kept
    subject, text = rendering.letter(
        person.language,
        "password_reset",
        name=person.name,
        link=urls.link(f"/password/{key}"),
        until=reset.written_at + LASTS,
    )
    return outbox.write(
        key=f"password:{reset.id}", to=person.email, name=person.name, person=person, subject=subject, text=text
    )


def _letters_lately(person_id: int) -> int:
    lately = PasswordReset.written_at > clock.now() - timedelta(hours=1)
    wanted = select(func.count(PasswordReset.id)).where(PasswordReset.person_id == person_id, lately)
    return db.session.scalar(wanted) or 0
