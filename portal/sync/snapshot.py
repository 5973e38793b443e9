"""The snapshot: the mirror's rows for the tickets of one page of changes, read with a few queries."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.cores.records import Change, TicketRecord
from portal.db import Base, db
from portal.domain.approvals.models import Approval
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.sync_state import SetAside
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, TicketEvent
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryCorrection
from portal.lib.text import line
from portal.sync import rows
from portal.sync.plan import ATTACHMENT, ENTRY, EVENT, MESSAGE, NUMBER, QUESTION, Known, Thing
from portal.sync.rows import AttachmentRow, CorrectionRow, EntryRow, EventRow, MessageRow, TicketRow

AT_ONCE = 5_000  # values in one question: both databases take more


@dataclass(slots=True)
class Recalled:
    """The mirror's own rows by their natural keys. What is made later is put in, too."""

    companies: dict[str, int] = field(default_factory=dict)
    technicians: dict[str, Technician] = field(default_factory=dict)
    employees: dict[tuple[int, str], Employee] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    events: dict[str, TicketEvent] = field(default_factory=dict)
    entries: dict[str, TimeEntry] = field(default_factory=dict)
    corrections: dict[str, TimeEntryCorrection] = field(default_factory=dict)
    aside: dict[str, SetAside] = field(default_factory=dict)
    live: dict[Thing, str] = field(default_factory=dict)  # see owners()

    def known(self, changes: Collection[Change]) -> dict[str, Known]:
        """What plan() wants to know of each change, by its name."""
        telling = _Telling(self)
        return {change.core_id: telling.known(change) for change in changes}

    def owners(self) -> dict[Thing, str]:
        """Whose the numbers and the things below tickets are, by core_id, as far as those tickets are live."""
        tickets = {row.id: name for name, row in self.tickets.items() if row.withdrawn_at is None}
        messages = {row.id: tickets[row.ticket_id] for row in self.messages.values() if row.ticket_id in tickets}
        below: dict[str, tuple[Mapping[str, Any], str, dict[int, str]]] = {
            MESSAGE: (self.messages, "ticket_id", tickets),
            ATTACHMENT: (self.attachments, "message_id", messages),
            ENTRY: (self.entries, "ticket_id", tickets),
            EVENT: (self.events, "ticket_id", tickets),
        }
        return self.live | {
            (kind, name): whose[getattr(row, parent)]
            for kind, (rows_of_kind, parent, whose) in below.items()
            for name, row in rows_of_kind.items()
            if getattr(row, parent) in whose and getattr(row, "withdrawn_at", None) is None
        }


def recall(changes: Collection[Change]) -> Recalled:
    """Read what the mirror has of these changes. Of tickets that did not change, no more than that."""
    names = [change.core_id for change in changes]
    found = Recalled(
        companies={company.core_id: company.id for company in db.session.scalars(select(Company))},
        technicians={row.email: row for row in db.session.scalars(select(Technician))},
        tickets=_by_name(Ticket, Ticket.core_id, names),
        aside=_by_name(SetAside, SetAside.core_id, names),
    )
    changed = [change for change in changes if not _is_unchanged(change, found)]
    ids = [found.tickets[change.core_id].id for change in changed if change.core_id in found.tickets]
    told = [change for change in changed if isinstance(change, TicketRecord)]
    messages = [message for record in told for message in record.messages]
    found.messages = _of(Message, Message.ticket_id, ids, [message.core_id for message in messages])
    found.attachments = _of(
        Attachment,
        Attachment.message_id,
        [message.id for message in found.messages.values()],
        [file.core_id for message in messages for file in message.attachments],
    )
    found.events = _of(
        TicketEvent, TicketEvent.ticket_id, ids, [event.core_id for record in told for event in record.events]
    )
    found.entries = _of(
        TimeEntry, TimeEntry.ticket_id, ids, [entry.core_id for record in told for entry in record.time_entries]
    )
    found.corrections = _by_name(
        TimeEntryCorrection,
        TimeEntryCorrection.core_id,
        [correction.core_id for record in told for correction in record.corrections],
    )
    _add_those_around(found)
    _add_employees(found, told)
    found.live = dict(_live(told))
    return found


