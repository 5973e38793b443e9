"""Conversations: everything the page of one ticket tells, in the order it happened."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, String, and_, literal, not_, select, type_coerce, union_all
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db
from portal.domain.approvals.models import Approval, ApprovalState
from portal.domain.billing import disclosure, prices
from portal.domain.billing.invoice_snapshots import InvoicedEntry
from portal.domain.billing.prices import PriceList
from portal.domain.billing.time_report import FROZEN_RATE, OWN_INVOICE, invoiced_as
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
from portal.domain.tickets.time_entries import Coverage, TimeEntry
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
    coverage: Coverage | None = None  # by the company's agreement
    invoiced_as: tuple[str, Decimal, date] | None = None  # category, hours and day on its invoice, where they differ


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
    """A quiet line: a change of a field, or an answer that did not arrive. States are told by their own values."""

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

    id: int
    at: datetime
    by: str  # who asked, or who decided
    state: ApprovalState | None = None  # how it ended; None: it was asked
    decided_for: str = ""  # the manager in whose place a deputy decided
    question: str = ""
    decide_by: datetime | None = None  # while it may still be open
    shape: str = "approval"

    @property
    def is_end(self) -> bool:
        return self.state is not None

    @property
    def is_overdue(self) -> bool:
        return self.decide_by is not None and self.decide_by < clock.now()


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
    open_approval: ApprovalTurn | None = None  # the newest request for the company's approval that has not ended
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
    rows = db.session.execute(_with_entries(reader, number)).all()
    if not rows:
        raise NotFound
    told, price_list = disclosure.of(reader), prices.list_of(reader)
    newest = [row for row in rows if row.id == rows[0].id]
    ticket = _begun(newest[0])
    ticket.hides_hours, ticket.currency = told.hides_hours, price_list.currency
    ticket.entries = [_entry(row, told, price_list) for row in newest if row.entry_id is not None]
    if ticket.is_stub:
        ticket.turns = [TimeTurn(replace(one, message_id=None)) for one in ticket.entries]
        return ticket
    end = _sent_at(ticket.id, before) if before is not None else None
    said = _messages(ticket, before, end)
    start = said[0].at if ticket.earlier else None
    quiet = [*_quiet_lines(reader, ticket.id), *(TimeTurn(one) for one in ticket.entries if not one.message_id)]
    ticket.open_approval = _open_among(turn for turn in quiet if isinstance(turn, ApprovalTurn))
    here = [turn for turn in quiet if (start is None or turn.at >= start) and (end is None or turn.at < end)]
    ticket.turns = sorted([*said, *here], key=lambda turn: turn.at)
    return ticket


def _with_entries(reader: Reader, number: str) -> Select[Any]:
    """Tickets of that number, the newest first, each with its time entries in the order they were worked."""
    worker = aliased(Technician)
    theirs = and_(TimeEntry.ticket_id == Ticket.id, TimeEntry.withdrawn_at.is_(None), disclosure.of(reader).entries)
    subject, requester, email = confidentiality.seen(reader, Ticket.subject, Employee.name, Employee.email)
    return (
        _visible_to(reader)
        .join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .outerjoin(TimeEntry, theirs)
        .outerjoin(worker, worker.id == TimeEntry.technician_id)
        .outerjoin(InvoicedEntry, OWN_INVOICE)
        .where(Ticket.number == number)
        .order_by(Ticket.id.desc(), TimeEntry.worked_at, TimeEntry.id)
        .with_only_columns(
            Ticket.id,
            Ticket.number,
            Ticket.kind,
            subject.label("subject"),
            Ticket.state,
            requester.label("requester"),
            email.label("requester_email"),
            Technician.name.label("technician"),
            Ticket.opened_at,
            Ticket.changed_at,
            Ticket.due_at,
            Ticket.done_at,
            Ticket.is_confidential,
            not_(confidentiality.tells(reader)).label("is_stub"),
            TimeEntry.id.label("entry_id"),
            TimeEntry.category,
            TimeEntry.hours,
            worker.name.label("worker"),
            TimeEntry.worked_at,
            TimeEntry.worked_day,
            TimeEntry.invoiced_on,
            TimeEntry.message_id,
            TimeEntry.coverage,
            TimeEntry.coverage_rate,
            FROZEN_RATE.label("frozen_rate"),
            InvoicedEntry.invoice_id,
            InvoicedEntry.category.label("frozen_category"),
            InvoicedEntry.hours.label("frozen_hours"),
            InvoicedEntry.worked_day.label("frozen_day"),
        )
    )


def _begun(row: Any) -> Conversation:
    return Conversation(
        id=row.id,
        number=row.number,
        kind=row.kind,
        subject=row.subject,
        state=State(row.state),
        requester=row.requester,
        requester_email=row.requester_email,
        technician=row.technician,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
        done_at=row.done_at,
        is_confidential=row.is_confidential,
        is_stub=row.is_stub,
    )


def _entry(row: Any, told: disclosure.Disclosure, price_list: PriceList) -> Entry:
    tells = told.tells_money(row.invoiced_on)
    rate = row.frozen_rate if row.frozen_rate is not None else row.coverage_rate
    if rate is None and tells:
        rate = price_list.rate_on(row.category, row.worked_day)
    return Entry(
        id=row.entry_id,
        category=row.category,
        hours=row.hours,
        technician=row.worker,
        worked_at=row.worked_at,
        worked_day=row.worked_day,
        invoiced_on=row.invoiced_on,
        message_id=row.message_id,
        amount=amount(row.hours, rate) if tells and rate is not None else None,
        coverage=row.coverage,
        has_no_price=tells and rate is None,
        invoiced_as=invoiced_as(row),
    )


def _sent_at(ticket_id: int, message_id: int) -> datetime:
    sent_at = db.session.scalar(
        select(Message.sent_at).where(Message.id == message_id, Message.ticket_id == ticket_id)
    )
    if sent_at is None:
        raise NotFound
    return sent_at


def _messages(ticket: Conversation, before: int | None, end: datetime | None) -> list[Said]:
    """The newest messages, or the newest before one; says on the ticket whether there are earlier ones."""
    by_id: dict[int, Said] = {}
    for row in db.session.execute(_with_files(ticket.id, before, end)):
        message = by_id.get(row.id) or by_id.setdefault(row.id, _said(row))
        if row.file_id is not None:
            file = File(row.file_id, row.name, row.media_type, row.size, is_here=row.sha256 is not None)
            message.files.append(file)
    said = list(by_id.values())
    if len(said) > MOST_MESSAGES:
        del by_id[said.pop().id]
        ticket.earlier = said[-1].id
    for entry in ticket.entries:
        if entry.message_id in by_id:
            by_id[entry.message_id].entries.append(entry)
    return said[::-1]


def _with_files(ticket_id: int, before: int | None, end: datetime | None) -> Select[Any]:
    """One message more than a page has, the newest first, each with its files."""
    theirs = select(Message).where(Message.ticket_id == ticket_id, Message.withdrawn_at.is_(None))
    if before is not None:
        theirs = theirs.where((Message.sent_at < end) | ((Message.sent_at == end) & (Message.id < before)))
    newest = theirs.order_by(Message.sent_at.desc(), Message.id.desc()).limit(MOST_MESSAGES + 1).subquery()
    return (
        select(
            newest,
            Attachment.id.label("file_id"),
            Attachment.name,
            Attachment.media_type,
            Attachment.size,
            Attachment.sha256,
        )
        .outerjoin(Attachment, and_(Attachment.message_id == newest.c.id, Attachment.withdrawn_at.is_(None)))
        .order_by(newest.c.sent_at.desc(), newest.c.id.desc(), Attachment.id)
    )


def _said(row: Any) -> Said:
    return Said(
        id=row.id,
        side=row.side,
        author=row.author_name,
        email=row.author_email,
        at=row.sent_at,
        sender_verified=row.sender_verified,
        proved_by=row.proved_by,
        from_outside=row.from_outside,
        body=row.body,
        quoted=row.quoted,
    )


def _quiet_lines(reader: Reader, ticket_id: int) -> list[Happened | ApprovalTurn]:
    """Changes of the ticket's fields, then approvals asked for, then those that ended."""
    rows = db.session.execute(union_all(*_quiet_parts(reader, ticket_id))).all()
    events = sorted((row for row in rows if row.part == "event"), key=lambda row: (row.at, row.id))
    asked = sorted((row for row in rows if row.part == "asked"), key=lambda row: row.id)
    ended = sorted((row for row in rows if row.part == "ended"), key=lambda row: row.id)
    return [
        *(Happened(row.id, row.kind, row.at, row.old, row.new, row.by) for row in events),
        *(ApprovalTurn(row.id, row.at, row.by, question=row.new, decide_by=row.until) for row in asked),
        *(ApprovalTurn(row.id, row.at, row.by, ApprovalState(row.new), row.old) for row in ended),
    ]


