"""Time entries put right: corrected, removed, moved, split. What an entry was, who changed it and why is kept."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal

from portal import clock
from portal.desk.database import moment, written
from portal.desk.ticketing import tickets
from portal.desk.ticketing.tickets import DeskTicket
from portal.errors import NotFound, Refused
from portal.timecodes import MOST_HOURS, TimeCode

_NOON = time(12)  # an entry that says only its day was worked at noon


@dataclass(frozen=True, slots=True)
class DeskEntry:
    """A time entry as its row says."""

    id: int
    ticket: int
    category: str
    hundredths: int  # of an hour
    worked_at: datetime
    technician_name: str
    technician_email: str
    invoiced_on: date | None

    @property
    def hours(self) -> Decimal:
        return Decimal(self.hundredths).scaleb(-2)

    @property
    def day(self) -> date:
        """The Prague day it is billed."""
        return clock.prague_day(self.worked_at)

    def __str__(self) -> str:
        return f"{TimeCode(self.category, self.hours)} ({self.day:%-d. %-m. %Y}, {self.technician_name})"


@dataclass(frozen=True, slots=True)
class Why:
    """Who corrects an entry, and for what reason."""

    by: str
    reason: str = ""


def at_noon(day: date) -> datetime:
    """The moment that stands for a whole day of work."""
    return datetime.combine(day, _NOON, clock.PRAGUE)


def of_ticket(db: sqlite3.Connection, ticket: DeskTicket) -> list[DeskEntry]:
    """The entries of a ticket, oldest first."""
    rows = db.execute(
        "SELECT * FROM time_entry WHERE ticket = ? AND removed_at IS NULL ORDER BY worked_at, id", (ticket.id,)
    )
    return [_entry(row) for row in rows]


def by_id(db: sqlite3.Connection, entry_id: int) -> DeskEntry:
    """Raises NotFound, also for one that was removed."""
    row = db.execute("SELECT * FROM time_entry WHERE id = ? AND removed_at IS NULL", (entry_id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no time entry {entry_id}")
    return _entry(row)


def correct(
    db: sqlite3.Connection,
    entry: DeskEntry,
    why: Why,
    *,
    category: str = "",
    hours: Decimal | None = None,
    day: date | None = None,
) -> DeskEntry:
    """The entry with other values; what is not given stays. Raises Refused when that would change nothing."""
    new = replace(
        entry,
        category=category or entry.category,
        hundredths=entry.hundredths if hours is None else _hundredths(hours),
        worked_at=entry.worked_at if day in (None, entry.day) else at_noon(day),
    )
    return _changed(db, entry, new, why)


def remove(db: sqlite3.Connection, entry: DeskEntry, why: Why) -> None:
    """The entry is no more. What was invoiced of it is a credit of the next run."""
    db.execute("UPDATE time_entry SET removed_at = ? WHERE id = ?", (written(clock.now()), entry.id))
    _note(db, entry, entry, None, why)


def move(db: sqlite3.Connection, entry: DeskEntry, target: DeskTicket, why: Why) -> DeskEntry:
    """The entry stands on another ticket. Raises Refused for one that is invoiced to another company already."""
    if target.id == entry.ticket:
        raise Refused(f"the entry stands on {target.number} already")
    if entry.invoiced_on and _company(db, entry.ticket) != target.company:
        raise Refused("it is invoiced to another company: remove it here and write it there")
    db.execute("UPDATE time_entry SET message = NULL WHERE id = ?", (entry.id,))
    return _changed(db, entry, replace(entry, ticket=target.id), why)


def split(
    db: sqlite3.Connection,
    entry: DeskEntry,
    hours: Decimal,
    why: Why,
    *,
    category: str = "",
    target: DeskTicket | None = None,
) -> DeskEntry:
    """Take hours off an entry: they become one of their own, not invoiced yet. Raises Refused for all of it."""
    apart = _hundredths(hours)
    if apart >= entry.hundredths:
        raise Refused(f"the entry has {entry.hours} h: split off less, or move it")
    _changed(db, entry, replace(entry, hundredths=entry.hundredths - apart), why)
    ticket_id = target.id if target else entry.ticket
    new_id = db.execute(
        "INSERT INTO time_entry (ticket, message, category, hundredths, technician_name, technician_email, worked_at)"
        " SELECT ?, CASE WHEN ticket = ? THEN message END, ?, ?, technician_name, technician_email, worked_at"
        " FROM time_entry WHERE id = ?",
        (ticket_id, ticket_id, category or entry.category, apart, entry.id),
    ).lastrowid
    assert new_id is not None
    made = by_id(db, new_id)
    _note(db, made, None, made, why)
    return made


def _changed(db: sqlite3.Connection, old: DeskEntry, new: DeskEntry, why: Why) -> DeskEntry:
    if new == old:
        raise Refused("nothing would change")
    db.execute(
        "UPDATE time_entry SET ticket = ?, category = ?, hundredths = ?, worked_at = ? WHERE id = ?",
        (new.ticket, new.category, new.hundredths, written(new.worked_at), old.id),
    )
    _note(db, old, old, new, why)
    return new


def _note(db: sqlite3.Connection, entry: DeskEntry, old: DeskEntry | None, new: DeskEntry | None, why: Why) -> None:
    """Keep what it was and became; the tickets it stood and stands on are told anew."""
    is_moved = bool(old and new and old.ticket != new.ticket)
    db.execute(
        "INSERT INTO correction (entry, at, by, reason, old_category, old_hundredths, old_worked_at, old_ticket,"
        " new_category, new_hundredths, new_worked_at, new_ticket, invoiced_on)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            written(clock.now()),
            why.by,
            why.reason,
            *_state(old, is_moved=is_moved),
            *_state(new, is_moved=is_moved),
            entry.invoiced_on.isoformat() if entry.invoiced_on else None,
        ),
    )
    for ticket_id in {state.ticket for state in (old, new) if state}:
        tickets.touch(db, ticket_id)


def _state(entry: DeskEntry | None, *, is_moved: bool) -> Sequence[object]:
    if entry is None:
        return (None, None, None, None)
    return (entry.category, entry.hundredths, written(entry.worked_at), entry.ticket if is_moved else None)


def _hundredths(hours: Decimal) -> int:
    if not 0 < hours <= MOST_HOURS or hours != hours.quantize(Decimal("0.01")):
        raise Refused(f"{hours} h cannot be billed: more than none, at most {MOST_HOURS}, whole hundredths")
    return int(hours * 100)


def _company(db: sqlite3.Connection, ticket_id: int) -> str:
    return db.execute("SELECT company FROM ticket WHERE id = ?", (ticket_id,)).fetchone()["company"]


def _entry(row: sqlite3.Row) -> DeskEntry:
    return DeskEntry(
        id=row["id"],
        ticket=row["ticket"],
        category=row["category"],
        hundredths=row["hundredths"],
        worked_at=moment(row["worked_at"]),
        technician_name=row["technician_name"],
        technician_email=row["technician_email"],
        invoiced_on=date.fromisoformat(row["invoiced_on"]) if row["invoiced_on"] else None,
    )
