"""Planning: compares what the core sent with the mirror's rows and returns the steps to take. Pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portal.cores import records
from portal.cores.records import Change, TicketRecord, Tombstone, Unreadable
from portal.errors import RecordNotUnderstood
from portal.lib.text import line
from portal.sync import rows
from portal.sync.html.message_body import Body
from portal.sync.html.sanitize import without_controls
from portal.sync.rows import (
    AttachmentRow,
    CorrectionRow,
    EntryRow,
    EventRow,
    MessageRow,
    PersonRow,
    TicketRow,
    TicketRows,
)

Thing = tuple[str, str]  # what it is, and the core's name of it
NUMBER, MESSAGE, ATTACHMENT, ENTRY, EVENT, QUESTION = (
    "number",
    "message",
    "attachment",
    "time entry",
    "event",
    "question",
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the mirror has of one ticket, and of things that its record names and that were another ticket's."""

    ticket: TicketRow | None = None
    fingerprint: str = ""
    is_withdrawn: bool = False
    aside: tuple[str, str] | None = None  # raw and reason, while a record of it is set aside
    messages: Mapping[str, MessageRow] = field(default_factory=dict)
    attachments: Mapping[str, AttachmentRow] = field(default_factory=dict)
    events: Mapping[str, EventRow] = field(default_factory=dict)
    entries: Mapping[str, EntryRow] = field(default_factory=dict)
    corrections: Mapping[str, CorrectionRow] = field(default_factory=dict)
    withdrawn: Container[str] = ()  # "message 7", "time_entry 9": those of the above that are withdrawn


@dataclass(frozen=True, slots=True)
class MeetEmployee:
    """There is such an employee, by this name now."""

    company: str
    person: PersonRow


@dataclass(frozen=True, slots=True)
class MeetTechnician:
    person: PersonRow


@dataclass(frozen=True, slots=True)
class PutTicket:
    """The ticket is this, and exists. shows: a row of a list would look different."""

    row: TicketRow
    record: TicketRecord
    fingerprint: str
    text: str
    shows: bool


@dataclass(frozen=True, slots=True)
class PutMessage:
    row: MessageRow


@dataclass(frozen=True, slots=True)
class PutAttachment:
    row: AttachmentRow


@dataclass(frozen=True, slots=True)
class PutEvent:
    row: EventRow


@dataclass(frozen=True, slots=True)
class PutEntry:
    """remember: the earlier state is kept as a version, because what will be billed changes."""

    row: EntryRow
    remember: bool


@dataclass(frozen=True, slots=True)
class PutCorrection:
    """Who corrected an entry, when and why. It is never taken back."""

    row: CorrectionRow


@dataclass(frozen=True, slots=True)
class WithdrawTicket:
    core_id: str


@dataclass(frozen=True, slots=True)
class WithdrawMessage:
    core_id: str


@dataclass(frozen=True, slots=True)
class WithdrawAttachment:
    core_id: str


@dataclass(frozen=True, slots=True)
class WithdrawEntry:
    core_id: str


@dataclass(frozen=True, slots=True)
class DropEvent:
    """The core takes back a change of a field: there is nothing to remember of it."""

    core_id: str


@dataclass(frozen=True, slots=True)
class PutAside:
    core_id: str
    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heal:
    """What was set aside is understood now."""

    core_id: str


Step = (
    MeetEmployee
    | MeetTechnician
    | PutTicket
    | PutMessage
    | PutAttachment
    | PutEvent
    | PutEntry
    | PutCorrection
    | WithdrawTicket
    | WithdrawMessage
    | WithdrawAttachment
    | WithdrawEntry
    | DropEvent
    | PutAside
    | Heal
)

_TAKING = (PutMessage, PutAttachment, PutEvent, PutEntry)
_LOSING: dict[type, type] = {
    PutMessage: WithdrawMessage,
    PutAttachment: WithdrawAttachment,
    PutEvent: DropEvent,
    PutEntry: WithdrawEntry,
}

TAKEN = "is also of the ticket"  # in the reason of a record that names what is another live ticket's
LONGEST_RAW = 500_000  # letters of a record set aside; a longer one comes back only when the core tells it again
NO_COMPANY = "no company: the core does not say whose ticket it is"


