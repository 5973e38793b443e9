"""The core in memory keeps the promises of a real one, or the tests that stand on it would prove nothing."""

from datetime import date
from decimal import Decimal
from itertools import count

import msgspec
import pytest

from portal import clock
from portal.cores.records import (
    ApprovalRecord,
    AttachmentRecord,
    CompanyRecord,
    EventRecord,
    MessageRecord,
    PersonRecord,
    PriceRecord,
    TicketRecord,
    TimeEntryRecord,
    Tombstone,
)
from tests.cores.contract import CATEGORY, COMPANY, CoreContract
from tests.cores.memory import MemoryCore

JANA, RADEK = (
    PersonRecord(name="Jana", email="jana@vltava.example"),
    PersonRecord(name="Radek", email="radek@connectica.example"),
)


class MemoryStage:
    """What users would do, as changes put into the core."""

    def __init__(self, core: MemoryCore) -> None:
        self._core = core
        self._numbers = count(1)
        self._tickets: dict[str, TicketRecord] = {}

    def open_ticket(self, subject: str, text: str) -> str:
        core_id, now = self._name(), clock.now()
        self._put(
            TicketRecord(
                core_id=core_id,
                number=core_id,
                company=COMPANY,
                subject=subject,
                state="open",
                requester=JANA,
                opened_at=now,
                changed_at=now,
                messages=(self._message("employee", JANA, text),),
            )
        )
        return core_id

    def answer(self, ticket: str, text: str, *, time: str = "", state: str = "") -> None:
        said = self._message("technician", RADEK, text)
        self._add(ticket, messages=(said,), time_entries=self._entries(time, said.core_id))
        if state:
            event = EventRecord(core_id=self._name(), kind="state", at=clock.now(), old="open", new=state)
            self._add(ticket, events=(event,))
            self._put(msgspec.structs.replace(self._tickets[ticket], state=state))

    def note_internally(self, ticket: str, text: str, *, time: str = "") -> None:
        self._add(ticket, time_entries=self._entries(time, ""))

    def attach(self, ticket: str, name: str, content: bytes) -> None:
        file = AttachmentRecord(core_id=self._name(), name=name, size=len(content))
        self._core.files[file.core_id] = content
        self._add(ticket, messages=(self._message("employee", JANA, "V příloze.", (file,)),))

    def ask_approval(self, ticket: str, question: str) -> None:
        asked = ApprovalRecord(core_id=self._name(), question=question, asked_by=RADEK, asked_at=clock.now())
        self._add(ticket, approvals=(asked,))

    def remove(self, ticket: str) -> None:
        self._core.put(Tombstone(core_id=ticket, reason="deleted", at=clock.now()))

    def merge(self, ticket: str, into: str) -> None:
        gone = self._tickets[ticket]
        self._add(into, messages=gone.messages, time_entries=gone.time_entries)
        self._core.put(Tombstone(core_id=ticket, reason="merged", at=clock.now(), merged_into=into))

    def notes_of(self, ticket: str) -> list[str]:
        return [note for told, note, _, _ in self._core.notes.values() if told == ticket]

    def _name(self) -> str:
        return f"2026{next(self._numbers):04}"

    def _message(self, side: str, author: PersonRecord, text: str, files: tuple[AttachmentRecord, ...] = ()):
        return MessageRecord(
            core_id=self._name(), side=side, author=author, sent_at=clock.now(), text=text, attachments=files
        )

    def _entries(self, time: str, message: str) -> tuple[TimeEntryRecord, ...]:
        if not time:
            return ()
        category, _, hours = time.partition(":")
        entry = TimeEntryRecord(
            core_id=self._name(),
            category=category,
            hours=Decimal(hours.replace(",", ".")),
            technician=RADEK,
            worked_at=clock.now(),
            message=message,
        )
        return (entry,)

    def _add(self, ticket: str, **more: tuple) -> None:
        record = self._tickets[ticket]
        self._put(
            msgspec.structs.replace(
                record, changed_at=clock.now(), **{name: getattr(record, name) + rows for name, rows in more.items()}
            )
        )

    def _put(self, record: TicketRecord) -> None:
        self._tickets[record.core_id] = record
        self._core.put(record)


class TestMemoryCore(CoreContract):
    @pytest.fixture
    def core(self) -> MemoryCore:
        price = PriceRecord(category=CATEGORY, name="Programování", rate=Decimal(850), valid_from=date(2026, 1, 1))
        return MemoryCore(
            told_companies=[CompanyRecord(core_id=COMPANY, name="Strojírny Vltava")], told_prices=[price]
        )

    @pytest.fixture
    def stage(self, core: MemoryCore) -> MemoryStage:
        return MemoryStage(core)
