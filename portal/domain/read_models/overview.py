"""The overview: what waits for a manager, what happened since they last looked, and how the company is served."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, and_, func, select

from portal.clock import now
from portal.db import db
from portal.domain.billing import disclosure
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import (
    Message,
    MessageSide,
    State,
    Ticket,
    TicketEvent,
    TicketEventKind,
    _visible_to,
)
from portal.domain.tickets.time_entries import TimeEntry

SHOWN = 5  # rows of a list of the overview
WINDOW = timedelta(days=90)  # of which response and resolution are told
MOST_MEASURED = 2_000  # tickets: the newest of the window; more do not change a median


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket in a short list."""

    number: str
    subject: str
    requester: str
    technician: str | None
    opened_at: datetime
    since: datetime  # of what the list is about
    is_confidential: bool


@dataclass(frozen=True, slots=True)
class News:
    """What happened in a company after a moment."""

    opened: int
    finished: int
    messages: int
    entries: int

    @property
    def is_quiet(self) -> bool:
        return not (self.opened or self.finished or self.messages or self.entries)


@dataclass(frozen=True, slots=True)
class ServicePace:
    """How quickly tickets of the window were answered and solved: half of them sooner. None: none was yet."""

    response: timedelta | None
    answered: int
    resolution: timedelta | None
    solved: int


def companys_turn(reader: Reader) -> tuple[list[TicketLine], int]:
    """Open tickets in which Connectica wrote last, the longest waiting first; and how many there are of them."""
    newest = (
        select(Message.ticket_id, func.max(Message.sent_at).label("at"))
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Ticket.company_id == reader.company_id, Ticket.state == State.OPEN, Message.withdrawn_at.is_(None))
        .group_by(Message.ticket_id)
        .subquery()
    )
    by_technician = (
        select(Message.id)
        .where(Message.ticket_id == newest.c.ticket_id, Message.sent_at == newest.c.at)
        .where(Message.side == MessageSide.TECHNICIAN, Message.withdrawn_at.is_(None))
        .exists()
    )
    theirs = _visible_to(reader).join(newest, newest.c.ticket_id == Ticket.id)
    theirs = theirs.where(Ticket.state == State.OPEN, by_technician, confidentiality.tells(reader))
    count = db.session.scalar(select(func.count()).select_from(theirs.with_only_columns(Ticket.id).subquery())) or 0
    return _lines(reader, theirs, newest.c.at), count


def oldest_open(reader: Reader) -> list[TicketLine]:
    """Open tickets by age, the oldest first."""
    return _lines(reader, _visible_to(reader).where(Ticket.state == State.OPEN), Ticket.opened_at)


def news(reader: Reader, since: datetime) -> News:
    """What happened after a moment, in numbers."""
    told = disclosure.of(reader)
    finished = (
        select(func.count(func.distinct(TicketEvent.ticket_id)))
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(_mine(reader), TicketEvent.kind == TicketEventKind.STATE, TicketEvent.at > since)
        .where(TicketEvent.new.in_((State.TO_BE_INVOICED, State.DONE)), TicketEvent.old == State.OPEN)
    )
    written = (
        select(func.count(Message.id))
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(_mine(reader), Ticket.changed_at > since, Message.sent_at > since, Message.withdrawn_at.is_(None))
    )
    worked = select(func.count(TimeEntry.id)).where(
        TimeEntry.company_id == reader.company_id,
        TimeEntry.withdrawn_at.is_(None),
        TimeEntry.first_noticed_at > since,
    )
    opened = select(func.count(Ticket.id)).where(_mine(reader), Ticket.opened_at > since)
    return News(*(_number(one) for one in (opened, finished, written, worked.where(told.entries))))


def pace(reader: Reader) -> ServicePace:
    """Response (a technician's first words) and resolution (first time solved) of the tickets of the window."""
    newest = (
        select(Ticket.id, Ticket.opened_at)
        .where(_mine(reader), Ticket.opened_at > now() - WINDOW, Ticket.state != State.ERROR)
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(MOST_MEASURED)
    )
    opened = dict(db.session.execute(newest).all())
    first_answer = (
        select(Message.ticket_id, func.min(Message.sent_at))
        .where(Message.side == MessageSide.TECHNICIAN, Message.withdrawn_at.is_(None))
        .where(Message.ticket_id.in_(newest.with_only_columns(Ticket.id).subquery().select()))
        .group_by(Message.ticket_id)
    )
    first_solved = (
        select(TicketEvent.ticket_id, func.min(TicketEvent.at))
        .where(TicketEvent.kind == TicketEventKind.STATE, TicketEvent.new.in_((State.TO_BE_INVOICED, State.DONE)))
        .where(TicketEvent.ticket_id.in_(newest.with_only_columns(Ticket.id).subquery().select()))
        .group_by(TicketEvent.ticket_id)
    )
    responses = [at - opened[ticket] for ticket, at in db.session.execute(first_answer)]
    resolutions = [at - opened[ticket] for ticket, at in db.session.execute(first_solved)]
    return ServicePace(
        response=_middle(responses),
        answered=len(responses),
        resolution=_middle(resolutions),
        solved=len(resolutions),
    )


def _middle(lengths: list[timedelta]) -> timedelta | None:
    """Half of them are shorter."""
    return timedelta(seconds=median(length.total_seconds() for length in lengths)) if lengths else None


def _mine(reader: Reader) -> ColumnElement[bool]:
    return and_(Ticket.company_id == reader.company_id, Ticket.withdrawn_at.is_(None))


def _number(counted) -> int:
    return db.session.scalar(counted) or 0


def _lines(reader: Reader, tickets, since) -> list[TicketLine]:
    wanted = (
        tickets.join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .with_only_columns(
            *confidentiality.seen(
                reader,
                Ticket.number,
                Ticket.subject,
                Employee.name,
                Employee.email,
                Technician.name,
                Ticket.opened_at,
                Ticket.is_confidential,
            ),
            since,
        )
        .order_by(since, Ticket.id)
        .limit(SHOWN)
    )
    return [
        TicketLine(number, subject, name or email, technician, opened_at, moment, is_confidential)
        for number, subject, name, email, technician, opened_at, is_confidential, moment in db.session.execute(wanted)
    ]