def _is_unchanged(change: Change, found: Recalled) -> bool:
    ticket = found.tickets.get(change.core_id)
    if ticket is None or ticket.withdrawn_at is not None or not isinstance(change, TicketRecord):
        return False
    return ticket.record_hash == rows.fingerprint(change) and change.company in found.companies


def _live(told: list[TicketRecord]) -> Iterator[tuple[Thing, str]]:
    """Live tickets that have these numbers, or questions of these names."""
    numbers = select(Ticket.number.label("name"), Ticket.core_id.label("ticket")).where(Ticket.withdrawn_at.is_(None))
    questions = (
        select(Approval.core_id.label("name"), Ticket.core_id.label("ticket"))
        .join(Ticket, Ticket.id == Approval.ticket_id)
        .where(Ticket.withdrawn_at.is_(None))
    )
    for kind, wanted, column, names in (
        (NUMBER, numbers, Ticket.number, {line(record.number, longest=50) for record in told}),
        (QUESTION, questions, Approval.core_id, {one.core_id for record in told for one in record.approvals}),
    ):
        for part in _parts(names):
            for row in db.session.execute(wanted.where(column.in_(part))):
                yield (kind, row.name), row.ticket


def _add_those_around(found: Recalled) -> None:
    """Messages and tickets that things named by these records belonged to until now."""
    message_ids = {row.message_id for row in found.attachments.values()}
    message_ids |= {row.message_id for row in found.entries.values() if row.message_id}
    corrected = {row.time_entry_id for row in found.corrections.values()}
    corrected -= {row.id for row in found.entries.values()}
    found.entries |= {row.core_id: row for row in _those(TimeEntry, TimeEntry.id, corrected)}
    missing = message_ids - {row.id for row in found.messages.values()}
    found.messages |= {row.core_id: row for row in _those(Message, Message.id, missing)}
    children: Iterable[Any] = (*found.messages.values(), *found.events.values(), *found.entries.values())
    missing = {row.ticket_id for row in children} - {row.id for row in found.tickets.values()}
    found.tickets |= {row.core_id: row for row in _those(Ticket, Ticket.id, missing)}


def _add_employees(found: Recalled, told: list[TicketRecord]) -> None:
    emails = {rows.person(record.requester).email for record in told}
    ids = {ticket.requester_id for ticket in found.tickets.values()}
    for part in _parts(emails | ids):
        wanted = or_(
            Employee.email.in_([key for key in part if isinstance(key, str)]),
            Employee.id.in_([key for key in part if isinstance(key, int)]),
        )
        for row in db.session.scalars(select(Employee).where(wanted)):
            found.employees[row.company_id, row.email] = row


Table = TypeVar("Table", bound=Base)


def _of(table: type[Table], parent: Any, parents: Collection[int], names: Collection[str]) -> dict[str, Table]:
    """The rows below these parents, and those of these names wherever they are."""
    name: Any = table.core_id  # type: ignore[attr-defined]
    found: dict[str, Table] = {row.core_id: row for row in _those(table, parent, parents)}  # type: ignore[attr-defined]
    return found | _by_name(table, name, [key for key in names if key not in found])


def _by_name(table: type[Table], name: InstrumentedAttribute[str], names: Collection[str]) -> dict[str, Table]:
    return {row.core_id: row for row in _those(table, name, names)}  # type: ignore[attr-defined]


def ids_by_name(table: type[Base], names: Collection[str]) -> dict[str, int]:
    """The numbers of rows by the core's names."""
    columns: Any = table
    found: dict[str, int] = {}
    for part in _parts(names):
        rows = db.session.execute(select(columns.core_id, columns.id).where(columns.core_id.in_(part)))
        found |= {row.core_id: row.id for row in rows}
    return found


def _those(table: type[Table], column: Any, values: Collection[Any]) -> Iterator[Table]:
    for part in _parts(values):
        yield from db.session.scalars(select(table).where(column.in_(part)))


def _parts(values: Collection[Any]) -> Iterator[list[Any]]:
    every = list(values)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


