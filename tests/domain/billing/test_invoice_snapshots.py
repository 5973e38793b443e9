"""What was invoiced stays as it was, and what changed afterwards is said."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_preview, invoice_snapshots, time_report
from portal.domain.billing import invoices as invoiced
from portal.domain.billing.invoices import Difference
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.reader import Reader
from portal.errors import NotFound
from portal.lib.periods import month_of

OCTOBER = month_of(date(2026, 10, 1))
END = OCTOBER.until


@pytest.fixture
def company(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    return company


def invoiced_entry(ledger, company, spent="2.00", **values):
    values = {"at": "2026-10-10T10:00", "invoiced_on": END} | values
    return ledger.entry(ledger.ticket(company, state="done"), spent, **values)


def test_an_invoice_is_frozen_once_with_its_rate_and_vat(ledger, company):
    invoiced_entry(ledger, company)
    assert (invoice_snapshots.freeze(), invoice_snapshots.freeze()) == (1, 0)
    (month,) = invoiced.months(Reader.of(company))
    assert (month.month, month.bill.base, month.bill.vat, month.bill.total) == (
        OCTOBER,
        Decimal("1700.00"),
        Decimal("357.00"),
        Decimal("2057.00"),
    )
    assert invoiced.differing(Reader.of(company), [month]) == {}


def test_freezing_some_tickets_leaves_the_others_alone(ledger, company):
    first, second = invoiced_entry(ledger, company), invoiced_entry(ledger, company)
    assert invoice_snapshots.freeze({first.ticket_id}) == 1
    assert invoice_snapshots.freeze({first.ticket_id, second.ticket_id}) == 1
    assert invoiced.months(Reader.of(company))[0].tally.entries == 2


def test_a_new_price_changes_no_invoice(ledger, company):
    invoiced_entry(ledger, company)
    invoice_snapshots.freeze()
    ledger.price("PROGP85", 999, "2026-10-01")
    invoice_snapshots.freeze()
    assert invoiced.month(Reader.of(company), OCTOBER).bill.base == Decimal("1700.00")


def test_a_rate_nobody_knew_is_filled_in_once_it_is_known(ledger, company):
    invoiced_entry(ledger, company, category="NOVAKAT")
    invoice_snapshots.freeze()
    month = invoiced.month(Reader.of(company), OCTOBER)
    assert (month.tally.unpriced, month.tally.amount) == (1, 0)
    ledger.price("NOVAKAT", 100, "2026-01-01")
    assert (invoice_snapshots.fill_in_rates(), invoice_snapshots.fill_in_rates()) == (1, 0)
    assert invoiced.month(Reader.of(company), OCTOBER).bill.base == Decimal("200.00")


@pytest.mark.parametrize(
    ("what_happens", "difference"),
    [
        (lambda ledger, entry: ledger.change(entry, at=clock.now(), hours="1.50"), Difference.CHANGED),
        (lambda ledger, entry: ledger.change(entry, at=clock.now(), category="SPRAVA60"), Difference.CHANGED),
        (lambda ledger, entry: ledger.change(entry, at=clock.now(), withdrawn=True), Difference.REMOVED),
        (lambda ledger, entry: setattr(entry, "invoiced_on", None), Difference.TAKEN_BACK),
    ],
)
def test_what_changes_after_the_invoice_is_shown_and_changes_no_sum(ledger, company, what_happens, difference):
    entry = invoiced_entry(ledger, company)
    invoiced_entry(ledger, company, "1.00")
    invoice_snapshots.freeze()
    what_happens(ledger, entry)
    db.session.flush()
    invoice_snapshots.freeze()
    assert [row.difference for row in invoiced.rows(Reader.of(company), OCTOBER)] == [difference, None]
    month = invoiced.month(Reader.of(company), OCTOBER)
    assert (invoiced.differing(Reader.of(company), [month]), month.bill.base) == ({OCTOBER: 1}, Decimal("2550.00"))
    changed = _differences(company)[0]
    assert changed.hours == Decimal("2.00")
    assert (changed.now is not None) == (difference is Difference.CHANGED)


def test_what_is_invoiced_later_for_an_issued_month_is_a_supplement(ledger, company):
    with clock.set_to(clock.now() - timedelta(days=20)):
        invoiced_entry(ledger, company)
        invoice_snapshots.freeze()
    late = invoiced_entry(ledger, company, "1.00")
    invoice_snapshots.freeze()
    month = invoiced.month(Reader.of(company), OCTOBER)
    assert [(one.supplement, one.bill.base) for one in month.invoices] == [(0, Decimal(1700)), (1, Decimal(850))]
    assert month.bill.base == Decimal(2550)
    assert late.id in {row.id for row in invoiced.rows(Reader.of(company), OCTOBER)}
    assert _differences(company) == []


def test_time_written_into_an_invoiced_month_is_shown_beside_the_invoice(ledger, company):
    invoiced_entry(ledger, company)
    invoice_snapshots.freeze()
    late = ledger.entry(
        ledger.ticket(company, state="open"), at="2026-10-20T10:00", noticed_at=clock.now() + timedelta(seconds=1)
    )
    known = ledger.entry(ledger.ticket(company, state="open"), at="2026-10-20T10:00")
    assert [entry.id for entry in _added_later(company)] == [late.id]
    assert known.id not in {entry.id for entry in _added_later(company)}


def test_a_reopened_ticket_that_is_closed_again_is_billed_once(ledger, company):
    entry = invoiced_entry(ledger, company)
    invoice_snapshots.freeze()
    ticket = db.session.get(type(ledger.ticket(company)), entry.ticket_id)
    ticket.state = "to_be_invoiced"
    more = ledger.entry(ticket, "0.50", at="2026-11-05T10:00")
    found = invoice_preview.preview(Reader.of(company))
    assert [row.id for line in found.lines for part in line.tickets_shown for row in part.entries] == [more.id]
    ticket.state, more.invoiced_on, entry.invoiced_on = "done", date(2026, 11, 30), END
    db.session.flush()
    invoice_snapshots.freeze()
    assert sum(month.tally.entries for month in invoiced.months(Reader.of(company))) == 2
    assert sum((month.tally.hours for month in invoiced.months(Reader.of(company))), Decimal(0)) == Decimal("2.50")


def test_another_companys_invoice_is_not_found(ledger, company):
    other = ledger.company("Pekárna U Tří lip, s. r. o.")
    invoiced_entry(ledger, other)
    invoice_snapshots.freeze()
    assert invoiced.months(Reader.of(company)) == []
    assert not list(invoiced.rows(Reader.of(company), OCTOBER))
    with pytest.raises(NotFound):
        invoiced.month(Reader.of(company), OCTOBER)


def test_a_ticket_that_went_to_another_company_leaves_only_its_line(ledger, company):
    other = ledger.company("Pekárna U Tří lip, s. r. o.")
    entry = invoiced_entry(ledger, company, what="Jejich slova")
    invoice_snapshots.freeze()
    ticket = db.session.get(type(ledger.ticket(company)), entry.ticket_id)
    ticket.company_id = entry.company_id = other.id
    ticket.subject, ticket.requester_id = "Jejich věc", ledger.employee(other, "Jejich Člověk").id
    db.session.flush()
    (row,) = invoiced.rows(Reader.of(company), OCTOBER)
    assert (row.subject, row.employee, row.what, row.amount) == ("", "", "", Decimal("1700.00"))
    assert row.difference is Difference.REMOVED
    assert [found.rate for found in time_report.rows(Reader.of(other), HoursFilter())] == [Decimal("850.00")]


def test_the_list_and_the_lines_and_the_rows_agree(ledger, company):
    for spent, category in (("1.33", "PROGP85"), ("0.07", "PROGP85"), ("3.00", "NEVIDANO")):
        invoiced_entry(ledger, company, spent, category=category)
    invoice_snapshots.freeze()
    month, rows = invoiced.month(Reader.of(company), OCTOBER), list(invoiced.rows(Reader.of(company), OCTOBER))
    lines = invoice_preview.lines_of(rows, invoice_preview.prices.list_of(Reader.of(company)))
    assert sum(line.tally.amount for line in lines) == month.bill.base == sum(row.amount or 0 for row in rows)
    assert month.tally.unpriced == 1


def test_batches_of_an_invoice_hold_every_entry_once(ledger, company, monkeypatch):
    monkeypatch.setattr(invoiced, "AT_ONCE", 2)
    entries = [invoiced_entry(ledger, company) for _ in range(5)]
    invoice_snapshots.freeze()
    assert [row.id for row in invoiced.rows(Reader.of(company), OCTOBER)] == [entry.id for entry in entries]


def test_a_page_of_invoices_is_as_long_as_it_is_asked_for(ledger, company):
    for number in range(1, 5):
        invoiced_entry(ledger, company, at=f"2026-{number:02}-10T10:00", invoiced_on=date(2026, number, 28))
    invoice_snapshots.freeze()
    reader = Reader.of(company)
    assert [one.month.slug for one in invoiced.months(reader, at_most=2)] == ["2026-04", "2026-03"]
    march = month_of(date(2026, 3, 1))
    assert [one.month.slug for one in invoiced.months(reader, before=march)] == ["2026-02", "2026-01"]


def test_kept_sums_are_the_sums_of_the_rows(ledger, company):
    for hours in ("1.00", "0.33", "-0.25"):
        invoiced_entry(ledger, company, hours)
    invoice_snapshots.freeze()
    invoiced_entry(ledger, company, "2.00", category="NIKDE")
    invoice_snapshots.freeze()
    for _ in range(2):
        rows = list(invoiced.rows(Reader.of(company), OCTOBER))
        kept = invoiced.month(Reader.of(company), OCTOBER).tally
        assert (kept.entries, kept.hours) == (len(rows), sum(row.hours for row in rows))
        assert kept.amount == sum(row.amount for row in rows if row.amount is not None)
        assert kept.unpriced == sum(row.rate is None for row in rows)
        ledger.price("NIKDE", 100)
        invoice_snapshots.fill_in_rates()


def _differences(company):
    return [row for row in invoiced.rows(Reader.of(company), OCTOBER) if row.difference]


def _added_later(company):
    return invoiced.added_later(Reader.of(company), invoiced.month(Reader.of(company), OCTOBER))


def test_a_price_in_another_currency_from_a_later_day_changes_nothing_before_it(ledger, company):
    ledger.price("PROGP85", 35, "2026-12-01", company=company, currency="EUR")
    with clock.set_to(clock.start_of(date(2026, 11, 2))):
        invoiced_entry(ledger, company)
        invoice_snapshots.freeze()
        ledger.entry(ledger.ticket(company), "1.00", at="2026-11-02T10:00")
        upcoming = invoice_preview.preview(Reader.of(company))
        assert (upcoming.currency, upcoming.bill.base) == ("CZK", Decimal("850.00"))
    with clock.set_to(clock.start_of(date(2026, 12, 5))):
        october = invoiced.month(Reader.of(company), OCTOBER)
        assert (october.currency, october.bill.base) == ("CZK", Decimal("1700.00"))
        invoiced_entry(ledger, company, at="2026-12-02T10:00", invoiced_on=date(2026, 12, 31))
        invoiced_entry(ledger, company, at="2026-10-02T10:00", invoiced_on=date(2026, 9, 30))
        invoice_snapshots.freeze()
    assert {(one.currency, one.bill.base) for one in invoiced.months(Reader.of(company))} == {
        ("CZK", Decimal("1700.00")),
        ("EUR", Decimal("70.00")),
    }
