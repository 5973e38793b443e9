"""Quarantine: records that could not be understood, kept raw with the reason; and what killed a sync run."""

import hashlib
from collections.abc import Container, Iterable, Mapping
from datetime import timedelta

from sqlalchemy import delete, select

from portal import clock
from portal.cores import records
from portal.cores.records import NAMELESS, Change, Unreadable
from portal.db import db
from portal.domain import sync_state
from portal.domain.sync_state import SetAside, SyncBegun
from portal.sync.cleaning import is_deadly
from portal.sync.plan import TAKEN, PutAside

SOON, AT_LAST = timedelta(seconds=15), timedelta(minutes=10)  # between two times of asking for a record again
_UNKEPT = "not kept, it may hold what is to be forgotten; sha256:"
_LOOKED_AT, _PAGES = 1000, 20  # at most: records due, and pages asked for in one run


def put(row: SetAside | None, step: PutAside) -> SetAside:
    """The row of a record that is set aside, once more or for the first time."""
    now = clock.now()
    if row is None:
        row = SetAside(core_id=step.core_id, first_at=now, tries=0)
        db.session.add(row)
    row.raw, row.reason = step.raw, step.reason
    row.last_at, row.tries = now, row.tries + 1
    return row


def replace(beginning: str, now: Iterable[PutAside]) -> None:
    """Of the names that begin so, exactly these are set aside; what is there already is left as it is."""
    rows = db.session.scalars(select(SetAside).where(SetAside.core_id.startswith(beginning)))
    had = {row.core_id: row for row in rows}
    for step in now:
        row = had.pop(step.core_id, None)
        if row is None or (row.raw, row.reason) != (step.raw, step.reason):
            put(row, step)
    for row in had.values():
        db.session.delete(row)


def place(rows: Mapping[str, SetAside], names: Iterable[str], *, told_after: str) -> None:
    """Those of the names that are set aside stand on the page after that cursor."""
    for name in names:
        if name in rows:
            rows[name].told_after = told_after


def waiting_for(told: Iterable[Change]) -> list[Change]:
    """Tickets set aside for naming something of one that is told now: it may have given it up."""
    names = {change.core_id for change in told}
    ends = tuple(f"{TAKEN} {name!r}" for name in names)
    contested = select(SetAside.core_id, SetAside.raw, SetAside.reason).where(SetAside.reason.contains(TAKEN))
    rows = [row for row in db.session.execute(contested) if row.core_id not in names and row.reason.endswith(ends)]
    changes = [records.read_change(row.raw.encode()) for row in rows]
    return [change for change in changes if not isinstance(change, Unreadable)]


def due() -> dict[str, set[str]]:
    """What may be asked for again now, by the cursor before its page; each waits longer after every time."""
    now, found = clock.now(), dict[str, set[str]]()
    waiting = select(SetAside).where(SetAside.told_after.is_not(None), SetAside.last_at <= now - SOON)
    for row in db.session.scalars(waiting.order_by(SetAside.last_at).limit(_LOOKED_AT)):
        is_due = now - row.last_at >= min(AT_LAST, SOON * 2 ** min(row.tries, 10))
        if is_due and (row.told_after in found or len(found) < _PAGES):
            found.setdefault(row.told_after or "", set()).add(row.core_id)
    return found


def take_again(core_id: str | None = None) -> int:
    """Let the sync try again what its cleaner died of, that record or all; how many. Commits."""
    tried = 0
    for row in db.session.scalars(select(SetAside)):
        if is_deadly(row.reason) and core_id in (None, row.core_id):
            row.reason, row.tries, row.last_at = "to be tried again", 0, clock.now() - AT_LAST
            tried += 1
    db.session.commit()
    sync_state.wake()
    return tried


def asked_again(names: Iterable[str], *, told: Container[str] | None) -> None:
    """They were asked for; told is what stands on their page now, None when it could not be had.

    What is there no more has changed, and is told where it stands now; one without a name is none of those there.
    """
    for row in db.session.scalars(select(SetAside).where(SetAside.core_id.in_(list(names)))):
        row.tries, row.last_at = row.tries + 1, clock.now()
        if told is None or row.core_id in told:
            continue
        row.told_after = None
        if row.core_id.startswith(NAMELESS):
            db.session.delete(row)


def begin(name: str) -> int:
    """Note that taking it begins; how often that began before and never ended. In the caller's transaction."""
    row = db.session.get(SyncBegun, name)
    if row is None:
        db.session.add(SyncBegun(name=name, times=1))
        return 0
    row.times += 1
    return row.times - 1


def end(name: str) -> None:
    """What was begun is done. In the caller's transaction."""
    db.session.execute(delete(SyncBegun).where(SyncBegun.name == name))


def end_all() -> None:
    """A run ended, well or with an error that somebody is told: nothing it began is to blame."""
    db.session.execute(delete(SyncBegun))


def unkept(change: Change, reason: str) -> Unreadable:
    """The record as it is set aside when it cannot be read at all, not even for what is to be forgotten."""
    return Unreadable(core_id=change.core_id, raw=mark(change), reason=reason)


def is_unkept(change: Change) -> bool:
    """Whether that is already all there is of it."""
    return isinstance(change, Unreadable) and change.raw.startswith(_UNKEPT)


def left_aside(changes: Iterable[Change]) -> dict[str, Unreadable]:
    """By core_id: those of the records that were set aside unkept, and are not to be read until somebody asks."""
    marked = select(SetAside.core_id, SetAside.raw, SetAside.reason).where(SetAside.raw.startswith(_UNKEPT))
    rows = {row.core_id: row for row in db.session.execute(marked) if is_deadly(row.reason)}
    if not rows:
        return {}
    here = [change for change in changes if change.core_id in rows and rows[change.core_id].raw == mark(change)]
    return {change.core_id: unkept(change, rows[change.core_id].reason) for change in here}


def mark(change: Change) -> str:
    """What stands for the raw form of a record that is set aside unkept: it is known again by it."""
    raw = change.raw if isinstance(change, Unreadable) else records.written(change).decode()
    return _UNKEPT + hashlib.sha256(raw.encode(errors="replace")).hexdigest()
