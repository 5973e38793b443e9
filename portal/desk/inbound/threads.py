"""Which ticket a mail belongs to: by the mails it answers, else by the tag in its subject."""

import sqlite3
from collections.abc import Iterable

from portal.desk.inbound.mime import Address, Mail
from portal.desk.settings import House
from portal.desk.ticketing import directory, tickets
from portal.desk.ticketing.tickets import Ticket


def find(db: sqlite3.Connection, house: House, mail: Mail, *, is_technician: bool) -> Ticket | None:
    """The ticket, or None for a new request. A person of one company never gets into another company's ticket."""
    company = directory.company_of(db, mail.sender.email).core_id
    for ticket in _answered(db, mail):
        foreign = company and company != ticket.company and not _takes_part(db, ticket, mail.sender.email)
        if is_technician or not foreign:
            return ticket
    for ticket in _tagged(db, house, mail):
        # Anybody can write a tag; only who is of the house of the ticket is believed it.
        theirs = bool(company) and company == ticket.company
        if is_technician or theirs or _takes_part(db, ticket, mail.sender.email):
            return ticket
    return None


def remember(db: sqlite3.Connection, ticket: Ticket, message_id: str, people: Iterable[Address]) -> None:
    """Let answers to that mail find the ticket. The first ticket a Message-ID was seen in keeps it."""
    if message_id:
        db.execute(
            "INSERT OR IGNORE INTO thread (message_id, ticket, people) VALUES (?, ?, ?)",
            (message_id, ticket.id, " ".join(person.email for person in people)),
        )


def mails_of(db: sqlite3.Connection, ticket: Ticket, person: Address) -> list[str]:
    """Message-IDs for a References header: the ticket's first mail, and the newest ones this person has."""
    found = db.execute("SELECT message_id, people FROM thread WHERE ticket = ? ORDER BY id", (ticket.id,)).fetchall()
    ids = [row["message_id"] for at, row in enumerate(found) if at == 0 or person.email in row["people"].split()]
    return ids if len(ids) <= 10 else [ids[0], *ids[-9:]]


def of_message_ids(db: sqlite3.Connection, message_ids: list[str]) -> Ticket | None:
    """The ticket of the first known mail among these."""
    for message_id in message_ids[:100]:
        row = db.execute("SELECT ticket FROM thread WHERE message_id = ?", (message_id,)).fetchone()
        ticket = tickets.by_id(db, row["ticket"]) if row else None
        if ticket and not ticket.gone:
            return ticket
    return None


def _answered(db: sqlite3.Connection, mail: Mail) -> list[Ticket]:
    found = [of_message_ids(db, [message_id]) for message_id in mail.references]
    return list(dict.fromkeys(ticket for ticket in found if ticket))


def _tagged(db: sqlite3.Connection, house: House, mail: Mail) -> list[Ticket]:
    found = []
    for number in tickets.tags(mail.subject, house.name)[:5]:
        ticket = tickets.after_merges(db, number)
        if ticket:
            found.append(ticket)
    return found


def _takes_part(db: sqlite3.Connection, ticket: Ticket, email: str) -> bool:
    row = db.execute("SELECT 1 FROM participant WHERE ticket = ? AND email = ?", (ticket.id, email)).fetchone()
    return row is not None
