"""Tickets as Core API v1 tells them: whole, each once, at the position of its newest change."""

import base64
import re
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from portal import clock
from portal.desk.database import fact, moment
from portal.desk.settings import House
from portal.desk.ticketing import directory
from portal.desk.ticketing.tickets import tag_of
from portal.errors import NotFound, Refused

_USUAL_NAME = House().name
HEAVIEST_PAGE = 8_000_000  # characters of text and HTML; a page is cut short before, never below two tickets


@dataclass(frozen=True, slots=True)
class ServedPage:
    changes: list[dict[str, Any]]
    cursor: str
    more: bool


def changes(db: sqlite3.Connection, cursor: str, limit: int, *, name: str = _USUAL_NAME) -> ServedPage:
    """The changes from the cursor on, including the one it stands on. Raises Refused for a foreign cursor.

    name: of the house, as its tags have it.
    """
    start = _position(db, cursor)
    found = db.execute(
        "SELECT position, ticket.* FROM change JOIN ticket ON ticket.id = change.ticket"
        " WHERE position >= ? ORDER BY position LIMIT ?",
        (start, limit + 1),
    ).fetchall()
    rows = _light_enough(db, found[:limit])
    more = len(rows) < len(found)
    last = rows[-1]["position"] if rows else start
    return ServedPage(_told(db, rows, name), _cursor(db, last), more)


@dataclass(frozen=True, slots=True)
class ServedFile:
    """The bytes of an attachment, with its name as RFC 5987 writes it."""

    quoted_name: str
    media_type: str
    content: bytes


def attachment(db: sqlite3.Connection, core_id: str) -> ServedFile:
    """An attachment of a public message of a ticket that is there. Raises NotFound."""
    row = db.execute(
        "SELECT attachment.name, media_type, bytes FROM attachment"
        " JOIN content USING (digest) JOIN message ON message.id = attachment.message"
        " JOIN ticket ON ticket.id = message.ticket WHERE attachment.id = ? AND public = 1 AND gone = ''",
        (core_id if core_id.isascii() and core_id.isdigit() and len(core_id) < 19 else -1,),
    ).fetchone()
    if row is None:
        raise NotFound("there is no such attachment")
    return ServedFile(quote(row["name"], safe=""), row["media_type"], row["bytes"])


def _light_enough(db: sqlite3.Connection, rows: list[sqlite3.Row]) -> list[sqlite3.Row]:
    """The first rows whose messages together are not too heavy; two at least, or paging would stand still."""
    marks = _marks(rows)
    found = db.execute(
        "SELECT ticket, sum(length(text) + length(html)) AS weight FROM message"  # noqa: S608 - only question marks
        f" WHERE ticket IN ({marks}) AND public = 1 GROUP BY ticket",
        [row["id"] for row in rows],
    )
    weights = {row["ticket"]: row["weight"] for row in found}
    total = 0
    for count, row in enumerate(rows):
        total += weights.get(row["id"], 0)
        if total > HEAVIEST_PAGE and count >= 2:
            return rows[:count]
    return rows


def _told(db: sqlite3.Connection, rows: list[sqlite3.Row], name: str) -> list[dict[str, Any]]:
    there = [row for row in rows if not row["gone"]]
    parts = {
        "technicians": {row["login"]: row for row in db.execute("SELECT login, name, email FROM technician")},
        "messages": _by_ticket(
            db, there, "SELECT * FROM message WHERE ticket IN ({}) AND public = 1 ORDER BY sent_at, id"
        ),
        "entries": _by_ticket(db, there, _ENTRIES),
        "corrections": _by_ticket(db, there, _CORRECTIONS),
        "events": _by_ticket(db, there, "SELECT * FROM event WHERE ticket IN ({}) ORDER BY at, id"),
        "approvals": _by_ticket(
            db, there, "SELECT * FROM approval WHERE ticket IN ({}) AND closed_at IS NULL ORDER BY id"
        ),
        "files": _by_message(db, there),
        "name": name,
        "homes": directory.Homes.of(db),
    }
    return [_tombstone(row) if row["gone"] else _ticket(row, parts) for row in rows]


def _tombstone(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "type": "tombstone",
        "core_id": row["number"],
        "reason": row["gone"],
        "at": row["gone_at"],
        "merged_into": row["merged_into"],
    }


def _ticket(row: sqlite3.Row, parts: dict[str, Any]) -> dict[str, Any]:
    technician = parts["technicians"].get(row["technician"])
    return {
        "type": "ticket",
        "core_id": row["number"],
        "number": row["number"],
        "kind": "IT",
        "tag": tag_of(parts["name"], row["number"], row["key"]),
        "company": row["company"],
        "subject": row["subject"],
        "state": row["state"],
        "requester": {"name": row["requester_name"], "email": row["requester_email"]},
        "technician": {"name": technician["name"], "email": technician["email"]} if technician else None,
        "opened_at": row["opened_at"],
        "changed_at": row["changed_at"],
        "due_at": row["due_at"],
        "done_at": row["done_at"],
        "confidential": bool(row["confidential"]),
        "messages": [
            _message(part, parts["files"], is_outside=_is_outside(part, row["company"], parts["homes"]))
            for part in parts["messages"].get(row["id"], ())
        ],
        "time_entries": [_time_entry(part, row["company"]) for part in parts["entries"].get(row["id"], ())],
        "events": [_event(part) for part in parts["events"].get(row["id"], ())],
        "approvals": [_approval(part) for part in parts["approvals"].get(row["id"], ())],
        "corrections": [_correction(part) for part in parts["corrections"].get(row["id"], ())],
    }


