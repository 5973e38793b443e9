"""What changed since somebody last looked, and how a visit and a budget are remembered."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.accounts import last_seen
from portal.domain.billing import budgets, entry_changes
from portal.domain.billing import budgets as budget_alerts
from portal.domain.billing.entry_changes import ChangeKind
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.errors import Refused
from portal.lib.periods import month_of
from tests.actors import acting
from tests.factories.billing import midnight

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NOVEMBER = month_of(date(2026, 11, 1))


@pytest.fixture(autouse=True)
def monday():
    with clock.set_to(NOW):
        yield


def before(**ago) -> datetime:
    return NOW - timedelta(**ago)


def test_every_change_is_told_with_old_and_new(ledger):
    company = ledger.company()
    entry = ledger.entry(ledger.ticket(company), "1.00")
    ledger.change(entry, at=before(hours=4), hours="2.00")
    ledger.change(entry, at=before(hours=3), category="SPRAVA60")
    ledger.change(entry, at=before(hours=2), withdrawn=True)
    ledger.change(entry, at=before(hours=1), withdrawn=False)
    told = entry_changes.since(Reader.of(company), None)
    assert [change.kind for change in told] == [
        ChangeKind.RETURNED,
        ChangeKind.REMOVED,
        ChangeKind.CHANGED,
        ChangeKind.CHANGED,
    ]
    assert [(change.old.hours, change.new.hours) for change in told[2:]] == [(2, 2), (1, 2)]
    assert (told[2].old.category, told[2].new.category) == ("PROGP85", "SPRAVA60")
    assert (told[1].new, told[0].new.hours) == (None, 2)
    assert told == entry_changes.of_entry(Reader.of(company), entry.id)


def test_only_what_was_noticed_since_is_news(ledger):
    company = ledger.company()
    entry = ledger.entry(ledger.ticket(company))
    ledger.entry(ledger.ticket(company), noticed_at=before(minutes=30))
    ledger.change(entry, at=before(hours=2), hours="2.00")
    ledger.change(entry, at=before(minutes=5), hours="3.00")
    assert [change.new.hours for change in entry_changes.since(Reader.of(company), before(hours=1))] == [3]
    assert entry_changes.news(Reader.of(company), before(hours=1))[1] == 1
    assert entry_changes.news(Reader.of(company), None) == ([], 0)


def test_a_version_that_bills_the_same_is_no_change(ledger):
    company = ledger.company()
    entry = ledger.entry(ledger.ticket(company))
    ledger.change(entry, at=before(hours=1))  # invoiced_on alone, for one
    assert entry_changes.since(Reader.of(company), None) == []


@pytest.mark.parametrize(("shown_live", "count"), [("money", 1), ("hours", 1), ("nothing", 0)])
def test_changes_follow_what_the_company_may_see(ledger, shown_live, count):
    company, other = ledger.company(shown_live=shown_live), ledger.company("Pekárna U Tří lip, s. r. o.")
    for owner in (company, other):
        ledger.change(ledger.entry(ledger.ticket(owner)), at=before(hours=1), hours="2.00")
    assert len(entry_changes.since(Reader.of(company), None)) == count


def test_a_visit_lasts_while_pages_are_turned(ledger):
    person = ledger.person(ledger.company())
    assert last_seen.Visits(person).previous(last_seen.HOURS) is None
    last_seen.note(person, last_seen.HOURS)
    with clock.set_to(NOW + timedelta(minutes=20)):
        assert last_seen.Visits(person).previous(last_seen.HOURS) is None
        last_seen.note(person, last_seen.HOURS)
    with clock.set_to(NOW + timedelta(minutes=60)):
        assert last_seen.Visits(person).previous(last_seen.HOURS) == NOW + timedelta(minutes=20)
        last_seen.note(person, last_seen.HOURS)
        assert last_seen.Visits(person).previous(last_seen.HOURS) == NOW + timedelta(minutes=20)
    with clock.set_to(NOW + timedelta(minutes=70)):
        last_seen.note(person, last_seen.HOURS)
        assert last_seen.Visits(person).previous(last_seen.HOURS) == NOW + timedelta(minutes=20)
        assert last_seen.Visits(person).last(last_seen.HOURS) == NOW + timedelta(minutes=70)
        assert last_seen.Visits(person).last(last_seen.EXPORT) is None


@pytest.fixture
def company(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 1000)
    return company


def test_a_budget_holds_from_its_month_until_another_one(ledger, company):
    person = ledger.person(company)
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="20")
    budgets.choose(acting(person), company, NOVEMBER.later(), unit="money", amount="25 000,50")
    assert budgets.chosen(Reader.of(company), NOVEMBER.earlier()) is None
    assert budgets.chosen(Reader.of(company), NOVEMBER) == (budgets.Unit.HOURS, Decimal("20.00"))
    assert budgets.chosen(Reader.of(company), NOVEMBER.later().later()) == (budgets.Unit.MONEY, Decimal("25000.50"))
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="")
    assert budgets.chosen(Reader.of(company), NOVEMBER) is None


@pytest.mark.parametrize(
    ("unit", "amount"),
    [("days", "1"), ("hours", "-1"), ("hours", "1,234"), ("hours", "NaN"), ("money", "999999999999")],
)
def test_a_budget_that_makes_no_sense_is_refused(ledger, company, unit, amount):
    with pytest.raises(Refused):
        budgets.choose(acting(ledger.person(company)), company, NOVEMBER, unit=unit, amount=amount)


def test_a_budget_counts_the_months_own_work_that_will_be_billed(ledger, company):
    budgets.choose(acting(ledger.person(company)), company, NOVEMBER, unit="hours", amount="10")
    ledger.entry(ledger.ticket(company, state="open"), "1.00")
    ledger.entry(ledger.ticket(company), "2.00")
    ledger.entry(ledger.ticket(company, state="done"), "4.00", invoiced_on=NOVEMBER.until)
    ledger.entry(ledger.ticket(company, state="done"), "8.00")  # ended without an invoice
    ledger.entry(ledger.ticket(company), "8.00", at="2026-10-31T23:59")
    use = budgets.use(Reader.of(company), NOVEMBER)
    assert (use.used, use.percent, use.left, use.alerts_reached) == (7, 70, 3, (50,))


@pytest.mark.parametrize(
    ("shown_live", "unit", "measured"),
    [("money", "money", True), ("hours", "money", False), ("hours", "hours", True), ("nothing", "hours", False)],
)
def test_a_budget_is_measured_only_by_what_the_company_may_see(ledger, company, shown_live, unit, measured):
    company.shown_live = shown_live
    budgets.choose(acting(ledger.person(company)), company, NOVEMBER, unit=unit, amount="10")
    assert (budgets.use(Reader.of(company), NOVEMBER) is not None) == measured


def letters_written() -> list[str]:
    return [letter.subject for letter in db.session.query(Letter).order_by(Letter.id)]


def test_each_share_of_a_budget_is_told_once(ledger, company):
    manager = ledger.person(company)
    ledger.person(company, "viewer")
    budgets.choose(acting(manager), company, NOVEMBER, unit="money", amount="10000")
    ticket = ledger.ticket(company)
    assert budget_alerts.alert() == 0
    for spent, told in (("4.99", 0), ("0.01", 1), ("1.00", 0), ("3.00", 1), ("2.00", 1), ("9.00", 0)):
        ledger.entry(ticket, spent)
        assert (budget_alerts.alert(), budget_alerts.alert()) == (told, 0)
    assert letters_written() == [
        "Connectica: z měsíčního rozpočtu je vyčerpáno 50 %",
        "Connectica: z měsíčního rozpočtu je vyčerpáno 80 %",
        "Connectica: rozpočet na měsíc je vyčerpán",
    ]


def test_a_budget_that_is_overrun_at_once_is_told_in_one_letter(ledger, company):
    budgets.choose(acting(ledger.person(company)), company, NOVEMBER, unit="hours", amount="10")
    ledger.entry(ledger.ticket(company), "12.00")
    assert budget_alerts.alert() == 1
    assert letters_written() == ["Connectica: rozpočet na měsíc je vyčerpán"]
    assert "12,00 h z 10,00 h" in db.session.query(Letter).one().text


def test_a_year_and_a_category_have_budgets_of_their_own(company, ledger):
    person, ticket = ledger.person(company), ledger.ticket(company)
    for hours, category, at in (
        ("3.00", "PROGP85", "2026-02-10"),
        ("2.00", "PROGP85", "2026-11-10"),
        ("1.00", "KONZ95", "2026-11-11"),
    ):
        ledger.entry(ticket, hours, category, f"{at}T10:00")
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="10")
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="12", every="year")
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="4", category="KONZ95")
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="5", every="year", category="PROGP85")
    reader = Reader.of(company)
    assert budgets.use(reader, NOVEMBER).used == 3
    found = [(one.every, one.category, one.used, one.percent) for one in budgets.others(reader, NOVEMBER)]
    assert found == [("month", "KONZ95", 1, 25), ("year", "", 6, 50), ("year", "PROGP85", 5, 100)]
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="", every="year")
    assert [one.category for one in budgets.others(Reader.of(company), NOVEMBER)] == ["KONZ95", "PROGP85"]


def test_each_budget_tells_its_own_alerts_once(company, ledger):
    person, ticket = ledger.person(company), ledger.ticket(company)
    ledger.entry(ticket, "6.00", "PROGP85", "2026-11-10T10:00")
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="10")
    budgets.choose(acting(person), company, NOVEMBER, unit="hours", amount="7", every="year", category="PROGP85")
    with clock.set_to(midnight("2026-11-20")):
        assert [budgets.alert(), budgets.alert()] == [1, 0]
    texts = sorted(db.session.scalars(select(Letter.text)).all())
    assert len(texts) == 2
    assert any("rok 2026 v kategorii PROGP85" in text for text in texts)
    assert any("měsíc 11/2026 je" in text for text in texts)
