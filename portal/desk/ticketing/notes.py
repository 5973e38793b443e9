"""Notes told through the Core API: kept once a key, and a decision carried to the technician who waits for it."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from portal import clock
from portal.desk.database import Store, written
from portal.desk.inbound import mail_handlers
from portal.desk.inbound.mime import Address
from portal.desk.ticketing import disputes, tickets
from portal.errors import NotFound, PortalError

DECISIONS = ("approved", "declined", "expired", "withdrawn")


class Contradicted(PortalError):
    """The key was used for another note: one of the two was told wrongly."""


@dataclass(frozen=True, slots=True)
class TakenNote:
    """A note as it was told; approval is the core_id of the question it is about, empty when it is about none."""

    ticket: str  # number
    text: str
    key: str
    approval: str = ""
    decision: str = ""
    dispute: str = ""  # the portal's name of a dispute that begins with this, or is over
    entry: str = ""  # core_id of the time entry in dispute; empty for all of the ticket's
    dispute_over: bool = False


def take(store: Store, told: TakenNote) -> tuple[dict[str, Any], bool]:
    """The note as kept, and whether it is new. Raises NotFound, Contradicted."""
    with store.write() as db:
        ticket = tickets.by_number(db, told.ticket)
        known = db.execute("SELECT * FROM note WHERE key = ?", (told.key,)).fetchone()
        if known:
            return _same(known, ticket.id, told), False
        if told.approval:
            _approval(db, ticket.id, told.approval)
        note = db.execute(
            "INSERT INTO note (key, ticket, text, approval, decision, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
            (told.key, ticket.id, told.text, told.approval, told.decision, written(clock.now())),
        ).fetchone()
        tickets.add_note(db, ticket, told.text)
        if told.dispute:
            disputes.note(db, ticket, told.dispute, told.entry, is_over=told.dispute_over)
        if told.decision:
            _decide(db, store, ticket, told)
        return _told(note), True


def _same(known: sqlite3.Row, ticket_id: int, told: TakenNote) -> dict[str, Any]:
    before = (known["ticket"], known["text"], known["approval"], known["decision"])
    if before != (ticket_id, told.text, told.approval, told.decision):
        raise Contradicted("this key was used for another note")
    return _told(known)


def _told(row: sqlite3.Row) -> dict[str, Any]:
    return {"core_id": str(row["id"]), "key": row["key"], "at": row["at"]}


def _approval(db: sqlite3.Connection, ticket_id: int, approval: str) -> sqlite3.Row:
    row = db.execute("SELECT * FROM approval WHERE id = ? AND ticket = ?", (approval, ticket_id)).fetchone()
    if row is None:
        raise NotFound("there is no such approval on this ticket")
    return row


def _decide(db: sqlite3.Connection, store: Store, ticket: tickets.DeskTicket, told: TakenNote) -> None:
    """Close the question, the first decision stays; the technician hears of it in any case."""
    asker, question = None, ""
    if told.approval:
        row = _approval(db, ticket.id, told.approval)
        asker, question = Address(row["asked_name"], row["asked_email"]), row["question"]
        db.execute(
            "UPDATE approval SET decision = ?, closed_at = ? WHERE id = ? AND closed_at IS NULL",
            (told.decision, written(clock.now()), told.approval),
        )
    tickets.touch(db, ticket.id)
    decision = mail_handlers.DecisionLine(told.decision, question, told.text)
    mail_handlers.decided(db, store.house, ticket, asker, decision)
