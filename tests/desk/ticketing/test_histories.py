"""Random lives of time entries: every hour is on exactly one invoicing, or waits; by an oracle of our own."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from portal import clock
from portal.desk.database import Store
from portal.desk.inbound.mime import Address
from portal.desk.ticketing import directory, entries, invoicing, notes, prices, tickets
from portal.desk.ticketing.directory import DeskTechnician
from portal.desk.ticketing.entries import Why
from portal.desk.ticketing.notes import TakenNote
from portal.errors import NotFound, Refused
from portal.timecodes import TimeCode

BEGIN = datetime(2026, 1, 5, 10, tzinfo=UTC)
COMPANIES, CATEGORIES = ("vltava", "hora"), ("PROGP85", "SPRAVA60", "CENYNEMA1")
RADEK = DeskTechnician("radek", "Radek Vymazal", "radek@connectica.cz")
WHY = Why("Radek Vymazal", "zkouška")

pick = st.integers(0, 5)
hours = st.integers(1, 800).map(lambda hundredths: Decimal(hundredths).scaleb(-2))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("work"), pick, hours, st.sampled_from(CATEGORIES)),
        st.tuples(st.just("work"), pick, hours, st.sampled_from(CATEGORIES)),
        st.tuples(st.just("correct"), pick, hours, st.sampled_from(CATEGORIES)),
        st.tuples(st.just("remove"), pick, hours, st.just("")),
        st.tuples(st.just("split"), pick, hours, st.sampled_from(CATEGORIES)),
        st.tuples(st.just("move"), pick, hours, st.just("")),
        st.tuples(st.just("dispute"), pick, hours, st.just("")),
        st.tuples(st.just("agree"), pick, hours, st.just("")),
        st.tuples(st.just("hand over"), pick, hours, st.sampled_from(COMPANIES)),
        st.tuples(st.just("invoice"), pick, hours, st.just("")),
    ),
    min_size=8,
    max_size=40,
)


class Life:
    """The desk, and beside it what we believe: what each entry is, and what of it was billed to whom."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.day = BEGIN
        self.is_now: dict[int, tuple[str, int]] = {}  # entry: category, hundredths
        self.stands_on: dict[int, int] = {}  # entry: ticket
        self.billed: dict[int, tuple[str, str, int]] = {}  # entry: company, category, hundredths
        self.disputed: set[int] = set()
        self.tickets: list[tuple[int, str]] = []
        self.company: dict[int, str] = {}
        self.on_runs: Counter[tuple[str, str]] = Counter()
        with store.write() as db:
            for company in COMPANIES * 2:
                ticket = tickets.open_ticket(db, company, "Práce", Address("Jan", f"jan@{company}.example"))
                tickets.set_state(db, ticket, "to_be_invoiced")
                self.tickets.append((ticket.id, ticket.number))
                self.company[ticket.id] = company

    def do(self, what: str, which: int, hours: Decimal, word: str) -> None:
        self.day += timedelta(days=5)
        with clock.set_to(self.day), suppress(Refused, NotFound):
            if what == "work":
                self.work(which, hours, word)
            elif what == "hand over":
                ticket_id, number = self.tickets[which % len(self.tickets)]
                tickets.move(self.store, number, word)
                self.company[ticket_id] = word
            elif what == "invoice":
                self.invoice()
            elif self.is_now:
                self.put_right(what, sorted(self.is_now)[which % len(self.is_now)], hours, word, which)

    def work(self, which: int, hours: Decimal, category: str) -> None:
        ticket_id, _ = self.tickets[which % len(self.tickets)]
        with self.store.write() as db:
            ticket = tickets.by_id(db, ticket_id)
            tickets.add_time(db, ticket, TimeCode(category, hours), RADEK, None, worked_at=clock.now())
            tickets.set_state(db, ticket, "to_be_invoiced")
            entry = db.execute("SELECT max(id) AS id FROM time_entry").fetchone()["id"]
        self.is_now[entry], self.stands_on[entry] = (category, int(hours * 100)), ticket_id

    def put_right(self, what: str, entry: int, hours: Decimal, word: str, which: int) -> None:
        ticket_id, _ = self.tickets[which % len(self.tickets)]
        if what in {"dispute", "agree"}:
            home = dict(self.tickets)[self.stands_on[entry]]
            name, is_over = f"question-{entry}", what == "agree"
            key = f"{name}-{self.day:%Y%m%d}"
            notes.take(
                self.store, TakenNote(home, "Dotaz.", key, dispute=name, entry=str(entry), dispute_over=is_over)
            )
            self.disputed = self.disputed - {entry} if is_over else self.disputed | {entry}
            return
        with self.store.write() as db:
            old = entries.by_id(db, entry)
            if what == "correct":
                entries.correct(db, old, WHY, category=word, hours=hours)
                self.is_now[entry] = (word, int(hours * 100))
            elif what == "remove":
                entries.remove(db, old, WHY)
                del self.is_now[entry]
            elif what == "split":
                made = entries.split(db, old, hours, WHY, category=word)
                category, whole = self.is_now[entry]
                self.is_now[entry] = (category, whole - int(hours * 100))
                self.is_now[made.id], self.stands_on[made.id] = (word, int(hours * 100)), self.stands_on[entry]
                tickets.set_state(db, tickets.by_id(db, self.stands_on[entry]), "to_be_invoiced")
            elif what == "move":
                entries.move(db, old, tickets.by_id(db, ticket_id), WHY)
                self.stands_on[entry] = ticket_id
                tickets.set_state(db, tickets.by_id(db, ticket_id), "to_be_invoiced")

    def invoice(self) -> None:
        """A run over everything worked so far: its lines are what we say, and it grows no earlier document."""
        before = self.on_documents()
        expected: Counter[tuple[str, str]] = Counter()
        for entry, (company, category, hundredths) in self.billed.items():
            now = self.is_now.get(entry)
            if now != (category, hundredths):
                expected[company, category] -= hundredths
                if now:
                    expected[company, now[0]] += now[1]
        lines: Counter[tuple[str, str]] = Counter()
        for entry, (category, hundredths) in self.is_now.items():
            if entry not in self.billed and entry not in self.disputed:
                lines[self.company[self.stands_on[entry]], category] += hundredths
        report = invoicing.invoice(self.store, self.day.date(), dry_run=False)
        assert _hours(report.lines) == _some(lines)
        assert _hours(report.differences) == _some(expected)
        for entry, (category, hundredths) in self.is_now.items():
            if entry in self.billed:
                self.billed[entry] = (self.billed[entry][0], category, hundredths)
            elif entry not in self.disputed:
                self.billed[entry] = (self.company[self.stands_on[entry]], category, hundredths)
        self.billed = {entry: was for entry, was in self.billed.items() if entry in self.is_now}
        self.on_runs.update(lines)
        self.on_runs.update(expected)
        after = self.on_documents()
        assert {name: after[name] for name in before} == before, "an earlier document grew"

    def on_documents(self) -> dict[int, int]:
        """How many entries were put on each document, by the desk's own columns; removed ones stay on theirs."""
        with self.store.read() as db:
            found = db.execute(
                "SELECT document, count(*) AS entries FROM time_entry WHERE document IS NOT NULL GROUP BY document"
            )
            return {row["document"]: row["entries"] for row in found}

    def settle_all(self) -> None:
        """Everybody agrees, and one run more: what is on all runs together is what is true now."""
        for entry in sorted(self.disputed & self.is_now.keys()):
            self.day += timedelta(days=5)
            with clock.set_to(self.day):
                self.put_right("agree", entry, Decimal(1), "", 0)
        self.disputed &= set()
        self.day += timedelta(days=5)
        with clock.set_to(self.day):
            self.invoice()
        truth: Counter[tuple[str, str]] = Counter()
        for entry, (category, hundredths) in self.is_now.items():
            truth[self.billed[entry][0], category] += hundredths
        assert _some(self.on_runs) == _some(truth)


def _hours(lines) -> dict[tuple[str, str], int]:
    return _some({(NAMES[line.company], line.category): int(line.hours * 100) for line in lines})


def _some(counted) -> dict[tuple[str, str], int]:
    return {name: hundredths for name, hundredths in counted.items() if hundredths}


NAMES = {f"Firma {company}": company for company in COMPANIES}


@given(steps)
@settings(max_examples=30, deadline=None, database=None)
def test_every_hour_is_on_exactly_one_run_or_waits(history):
    with TemporaryDirectory() as folder, clock.set_to(BEGIN):
        store = Store(Path(folder) / "desk.db")
        for company in COMPANIES:
            directory.add_company(store, company, f"Firma {company}", [f"{company}.example"])
        directory.add_technician(store, RADEK.login, RADEK.name, RADEK.email)
        for category, rate in zip(CATEGORIES, ("1250.00", "900.00"), strict=False):
            prices.add_price(store, category, category, rate, date(2025, 1, 1))
        life = Life(store)
        for step in history:
            life.do(*step)
        life.settle_all()
        store.close()
