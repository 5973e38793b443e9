"""Which ticket a mail belongs to, and as what its sender stands in it: by the mails it answers, else by its tag."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from portal.desk.inbound.mime import Address, Mail
from portal.desk.settings import House
from portal.desk.ticketing import directory, tickets
from portal.desk.ticketing.tickets import DeskTicket


class Standing(Enum):
    """What somebody who writes to a ticket is to it."""

    MEMBER = "member"  # takes part, or has the right to from now on
    OUTSIDE = "outside"  # is heard and reads nothing: a technician decides whether they take part
    NOBODY = "nobody"  # opens a ticket of their own


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail belongs. ticket: None for a new request; related: one it names without a right to it."""

    ticket: DeskTicket | None
    standing: Standing = Standing.MEMBER
    related: DeskTicket | None = None


@dataclass(frozen=True, slots=True)
class _Claim:
    """A ticket that a mail names.

    is_known: by something nobody guesses, a Message-ID or the key in a tag.
    admits: what it is named by was sent to this sender, or handed on with the whole letter.
    """

    ticket: DeskTicket
    is_known: bool
    admits: bool


def find(db: sqlite3.Connection, house: House, mail: Mail, *, is_technician: bool, is_proved: bool) -> Place:
    """The place of a mail. A number alone admits nobody, and nobody gets into another company's ticket."""
    claims = [*_answered(db, mail), *_tagged(db, house, mail)]
    if is_technician:
        return Place(claims[0].ticket if claims else None)
    found = [(_standing(db, claim, mail.sender.email, is_proved=is_proved), claim.ticket) for claim in claims]
    for wanted in (Standing.MEMBER, Standing.OUTSIDE):
        for standing, ticket in found:
            if standing is wanted:
                return Place(ticket, standing)
    return Place(None, related=claims[0].ticket if claims else None)


def remember(db: sqlite3.Connection, ticket: DeskTicket, message_id: str, people: Iterable[Address]) -> None:
    """Let answers to that mail find the ticket. The first ticket a Message-ID was seen in keeps it."""
    if message_id:
        db.execute(
            "INSERT OR IGNORE INTO thread (message_id, ticket, people) VALUES (?, ?, ?)",
            (message_id, ticket.id, " ".join(person.email for person in people)),
        )


def mails_of(db: sqlite3.Connection, ticket: DeskTicket, person: Address) -> list[str]:
    """Message-IDs for a References header: the ticket's first mail, and the newest ones this person has."""
    found = db.execute("SELECT message_id, people FROM thread WHERE ticket = ? ORDER BY id", (ticket.id,)).fetchall()
    ids = [row["message_id"] for at, row in enumerate(found) if at == 0 or person.email in row["people"].split()]
    return ids if len(ids) <= 10 else [ids[0], *ids[-9:]]


def of_message_ids(db: sqlite3.Connection, message_ids: list[str]) -> DeskTicket | None:
    """The ticket of the first known mail among these."""
    return next((ticket for ticket, _ in _known(db, message_ids)), None)


def _standing(db: sqlite3.Connection, claim: _Claim, email: str, *, is_proved: bool) -> Standing:
    ticket = claim.ticket
    if tickets.takes_part(db, ticket, email):
        return Standing.MEMBER if is_proved or claim.is_known else Standing.NOBODY
    company = directory.company_of(db, email).core_id
    if not company:
        return Standing.OUTSIDE if claim.is_known else Standing.NOBODY
    if company != ticket.company or not claim.admits:
        return Standing.NOBODY
    return Standing.OUTSIDE if ticket.confidential else Standing.MEMBER


def _answered(db: sqlite3.Connection, mail: Mail) -> list[_Claim]:
    found: dict[DeskTicket, bool] = {}
    for ticket, people in _known(db, list(mail.references)):
        found[ticket] = found.get(ticket, False) or mail.sender.email in people
    return [_Claim(ticket, is_known=True, admits=was_sent) for ticket, was_sent in found.items()]


def _tagged(db: sqlite3.Connection, house: House, mail: Mail) -> list[_Claim]:
    found = []
    for number, key in tickets.tags(mail.subject, house.name)[:5]:
        ticket = tickets.after_merges(db, number)
        if ticket:
            has_key = tickets.has_key(db, number, key)
            found.append(_Claim(ticket, is_known=has_key, admits=has_key))
    return found


def _known(db: sqlite3.Connection, message_ids: list[str]) -> Iterator[tuple[DeskTicket, list[str]]]:
    """The tickets that these mails belong to, each with whose mailboxes have the mail."""
    for message_id in message_ids[:100]:
        row = db.execute("SELECT ticket, people FROM thread WHERE message_id = ?", (message_id,)).fetchone()
        ticket = tickets.by_id(db, row["ticket"]) if row else None
        if ticket and not ticket.gone:
            yield ticket, row["people"].split()
