"""The mirror's own memory: how far it has read, what it could not understand, what it has to tell the core."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, false, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, insert_once
from portal.db.unit_of_work import unit_of_work

SYNC = "sync"  # the lease of the process that reads the core
WAKE = "wake"  # the lease row whose fence counts the pokes of POST /hooks/core


class MirrorState(Base):
    """One row: the cursor, committed with the rows it stands for, and how the last runs went."""

    __tablename__ = "mirror_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    cursor: Mapped[str | None]
    reached_at: Mapped[datetime | None]  # the core last answered to the end: the age of the data
    tried_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")  # why the last run failed; empty when it did not
    generation: Mapped[int] = mapped_column(default=0)  # grows whenever anything visible changed
    whole_at: Mapped[datetime | None]  # the core was last read from its beginning to its end
    is_whole_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())  # a person asks for that


class SetAside(Base):
    """A record the mirror could not understand: raw, with the reason, asked for again now and then."""

    __tablename__ = "set_aside"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    raw: Mapped[str]
    reason: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=1)
    told_after: Mapped[str | None]  # the cursor of the page it was on, "" for the first; None when nobody knows


class SyncBegun(Base):
    """Something the sync began to take and has not ended: while it works, or because it died of it."""

    __tablename__ = "sync_begun"

    name: Mapped[str] = mapped_column(primary_key=True)  # a record's core_id, or "after CURSOR" for a page
    times: Mapped[int] = mapped_column(default=1)


class CoreNote(Base):
    """A note for the core: written with the decision it tells, delivered once by the sync."""

    __tablename__ = "told"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # the core takes one note a key, however often it is told
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    note: Mapped[str]
    approval: Mapped[str] = mapped_column(default="", server_default="")  # core_id of the question it answers
    decision: Mapped[str] = mapped_column(default="", server_default="")  # approved, declined, expired or withdrawn
    dispute: Mapped[str] = mapped_column(default="", server_default="")  # for a program: see cores.protocol.Mark
    entry: Mapped[str] = mapped_column(default="", server_default="")  # core_id of the time entry in dispute
    dispute_over: Mapped[bool] = mapped_column(default=False, server_default=false())
    written_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")


class Lease(Base):
    """Who leads a job that must run once; the fence grows with every new leader."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    expires_at: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=1)


@dataclass(frozen=True, slots=True)
class Age:
    """How old the mirror's data is. reached_at is None before the core was read to the end for the first time."""

    reached_at: datetime | None
    tried_at: datetime | None
    trouble: str  # for staff, in plain English; empty while all is well

    @property
    def seconds(self) -> int | None:
        """Whole seconds since the core was last read to its end; None when it never was."""
        return None if self.reached_at is None else max(0, int((clock.now() - self.reached_at).total_seconds()))

    @property
    def is_troubled(self) -> bool:
        return bool(self.trouble)


NEVER_READ = Age(reached_at=None, tried_at=None, trouble="")


@dataclass(frozen=True, slots=True)
class Aside:
    """A record that is not in the mirror, for staff: what it is, why, and since when."""

    core_id: str
    reason: str
    raw: str
    first_at: datetime
    last_at: datetime
    tries: int


def age() -> Age:
    """When the core was last read to the end, and what is wrong if anything is."""
    row = db.session.execute(select(MirrorState.reached_at, MirrorState.tried_at, MirrorState.trouble)).first()
    return Age(**row._mapping) if row else NEVER_READ


def generation() -> int:
    """A number that grows whenever anything visible changed: what was rendered before may be stale."""
    return db.session.scalar(select(MirrorState.generation)) or 0


def set_aside(*, limit: int = 100) -> list[Aside]:
    """The records the mirror could not take, newest trouble first. For staff only: they belong to no company."""
    columns = (SetAside.core_id, SetAside.reason, SetAside.raw, SetAside.first_at, SetAside.last_at, SetAside.tries)
    rows = db.session.execute(select(*columns).order_by(SetAside.last_at.desc(), SetAside.id.desc()).limit(limit))
    return [Aside(**row._mapping) for row in rows]


def set_aside_count() -> int:
    return db.session.scalar(select(func.count()).select_from(SetAside)) or 0


def untold_count() -> int:
    """How many notes the core has not been told yet."""
    return db.session.scalar(select(func.count()).select_from(CoreNote).where(CoreNote.told_at.is_(None))) or 0


@unit_of_work()
def wake() -> None:
    """Ask the running sync to look at the core at once. Commits."""
    poked = update(Lease).where(Lease.name == WAKE).values(fence=Lease.fence + 1, expires_at=clock.now())
    if not db.session.execute(poked).rowcount:  # type: ignore[attr-defined]
        insert_once(Lease, name=WAKE, holder="", expires_at=clock.now(), fence=1)


@unit_of_work()
def want_whole() -> None:
    """Ask the running sync to read the whole core at once, and to withdraw what is not told any more. Commits."""
    db.session.execute(update(MirrorState).values(is_whole_wanted=True))
    wake()


def whole_at() -> datetime | None:
    """When the core was last read from its beginning to its end."""
    return db.session.scalar(select(MirrorState.whole_at))


def pokes() -> int:
    """How often the sync has been asked to wake: it looks again when this has grown."""
    return db.session.scalar(select(Lease.fence).where(Lease.name == WAKE)) or 0
