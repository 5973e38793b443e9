"""The overview: what waits for a manager, what happened since they last looked, and how the company is served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, true, union_all

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
    rows = reader.once(_lists)["turn"]
    return [_line(row) for row in rows], rows[0].all_of_them if rows else 0


def overdue(reader: Reader) -> tuple[list[TicketLine], int]:
    """Open tickets past the day they were promised for, the longest first; and how many there are of them."""
    rows = reader.once(_lists)["overdue"]
    return [_line(row) for row in rows], rows[0].all_of_them if rows else 0


def _lists(reader: Reader) -> dict[str, list[Any]]:
    """The rows of both lists, asked for with one statement."""
    late = _visible_to(reader).where(Ticket.state == State.OPEN, Ticket.due_at < now())
    lists = {"turn": _companys_turn(reader), "overdue": _lines(reader, late, Ticket.__table__.c.due_at)}
    parts = (select(literal(name).label("part"), rows.subquery()) for name, rows in lists.items())
    found: dict[str, list[Any]] = {name: [] for name in lists}
    for row in sorted(db.session.execute(union_all(*parts)), key=lambda row: (row.since, row.id)):
        found[row.part].append(row)
    return found


def _companys_turn(reader: Reader) -> Select[Any]:
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
    return _lines(reader, theirs, newest.c.at)


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
    counted = {"opened": opened, "finished": finished, "messages": written, "entries": worked.where(told.entries)}
    numbers = select(*(one.scalar_subquery().label(name) for name, one in counted.items())).subquery()
    window = _window(reader).subquery()  # asked for with the same statement: a page shows both
    rows = db.session.execute(select(numbers, window).select_from(numbers.outerjoin(window, true()))).all()
    reader.keep([row for row in rows if row.opened_at is not None], _measured)
    return News(**{name: getattr(rows[0], name) for name in counted})


def pace(reader: Reader) -> ServicePace:
    """Response (a technician's first words) and resolution (first time solved) of the tickets of the window."""
    rows = reader.once(_measured)
    responses = [row.answered_at - row.opened_at for row in rows if row.answered_at is not None]
    resolutions = [row.solved_at - row.opened_at for row in rows if row.solved_at is not None]
    return ServicePace(
        response=_middle(responses),
        answered=len(responses),
        resolution=_middle(resolutions),
        solved=len(resolutions),
    )


def _measured(reader: Reader) -> Sequence[Any]:
    return db.session.execute(_window(reader)).all()


def _window(reader: Reader) -> Select[Any]:
    """The newest tickets of the window: when each was opened, first answered and first solved."""
    newest = (
        select(Ticket.id, Ticket.opened_at)
        .where(_mine(reader), Ticket.opened_at > now() - WINDOW, Ticket.state != State.ERROR)
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(MOST_MEASURED)
        .subquery()
    )
    answered = (
        select(func.min(Message.sent_at))
        .where(Message.ticket_id == newest.c.id)
        .where(Message.side == MessageSide.TECHNICIAN, Message.withdrawn_at.is_(None))
    )
    solved = (
        select(func.min(TicketEvent.at))
        .where(TicketEvent.ticket_id == newest.c.id, TicketEvent.kind == TicketEventKind.STATE)
        .where(TicketEvent.new.in_((State.TO_BE_INVOICED, State.DONE)))
    )
    return select(
        newest.c.opened_at,
        answered.scalar_subquery().label("answered_at"),
        solved.scalar_subquery().label("solved_at"),
    )


def _middle(lengths: list[timedelta]) -> timedelta | None:
    """Half of them are shorter."""
    return timedelta(seconds=median(length.total_seconds() for length in lengths)) if lengths else None


def _mine(reader: Reader) -> ColumnElement[bool]:
    return and_(Ticket.company_id == reader.company_id, Ticket.withdrawn_at.is_(None))


def _lines(reader: Reader, tickets: Select[Any], since: ColumnElement[Any]) -> Select[Any]:
    subject, name, email = confidentiality.seen(reader, Ticket.subject, Employee.name, Employee.email)
    return (
        tickets.join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .with_only_columns(
            Ticket.id,
            Ticket.number,
            subject.label("subject"),
            name.label("name"),
            email.label("email"),
            Technician.name.label("technician"),
            Ticket.opened_at,
            since.label("since"),
            Ticket.is_confidential,
            func.count().over().label("all_of_them"),
        )
        .order_by(since, Ticket.id)
        .limit(SHOWN)
    )


def _line(row: Any) -> TicketLine:
    return TicketLine(
        number=row.number,
        subject=row.subject,
        requester=row.name or row.email,
        technician=row.technician,
        opened_at=row.opened_at,
        since=row.since,
        is_confidential=row.is_confidential,
    )