class _Shelf:
    """The rows of one table: all by name, and those of each ticket."""

    def __init__(self, found: Mapping[str, Any], kind: str, make: Callable[[Any], Any], ticket: Callable[[Any], str]):
        self.rows = {name: make(row) for name, row in found.items()}
        self.withdrawn = [f"{kind} {name}" for name, row in found.items() if getattr(row, "withdrawn_at", None)]
        self._below: dict[str, list[str]] = {}
        for name, row in self.rows.items():
            self._below.setdefault(ticket(row), []).append(name)

    def about(self, ticket: str, named: Iterable[Any]) -> dict[str, Any]:
        """The rows below a ticket, and those that its record names wherever they are."""
        names = [*self._below.get(ticket, ()), *(record.core_id for record in named)]
        return {name: self.rows[name] for name in names if name in self.rows}


class _Telling:
    """Tables as rows: numbers of our own become the core's names again."""

    def __init__(self, found: Recalled) -> None:
        self._found = found
        self._company = {number: name for name, number in found.companies.items()}
        self._ticket = {row.id: name for name, row in found.tickets.items()}
        self._message = {row.id: name for name, row in found.messages.items()}
        self._entry = {row.id: name for name, row in found.entries.items()}
        self._technician = {row.id: email for email, row in found.technicians.items()}
        self._employee = {row.id: row.email for row in found.employees.values()}

        self._messages = _Shelf(found.messages, "message", self._message_row, lambda row: row.ticket)
        self._attachments = _Shelf(
            found.attachments, "attachment", self._attachment_row, lambda row: self._messages.rows[row.message].ticket
        )
        self._events = _Shelf(found.events, "event", self._event_row, lambda row: row.ticket)
        self._entries = _Shelf(found.entries, "time_entry", self._entry_row, lambda row: row.ticket)
        self._withdrawn = {
            name for shelf in (self._messages, self._attachments, self._entries) for name in shelf.withdrawn
        }

    def known(self, change: Change) -> Known:
        name, ticket = change.core_id, self._found.tickets.get(change.core_id)
        told = change if isinstance(change, TicketRecord) else None
        messages = told.messages if told else ()
        return Known(
            ticket=self._ticket_row(ticket) if ticket else None,
            fingerprint=ticket.record_hash if ticket else "",
            is_withdrawn=ticket is not None and ticket.withdrawn_at is not None,
            aside=(aside.raw, aside.reason) if (aside := self._found.aside.get(name)) else None,
            messages=self._messages.about(name, messages),
            attachments=self._attachments.about(name, [file for message in messages for file in message.attachments]),
            events=self._events.about(name, told.events if told else ()),
            entries=self._entries.about(name, told.time_entries if told else ()),
            corrections={
                one.core_id: self._correction_row(self._found.corrections[one.core_id])
                for one in (told.corrections if told else ())
                if one.core_id in self._found.corrections
            },
            withdrawn=self._withdrawn,
        )

    def _ticket_row(self, ticket: Ticket) -> TicketRow:
        return _same(
            TicketRow,
            ticket,
            company=self._company[ticket.company_id],
            requester=self._employee.get(ticket.requester_id, ""),
            technician=self._technician[ticket.technician_id] if ticket.technician_id else "",
        )

    def _message_row(self, message: Message) -> MessageRow:
        return _same(MessageRow, message, ticket=self._ticket[message.ticket_id])

    def _attachment_row(self, attachment: Attachment) -> AttachmentRow:
        return _same(AttachmentRow, attachment, message=self._message[attachment.message_id])

    def _event_row(self, event: TicketEvent) -> EventRow:
        return _same(EventRow, event, ticket=self._ticket[event.ticket_id])

    def _entry_row(self, entry: TimeEntry) -> EntryRow:
        return _same(
            EntryRow,
            entry,
            ticket=self._ticket[entry.ticket_id],
            company=self._company[entry.company_id],
            message=self._message[entry.message_id] if entry.message_id else "",
            technician=self._technician[entry.technician_id],
        )

    def _correction_row(self, correction: TimeEntryCorrection) -> CorrectionRow:
        return _same(CorrectionRow, correction, entry=self._entry[correction.time_entry_id])


Row = TypeVar("Row", TicketRow, MessageRow, AttachmentRow, EventRow, EntryRow, CorrectionRow)


def _same(make: Callable[..., Row], table_row: Base, **instead: str) -> Row:
    """A row with the columns of the same names, and these instead of our numbers."""
    names = (each.name for each in fields(make) if each.name not in instead)  # type: ignore[arg-type]
    return make(**instead, **{name: getattr(table_row, name) for name in names})
