"""Disputes: time that a company's manager questions or has not agreed to, as marks of the portal's notes say it."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from portal import clock
from portal.desk.database import written
from portal.desk.ticketing import directory, tickets
from portal.desk.ticketing.tickets import DeskTicket
from portal.errors import NotFound


@dataclass(frozen=True, slots=True)
class DisputedEntry:
    """An entry that waits for more than the invoice, and why."""

    entry: int
    company: str  # its name
    ticket: str  # number
    category: str
    hours: Decimal
    why: str


def note(db: sqlite3.Connection, ticket: DeskTicket, name: str, entry: str, *, is_over: bool) -> None:
    """A dispute of that name begins, also once more, or ends. Raises NotFound for an entry of another ticket."""
    entry_id = _entry(db, ticket, entry) if entry else None
    now = written(clock.now())
    if is_over:  # by its name alone: the entry may have gone to another ticket meanwhile
        db.execute("UPDATE dispute SET ended_at = ? WHERE name = ? AND ended_at IS NULL", (now, name))
        return
    db.execute(
        "INSERT INTO dispute (ticket, name, entry, since) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (ticket, name) DO UPDATE SET entry = excluded.entry, ended_at = NULL",
        (ticket.id, name, entry_id, now),
    )


def _entry(db: sqlite3.Connection, ticket: DeskTicket, entry: str) -> int:
    row = db.execute("SELECT id FROM time_entry WHERE id = ? AND ticket = ?", (entry, ticket.id)).fetchone()
    if row is None:
        raise NotFound("there is no such time entry on this ticket")
    return row["id"]


def among(db: sqlite3.Connection, entries: Iterable[sqlite3.Row]) -> list[DisputedEntry]:
    """Those of these entries that nobody may invoice silently, each with the reason."""
    return [
        DisputedEntry(
            entry=row["id"],
            company=directory.company(db, row["client"]).name,
            ticket=tickets.by_id(db, row["ticket"]).number,
            category=row["category"],
            hours=Decimal(row["hundredths"]).scaleb(-2),
            why=why,
        )
        for row in entries
        if (why := _why(db, row))
    ]


def _why(db: sqlite3.Connection, row: sqlite3.Row) -> str:
    told = db.execute(
        "SELECT entry FROM dispute WHERE ended_at IS NULL AND (entry = ? OR (entry IS NULL AND ticket = ?))"
        " ORDER BY entry IS NULL",
        (row["id"], row["ticket"]),
    ).fetchone()
    if told:
        return "in question" if told["entry"] else "not agreed to"
    asked = db.execute(
        "SELECT decision FROM approval WHERE ticket = ? AND (closed_at IS NULL OR decision = 'declined')"
        " ORDER BY closed_at IS NULL",
        (row["ticket"],),
    ).fetchone()
    return "" if asked is None else asked["decision"] or "waits for an approval"
