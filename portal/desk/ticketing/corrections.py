"""Corrections read back: what an entry was and became, for dispatch; and what a correction may lead to."""

import re
import sqlite3
from collections.abc import Iterator
from decimal import Decimal

from portal import clock
from portal.desk.database import moment
from portal.desk.ticketing import prices, tickets
from portal.desk.ticketing.tickets import DeskTicket
from portal.errors import Refused
from portal.timecodes import TimeCode


def told(db: sqlite3.Connection, ticket: DeskTicket) -> Iterator[str]:
    """One line a correction of the ticket's entries, oldest first."""
    rows = db.execute(
        "SELECT correction.* FROM correction JOIN time_entry ON time_entry.id = correction.entry"
        " WHERE time_entry.ticket = ? ORDER BY correction.id",
        (ticket.id,),
    )
    for row in rows:
        at = clock.prague(moment(row["at"]))
        settled = f" [settled by document {row['document']}]" if row["document"] else ""
        why = f": {row['reason']}" if row["reason"] else ""
        who = f"{row['by']} {at:%Y-%m-%d %H:%M}"
        yield f"{row['entry']}: {_state(row, 'old')} → {_state(row, 'new')}, {who}{why}{settled}"


def target(db: sqlite3.Connection, said: str) -> tuple[str, DeskTicket | None]:
    """Where an entry is to go: a category of the price list, or a ticket. Raises NotFound, Refused."""
    if re.fullmatch(r"\d{8,10}", said):
        return "", tickets.by_number(db, said)
    if said.upper() not in prices.categories(db):
        raise Refused(f"{said} is neither a ticket nor a category of the price list")
    return said.upper(), None


def _state(row: sqlite3.Row, which: str) -> str:
    if row[f"{which}_category"] is None:
        return "–"
    code = TimeCode(row[f"{which}_category"], Decimal(row[f"{which}_hundredths"]).scaleb(-2))
    return f"{code} {clock.prague_day(moment(row[f'{which}_worked_at'])):%Y-%m-%d}"