def _open_among(turns: Iterable[ApprovalTurn]) -> ApprovalTurn | None:
    """The newest approval that was asked for and has not ended."""
    asked: dict[int, ApprovalTurn] = {}
    for turn in turns:  # those that ended come last
        if turn.is_end:
            asked.pop(turn.id, None)
        else:
            asked[turn.id] = turn
    return asked[max(asked)] if asked else None


def _quiet_parts(reader: Reader, ticket_id: int) -> Iterable[Select]:
    nothing = literal("", String)
    mine = (Approval.ticket_id == ticket_id, Approval.company_id == reader.company_id)
    yield select(
        literal("event", String).label("part"),
        TicketEvent.id,
        TicketEvent.kind,
        TicketEvent.at,
        TicketEvent.old,
        TicketEvent.new,
        TicketEvent.by,
        TicketEvent.at.label("until"),
    ).where(TicketEvent.ticket_id == ticket_id)
    yield select(
        literal("asked", String),
        Approval.id,
        nothing,
        Approval.asked_at,
        nothing,
        Approval.question,
        Approval.asked_by,
        Approval.expires_at,
    ).where(*mine)
    yield select(
        literal("ended", String),
        Approval.id,
        nothing,
        Approval.decided_at,
        Approval.decided_for,
        type_coerce(Approval.state, String),
        Approval.decided_by,
        Approval.decided_at,
    ).where(*mine, Approval.decided_at.is_not(None))
