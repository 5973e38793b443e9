"""Conversations: everything the page of one ticket tells, in the order it happened."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import not_, select

from portal import clock
from portal.db import db
from portal.domain.approvals import models as approvals
from portal.domain.approvals.models import Approval
from portal.domain.billing import disclosure, prices
from portal.domain.billing.invoice_snapshots import InvoicedEntry
from portal.domain.billing.prices import PriceList
from portal.domain.billing.time_report import FROZEN_RATE, OWN_INVOICE
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.pseudonyms import NOBODY
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality, previews
from portal.domain.tickets.attachments import Attachment
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
from portal.errors import NotFound
from portal.lib.money import amount

MOST_MESSAGES = 100  # of one page; earlier ones are a link away


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as a chip shows it."""

    id: int
    name: str
    media_type: str
    size: int  # bytes
    is_here: bool  # its bytes are mirrored already

    @property
    def is_drawn(self) -> bool:
        """A browser gets a picture drawn anew, and the original is another link."""
        return self.is_here and previews.is_drawn(self.media_type)


@dataclass(frozen=True, slots=True)
class Entry:
    """Time as the strip under a message shows it."""

    id: int
    category: str
    hours: Decimal
    technician: str
    worked_at: datetime
    worked_day: date
    invoiced_on: date | None
    message_id: int | None
    amount: Decimal | None = None  # without VAT; None where it is not known or not told
    has_no_price: bool = False  # it would be told, and the price list does not know it


@dataclass(slots=True)
class Said:
    """A message with what belongs to it."""

    id: int
    side: str
    author: str
    email: str
    at: datetime
    sender_verified: bool
    proved_by: str  # a domain
    from_outside: bool
    body: str  # clean HTML
    quoted: str  # clean HTML: folded history and signature
    files: list[File] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    shape: str = "message"

    @property
    def is_technicians(self) -> bool:
        return self.side == MessageSide.TECHNICIAN

    @property
    def is_of_company(self) -> bool:
        """Whether the company's name may stand beside the author's: their address is its own, and was proved."""
        return self.sender_verified and not self.from_outside and not self.is_technicians

    @property
    def is_removed(self) -> bool:
        """Its author's data were removed on request, and its words with them."""
        return self.author.startswith(NOBODY) and not self.email and not self.body


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of a field: a quiet line. kind: state | technician | due; new and old are states' own values there."""

    id: int
    kind: str
    at: datetime
    old: str
    new: str
    by: str
    shape: str = "event"

    @property
    def new_state(self) -> State | None:
        return State(self.new) if self.kind == TicketEventKind.STATE and self.new in set(State) else None


@dataclass(frozen=True, slots=True)
class TimeTurn:
    """Time without a public message: it was written in an internal note, and is billed all the same."""

    entry: Entry
    shape: str = "time"

    @property
    def at(self) -> datetime:
        return self.entry.worked_at


@dataclass(frozen=True, slots=True)
class ApprovalTurn:
    """The company was asked for its approval, or the question came to an end: a quiet line with a link."""

    approval: Approval
    at: datetime
    is_end: bool
    shape: str = "approval"


@dataclass(slots=True)
class Conversation:
    """One ticket and all that was said, done and worked on it."""

    id: int
    number: str
    kind: str
    subject: str
    state: State
    requester: str
    requester_email: str
    technician: str | None
    opened_at: datetime
    changed_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    is_confidential: bool
    is_stub: bool  # its reader is told no more than that it is there, and what time it took
    turns: list[Said | Happened | TimeTurn | ApprovalTurn] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    earlier: int | None = None  # the message the page of earlier ones ends before; None when nothing is left out
    hides_hours: bool = False  # Connectica shows this company no time before it is invoiced
    currency: str = ""

    @property
    def is_emptied(self) -> bool:
        """It ended so long ago that its words, files and people are not kept any more: see retention.py."""
        return self.requester == NOBODY

    @property
    def is_overdue(self) -> bool:
        return self.state is State.OPEN and self.due_at is not None and self.due_at < clock.now()

    @property
    def hours(self) -> Decimal:
        return sum((entry.hours for entry in self.entries), Decimal(0))

    def hours_by(self, what: str) -> list[tuple[str, Decimal]]:
        """Hours by "category" or "technician", most first."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for entry in self.entries:
            sums[getattr(entry, what)] += entry.hours
        return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def show(reader: Reader, number: str, *, before: int | None = None) -> Conversation:
    """The company's ticket of that number, with its newest messages, or those before one. Raises NotFound."""
    query = (
        _visible_to(reader)
        .join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .where(Ticket.number == number)
        .order_by(Ticket.id.desc())
        .with_only_columns(
            *confidentiality.seen(
                reader,
                Ticket.id,
                Ticket.number,
                Ticket.kind,
                Ticket.subject,
                Ticket.state,
                Employee.name,
                Employee.email,
                Technician.name,
                Ticket.opened_at,
                Ticket.changed_at,
                Ticket.due_at,
                Ticket.done_at,
                Ticket.is_confidential,
            ),
            not_(confidentiality.tells(reader)),
        )
    )
    row: Any = db.session.execute(query).first()
    if row is None:
        raise NotFound
    told = disclosure.of(reader)
    ticket = _begun(*row)
    ticket.hides_hours = told.hides_hours
    price_list = prices.list_of(reader)
    ticket.currency = price_list.currency
    ticket.entries = [_priced(row, told, price_list) for row in _entries(reader, ticket.id)]
    if ticket.is_stub:
        ticket.turns = [TimeTurn(replace(one, message_id=None)) for one in ticket.entries]
        return ticket
    end = _sent_at(ticket.id, before) if before is not None else None
    said = _messages(ticket, before, end)
    start = said[0].at if ticket.earlier else None
    quiet: list[Happened | TimeTurn | ApprovalTurn] = [
        *_events(ticket.id),
        *_approvals(reader, ticket.id),
        *(TimeTurn(one) for one in ticket.entries if not one.message_id),
    ]
    here = [turn for turn in quiet if (start is None or turn.at >= start) and (end is None or turn.at < end)]
    ticket.turns = sorted([*said, *here], key=lambda turn: turn.at)
    return ticket


