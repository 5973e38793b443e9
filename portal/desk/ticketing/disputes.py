"""Disputes: time that a company's manager questions or has not agreed to, as marks of the portal's notes say it."""

import sqlite3

from portal import clock
from portal.desk.database import written
from portal.desk.ticketing.tickets import DeskTicket
from portal.errors import NotFound


def note(db: sqlite3.Connection, ticket: DeskTicket, name: str, entry: str, *, is_over: bool) -> None:
    """A dispute of that name begins, also once more, or ends. Raises NotFound for an entry of another ticket."""
    entry_id = _entry(db, ticket, entry) if entry else None
    now = written(clock.now())
    if is_over:
        db.execute(
            "UPDATE dispute SET ended_at = ? WHERE ticket = ? AND name = ? AND ended_at IS NULL",
            (now, ticket.id, name),
        )
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
