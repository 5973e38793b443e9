"""Leases: of any number of processes one does a job; it holds a row that expires unless it is renewed."""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Update, case, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.db import db, insert_once, rows_changed
from portal.domain.sync_state import Lease
from portal.errors import PortalError

LASTS = timedelta(seconds=20)  # a leader that died is followed after this long
RENEWED = 5.0  # seconds between two renewals from beside
FREE = datetime(2000, 1, 1, tzinfo=UTC)  # has expired on every clock, even one that was set back


class LostLead(PortalError):
    """Somebody else leads now: what was not committed is undone, and is theirs to do."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The right to do one job. The fence grows with every new leader, so that a late one is recognised."""

    name: str
    holder: str
    fence: int


def new_holder() -> str:
    """A name for this process that no other one ever had."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def take(name: str, holder: str) -> Lead | None:
    """Lead, or lead on; None while somebody else does. Commits."""
    now = clock.now()
    insert_once(Lease, name=name, holder="", expires_at=FREE, fence=0)
    taken = db.session.execute(
        update(Lease)
        .where(Lease.name == name, or_(Lease.expires_at < now, Lease.holder == holder))
        .values(
            holder=holder,
            expires_at=now + LASTS,
            fence=case((Lease.holder == holder, Lease.fence), else_=Lease.fence + 1),
        )
        .returning(Lease.fence)
    ).scalar()
    db.session.commit()
    return None if taken is None else Lead(name, holder, taken)


def expires_at(name: str) -> datetime:
    """Until when its leader leads unless it renews; long ago when there is none. Reads what is committed now."""
    db.session.rollback()
    return db.session.scalar(select(Lease.expires_at).where(Lease.name == name)) or FREE


def hold(lead: Lead) -> None:
    """Renew in the caller's transaction, which can be committed only by the one who leads. Raises LostLead."""
    if not rows_changed(_ours(lead).values(expires_at=clock.now() + LASTS)):
        raise LostLead(f"another process leads the {lead.name} now")


@contextmanager
def kept(lead: Lead) -> Iterator[None]:
    """Renew the lead from beside, however long the core or a file takes: it runs out only when the process dies."""
    engine, over = db.engine, threading.Event()

    def renew() -> None:
        while not over.wait(RENEWED):
            with suppress(SQLAlchemyError), engine.begin() as connection:  # a database that is away ends no run
                connection.execute(_ours(lead).values(expires_at=clock.now() + LASTS))

    beside = threading.Thread(target=renew, name=f"lead of {lead.name}", daemon=True)
    beside.start()
    try:
        yield
    finally:
        over.set()
        beside.join()


def give_back(lead: Lead) -> None:
    """Let the next one lead at once. Commits."""
    db.session.rollback()
    db.session.execute(_ours(lead).values(expires_at=FREE))
    db.session.commit()


def _ours(lead: Lead) -> Update:
    return update(Lease).where(Lease.name == lead.name, Lease.holder == lead.holder, Lease.fence == lead.fence)
