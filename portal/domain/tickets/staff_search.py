"""The one door through which staff see tickets of any company: to ask about them, never for a company's people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from portal.db import db
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.tickets.models import Message, MessageSide, State, Ticket
from portal.domain.tickets.search_index import says
from portal.errors import NotFound
from portal.lib import text

MOST_FOUND = 30
MOST_READ = 20  # messages of a ticket


@dataclass(frozen=True, slots=True)
class StaffTicket:
    """What staff need to know before they ask: whose ticket it is, and where it stands."""

    id: int
    number: str
    subject: str
    state: State
    company: str
    company_id: int
    is_confidential: bool
    requester_id: int
    requester: str
    requester_email: str
    technician: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StaffMessage:
    """One message; body is clean HTML."""

    author: str
    side: MessageSide
    sent_at: datetime
    body: str


def find(words: str) -> list[StaffTicket]:
    """Tickets of all companies that have these words, the newest change first; none for no words."""
    words = text.line(words)
    if not words:
        return []
    found = _existing().where(*says(words)).order_by(Ticket.changed_at.desc(), Ticket.id.desc()).limit(MOST_FOUND)
    return [StaffTicket(**row._mapping) for row in db.session.execute(found)]


def show(ticket_id: int) -> StaffTicket:
    """One ticket of any company. Raises NotFound."""
    row = db.session.execute(_existing().where(Ticket.id == ticket_id)).first()
    if row is None:
        raise NotFound
    return StaffTicket(**row._mapping)


def messages(ticket_id: int) -> list[StaffMessage]:
    """The newest messages of any company's ticket, the oldest of them first: what staff read before they ask."""
    newest = (
        select(Message.author_name, Message.author_email, Message.side, Message.sent_at, Message.body)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Message.ticket_id == ticket_id, Message.withdrawn_at.is_(None), Ticket.withdrawn_at.is_(None))
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(MOST_READ)
    )
    return [
        StaffMessage(row.author_name or row.author_email, row.side, row.sent_at, row.body)
        for row in reversed(db.session.execute(newest).all())
    ]


def _existing() -> Select:
    return (
        select(
            Ticket.id,
            Ticket.number,
            Ticket.subject,
            Ticket.state,
            Company.name.label("company"),
            Company.id.label("company_id"),
            Ticket.is_confidential,
            Employee.id.label("requester_id"),
            Employee.name.label("requester"),
            Employee.email.label("requester_email"),
            Technician.name.label("technician"),
            Ticket.changed_at,
        )
        .join(Company, Company.id == Ticket.company_id)
        .join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .where(Ticket.withdrawn_at.is_(None))
    )
