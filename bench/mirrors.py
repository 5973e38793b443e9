"""Mirrors to measure, kept between runs: tickets of a made-up core, written by the sync's own engine.

A mirror larger than WRITTEN is that one with its rows copied inside the database, each copy an older year: the same
rows the engine would have written, in seconds instead of half an hour.
"""

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import select

from portal import clock, config, create_app
from portal.cores.protocol import NO_MARK, Mark
from portal.cores.records import (
    AsideRecord,
    AttachmentRecord,
    ChangesPage,
    CompanyRecord,
    IssuedInvoices,
    MessageRecord,
    PersonRecord,
    PriceRecord,
    TicketRecord,
    TimeEntryRecord,
)
from portal.db import db
from portal.domain.companies.models import Company
from portal.domain.users import models as people
from portal.domain.users import passwords, permissions
from portal.sync import lease
from portal.sync.engine import AT_ONCE, Sync

FOLDER = config.ROOT / "instance" / "bench"
MANAGER, PASSWORD = "manager@first.example", "correct horse battery"
WRITTEN = 10_000  # tickets
COMPANIES = 5  # the first one is looked at: a fifth of all tickets is its own
STATES = ("done",) * 16 + ("to_be_invoiced", "to_be_invoiced", "open", "error")
_WORDS = """
    tiskárna nejde síť pomalá účet heslo faktura server záloha notebook monitor VPN Pohoda Helios schránka přístup
    skener toner docházka e-shop certifikát aktualizace výpadek kalendář telefon sdílený disk podpis šablona
"""
_NAMES = """
    Novák Svobodová Dvořák Černá Procházka Kučerová Veselý Horáková Němec Pokorná Říha Šťastná
"""
WORDS, NAMES = _WORDS.split(), _NAMES.split()
TECHNICIANS = tuple(
    PersonRecord(name=f"Technik {name}", email=f"{number}@connectica.example")
    for number, name in enumerate(NAMES[:6])
)
ANSWERED = timedelta(minutes=15)
NEWEST = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class MadeUpCore:
    """A core of so many tickets. bump() changes some of the newest ones, as an ordinary day does."""

    def __init__(self, tickets: int) -> None:
        self.tickets = tickets
        self._changed: list[TicketRecord] = []

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        if cursor is not None:
            yield ChangesPage(changes=tuple(self._changed), cursor=cursor, more=False)
            return
        for start in range(0, self.tickets, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, self.tickets))
            page = tuple(_ticket(number, self.tickets) for number in numbers)
            yield ChangesPage(changes=page, cursor=str(numbers[-1]), more=numbers[-1] + 1 < self.tickets)

    def bump(self, numbers: list[int], round_: int) -> None:
        self._changed = [_ticket(number, self.tickets, bumped=round_) for number in numbers]

    def companies(self) -> list[CompanyRecord]:
        return [CompanyRecord(core_id=f"c{number}", name=f"Společnost {number}") for number in range(COMPANIES)]

    def price_list(self) -> list[PriceRecord] | None:
        price = PriceRecord(category="PROGP85", name="Práce", rate=Decimal("850.00"), valid_from=date(2020, 1, 1))
        return [price]

    def attachment(self, core_id: str) -> Iterator[bytes]:
        yield b""

    def invoices(self) -> IssuedInvoices | None:
        return None

    def aside(self) -> list[AsideRecord]:
        return []

    def tell(
        self, ticket: str, note: str, key: str, *, approval: str = "", decision: str = "", mark: Mark = NO_MARK
    ) -> None:
        """Nobody is told anything here."""