def _begun(id_: int, number: str, kind: str, subject: str, state: str, *rest: Any) -> Conversation:
    return Conversation(id_, number, kind, subject, State(state), *rest)


def _sent_at(ticket_id: int, message_id: int) -> datetime:
    sent_at = db.session.scalar(
        select(Message.sent_at).where(Message.id == message_id, Message.ticket_id == ticket_id)
    )
    if sent_at is None:
        raise NotFound
    return sent_at


def _messages(ticket: Conversation, before: int | None, end: datetime | None) -> list[Said]:
    """The newest messages, or the newest before one; says on the ticket whether there are earlier ones."""
    query = select(Message).where(Message.ticket_id == ticket.id, Message.withdrawn_at.is_(None))
    if before is not None:
        query = query.where((Message.sent_at < end) | ((Message.sent_at == end) & (Message.id < before)))
    newest = query.order_by(Message.sent_at.desc(), Message.id.desc()).limit(MOST_MESSAGES + 1)
    columns: tuple[Any, ...] = (
        Message.id,
        Message.side,
        Message.author_name,
        Message.author_email,
        Message.sent_at,
        Message.sender_verified,
        Message.proved_by,
        Message.from_outside,
        Message.body,
        Message.quoted,
    )
    said = [Said(*row) for row in db.session.execute(newest.with_only_columns(*columns))]
    if len(said) > MOST_MESSAGES:
        said.pop()
        ticket.earlier = said[-1].id
    by_id = {message.id: message for message in said}
    files = select(
        Attachment.message_id,
        Attachment.id,
        Attachment.name,
        Attachment.media_type,
        Attachment.size,
        Attachment.sha256,
    ).where(Attachment.message_id.in_(by_id), Attachment.withdrawn_at.is_(None))
    for message_id, id_, name, media_type, size, sha256 in db.session.execute(files.order_by(Attachment.id)):
        by_id[message_id].files.append(File(id_, name, media_type, size, is_here=sha256 is not None))
    for entry in ticket.entries:
        if entry.message_id in by_id:
            by_id[entry.message_id].entries.append(entry)
    return said[::-1]


def _events(ticket_id: int) -> list[Happened]:
    query = select(
        TicketEvent.id, TicketEvent.kind, TicketEvent.at, TicketEvent.old, TicketEvent.new, TicketEvent.by
    ).where(TicketEvent.ticket_id == ticket_id)
    return [Happened(*row) for row in db.session.execute(query.order_by(TicketEvent.at, TicketEvent.id))]


def _approvals(reader: Reader, ticket_id: int) -> list[ApprovalTurn]:
    found = approvals.of_ticket(reader, ticket_id)
    ended = [ApprovalTurn(one, one.decided_at, is_end=True) for one in found if one.decided_at]
    return [*(ApprovalTurn(one, one.asked_at, is_end=False) for one in found), *ended]


def _entries(reader: Reader, ticket_id: int) -> Sequence[Any]:
    query = (
        select(
            TimeEntry.id,
            TimeEntry.category,
            TimeEntry.hours,
            Technician.name,
            TimeEntry.worked_at,
            TimeEntry.worked_day,
            TimeEntry.invoiced_on,
            TimeEntry.message_id,
            FROZEN_RATE.label("frozen_rate"),
        )
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .outerjoin(InvoicedEntry, OWN_INVOICE)
        .where(TimeEntry.ticket_id == ticket_id, TimeEntry.withdrawn_at.is_(None))
        .where(disclosure.of(reader).entries)
    )
    return db.session.execute(query.order_by(TimeEntry.worked_at, TimeEntry.id)).all()


def _priced(row: Any, told: disclosure.Disclosure, price_list: PriceList) -> Entry:
    entry = Entry(*row[:-1])
    if not told.tells_money(entry.invoiced_on):
        return entry
    rate = row.frozen_rate
    if rate is None:
        rate = price_list.rate_on(entry.category, entry.worked_day)
    if rate is None:
        return replace(entry, has_no_price=True)
    return replace(entry, amount=amount(entry.hours, rate))
