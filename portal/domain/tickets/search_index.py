"""Ticket texts: what a ticket can be found by, made anew from its rows after words of theirs were removed."""

from collections.abc import Iterable

from sqlalchemy import select, update

from portal.db import db
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, TicketText
from portal.lib import text as typed_text
from portal.lib.text import fold

LONGEST = 60_000  # letters a ticket can be found by


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
