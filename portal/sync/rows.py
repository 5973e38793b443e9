"""A record in the mirror's terms: rows with natural keys, checked so that a database takes them. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from portal import clock
from portal.cores import records
from portal.cores.records import (
    EntryCorrectionRecord,
    EntryStateRecord,
    MessageRecord,
    PersonRecord,
    TicketRecord,
    TimeEntryRecord,
)
from portal.domain.tickets import search_index
from portal.domain.tickets.models import MessageSide, State, TicketEventKind
from portal.errors import RecordNotUnderstood
from portal.lib.money import CENT
from portal.lib.text import line
from portal.sync.html import message_body
from portal.sync.html.message_body import Body

MAKING = 6  # grow it when rows are made differently: the next full run makes every ticket anew
MOST_HOURS = Decimal(744)  # of one entry: no month has more
EXACT = Decimal("0.0001")  # of an hour: a core that counts minutes says twenty of them as 0.3333
MOST_BYTES = 2**31 - 1  # a size the databases can keep; a file that long is not fetched anyway
LONGEST_KEY = 500  # letters of a core_id
LONGEST_REASON = 1000  # letters of why an entry was corrected
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An employee of a company, or a technician. email identifies them; the name stands in for a missing one."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class TicketRow:
    core_id: str
    company: str
    number: str
    kind: str
    subject: str
    state: str
    requester: str  # their key
    technician: str  # their key, empty for nobody
    opened_at: datetime
    changed_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    hours: Decimal
    is_confidential: bool
    tag: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    core_id: str
    ticket: str
    side: str
    author_name: str
    author_email: str
    sent_at: datetime
    sender_verified: bool
    proved_by: str
    from_outside: bool
    body: str
    quoted: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    core_id: str
    message: str
    name: str
    media_type: str
    size: int
    content_id: str


@dataclass(frozen=True, slots=True)
class EventRow:
    core_id: str
    ticket: str
    kind: str
    at: datetime
    old: str
    new: str
    by: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    core_id: str
    ticket: str
    company: str  # the ticket's, or the one it was invoiced to before the ticket went to another
    message: str  # empty when it stands under no public message
    technician: str
    category: str
    hours: Decimal
    worked_at: datetime
    worked_day: date
    invoiced_on: date | None
    document: str

    def is_billed_as(self, other: "EntryRow") -> bool:
        """Nothing that an invoice is made of differs; becoming invoiced is no change of what is billed."""
        same = (self.hours, self.category, self.worked_day) == (other.hours, other.category, other.worked_day)
        return same and other.invoiced_on in (None, self.invoiced_on)


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """old or new is empty where the entry was not there before, or is no more."""

    core_id: str
    entry: str
    at: datetime
    by: str
    reason: str
    old_category: str | None
    old_hours: Decimal | None
    old_day: date | None
    old_ticket: str
    new_category: str | None
    new_hours: Decimal | None
    new_day: date | None
    new_ticket: str
    invoiced_on: date | None
    document: str


@dataclass(frozen=True, slots=True)
class TicketRows:
    """Everything the mirror keeps of one ticket."""

    ticket: TicketRow
    requester: PersonRow
    technicians: tuple[PersonRow, ...]
    messages: tuple[MessageRow, ...]
    attachments: tuple[AttachmentRow, ...]
    events: tuple[EventRow, ...]
    entries: tuple[EntryRow, ...]
    corrections: tuple[CorrectionRow, ...]
    text: str  # folded: what it can be found by


def fingerprint(record: TicketRecord) -> str:
    """The same for a record that would make the same rows."""
    return hashlib.sha256(b"%d " % MAKING + records.written(record)).hexdigest()[:32]


def rows_of(record: TicketRecord, bodies: Mapping[str, Body] | None = None) -> TicketRows:
    """The rows of a ticket. Raises RecordNotUnderstood, naming what makes no sense.

    bodies: of its messages by core_id, where a worker made them already.
    """
    bodies = message_body.of_record(record) if bodies is None else bodies
    messages = tuple(_message(message, bodies[message.core_id], record) for message in record.messages)
    attachments = tuple(
        AttachmentRow(
            core_id=_key(file.core_id, "attachment"),
            message=message.core_id,
            name=line(file.name, longest=255) or "?",
            media_type=line(file.media_type, longest=100).lower() or "application/octet-stream",
            size=min(max(file.size, 0), MOST_BYTES),
            content_id=line(file.content_id, longest=LONGEST_KEY).strip("<>"),
        )
        for message in record.messages
        for file in message.attachments
    )
    entries = tuple(_entry(entry, record) for entry in record.time_entries)
    for what, rows in (
        ("messages", messages),
        ("attachments", attachments),
        ("time entries", entries),
        ("events", record.events),
        ("corrections", record.corrections),
    ):
        _refuse_twins(what, rows)
    technicians = [person(entry.technician) for entry in record.time_entries]
    if record.technician:
        technicians.append(person(record.technician))
    return TicketRows(
        ticket=_ticket(record, sum((entry.hours for entry in entries), Decimal(0))),
        requester=person(record.requester),
        technicians=tuple(dict.fromkeys(technicians)),
        messages=messages,
        attachments=attachments,
        events=tuple(_event(record, index) for index in range(len(record.events))),
        entries=entries,
        corrections=tuple(map(_correction, record.corrections)),
        text=_text(record, bodies.values()),
    )


def person(record: PersonRecord) -> PersonRow:
    name, email = line(record.name), line(record.email, longest=320).lower()
    return PersonRow(email=email or name.casefold(), name=name or email)


def _ticket(record: TicketRecord, hours: Decimal) -> TicketRow:
    if record.state not in set(State):
        raise RecordNotUnderstood(f"the state {record.state!r} is unknown")
    number = line(record.number, longest=50)
    if not number:
        raise RecordNotUnderstood("the ticket has no number")
    return TicketRow(
        core_id=_key(record.core_id, "ticket"),
        company=record.company,
        number=number,
        kind=line(record.kind, longest=20) or "IT",
        subject=line(record.subject, longest=300),
        state=record.state,
        requester=person(record.requester).email,
        technician=person(record.technician).email if record.technician else "",
        opened_at=_moment(record.opened_at),
        changed_at=_moment(record.changed_at),
        due_at=record.due_at and _moment(record.due_at),
        done_at=record.done_at and _moment(record.done_at),
        hours=hours,
        is_confidential=record.confidential,
        tag=line(record.tag, longest=100),
    )


def _message(message: MessageRecord, made: Body, record: TicketRecord) -> MessageRow:
    if message.side not in set(MessageSide):
        raise RecordNotUnderstood(f"message {message.core_id} is of an unknown side {message.side!r}")
    author = person(message.author)
    return MessageRow(
        core_id=_key(message.core_id, "message"),
        ticket=record.core_id,
        side=message.side,
        author_name=author.name,
        author_email=line(message.author.email, longest=320).lower(),
        sent_at=_moment(message.sent_at),
        sender_verified=message.sender_verified,
        proved_by=line(message.proved_by, longest=253).lower(),
        from_outside=message.from_outside,
        body=made.visible,
        quoted=made.quoted,
        excerpt=made.excerpt or line(record.subject),
    )


def _entry(entry: TimeEntryRecord, record: TicketRecord) -> EntryRow:
    category, hours = _billed(f"time entry {entry.core_id}", entry)
    worked_at = _moment(entry.worked_at)
    return EntryRow(
        core_id=_key(entry.core_id, "time entry"),
        ticket=record.core_id,
        company=(entry.invoiced_on and entry.company) or record.company,
        message=entry.message if any(entry.message == message.core_id for message in record.messages) else "",
        technician=person(entry.technician).email,
        category=category,
        hours=hours,
        worked_at=worked_at,
        worked_day=clock.prague_day(worked_at),
        invoiced_on=entry.invoiced_on,
        document=line(entry.document, longest=LONGEST_KEY),
    )


def _billed(what: str, said: TimeEntryRecord | EntryStateRecord) -> tuple[str, Decimal]:
    """The category and the hours, to four places; less than none takes back what was too much."""
    hours, category = said.hours, line(said.category, longest=50)
    if not hours.is_finite() or abs(hours) > MOST_HOURS or hours != hours.quantize(EXACT):
        raise RecordNotUnderstood(f"{what}: {hours} hours cannot be billed")
    if not category:
        raise RecordNotUnderstood(f"{what} has no price category")
    return category, hours.quantize(EXACT if hours != hours.quantize(CENT) else CENT)


def _correction(said: EntryCorrectionRecord) -> CorrectionRow:
    what = f"correction {said.core_id}"
    old_category, old_hours = _billed(what, said.old) if said.old else (None, None)
    new_category, new_hours = _billed(what, said.new) if said.new else (None, None)
    return CorrectionRow(
        core_id=_key(said.core_id, "correction"),
        entry=said.entry,
        at=_moment(said.at),
        by=line(said.by),
        reason=line(said.reason, longest=LONGEST_REASON),
        old_category=old_category,
        old_hours=old_hours,
        old_day=said.old.worked_on if said.old else None,
        old_ticket=line(said.old.ticket) if said.old else "",
        new_category=new_category,
        new_hours=new_hours,
        new_day=said.new.worked_on if said.new else None,
        new_ticket=line(said.new.ticket) if said.new else "",
        invoiced_on=said.invoiced_on,
        document=line(said.document, longest=LONGEST_KEY),
    )


def _event(record: TicketRecord, index: int) -> EventRow:
    event = record.events[index]
    if event.kind not in set(TicketEventKind):
        raise RecordNotUnderstood(f"event {event.core_id} is of an unknown kind {event.kind!r}")
    return EventRow(
        core_id=_key(event.core_id, "event"),
        ticket=record.core_id,
        kind=event.kind,
        at=_moment(event.at),
        old=line(event.old),
        new=line(event.new),
        by=line(event.by),
    )


def _text(record: TicketRecord, bodies: Iterable[Body]) -> str:
    people = [record.requester, *([record.technician] if record.technician else [])]
    names = [word for one in people for word in (one.name, one.email)]
    files = [file.name for message in record.messages for file in message.attachments]
    words = [piece for body in bodies for piece in body.words[: search_index.LONGEST * 2].splitlines()]
    return search_index.lines([record.number, record.subject, *names, *files, *words])


def _refuse_twins(what: str, rows: Iterable[object]) -> None:
    seen: set[str] = set()
    for row in rows:
        core_id = row.core_id  # type: ignore[attr-defined]
        if core_id in seen:
            raise RecordNotUnderstood(f"two {what} are called {core_id!r}")
        seen.add(core_id)


def _key(core_id: str, what: str) -> str:
    if not core_id or len(core_id) > LONGEST_KEY or not core_id.isprintable():
        raise RecordNotUnderstood(f"{core_id[:50]!r} is no name of a {what}")
    return core_id


def _moment(written: datetime) -> datetime:
    """In UTC. A year that nobody worked in is a mistake, and would overflow somewhere later."""
    if not EARLIEST <= written <= LATEST:
        raise RecordNotUnderstood(f"{written.isoformat()} is not a moment anybody worked in")
    return written.astimezone(UTC)
