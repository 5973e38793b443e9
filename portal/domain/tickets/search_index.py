"""Ticket texts: what a ticket can be found by, how words are looked for in it, and how it is made anew from its rows.

The index is laid out company by company (`ticket_fts` on SQLite: a row's number begins with its company; a
trigram index that begins with the company on PostgreSQL), so a search costs what the company has, not its neighbours.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select, text, update

from portal.db import db
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, TicketText
from portal.lib import text as typed_text
from portal.lib.text import fold

LONGEST = 60_000  # letters a ticket can be found by
MOST_WORDS = 8  # of a search; the rest of a novel is not read
SHORTEST_TRIGRAM = 3  # letters; a shorter word is looked for letter by letter

_IN_FTS = "SELECT rowid & 4294967295 FROM ticket_fts WHERE ticket_fts MATCH :quoted"
_OF_COMPANY = " AND rowid BETWEEN (:company << 32) AND (:company << 32) + 4294967295"


def reads(words: str) -> list[ColumnElement[bool]]:
    """Every word is somewhere in the ticket, as a part of a word or a number: read in its text, without the index."""
    return _by_reading(_folded(words)) if _folded(words) else _nothing(words)


def says(words: str, *, company: Any = None) -> list[ColumnElement[bool]]:
    """The same by the index: of one company's tickets where an expression for it is given, else of all."""
    folded = _folded(words)
    if not folded:
        return _nothing(words)
    indexed = [word for word in folded if len(word) >= SHORTEST_TRIGRAM]
    if not indexed:
        return _by_reading(folded)
    in_index = {"sqlite": _by_fts, "postgresql": _by_trigrams}[db.engine.dialect.name]
    short = [word for word in folded if len(word) < SHORTEST_TRIGRAM]
    return [in_index(indexed, company), *(_by_reading(short) if short else [])]


def _folded(words: str) -> list[str]:
    return fold(words).split()[:MOST_WORDS]


def _nothing(words: str) -> list[ColumnElement[bool]]:
    """What a search without a letter finds: everything when nothing was typed, else nothing."""
    return [literal(False)] if words.strip() else []


def _by_reading(folded: list[str]) -> list[ColumnElement[bool]]:
    place = func.instr if db.engine.dialect.name == "sqlite" else func.strpos
    each = and_(*(place(TicketText.text, word) > 0 for word in folded))
    return [select(TicketText.ticket_id).where(TicketText.ticket_id == Ticket.id, each).exists()]


def _by_fts(indexed: list[str], company: Any) -> ColumnElement[bool]:
    quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in indexed)
    matches = text(_IN_FTS if company is None else _IN_FTS + _OF_COMPANY).bindparams(quoted=quoted)
    return Ticket.id.in_(matches)


def _by_trigrams(indexed: list[str], company: Any) -> ColumnElement[bool]:
    each = and_(*(TicketText.text.contains(word, autoescape=True) for word in indexed))
    texts = select(TicketText.ticket_id).where(each)
    return Ticket.id.in_(texts if company is None else texts.where(TicketText.company_id == company))


def lines(written: Iterable[str]) -> str:
    """Pieces of a ticket as the text it is found by, each line once: history quoted in every answer adds nothing."""
    found, length = dict[str, None](), 0
    for piece in dict.fromkeys(piece.lstrip(" >") for piece in written):
        folded = fold(piece).replace("\0", "")
        if folded and folded not in found:
            found[folded] = None
            length += len(folded) + 1
            if length > LONGEST:
                break
    return "\n".join(found)[:LONGEST]


def write_anew(ticket_id: int) -> None:
    """In the caller's transaction."""
    ticket = db.session.execute(
        select(Ticket.number, Ticket.subject, Employee.name, Employee.email, Technician.name, Technician.email)
        .join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .where(Ticket.id == ticket_id)
    ).one()
    said = select(Message.body, Message.quoted).where(Message.ticket_id == ticket_id, Message.withdrawn_at.is_(None))
    files = (
        select(Attachment.name).join(Message).where(Message.ticket_id == ticket_id, Attachment.withdrawn_at.is_(None))
    )
    words = (
        line for row in db.session.execute(said) for html in row for line in typed_text.of_html(html).splitlines()
    )
    text = lines([*(piece or "" for piece in ticket), *db.session.scalars(files), *words])
    db.session.execute(update(TicketText).where(TicketText.ticket_id == ticket_id).values(text=text))
