"""A core in memory, records in few words, and the mirror told in the core's names, so that two can be compared."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.cores.records import (
    AttachmentRecord,
    CompanyRecord,
    EventRecord,
    MessageRecord,
    PersonRecord,
    TicketRecord,
    TimeEntryRecord,
    Tombstone,
)
from portal.db import Base, db
from portal.domain import sync_state as memory
from portal.domain.billing.prices import Price
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.sync_state import SetAside
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, TicketCount, TicketEvent, TicketText
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryVersion
from portal.sync import lease
from portal.sync.engine import RunSummary, Sync
from tests.cores.memory import MemoryCore

NOON = datetime(2026, 11, 2, 11, 0, tzinfo=UTC)
JANA = PersonRecord(name="Jana Nová", email="jana@vltava.example")
RADEK = PersonRecord(name="Radek Vymazal", email="radek@connectica.example")


@pytest.fixture
def core() -> MemoryCore:
    return MemoryCore(
        told_companies=[
            CompanyRecord(core_id="vltava", name="Strojírny Vltava, a. s."),
            CompanyRecord(core_id="hora", name="Hora Law", language="en"),
        ]
    )


@pytest.fixture
def sync(app, core) -> Callable[..., RunSummary]:
    """Run the sync once, as a process of its own would: sync() or sync(full=True)."""

    def run(*, full: bool = False, other: MemoryCore | None = None) -> RunSummary:
        lead = lease.take("sync", lease.new_holder())
        assert lead, "a run before this one kept the lead"
        try:
            return Sync(other or core).run(lead, full=full)
        finally:
            lease.give_back(lead)
            db.session.remove()

    return run


def ticket(number: int, **facts: Any) -> TicketRecord:
    """A ticket with a message of Jana's; other fields as they are given."""
    at = NOON + timedelta(minutes=number)
    usual = {
        "core_id": f"t{number}",
        "number": f"2026{number:04}",
        "company": "vltava",
        "subject": f"Požadavek {number}",
        "state": "open",
        "requester": JANA,
        "opened_at": at,
        "changed_at": at,
        "messages": (message(f"m{number}"),),
    }
    return TicketRecord(**{**usual, **facts})


def message(core_id: str, text: str = "Dobrý den, nejde to.", **facts: Any) -> MessageRecord:
    return MessageRecord(
        **{"core_id": core_id, "side": "employee", "author": JANA, "sent_at": NOON, "text": text, **facts}
    )


def entry(core_id: str, hours: str = "1.00", **facts: Any) -> TimeEntryRecord:
    usual = {"core_id": core_id, "category": "PROGP85", "technician": RADEK, "worked_at": NOON}
    return TimeEntryRecord(**{**usual, "hours": Decimal(hours), **facts})


def event(core_id: str, old: str = "open", new: str = "done") -> EventRecord:
    return EventRecord(core_id=core_id, kind="state", at=NOON, old=old, new=new, by="Radek")


def file(core_id: str, name: str = "výkaz.pdf", **facts: Any) -> AttachmentRecord:
    return AttachmentRecord(**{"core_id": core_id, "name": name, "size": 7, **facts})


def stone(core_id: str, reason: str = "deleted") -> Tombstone:
    return Tombstone(core_id=core_id, reason=reason, at=NOON)


def mirrored(core_id: str) -> Ticket:
    db.session.expire_all()
    return db.session.scalars(select(Ticket).where(Ticket.core_id == core_id)).one()


def entry_of(core_id: str) -> TimeEntry:
    db.session.expire_all()
    return db.session.scalars(select(TimeEntry).where(TimeEntry.core_id == core_id)).one()


def versions_of(core_id: str) -> list[TimeEntryVersion]:
    wanted = select(TimeEntryVersion).where(TimeEntryVersion.time_entry_id == entry_of(core_id).id)
    return list(db.session.scalars(wanted.order_by(TimeEntryVersion.id)))


def counts() -> dict[tuple[str, str], int]:
    """Tickets by company and state, as the counters say; zeros left out."""
    rows = db.session.execute(
        select(Company.core_id, TicketCount.state, TicketCount.tickets).join(
            Company, Company.id == TicketCount.company_id
        )
    )
    return {(company, state): tickets for company, state, tickets in rows if tickets}


def aside() -> dict[str, str]:
    return {row.core_id: row.reason for row in memory.set_aside()}


def whole_mirror() -> dict[str, list[tuple]]:
    """Every mirrored row by the core's names, without our numbers: equal mirrors are equal."""
    db.session.rollback()
    names: dict[tuple[str, int], str] = {}
    told: dict[str, list[tuple]] = {}
    for table, key in _TABLES:
        rows = []
        for row in db.session.scalars(select(table)):
            facts = {
                column.key: _named(column.key, getattr(row, column.key), names)
                for column in table.__table__.columns
                if column.key != "id"
            }
            if hasattr(row, "id") and key:
                names[table.__tablename__, row.id] = "/".join(str(facts[each]) for each in key)
            rows.append(tuple(sorted((name, _without_numbers(value, names)) for name, value in facts.items())))
        told[table.__tablename__] = sorted(rows, key=repr)
    return told


_TABLES: list[tuple[type[Base], tuple[str, ...]]] = [
    (Company, ("core_id",)),
    (Price, ()),
    (Employee, ("company_id", "email")),
    (Technician, ("email",)),
    (Ticket, ("core_id",)),
    (TicketCount, ()),
    (TicketText, ()),
    (TicketEvent, ("core_id",)),
    (Attachment, ("core_id",)),
    (Message, ("core_id",)),
    (TimeEntry, ("core_id",)),
    (TimeEntryVersion, ()),
    (SetAside, ("core_id",)),
]
_POINTS_TO = {
    "company_id": "company",
    "requester_id": "employee",
    "technician_id": "technician",
    "ticket_id": "ticket",
    "message_id": "message",
    "time_entry_id": "time_entry",
}


def _named(column: str, value: Any, names: dict[tuple[str, int], str]) -> Any:
    return names.get((_POINTS_TO[column], value), value and "?") if column in _POINTS_TO else value


def _without_numbers(value: Any, names: dict[tuple[str, int], str]) -> Any:
    if isinstance(value, str) and "/attachments/" in value:
        for (table, number), name in names.items():
            if table == "attachment":
                value = value.replace(f'"/attachments/{number}"', f'"/attachments/{name}"')
    return value


@pytest.fixture
def at_noon():
    """The clock stands, so that moments of noticing are the same in every run."""
    with clock.set_to(NOON + timedelta(days=1)):
        yield
