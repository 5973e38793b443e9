"""Random lives of prepaid work: page, workbook, CSV and letter say what our oracle reckons, every crown once."""

import csv
import io
import random
import re
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from portal import clock
from portal.cores.records import AgreementRecord, CompanyRecord, PriceRecord
from portal.db import db
from portal.domain.approvals import decisions
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.billing.invoice_snapshots import InvoicedEntry
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.rules import approval_rules, checks
from portal.domain.rules.approval_rules import RuleRequest, Terms
from portal.domain.tickets.models import Ticket
from portal.domain.tickets.time_entries import TimeEntry
from portal.domain.users import models as people
from portal.domain.users.permissions import MANAGER
from portal.lib.money import amount
from portal.mailer import monthly_summary
from portal.sync import lease
from portal.sync.engine import Sync
from tests.actors import acting
from tests.cores.memory import MemoryCore
from tests.factories import mirror
from tests.sync.conftest import entry, ticket

BEGIN = datetime(2026, 11, 2, 9, tzinfo=UTC)
INCLUDED, CARRIES, INSIDE, OVER = Decimal(12), Decimal(4), Decimal(700), Decimal(1100)
LIMIT = Decimal(5)  # of the rule, in hours a ticket
MONTHS = ((2026, 11), (2026, 12), (2027, 1))


