"""Applying a plan: its steps are performed on the mirror's tables within the caller's transaction."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Insert, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.cores.records import TicketRecord
from portal.db import Base, db
from portal.domain.approvals import requests
from portal.domain.billing import invoice_adjustments, invoice_snapshots
from portal.domain.billing.agreements import sharing
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.sync_state import MirrorState
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, TicketCount, TicketEvent, TicketText
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryCorrection, TimeEntryVersion
from portal.sync import plan as steps
from portal.sync import quarantine, reassignment
from portal.sync.html import sanitize
from portal.sync.plan import Step
from portal.sync.snapshot import Recalled, ids_by_name

ADDRESS = "/attachments/{}"  # of an inline picture on the portal's pages

# People before the tickets that name them, tickets before what stands below them: each rank is flushed, and has
# its numbers, before the next one begins.
_RANKS: dict[type, int] = {
    steps.PutAside: 0,
    steps.Heal: 0,
    steps.MeetEmployee: 0,
    steps.MeetTechnician: 0,
    steps.PutTicket: 1,
    steps.WithdrawTicket: 1,
    steps.PutMessage: 2,
    steps.WithdrawMessage: 2,
    steps.PutCorrection: 4,
}
_LAST_RANK = 3  # but for what is said of entries: of anything else


def perform(plans: Iterable[Step], had: Recalled) -> bool:
    """Make the mirror say what the plans say; True when anything that somebody sees has changed."""
    ordered = sorted(plans, key=_rank)
    if not ordered:
        return False
    return _Performance(had).run(ordered)


def grow_generation() -> None:
    """Whatever was rendered from the mirror before may be stale now."""
    db.session.execute(update(MirrorState).values(generation=MirrorState.generation + 1))


def upsert(table: type[Base], rows: list[dict[str, Any]], *, key: tuple[str, ...], adds: str = "") -> None:
    """Insert rows; where the key is there already, replace the rest, or add the column named by `adds` to it."""
    if not rows:
        return
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[db.engine.dialect.name](table)
    names = [name for name in rows[0] if name not in key]
    values = {
        name: getattr(table, name) + insert.excluded[name] if name == adds else insert.excluded[name]
        for name in names
    }
    statement: Insert = insert.on_conflict_do_update(index_elements=list(key), set_=values)
    db.session.execute(statement, rows)


def _rank(step: Step) -> int:
    return _RANKS.get(type(step), _LAST_RANK)


class _Performance:
    """The steps of one commit."""

    def __init__(self, had: Recalled) -> None:
        self._had = had
        self._now = clock.now()
        self._counted = {name: _counted(ticket) for name, ticket in had.tickets.items()}
        self._put: list[tuple[Ticket, TicketRecord]] = []
        self._texts: dict[str, str] = {}
        self._with_pictures: set[str] = set()  # messages
        # New rows are inserted together, past the session: it would keep books on each of them for nothing.
        self._new: dict[type[Base], dict[str, dict[str, Any]]] = {Message: {}, TicketEvent: {}, TimeEntry: {}}
        self._message_ids = {name: message.id for name, message in had.messages.items()}
        self._bereft: set[int] = set()  # tickets that lost time entries to others

    def run(self, ordered: list[Step]) -> bool:
        with db.session.no_autoflush:
            for _, group in groupby(ordered, key=_rank):
                for step in group:
                    self._do(step)
                db.session.flush()
                self._insert_new()
            self._place_pictures()
            self._recount_hours_of_the_bereft()
            db.session.flush()
            self._write_texts()
            self._write_counts()
            self._let_the_domain_conclude()
        return any(not isinstance(step, steps.PutAside | steps.Heal) for step in ordered)

    def _do(self, step: Step) -> None:  # noqa: PLR0912 - a table of contents
        match step:
            case steps.PutAside():
                self._put_aside(step)
            case steps.Heal():
                db.session.delete(self._had.aside.pop(step.core_id))
            case steps.MeetEmployee():
                self._meet_employee(step)
            case steps.MeetTechnician():
                self._meet_technician(step)
            case steps.PutTicket():
                self._put_ticket(step)
            case steps.WithdrawTicket():
                self._withdraw_ticket(self._had.tickets[step.core_id])
            case steps.PutMessage():
                self._put_message(step)
            case steps.WithdrawMessage():
                self._had.messages[step.core_id].withdrawn_at = self._now
            case steps.PutAttachment():
                self._put_attachment(step)
            case steps.WithdrawAttachment():
                self._had.attachments[step.core_id].withdrawn_at = self._now
            case steps.PutEvent():
                self._put_event(step)
            case steps.DropEvent():
                db.session.delete(self._had.events.pop(step.core_id))
            case steps.PutEntry():
                self._put_entry(step)
            case steps.PutCorrection():
                self._put_correction(step)
            case steps.WithdrawEntry():
                self._withdraw_entry(self._had.entries[step.core_id])

    def _put_aside(self, step: steps.PutAside) -> None:
        self._had.aside[step.core_id] = quarantine.put(self._had.aside.get(step.core_id), step)

    def _meet_employee(self, step: steps.MeetEmployee) -> None:
        company_id, person = self._had.companies[step.company], step.person
        known = self._had.employees.get((company_id, person.email))
        if known is None:
            known = Employee(company_id=company_id, email=person.email, name=person.name)
            self._had.employees[company_id, person.email] = known
            db.session.add(known)
        elif known.name != person.name:
            known.name = person.name
            reassignment.renamed(Ticket.requester_id, known.id, person.name)

    def _meet_technician(self, step: steps.MeetTechnician) -> None:
        person = step.person
        known = self._had.technicians.get(person.email)
        if known is None:
            known = self._had.technicians[person.email] = Technician(email=person.email, name=person.name)
            db.session.add(known)
        elif known.name != person.name:
            known.name = person.name
            reassignment.renamed(Ticket.technician_id, known.id, person.name)

    def _put_ticket(self, step: steps.PutTicket) -> None:
        row, had = step.row, self._had
        ticket = had.tickets.get(row.core_id)
        company_id = had.companies[row.company]
        if ticket is None:
            ticket = had.tickets[row.core_id] = Ticket(core_id=row.core_id, version=1)
            db.session.add(ticket)
        else:
            ticket.version += step.shows
            if ticket.company_id != company_id:
                reassignment.take_along(ticket, company_id)
        ticket.company_id = company_id
        ticket.requester_id = had.employees[company_id, row.requester].id
        ticket.technician_id = had.technicians[row.technician].id if row.technician else None
        _set(ticket, _values(row, without=("company", "requester", "technician")))
        ticket.record_hash, ticket.withdrawn_at = step.fingerprint, None
        self._put.append((ticket, step.record))
        self._texts[row.core_id] = step.text

    def _withdraw_ticket(self, ticket: Ticket) -> None:
        ticket.withdrawn_at = self._now
        ticket.version += 1

    def _put_message(self, step: steps.PutMessage) -> None:
        row = step.row
        message = self._had.messages.get(row.core_id)
        has_pictures = sanitize.has_pictures(row.body) or sanitize.has_pictures(row.quoted)
        if has_pictures:
            self._with_pictures.add(row.core_id)
        if has_pictures and message is None:  # it will be written to once more
            self._new[Message].pop(row.core_id, None)
            message = self._had.messages[row.core_id] = Message()
            db.session.add(message)
        values = _values(row, without=("ticket",))
        values |= {"ticket_id": self._had.tickets[row.ticket].id, "withdrawn_at": None}
        if message is None:
            self._new[Message][row.core_id] = values
        else:
            _set(message, values)

    def _put_attachment(self, step: steps.PutAttachment) -> None:
        row = step.row
        attachment = self._had.attachments.get(row.core_id)
        if attachment is None:
            attachment = self._had.attachments[row.core_id] = Attachment(fetch_tries=0)
            db.session.add(attachment)
        elif attachment.size != row.size:  # other bytes under the old name
            attachment.sha256, attachment.fetch_tries, attachment.fetch_after = None, 0, None
        attachment.message_id = self._message_ids[row.message]
        _set(attachment, _values(row, without=("message",)))
        attachment.withdrawn_at = None

    def _put_event(self, step: steps.PutEvent) -> None:
        row = step.row
        event = self._had.events.get(row.core_id)
        values = _values(row, without=("ticket",)) | {"ticket_id": self._had.tickets[row.ticket].id}
        if event is None:
            self._new[TicketEvent][row.core_id] = values
        else:
            _set(event, values)

    def _put_entry(self, step: steps.PutEntry) -> None:
        row, had = step.row, self._had
        entry, ticket = had.entries.get(row.core_id), had.tickets[row.ticket]
        company_id = had.companies.get(row.company, ticket.company_id)
        if entry is not None and invoice_snapshots.has(entry.id):
            company_id = entry.company_id  # what was invoiced stays with whom it was invoiced to
        values = _values(row, without=("ticket", "company", "message", "technician"))
        values |= {
            "company_id": company_id,
            "ticket_id": ticket.id,
            "message_id": self._message_ids[row.message] if row.message else None,
            "technician_id": had.technicians[row.technician].id,
            "withdrawn_at": None,
        }
        if entry is None:
            self._new[TimeEntry][row.core_id] = values | {"first_noticed_at": self._now}
            return
        if entry.ticket_id != ticket.id:
            self._bereft.add(entry.ticket_id)
        if entry.company_id != company_id:
            reassignment.bring_entry(entry, company_id)
        if step.remember:
            self._remember(entry)
        _set(entry, values)

    def _put_correction(self, step: steps.PutCorrection) -> None:
        """Of an entry that the mirror never had, as one removed before the first run, there is nothing to say."""
        row, had = step.row, self._had
        entry = had.entries.get(row.entry)
        entry_id = entry.id if entry else ids_by_name(TimeEntry, [row.entry]).get(row.entry)
        if entry_id is None:
            return
        known = had.corrections.get(row.core_id)
        if known is None:
            known = had.corrections[row.core_id] = TimeEntryCorrection(noticed_at=self._now)
            db.session.add(known)
        known.time_entry_id = entry_id
        _set(known, _values(row, without=("entry",)))

    def _withdraw_entry(self, entry: TimeEntry) -> None:
        self._remember(entry)
        entry.withdrawn_at = self._now

    def _remember(self, entry: TimeEntry) -> None:
        """Keep what the entry was until now."""
        db.session.add(
            TimeEntryVersion(
                time_entry_id=entry.id,
                company_id=entry.company_id,
                category=entry.category,
                hours=entry.hours,
                worked_at=entry.worked_at,
                worked_day=entry.worked_day,
                invoiced_on=entry.invoiced_on,
                was_withdrawn=entry.withdrawn_at is not None,
                replaced_at=self._now,
            )
        )

    def _insert_new(self) -> None:
        """After the rank that made them, as what stands below a message needs its number."""
        for table, new in self._new.items():
            if new:
                db.session.execute(_table(table).insert(), list(new.values()))
        if self._new[Message]:
            self._message_ids |= ids_by_name(Message, self._new[Message])
        for new in self._new.values():
            new.clear()
        self._message_ids |= {name: message.id for name, message in self._had.messages.items()}

    def _place_pictures(self) -> None:
        """Attachments have their numbers now, so inline pictures can have their addresses."""
        if not self._with_pictures:
            return
        addresses: dict[int, dict[str, str]] = {}
        for attachment in self._had.attachments.values():
            if attachment.content_id and attachment.withdrawn_at is None:
                below = addresses.setdefault(attachment.message_id, {})
                below[attachment.content_id] = ADDRESS.format(attachment.id)
        for name in self._with_pictures:
            message = self._had.messages[name]
            message.body = sanitize.pictures(message.body, addresses.get(message.id, {}))
            message.quoted = sanitize.pictures(message.quoted, addresses.get(message.id, {}))

    def _recount_hours_of_the_bereft(self) -> None:
        for ticket in self._had.tickets.values():
            if ticket.id in self._bereft and ticket not in (put for put, _ in self._put):
                hours = select(func.sum(TimeEntry.hours)).where(
                    TimeEntry.ticket_id == ticket.id, TimeEntry.withdrawn_at.is_(None)
                )
                ticket.hours = db.session.scalar(hours) or Decimal(0)
                ticket.version += 1

    def _write_texts(self) -> None:
        had = self._had.tickets
        texts = [
            {"ticket_id": had[name].id, "company_id": had[name].company_id, "text": text}
            for name, text in self._texts.items()
        ]
        upsert(TicketText, texts, key=("ticket_id",))

    def _write_counts(self) -> None:
        """What each ticket was counted as before is taken away, what it is now is added: one addition a counter."""
        change: Counter[tuple[int, str]] = Counter()
        for name, ticket in self._had.tickets.items():
            before, now = self._counted.get(name), _counted(ticket)
            if before != now:
                change.update({key: 1 for key in [now] if key})
                change.subtract({key: 1 for key in [before] if key})
        rows = [
            {"company_id": company_id, "state": state, "tickets": number}
            for (company_id, state), number in sorted(change.items())
            if number
        ]
        upsert(TicketCount, rows, key=("company_id", "state"), adds="tickets")

    def _let_the_domain_conclude(self) -> None:
        """What other nouns make of changed tickets, in the mirror's own transaction."""
        for ticket, record in self._put:
            reassignment.bring_approvals(ticket, record)
            if record.approvals or record.core_id in self._counted:  # a new ticket has none to take back
                requests.noticed(ticket, record.approvals)
        invoiced = {
            ticket.id
            for ticket, record in self._put
            if record.corrections or any(one.invoiced_on for one in record.time_entries)
        }
        sharing.keep(self._companies())
        if invoiced:
            invoice_adjustments.freeze(invoiced)
            sharing.keep(self._companies())  # what is on an invoice has its turn before what waits

    def _companies(self) -> set[int]:
        """Whose entries may have changed."""
        before = {counted[0] for counted in self._counted.values() if counted}
        return before | {ticket.company_id for ticket in self._had.tickets.values()}


def _counted(ticket: Ticket) -> tuple[int, str] | None:
    return None if ticket.withdrawn_at is not None else (ticket.company_id, ticket.state)


def _values(row: Any, *, without: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__ if name not in without}


def _set(table_row: Base, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(table_row, name, value)


def _table(table: type[Base]) -> Table:
    return cast(Table, table.__table__)
