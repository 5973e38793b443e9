"""The mirror's own memory: how far it has read, what it could not understand, what it has to tell the core."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class MirrorState(Base):
    """One row: the cursor, committed with the rows it stands for, and how the last runs went."""

    __tablename__ = "mirror_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    cursor: Mapped[str | None]
    reached_at: Mapped[datetime | None]  # the core last answered to the end: the age of the data
    tried_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")  # why the last run failed; empty when it did not
    generation: Mapped[int] = mapped_column(default=0)  # grows whenever anything visible changed


class SetAside(Base):
    """A record the mirror could not understand: raw, with the reason, tried again at every run."""

    __tablename__ = "set_aside"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    raw: Mapped[str]
    reason: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=1)


class Told(Base):
    """A note for the core: written with the decision it tells, delivered once by the sync."""

    __tablename__ = "told"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # the core takes one note a key, however often it is told
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    note: Mapped[str]
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