def _is_outside(message: sqlite3.Row, company: str, homes: directory.Homes) -> bool:
    """Whether somebody wrote who is not of the ticket's company, by their address."""
    email = message["author_email"]
    return bool(message["side"] == "employee" and company and email and homes.company_of(email) != company)


def _message(row: sqlite3.Row, files: dict[int, list[sqlite3.Row]], *, is_outside: bool) -> dict[str, Any]:
    return {
        "core_id": str(row["id"]),
        "side": row["side"],
        "author": {"name": row["author_name"], "email": row["author_email"]},
        "sent_at": row["sent_at"],
        "text": row["text"],
        "html": row["html"],
        "sender_verified": bool(row["verified"]),
        "proved_by": row["proved_by"],
        "from_outside": is_outside,
        "attachments": [_attachment(file) for file in files.get(row["id"], ())],
    }


def _attachment(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "core_id": str(row["id"]),
        "name": row["name"],
        "media_type": row["media_type"],
        "size": row["size"],
        "content_id": row["content_id"],
    }


def _time_entry(row: sqlite3.Row, company: str) -> dict[str, Any]:
    return {
        "core_id": str(row["id"]),
        "category": row["category"],
        "hours": _hours(row["hundredths"]),
        "technician": {"name": row["technician_name"], "email": row["technician_email"]},
        "worked_at": row["worked_at"],
        "message": str(row["message"] or ""),
        "invoiced_on": row["invoiced_on"],
        "document": str(row["document"] or ""),
        "company": row["company"] if row["company"] != company else "",
    }


_ENTRIES = "SELECT * FROM time_entry WHERE ticket IN ({}) AND removed_at IS NULL ORDER BY id"
_CORRECTIONS = (
    "SELECT correction.*, time_entry.ticket, old.number AS old_number, new.number AS new_number FROM correction"
    " JOIN time_entry ON time_entry.id = correction.entry"
    " LEFT JOIN ticket AS old ON old.id = old_ticket LEFT JOIN ticket AS new ON new.id = new_ticket"
    " WHERE time_entry.ticket IN ({}) ORDER BY correction.id"
)


def _correction(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "core_id": str(row["id"]),
        "entry": str(row["entry"]),
        "at": row["at"],
        "old": _entry_state(row, "old"),
        "new": _entry_state(row, "new"),
        "by": row["by"],
        "reason": row["reason"],
        "invoiced_on": row["invoiced_on"],
        "document": str(row["document"] or ""),
    }


def _entry_state(row: sqlite3.Row, which: str) -> dict[str, Any] | None:
    if row[f"{which}_category"] is None:
        return None
    is_moved = row["old_ticket"] is not None and row["new_ticket"] is not None
    return {
        "category": row[f"{which}_category"],
        "hours": _hours(row[f"{which}_hundredths"]),
        "worked_on": clock.prague_day(moment(row[f"{which}_worked_at"])).isoformat(),
        "ticket": row[f"{which}_number"] if is_moved else "",
    }


def _hours(hundredths: int) -> str:
    return f"{Decimal(hundredths).scaleb(-2):.2f}"


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {"core_id": str(row["id"]), **{name: row[name] for name in ("kind", "at", "old", "new", "by")}}


def _approval(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "core_id": str(row["id"]),
        "question": row["question"],
        "asked_by": {"name": row["asked_name"], "email": row["asked_email"]},
        "asked_at": row["asked_at"],
    }


def _by_ticket(db: sqlite3.Connection, tickets: list[sqlite3.Row], question: str) -> dict[int, list[sqlite3.Row]]:
    found: dict[int, list[sqlite3.Row]] = {}
    for row in db.execute(question.format(_marks(tickets)), [ticket["id"] for ticket in tickets]):
        found.setdefault(row["ticket"], []).append(row)
    return found


def _by_message(db: sqlite3.Connection, tickets: list[sqlite3.Row]) -> dict[int, list[sqlite3.Row]]:
    """Attachments of public messages: those of internal notes are never named."""
    found: dict[int, list[sqlite3.Row]] = {}
    question = (
        "SELECT attachment.* FROM attachment JOIN message ON message.id = attachment.message"  # noqa: S608 - our own words
        f" WHERE ticket IN ({_marks(tickets)}) AND public = 1 ORDER BY attachment.id"
    )
    for row in db.execute(question, [ticket["id"] for ticket in tickets]):
        found.setdefault(row["message"], []).append(row)
    return found


def _marks(rows: list[sqlite3.Row]) -> str:
    return ", ".join("?" for _ in rows)


def _cursor(db: sqlite3.Connection, position: int) -> str:
    return base64.urlsafe_b64encode(f"{fact(db, 'store')}.{position}".encode()).decode().rstrip("=")


def _position(db: sqlite3.Connection, cursor: str) -> int:
    """Where to begin; 0 for no cursor. A cursor of another store, or from later than now, would skip changes."""
    if not cursor:
        return 0
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise Refused("this is no cursor of ours; begin again without one") from error
    found = re.fullmatch(r"([0-9a-f]+)\.([0-9]{1,18})", plain)
    if not found or found[1] != fact(db, "store"):
        raise Refused("this is a cursor of another store; begin again without one")
    newest = db.execute("SELECT coalesce(max(position), 0) AS newest FROM change").fetchone()["newest"]
    if int(found[2]) > newest:
        raise Refused(
            "this cursor is newer than this store, which was put back from a backup; begin again without one"
        )
    return int(found[2])