def plan(
    change: Change,
    known: Known,
    companies: Container[str],
    bodies: Mapping[str, Body] | None = None,
    *,
    fault: str = "",
) -> list[Step]:
    """What to do so that the mirror says what the core said; nothing when it does already.

    bodies: of its messages by core_id, where a worker made them already. fault: see contested().
    """
    return [step for step in _steps(change, known, companies, bodies, fault) if not _is_done(step, known)]


def together(plans: Iterable[Sequence[Step]]) -> list[Step]:
    """The steps of several plans that were made side by side, each of what the mirror had before all of them.

    What one ticket lost to another, as when tickets are merged, is moved and not withdrawn.
    """
    steps = [step for plan in plans for step in plan]
    taken = {(_LOSING[type(step)], step.row.core_id) for step in steps if isinstance(step, _TAKING)}
    return [step for step in steps if (type(step), getattr(step, "core_id", "")) not in taken]


def contested(told: Iterable[Change], owners: Mapping[Thing, str]) -> dict[str, str]:
    """By core_id, why a ticket cannot be taken: something it names, or its number, is another live ticket's.

    owners: of those things, as the mirror has them, the live ticket's core_id. A ticket that is told here without the
    thing, or as a tombstone, has given it up; a correction may say that time was moved. Of two that name a new
    thing the first has it.
    """
    names = {each.core_id: frozenset(_things(each)) for each in told if not isinstance(each, Unreadable)}
    taken: dict[Thing, str] = {}
    reasons: dict[str, str] = {}
    for record in told:
        if isinstance(record, TicketRecord):
            held = {thing: _holder(thing, record, names, owners, taken) for thing in names[record.core_id]}
            if found := sorted((thing, holder) for thing, holder in held.items() if holder):
                (kind, name), holder = found[0]
                reasons[record.core_id] = f"the {kind} {name!r} {TAKEN} {holder!r}"
            else:
                taken |= dict.fromkeys(names[record.core_id], record.core_id)
    return reasons


def _holder(
    thing: Thing,
    record: TicketRecord,
    names: Mapping[str, frozenset[Thing]],
    owners: Mapping[Thing, str],
    taken: Mapping[Thing, str],
) -> str:
    """Whose it is, if it is another ticket's; empty when this one may have it."""
    owner = owners.get(thing, "")
    is_given_up = owner in names and thing not in names[owner]
    if owner not in ("", record.core_id) and not is_given_up and not _is_moved(thing, record, owner):
        return owner
    return taken.get(thing, "")


def _is_moved(thing: Thing, record: TicketRecord, owner: str) -> bool:
    """Whether a correction says that this time was moved from there."""
    kind, name = thing
    moves = ((one.entry, one.old.ticket) for one in record.corrections if one.old)
    return kind == ENTRY and (name, owner) in moves


def _things(change: Change) -> Iterable[Thing]:
    """Whatever of a ticket is called by a name that nothing else in the whole core may have."""
    if isinstance(change, TicketRecord):
        yield NUMBER, line(change.number, longest=50)
        for kind, parts in (
            (MESSAGE, change.messages),
            (ATTACHMENT, [file for message in change.messages for file in message.attachments]),
            (ENTRY, change.time_entries),
            (EVENT, change.events),
            (QUESTION, change.approvals),
        ):
            yield from ((kind, part.core_id) for part in parts)


def _steps(
    change: Change, known: Known, companies: Container[str], bodies: Mapping[str, Body] | None, fault: str
) -> list[Step]:
    match change:
        case Unreadable():
            return [put_aside(change.core_id, change.raw, change.reason)]
        case Tombstone():
            return [*_heal(change, known), *withdrawal(known)]
        case TicketRecord() if not change.company:
            return [*withdrawal(known), _aside(change, NO_COMPANY)]
        case TicketRecord() if change.company not in companies:
            return [*withdrawal(known), _aside(change, f"unknown company {change.company!r}")]
        case TicketRecord() if fault:
            return [_aside(change, fault)]
        case TicketRecord():
            return _told(change, known, bodies)