def mirror(tickets: int) -> Flask:
    """The portal over a mirror of so many tickets, made when it is not there yet."""
    folder = FOLDER / str(tickets)
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        if tickets <= WRITTEN:
            _make(folder, tickets)
        else:
            mirror(WRITTEN)
            shutil.copytree(FOLDER / str(WRITTEN), folder, ignore=shutil.ignore_patterns("whole"))
            _multiply(folder, tickets // WRITTEN)
        (folder / "whole").touch()
    return create_app(**settings(folder))


def settings(folder: Path) -> dict[str, Any]:
    """The portal's settings for a measurement; none of the machine's own."""
    return {row.name: row.default for row in config.SETTINGS} | {"INSTANCE": folder}


def take(app: Flask, core: MadeUpCore) -> None:
    """One run of the sync over the made-up core."""
    with app.app_context():
        lead = lease.take("sync", lease.new_holder())
        assert lead, "something else syncs this mirror"
        Sync(core).run(lead)
        lease.give_back(lead)
        db.session.remove()


def _make(folder: Path, tickets: int) -> None:
    app = create_app(**settings(folder))
    with app.app_context():
        flask_migrate.upgrade()
    take(app, MadeUpCore(tickets))
    with app.app_context():
        first = db.session.scalars(select(Company).where(Company.core_id == "c0")).one()
        people.add(
            email=MANAGER,
            name="Jana Manažerová",
            company=first,
            role=permissions.MANAGER,
            language="cs",
            password_hash=passwords.hash_of(PASSWORD),
        )
        db.session.remove()
        db.engine.dispose()


# What the row of copy k says instead, by column; no table of a mirror so small has a million rows.
_COPIED = {
    "id": "id + {k} * 1000000",
    "ticket_id": "ticket_id + {k} * 1000000",
    "message_id": "message_id + {k} * 1000000",
    "core_id": "core_id || '-{k}'",
    "number": "'{k}' || number",
    "changed_at": "datetime(changed_at, '-{k} years') || '.000000'",
    "opened_at": "datetime(opened_at, '-{k} years') || '.000000'",
}
_TABLES = ("ticket", "message", "attachment", "time_entry", "ticket_text")


def _multiply(folder: Path, times: int) -> None:
    app = create_app(**settings(folder))
    with app.app_context(), db.engine.begin() as connection:
        columns = {
            name: [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")] for name in _TABLES
        }
        for k in range(1, times):
            for name in _TABLES:
                said = [_COPIED.get(column, column).format(k=k) for column in columns[name]]
                connection.exec_driver_sql(
                    f"INSERT INTO {name} ({', '.join(columns[name])})"  # noqa: S608 - names of our own tables
                    f" SELECT {', '.join(said)} FROM {name} WHERE rowid < 1000000"
                )
        connection.exec_driver_sql(f"UPDATE ticket_count SET tickets = tickets * {times:d}")  # noqa: S608 - a number
    with app.app_context():
        db.engine.dispose()


def _ticket(number: int, of: int, *, bumped: int = 0) -> TicketRecord:
    """One ticket with two to five messages; the higher its number, the newer."""
    rng = random.Random(number)  # noqa: S311 - the same ticket at every run
    company = number % COMPANIES
    opened = NEWEST - timedelta(minutes=20 * (of - number))
    requester = PersonRecord(name=f"Zaměstnanec {rng.choice(NAMES)}", email=f"{rng.randrange(60)}@c{company}.example")
    technician = rng.choice(TECHNICIANS)
    messages = tuple(
        message(f"{number}-{at}", author=technician if at % 2 else requester, sent_at=opened + at * ANSWERED, rng=rng)
        for at in range(rng.randint(2, 5))
    )
    subject = " ".join(rng.sample(WORDS, 4)).capitalize()
    entry = TimeEntryRecord(
        core_id=f"e{number}",
        category="PROGP85",
        hours=Decimal(rng.randint(1, 16)) / 4,
        technician=technician,
        worked_at=messages[1].sent_at,
        message=messages[1].core_id,
    )
    return TicketRecord(
        core_id=f"t{number}",
        number=f"{2020 + number * 6 // max(of, 1)}{number:06}",
        company=f"c{company}",
        subject=f"{subject} ({bumped})" if bumped else subject,
        state=rng.choice(STATES) if not bumped else "open",
        requester=requester,
        technician=technician,
        opened_at=opened,
        changed_at=clock.now() if bumped else messages[-1].sent_at,
        due_at=opened + timedelta(days=3) if number % 3 == 0 else None,
        messages=messages,
        time_entries=(entry,),
    )


def message(core_id: str, *, author: PersonRecord, sent_at: datetime, rng: random.Random) -> MessageRecord:
    file = AttachmentRecord(core_id=f"a{core_id}", name="výpis.txt", size=1200)
    return MessageRecord(
        core_id=f"m{core_id}",
        side="technician" if author in TECHNICIANS else "employee",
        author=author,
        sent_at=sent_at,
        text=" ".join(rng.choices(WORDS, k=40)) + ".",
        attachments=(file,) if rng.random() < 0.1 else (),
    )
