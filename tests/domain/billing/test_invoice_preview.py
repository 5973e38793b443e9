"""The upcoming invoice: its lines, what stands beside it, what is odd, and the forecast."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import clock
from portal.db import db
from portal.domain.billing import anomalies, disclosure, forecast, invoice_preview, invoice_snapshots, time_report
from portal.domain.billing import forecast as forecasting
from portal.domain.billing.anomalies import Surroundings
from portal.domain.billing.disclosure import Shown
from portal.domain.companies.reader import Reader
from portal.domain.users.actor import OPERATOR
from portal.errors import NotFound
from portal.lib import money
from portal.lib.money import Tally
from portal.lib.periods import Period, month_of
from tests.domain.billing.test_time_report import ENTRIES, fill, summed

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def monday():
    with clock.set_to(NOW):
        yield


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
def test_the_lines_the_total_and_the_entries_are_one_sum(ledger, entries):
    company = fill(ledger, entries)
    found = invoice_preview.preview(Reader.of(company))
    rows = list(time_report.rows(Reader.of(company), invoice_preview.WANTED))
    assert found.tally == summed(rows)
    assert found.bill == money.bill(summed(rows).amount, Decimal(21))
    for line in found.lines:
        parts = Tally()
        for part in line.tickets.values():
            parts.take(part.tally)
        assert parts == line.tally
        assert {(row.category, row.rate) for part in line.tickets_shown for row in part.entries} == {
            (line.category, line.rate)
        }
    db.session.rollback()


def test_a_price_that_changes_splits_the_line(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    ledger.price("PROGP85", 890, "2026-11-10")
    ticket = ledger.ticket(company)
    ledger.entry(ticket, "1.00", at="2026-11-09T23:59")
    ledger.entry(ticket, "2.00", at="2026-11-10T00:00")
    assert [(line.rate, line.tally.hours) for line in invoice_preview.preview(Reader.of(company)).lines] == [
        (850, 1),
        (890, 2),
    ]


def test_a_line_by_its_key_is_that_line_of_the_invoice(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    ledger.price("PROGP85", 890, "2026-11-10")
    ledger.price("WIN_11", 700)
    for category, day in (("PROGP85", "09"), ("PROGP85", "11"), ("WIN_11", "11"), ("NOVA_untold", "11")):
        ledger.entry(ledger.ticket(company), "1.00", category, at=f"2026-11-{day}T10:00")
    reader = Reader.of(company)
    lines = invoice_preview.preview(reader).lines
    assert len({line.key for line in lines}) == 4
    for line in lines:
        alone = invoice_preview.line(reader, line.key)
        assert (alone.tally, alone.tickets) == (line.tally, line.tickets), line.key
    with pytest.raises(NotFound):
        invoice_preview.line(reader, "PROGP85_851.00")


def test_a_line_whose_money_is_not_told_has_a_key(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    ledger.entry(ledger.ticket(company), "1.00")
    disclosure.choose(OPERATOR, company, Shown.HOURS)
    (line,) = invoice_preview.preview(Reader.of(company)).lines
    assert line.key == "PROGP85_none_untold"
    assert invoice_preview.line(Reader.of(company), line.key).tally == line.tally


def test_running_and_ended_time_stand_apart(ledger):
    company = ledger.company()
    for state, spent in (("open", "1.00"), ("to_be_invoiced", "2.00"), ("done", "4.00"), ("error", "8.00")):
        ledger.entry(ledger.ticket(company, state=state), spent)
    found = invoice_preview.preview(Reader.of(company))
    assert (found.tally.hours, found.running.hours, found.ended.hours) == (2, 1, 12)


def test_a_long_line_lists_a_part_and_says_how_many_more(ledger):
    company = ledger.company()
    for _ in range(5):
        ledger.entry(ledger.ticket(company))
    (line,) = invoice_preview.preview(Reader.of(company), listed=3).lines
    assert (line.tally.entries, line.shown, line.more, len(line.tickets_shown)) == (5, 3, 2, 3)


def odd(ledger, company, **values) -> set[str]:
    entry = ledger.entry(values.pop("ticket", None) or ledger.ticket(company), **values)
    rows = list(time_report.rows(Reader.of(company), invoice_preview.WANTED))
    around = Surroundings.of(rows, clock.today())
    return {rule.name for row in rows if row.id == entry.id for rule in anomalies.about(row, around)}


def test_what_is_odd_is_named(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    done = ledger.ticket(company, done_at=datetime(2026, 11, 10, 8, tzinfo=UTC))
    ledger.entry(ledger.ticket(company), what="Kontrola záloh a obnova serveru.")
    assert odd(ledger, company) == set()
    assert odd(ledger, company, category="NEVIDANO") == {"no_price"}
    assert odd(ledger, company, hours="8.00") == set()
    assert odd(ledger, company, hours="8.01") == {"long"}
    assert odd(ledger, company, hours="24.01") == {"more_than_a_day"}
    assert odd(ledger, company, hours="0.00") == {"not_positive"}
    assert odd(ledger, company, at="2026-11-24T00:00") == {"future"}
    assert odd(ledger, company, at="2026-11-23T23:59") == set()
    assert odd(ledger, company, ticket=done, at="2026-11-10T09:04") == set()
    assert odd(ledger, company, ticket=done, at="2026-11-10T09:06") == {"after_done"}
    assert odd(ledger, company, what="kontrola  záloh a obnova SERVERU.") == {"same_text"}
    assert odd(ledger, company, what="Hotovo.") == set()


def test_two_times_under_one_message_are_not_the_same_words_twice(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    ticket = ledger.ticket(company)
    first = ledger.entry(ticket, what="Výměna disku a obnova dat ze zálohy.")
    second = ledger.entry(ticket)
    second.message_id = first.message_id
    db.session.flush()
    assert invoice_preview.preview(Reader.of(company)).odd == []


def test_an_entry_an_invoice_had_already_is_marked(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    entry = ledger.entry(ledger.ticket(company), at="2026-10-10T10:00", invoiced_on=date(2026, 10, 31))

    invoice_snapshots.freeze()
    entry.invoiced_on = None
    db.session.flush()
    assert [rule.name for oddity in invoice_preview.preview(Reader.of(company)).odd for rule in oddity.rules] == [
        "invoiced_before"
    ]


def test_the_forecast_adds_the_days_left_at_this_months_pace(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 100)
    ledger.entry(ledger.ticket(company), "14.00", at="2026-11-02T10:00")  # over 14 working days: an hour a day
    ledger.entry(ledger.ticket(company, state="open"), "1.40", at="2026-11-20T10:00")
    ledger.entry(ledger.ticket(company, state="done"), "99.00", at="2026-11-20T10:00")  # ended without an invoice
    found = invoice_preview.preview(Reader.of(company))
    expected = forecasting.of(Reader.of(company), found.tally, found.running)
    assert expected.pace.period == Period(date(2026, 11, 1), date(2026, 11, 22))
    assert (expected.pace.working_days, expected.days_left) == (14, 5)  # 17 November is a holiday
    assert expected.hours == Decimal("14.00") + Decimal("1.40") + Decimal("5.50")
    assert expected.amount == Decimal("1400.00") + Decimal("140.00") + Decimal("550.00")
    credited = forecasting.of(Reader.of(company), found.tally, found.running, adjusted=Decimal("-504.00"))
    assert (credited.hours, credited.amount) == (expected.hours, expected.amount - Decimal("504.00"))


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_a_forecast_looks_at_days_that_are_over(today):
    days = forecast.looked_at(today)
    assert days.until < today
    assert forecast.working_days(days) >= forecast.ENOUGH_DAYS
    made = forecast.make(today=today, waiting=Tally(), running=Tally(), looked_at=days, worked=Tally())
    assert 0 <= made.days_left <= 23
    assert made.month == month_of(today)
    assert made.hours == made.amount == 0