def put_aside(core_id: str, raw: str, reason: str) -> PutAside:
    """Set aside, in letters that every database takes."""
    return PutAside(core_id, without_controls(raw)[:LONGEST_RAW], without_controls(reason))


def withdrawal(known: Known) -> list[Step]:
    """The ticket and all its time are no more; its conversation stays below it, unseen."""
    if known.ticket is None or known.is_withdrawn:
        return []
    core_id = known.ticket.core_id
    entries = [entry for entry in known.entries.values() if entry.ticket == core_id]
    return [
        *(WithdrawEntry(entry.core_id) for entry in entries if f"time_entry {entry.core_id}" not in known.withdrawn),
        WithdrawTicket(core_id),
    ]


def _told(record: TicketRecord, known: Known, bodies: Mapping[str, Body] | None) -> list[Step]:
    fingerprint = rows.fingerprint(record)
    if fingerprint == known.fingerprint and not known.is_withdrawn:
        return _heal(record, known)
    for one in record.corrections:
        had = known.corrections.get(one.core_id)
        if had and had.entry != one.entry:
            return [_aside(record, f"the correction {one.core_id!r} is of another time entry, {had.entry!r}")]
    try:
        made = rows.rows_of(record, bodies)
    except RecordNotUnderstood as error:
        return [_aside(record, str(error))]
    shows = made.ticket != known.ticket or known.is_withdrawn
    return [
        *_heal(record, known),
        MeetEmployee(made.ticket.company, made.requester),
        *map(MeetTechnician, made.technicians),
        PutTicket(made.ticket, record, fingerprint, made.text, shows),
        *_differences(made, known),
    ]


def _differences(made: TicketRows, known: Known) -> list[Step]:
    """Everything below the ticket that is new, changed or gone."""
    ours = made.ticket.core_id
    below_us = {row.core_id for row in known.messages.values() if row.ticket == ours}
    messages = _compared(made.messages, known.messages, known, "message")
    attachments = _compared(made.attachments, known.attachments, known, "attachment")
    events = _compared(made.events, known.events, known, "event")
    entries = _compared(made.entries, known.entries, known, "time_entry")
    return [
        *(PutMessage(row) for row in messages.new),
        *(WithdrawMessage(row.core_id) for row in messages.gone if row.ticket == ours),
        *(PutAttachment(row) for row in attachments.new),
        *(WithdrawAttachment(row.core_id) for row in attachments.gone if row.message in below_us),
        *(PutEvent(row) for row in events.new),
        *(DropEvent(row.core_id) for row in events.gone if row.ticket == ours),
        *(PutEntry(row, _is_to_remember(row, known)) for row in entries.new),
        *(WithdrawEntry(row.core_id) for row in entries.gone if row.ticket == ours),
        *(PutCorrection(row) for row in made.corrections if known.corrections.get(row.core_id) != row),
    ]


Row = TypeVar("Row", MessageRow, AttachmentRow, EventRow, EntryRow)


@dataclass(frozen=True, slots=True)
class _Compared(Generic[Row]):
    new: list[Row]  # new, changed, or there again
    gone: list[Row]


def _compared(wanted: tuple[Row, ...], had: Mapping[str, Row], known: Known, kind: str) -> _Compared[Row]:
    kept = {row.core_id for row in wanted}
    return _Compared(
        new=[row for row in wanted if had.get(row.core_id) != row or f"{kind} {row.core_id}" in known.withdrawn],
        gone=[row for key, row in had.items() if key not in kept and f"{kind} {key}" not in known.withdrawn],
    )


def _is_to_remember(row: EntryRow, known: Known) -> bool:
    had = known.entries.get(row.core_id)
    return had is not None and (f"time_entry {row.core_id}" in known.withdrawn or not row.is_billed_as(had))


def _aside(record: TicketRecord, reason: str) -> PutAside:
    return put_aside(record.core_id, records.written(record).decode(), reason)


def _is_done(step: Step, known: Known) -> bool:
    return isinstance(step, PutAside) and known.aside == (step.raw, step.reason)


def _heal(change: Change, known: Known) -> list[Step]:
    return [Heal(change.core_id)] if known.aside else []
