"""Sessions: one row for each sign-in, so that it can be seen, ended from elsewhere, and ends by itself."""

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, if_possible, rows_changed
from portal.db.enums import EnumText
from portal.db.unit_of_work import unit_of_work
from portal.errors import NotFound
from portal.lib import tokens

IDLE = timedelta(hours=12)  # unused for so long, it is over: a working day with its pauses
LONGEST = timedelta(days=7)  # however much it is used
NOTICED = timedelta(minutes=5)  # how exactly its last use is written down: not every page is a write
FRESH = timedelta(minutes=10)  # after a proof: for so long it is believed to be the same person at the keyboard
LONGEST_CLIENT = 120  # characters of what a browser says it is


class FirstProof(StrEnum):
    """How somebody signed in."""

    PASSWORD = "password"  # noqa: S105 - the word
    INVITATION = "invitation"
    PASSKEY = "passkey"
    SSO = "sso"


class Session(Base):
    """A sign-in that lasts. Its key is in the browser's cookie alone; here is only the key's hash."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    how: Mapped[FirstProof] = mapped_column(EnumText(FirstProof))
    has_second_factor: Mapped[bool] = mapped_column(default=False)
    proved_at: Mapped[datetime]  # when its person last gave a proof
    client: Mapped[str] = mapped_column(default="")  # what the browser said it is
    address: Mapped[str] = mapped_column(default="")


@unit_of_work()
def start(
    person_id: int, *, how: FirstProof, second_factor: bool = False, client: str = "", address: str = ""
) -> str:
    """A new session of a person; its key, told once. Sessions that are over are swept away. Commits."""
    (key, kept), now = tokens.new(), clock.now()
    db.session.execute(delete(Session).where((Session.seen_at < now - IDLE) | (Session.started_at < now - LONGEST)))
    db.session.add(
        Session(
            key_hash=kept,
            person_id=person_id,
            started_at=now,
            seen_at=now,
            proved_at=now,
            how=how,
            has_second_factor=second_factor,
            client=client[:LONGEST_CLIENT],
            address=address,
        )
    )
    return key


def is_over(*, started_at: datetime, seen_at: datetime) -> bool:
    """Whether a session ended by itself: unused for too long, or as old as none may get."""
    now = clock.now()
    return seen_at < now - IDLE or started_at < now - LONGEST


def notice(session_id: int, seen_at: datetime) -> None:
    """The session is in use; written down now and then. Commits when it writes."""
    now = clock.now()
    if now - seen_at > NOTICED:
        with if_possible(), unit_of_work():
            db.session.execute(update(Session).where(Session.id == session_id).values(seen_at=now))


def anybody_since(moment: datetime) -> bool:
    """Whether anybody used a session since then, as exactly as its use is written down."""
    return db.session.scalar(select(Session.id).where(Session.seen_at >= moment).limit(1)) is not None


def is_fresh(proved_at: datetime) -> bool:
    """Whether a proof was given so lately that even the locks of an account may be changed."""
    return clock.now() - proved_at <= FRESH


@unit_of_work()
def renew(session_id: int, *, second_factor: bool) -> str:
    """A new key for a session whose person has just given a proof; the old one is dead. Told once. Commits."""
    key, kept = tokens.new()
    changed = {"key_hash": kept, "has_second_factor": second_factor, "proved_at": clock.now()}
    db.session.execute(update(Session).where(Session.id == session_id).values(**changed))
    return key


def of(person_id: int) -> Sequence[Session]:
    """The sessions of a person that last, the one used last first."""
    wanted = select(Session).where(Session.person_id == person_id).order_by(Session.seen_at.desc(), Session.id.desc())
    return [one for one in db.session.scalars(wanted) if not is_over(started_at=one.started_at, seen_at=one.seen_at)]


@unit_of_work()
def end(person_id: int, session_id: int) -> bool:
    """End one session of a person, wherever its cookie was copied to; whether it was theirs. Commits."""
    ended = rows_changed(delete(Session).where(Session.id == session_id, Session.person_id == person_id))
    return bool(ended)


def end_one(person_id: int, session_id: int) -> None:
    """The same, on request of the person. Raises NotFound when it is not theirs."""
    if not end(person_id, session_id):
        raise NotFound


@unit_of_work()
def end_others(person_id: int, session_id: int) -> None:
    """End every session of a person but this one. Commits."""
    end_all(person_id, but=session_id)


def end_all(person_id: int, *, but: int | None = None) -> None:
    """End every session of a person, or every other one. In the caller's transaction."""
    theirs = delete(Session).where(Session.person_id == person_id)
    db.session.execute(theirs if but is None else theirs.where(Session.id != but))


def end_begun_by(ways: Set[FirstProof], person_ids: Sequence[int]) -> None:
    """End the sessions of these people that began in one of these ways. In the caller's transaction."""
    db.session.execute(delete(Session).where(Session.how.in_(ways), Session.person_id.in_(person_ids)))


def hash_of(key: str) -> str:
    """What is kept of a key: a copy of the database opens no session."""
    return sha256(key.encode()).hexdigest()
