"""Letters: mail of the portal to its people, written in the same transaction as its cause and sent once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, insert_once, rows_changed
from portal.db.enums import EnumText
from portal.db.unit_of_work import unit_of_work
from portal.domain.users.models import Person
from portal.lib import tokens
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled

MONTHLY_SUMMARY, BUDGET_ALERT = "monthly_summary", "budget_alert"

CLAIMED_FOR = timedelta(minutes=5)  # longer than any sending takes: a sender that dies leaves its letter to another
LONGEST_PAUSE = timedelta(hours=4)
SHOWN_AS_LATE = timedelta(hours=1)


class Delivery(Labelled):
    """When a person gets a kind of letter."""

    AT_ONCE = "at_once", msgid("at once")
    DAILY = "daily", msgid("once a day")
    NEVER = "never", msgid("not at all")


class Letter(Base):
    """One mail to one person. The key makes it unique, however often its cause is seen."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    to: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    subject: Mapped[str]
    text: Mapped[str]
    attachment: Mapped[bytes | None] = mapped_column(LargeBinary)
    attachment_name: Mapped[str] = mapped_column(default="")
    attachment_type: Mapped[str] = mapped_column(default="")
    written_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")


class LetterChoice(Base):
    """What a person said about one kind of letter. No row: the kind's default."""

    __tablename__ = "letter_choice"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    how: Mapped[Delivery] = mapped_column(EnumText(Delivery))


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a letter."""

    name: str
    media_type: str
    content: bytes


def choice(person_id: int, kind: str, default: Delivery = Delivery.AT_ONCE) -> Delivery:
    """How a person wants this kind of letter."""
    how = db.session.scalar(
        select(LetterChoice.how).where(LetterChoice.person_id == person_id, LetterChoice.kind == kind)
    )
    return how or default


def waiting(at_most: int = 50) -> Sequence[int]:
    """Ids of the letters whose turn it is, oldest first."""
    return db.session.scalars(
        select(Letter.id)
        .where(Letter.sent_at.is_(None), or_(Letter.try_after.is_(None), Letter.try_after <= clock.now()))
        .order_by(Letter.id)
        .limit(at_most)
    ).all()


def late() -> Sequence[Letter]:
    """Letters that should have gone by now: for staff to see."""
    return db.session.scalars(
        select(Letter)
        .where(Letter.sent_at.is_(None), Letter.written_at < clock.now() - SHOWN_AS_LATE)
        .order_by(Letter.id)
        .limit(200)
    ).all()


def write(
    *,
    key: str,
    to: str,
    subject: str,
    text: str,
    name: str = "",
    person: Person | None = None,
    attached: Attached | None = None,
) -> bool:
    """Put a letter into the caller's transaction, unless one with this key is there; False then.

    The sender picks it up after the commit. Controls in the subject and the name are dropped by the sender.
    """
    return insert_once(
        Letter,
        key=key,
        person_id=person.id if person else None,
        to=to,
        name=name,
        subject=subject,
        text=text,
        attachment=attached.content if attached else None,
        attachment_name=attached.name if attached else "",
        attachment_type=attached.media_type if attached else "",
        written_at=clock.now(),
        tries=0,
        trouble="",
    )


def choose(person: Person, kind: str, how: Delivery) -> None:
    """Remember how a person wants a kind of letter."""
    if not insert_once(LetterChoice, person_id=person.id, kind=kind, how=how):
        db.session.execute(
            update(LetterChoice).where(LetterChoice.person_id == person.id, LetterChoice.kind == kind).values(how=how)
        )


@unit_of_work()
def claim(letter_id: int) -> Letter | None:
    """Take a waiting letter for this sender alone; None when another sender was faster. Commits."""
    now = clock.now()
    taken = rows_changed(
        update(Letter)
        .where(Letter.id == letter_id, Letter.sent_at.is_(None))
        .where(or_(Letter.try_after.is_(None), Letter.try_after <= now))
        .values(try_after=now + CLAIMED_FOR, tries=Letter.tries + 1)
    )
    return db.session.get(Letter, letter_id, populate_existing=True) if taken else None


@unit_of_work()
def sent(letter: Letter) -> None:
    """The mail server took it. The attachment's bytes are not needed any more, and keys stay as hashes. Commits."""
    letter.text = tokens.without(letter.text)
    letter.sent_at, letter.trouble, letter.attachment = clock.now(), "", None


@unit_of_work()
def failed(letter: Letter, trouble: str) -> None:
    """It did not go: later again, after twice as long each time. Commits."""
    pause = min(timedelta(seconds=30) * 2 ** min(letter.tries, 12), LONGEST_PAUSE)
    letter.try_after, letter.trouble = clock.now() + pause, trouble[:500]