class PrepaidLife:
    """The core, and beside it what we believe of its entries, its invoices and what the rule asked."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.core = MemoryCore(page=self.dice.choice([2, 3, 50]))
        self.core.told_prices = [
            PriceRecord(category="PROGP85", name="Práce", rate=Decimal(850), valid_from=date(2020, 1, 1))
        ]
        terms = AgreementRecord(
            valid_from=date(2026, 11, 1),
            unit="hours",
            amount=INCLUDED,
            carries=CARRIES,
            rate_inside=INSIDE,
            rate_over=OVER,
        )
        self.core.told_companies = [CompanyRecord(core_id="vltava", name="Vltava", agreements=(terms,))]
        self.states = dict.fromkeys(range(1, 6), "open")
        self.work: dict[str, tuple[int, datetime, Decimal]] = {}  # entry: ticket, moment, hours
        self.period: dict[str, date] = {}  # entry: the last day of the invoice it is on
        self.kept: dict[str, bool] = {}  # entry of an invoice: whether it is inside
        self.asked: list[tuple[int, Decimal]] = []  # ticket, up to how much
        self.now = BEGIN

    def step(self) -> None:
        self.now += timedelta(hours=self.dice.randint(20, 90))
        number = self.dice.choice(list(self.states))
        if self.dice.random() < 0.7:
            self._work(number)
        else:
            self.states[number] = self.dice.choice(["open", "to_be_invoiced", "to_be_invoiced"])
        self._tell(number)

    def invoice(self, period: date) -> None:
        """Everything that is solved; its rows keep from now on what the preview said of them."""
        self.now = max(self.now, datetime.combine(period, time(12), UTC)) + timedelta(days=1)
        for number, state in self.states.items():
            if state == "open" and self.dice.random() < 0.5:
                self.states[number] = "to_be_invoiced"
        for name, (number, _at, _hours) in self.work.items():
            if self.states[number] == "to_be_invoiced" and name not in self.period:
                self.period[name] = period
        for number, state in self.states.items():
            if state == "to_be_invoiced":
                self.states[number] = "done"
                self._tell(number)
        inside = self.walk()
        self.kept |= {name: inside[name] for name in self.period}
        self.now += timedelta(days=2)

    def walk(self) -> dict[str, bool]:
        """Of every entry whether it is inside, by a purse that is filled each month."""
        found: dict[str, bool] = {}
        purse = Decimal(0)
        for year, month in MONTHS:
            purse = INCLUDED + min(purse, CARRIES)
            mine = [name for name, (_, at, _h) in self.work.items() if (at.year, at.month) == (year, month)]
            for name in sorted((name for name in mine if not self._is_ended(name)), key=self._turn):
                found[name] = self.kept.get(name, purse > 0)
                purse -= self.work[name][2] if found[name] else 0
        return found

    def rule(self) -> None:
        """What the rule asks now: of tickets that wait for an invoice, above what it asked already."""
        for number, state in self.states.items():
            mine = [name for name, (whose, _, _h) in self.work.items() if whose == number]
            waits = [name for name in mine if name not in self.period]
            total = sum((self.work[name][2] for name in mine), Decimal(0))
            covered = max([LIMIT, *(covers for whose, covers in self.asked if whose == number)])
            if state in {"open", "to_be_invoiced"} and waits and total > covered:
                while covered < total:
                    covered += LIMIT
                self.asked.append((number, covered))

    def money(self, names) -> Decimal:
        inside = self.walk()
        return sum((amount(self.work[name][2], INSIDE if inside[name] else OVER) for name in names), Decimal(0))

    @property
    def to_be_invoiced(self) -> list[str]:
        return [
            name
            for name, (number, _, _h) in self.work.items()
            if self.states[number] == "to_be_invoiced" and name not in self.period
        ]

    def _work(self, number: int) -> None:
        if self.states[number] == "done":
            self.states[number] = "open"
        late = timedelta(days=self.dice.choice([0, 0, 1, 6]))
        hours = Decimal(self.dice.randint(1, 500)).scaleb(-2)
        self.work[f"e{len(self.work) + 1}"] = (number, max(self.now - late, BEGIN), hours)

    def _tell(self, number: int) -> None:
        entries = tuple(
            entry(name, str(hours), worked_at=at, invoiced_on=self.period.get(name))
            for name, (whose, at, hours) in self.work.items()
            if whose == number
        )
        told = ticket(number, state=self.states[number], time_entries=entries, changed_at=self.now)
        self.core.put(told)

    def _turn(self, name: str) -> tuple:
        number, at, _hours = self.work[name]
        is_open = self.states[number] == "open" and name not in self.period
        return self.period.get(name, date.max), is_open, clock.prague_day(at), at, name

    def _is_ended(self, name: str) -> bool:
        return self.states[self.work[name][0]] == "done" and name not in self.period


def read(life: PrepaidLife, *, full: bool = False) -> None:
    lead = lease.take("sync", lease.new_holder())
    Sync(life.core).run(lead, full=full)
    lease.give_back(lead)
    db.session.remove()


@pytest.mark.parametrize("seed", range(3))
def test_every_page_and_file_says_what_the_oracle_reckons(app, sign_in, seed):
    life = PrepaidLife(seed)
    with clock.set_to(life.now):
        read(life)
        company = db.session.scalars(select(Company)).one()
        boss = mirror.person(company, role=MANAGER, email="marie@vltava.example")
        approval_rules.choose(acting(boss), company, Terms(amount=LIMIT))
        email = boss.email
    for year, month in MONTHS[:2]:
        for _ in range(7):
            life.step()
            with clock.set_to(life.now):
                read(life)
                checks.run()
                life.rule()
                decide(life, email)
                check_upcoming(life, sign_in(boss_of(email)))
        life.invoice(last_of(year, month))
        with clock.set_to(life.now):
            read(life)
            check_invoice(life, sign_in(boss_of(email)), last_of(year, month))
    for _ in range(4):
        life.step()
        with clock.set_to(life.now):
            read(life)
            checks.run()
            life.rule()
    with clock.set_to(life.now):
        client = sign_in(boss_of(email))
        check_upcoming(life, client)
        for year, month in MONTHS[:2]:
            check_invoice(life, client, last_of(year, month))
        check_every_crown_is_once(life)
        check_letter(life)
        assert Counter(asked()) == Counter(life.asked)


def last_of(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def boss_of(email: str):
    return people.by_email(email)


def decide(life: PrepaidLife, email: str) -> None:
    """Somebody answers now and then, yes or no."""
    reader = Reader.of(db.session.scalars(select(Company)).one(), confidential=True)
    for card in approvals.waiting(reader):
        if life.dice.random() < 0.5 and card.ticket_state in {"open", "to_be_invoiced"}:
            decisions.decide(acting(boss_of(email)), card.approval.id, Decision(approve=life.dice.random() < 0.5))


def check_upcoming(life: PrepaidLife, client) -> None:
    wanted = life.money(life.to_be_invoiced)
    page = client.get("/invoices/upcoming").text
    said = re.search(r'id="base">([^<]*)<', page)
    assert (number_in(said[1]) if said else 0) == wanted
    for path in ("/invoices/upcoming.csv", "/invoices/upcoming.xlsx"):
        rows = rows_of(client.get(path).data, path)
        assert sum(row[0] for row in rows) == wanted, path
        inside = life.walk()
        marks = Counter("nad rámec předplaceného" in row[1] for row in rows)
        assert marks == Counter(not inside[name] for name in life.to_be_invoiced), path


def check_invoice(life: PrepaidLife, client, period: date) -> None:
    names = [name for name, on in life.period.items() if on == period]
    answer = client.get(f"/invoices/{period:%Y-%m}")
    if not names:
        assert answer.status_code == 404
        return
    assert number_in(re.search(r'id="base">([^<]*)<', answer.text)[1]) == life.money(names)
    for path in (f"/invoices/{period:%Y-%m}.csv", f"/invoices/{period:%Y-%m}.xlsx"):
        assert sum(row[0] for row in rows_of(client.get(path).data, path)) == life.money(names), path


def check_every_crown_is_once(life: PrepaidLife) -> None:
    frozen = db.session.execute(
        select(TimeEntry.core_id, InvoicedEntry.hours, InvoicedEntry.rate).join(
            InvoicedEntry, InvoicedEntry.time_entry_id == TimeEntry.id
        )
    ).all()
    assert Counter(row.core_id for row in frozen) == Counter(life.period.keys())
    assert sum(amount(row.hours, row.rate) for row in frozen) == life.money(life.period)


def check_letter(life: PrepaidLife) -> None:
    """The letter of November, written when December begins, says the sum of what was worked in it."""
    with clock.set_to(datetime(2026, 12, 1, 9, tzinfo=UTC)):
        db.session.query(Letter).filter(Letter.key.like("monthly-%")).delete()
        db.session.commit()
        monthly_summary.write_due()
    (letter,) = db.session.scalars(select(Letter).where(Letter.key.like("monthly-2026-11%"))).all()
    names = [name for name in life.walk() if life.work[name][1].month == 11]
    ended = [name for name in life.work if name not in life.walk() and life.work[name][1].month == 11]
    plain = sum((amount(life.work[name][2], Decimal(850)) for name in ended), Decimal(0))
    first = next(line for line in letter.text.splitlines() if "2026:" in line)
    assert number_in(first.rpartition("·")[2]) == life.money(names) + plain
    assert "Předplaceno na" in letter.text


def asked() -> list[tuple[int, Decimal]]:
    rows = db.session.execute(
        select(Ticket.core_id, RuleRequest.covers).join(Ticket, Ticket.id == RuleRequest.ticket_id)
    )
    return [(int(row.core_id[1:]), row.covers) for row in rows]


def number_in(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9,\-\N{MINUS SIGN}]", "", text).replace(",", ".").replace("\N{MINUS SIGN}", "-") or 0)


def rows_of(data: bytes, path: str) -> list[tuple[Decimal, str]]:
    """Amount and note of every entry of a file."""
    if path.endswith(".csv"):
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
        head, body = lines[0], lines[1:]
    else:
        sheet = load_workbook(io.BytesIO(data), data_only=True)["Zásahy"]
        head, *body = [list(row) for row in sheet.iter_rows(values_only=True)]
    money, note, day = head.index("Částka bez DPH"), head.index("Poznámka"), head.index("Čas")
    kept = [row for row in body if row[day]]
    return [(number_in(str(row[money]).replace(".", ",")), str(row[note] or "")) for row in kept]
