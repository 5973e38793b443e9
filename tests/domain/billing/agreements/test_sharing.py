"""Which entries are inside an agreement, at what rate, and what is left: by an oracle that reckons for itself."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_adjustments, invoice_preview, invoices, time_report
from portal.domain.billing.agreements import meter, sharing
from portal.domain.billing.agreements.models import AgreedTerms, Agreement
from portal.domain.billing.agreements.sharing import Piece, share_out
from portal.domain.billing.budgets import Every, Unit
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.tickets.time_entries import Coverage
from portal.lib.periods import month_of

NOV_10 = datetime(2026, 11, 10, 12, tzinfo=UTC)
JAN = date(2026, 1, 1)
INSIDE, OVER = Coverage.INSIDE, Coverage.OVER


def terms(amount="10", **said):
    return AgreedTerms(**{"valid_from": JAN, "unit": Unit.HOURS, "amount": Decimal(amount)} | said)


def piece(number, day, hours, **said):
    return Piece(number, day, (date.max, day, number), "PROGP85", Decimal(hours), **said)


def where(shared):
    return [shared.coverage[number][0] for number in sorted(shared.coverage)]


def test_entries_are_inside_by_their_day_until_nothing_is_left():
    day = date(2026, 1, 20)
    pieces = [piece(1, day, 6), piece(2, day - timedelta(days=3), 3), piece(3, day, 4), piece(4, day, "0.25")]
    shared = share_out([terms(rate_inside=Decimal(700), rate_over=Decimal(900))], pieces, last=day)
    assert where(shared) == [INSIDE, INSIDE, INSIDE, OVER]
    assert [rate for _, rate in shared.coverage.values()] == [700, 700, 700, 900]
    (row,) = shared.periods
    assert (row.used, row.left, row.over_hours, row.percent) == (13, -3, Decimal("0.25"), 130)


def test_what_the_last_entry_took_too_much_is_missing_in_the_next_month():
    pieces = [piece(1, date(2026, 1, 5), 13), piece(2, date(2026, 2, 5), 7), piece(3, date(2026, 2, 6), 1)]
    shared = share_out([terms()], pieces, last=date(2026, 2, 28))
    assert where(shared) == [INSIDE, INSIDE, OVER]
    assert [row.carried for row in shared.periods] == [0, -3]


@pytest.mark.parametrize(("carries", "carried"), [(Decimal(0), 0), (Decimal(4), 4), (None, 7)])
def test_what_is_left_is_carried_as_agreed(carries, carried):
    shared = share_out([terms(carries=carries)], [piece(1, date(2026, 1, 5), 3)], last=date(2026, 2, 1))
    assert [row.carried for row in shared.periods] == [0, carried]


def test_a_year_begins_with_the_agreement_and_ends_with_the_next_one():
    agreements = [
        terms("120", valid_from=date(2025, 4, 1), every=Every.YEAR, carries=None),
        terms("5", valid_from=date(2026, 10, 1)),
    ]
    shared = share_out(agreements, [], last=date(2026, 11, 2))
    assert [(str(row.since), str(row.until)) for row in shared.periods] == [
        ("2025-04-01", "2026-03-31"),
        ("2026-04-01", "2026-09-30"),
        ("2026-10-01", "2026-10-31"),
        ("2026-11-01", "2026-11-30"),
    ]


def test_an_agreement_of_nothing_ends_it():
    agreements = [terms(), terms("0", valid_from=date(2026, 2, 1))]
    shared = share_out(agreements, [piece(1, date(2026, 2, 2), 1)], last=date(2026, 3, 1))
    assert (shared.coverage, len(shared.periods)) == ({}, 1)


def test_money_is_measured_at_the_rate_inside_or_by_the_price_list():
    pieces = [piece(1, JAN, 1), piece(2, JAN, 1), piece(3, JAN, 1)]
    by_list = share_out([terms("1500", unit=Unit.MONEY)], pieces, last=JAN, price_of=lambda *_: Decimal(850))
    assert where(by_list) == [INSIDE, INSIDE, OVER]
    assert by_list.periods[0].used == 1700
    agreed = share_out([terms("1500", unit=Unit.MONEY, rate_inside=Decimal(500))], pieces, last=JAN)
    assert where(agreed) == [INSIDE, INSIDE, INSIDE]


days = st.dates(date(2026, 1, 1), date(2026, 6, 30))
worked = st.lists(st.tuples(days, st.integers(1, 900)), max_size=40)


@given(worked, st.integers(1, 20), st.sampled_from([Decimal(0), Decimal(3), None]), st.randoms())
def test_the_oracle_reckons_the_same_in_whatever_order_things_came_in(work, included, carries, random):
    pieces = [piece(number, day, Decimal(hundredths) / 100) for number, (day, hundredths) in enumerate(work)]
    shuffled = random.sample(pieces, len(pieces))
    shared = share_out([terms(str(included), carries=carries)], shuffled, last=date(2026, 6, 30))
    assert {number: at for number, (at, _) in shared.coverage.items()} == _oracle(work, included, carries)
    for row in shared.periods:
        mine = [one for one in pieces if row.since <= one.day <= row.until]
        assert sum(one.hours for one in mine) == row.used + row.over_hours


def _oracle(work, included, carries):
    """Hour by hour: a purse that is filled each month and emptied by the entries of the month, by day then number."""
    found, purse = {}, Decimal(0)
    for month in range(1, 7):
        kept = purse if purse < 0 or carries is None else min(purse, carries)
        purse = kept + included
        for number, (day, hundredths) in sorted(enumerate(work), key=lambda one: (one[1][0], one[0])):
            if day.month == month:
                found[number] = INSIDE if purse > 0 else OVER
                purse -= Decimal(hundredths) / 100 if purse > 0 else 0
    return found


@pytest.fixture
def company(ledger):
    with clock.set_to(NOV_10):
        found = ledger.company()
        ledger.price("PROGP85", 850)
        ledger.person(found)
        agree(found, amount="10", rate_inside="600", rate_over="900")
        yield found


def agree(company, since="2026-11-01", **said):
    values = {"unit": Unit.HOURS, "every": Every.MONTH, "carries": Decimal(0), "from_core": False}
    numbers = {name: Decimal(said[name]) for name in ("amount", "rate_inside", "rate_over") if name in said}
    db.session.add(Agreement(company_id=company.id, valid_from=date.fromisoformat(since), **values | numbers))
    db.session.flush()


def rows(company, **wanted):
    return list(time_report.rows(Reader.of(company), HoursFilter(**wanted)))


def test_money_follows_from_it_and_the_sums_of_the_database_agree(company, ledger):
    ticket = ledger.ticket(company)
    for hours in ("6.00", "5.00", "2.00"):
        ledger.entry(ticket, hours, at="2026-11-05T10:00")
    ledger.entry(ticket, "1.00", at="2026-10-05T10:00")  # before the agreement: as the price list says
    sharing.keep({company.id})
    assert [(row.coverage, row.rate) for row in rows(company)] == [
        (None, 850),
        (INSIDE, 600),
        (INSIDE, 600),
        (OVER, 900),
    ]
    upcoming = invoice_preview.preview(Reader.of(company))
    assert upcoming.tally.amount == 850 + 11 * 600 + 2 * 900
    assert time_report.totals(Reader.of(company), HoursFilter()).amount == upcoming.tally.amount
    use = meter.of(Reader.of(company))
    assert (use.used, use.left, use.over_hours) == (11, -1, 2)


def test_an_invoice_says_what_the_preview_said_and_keeps_it(company, ledger):
    ticket = ledger.ticket(company)
    entries = [ledger.entry(ticket, hours, at="2026-11-05T10:00") for hours in ("6.00", "5.00", "2.00")]
    sharing.keep({company.id})
    before = invoice_preview.preview(Reader.of(company)).tally.amount
    invoice(company, *entries)
    month = invoices.month(Reader.of(company), month_of(date(2026, 11, 30)))
    assert month.tally.amount == before == 11 * 600 + 2 * 900
    with clock.set_to(NOV_10 + timedelta(days=2)):
        late = ledger.entry(ledger.ticket(company), "1.00", at="2026-11-01T10:00")
        sharing.keep({company.id})
        month = invoices.month(Reader.of(company), month_of(date(2026, 11, 30)))
        assert month.tally.amount == before
        assert {row.id: row.coverage for row in rows(company)}[late.id] is OVER
        assert [row.coverage for row in invoices.rows(Reader.of(company), month_of(date(2026, 11, 30)))] == [
            INSIDE,
            INSIDE,
            OVER,
        ]


def invoice(company, *entries, on="2026-11-30"):
    for entry in entries:
        entry.invoiced_on = date.fromisoformat(on)
    db.session.flush()
    sharing.keep({company.id})
    invoice_adjustments.freeze({entry.ticket_id for entry in entries})
    sharing.keep({company.id})


def test_a_first_sync_in_whatever_order_makes_the_same_invoice(company, ledger):
    """Three pages that bring one month's invoiced entries backwards: the first days are inside all the same."""
    for hours, day in (("6.00", 9), ("5.00", 6), ("4.00", 3)):
        invoice(company, ledger.entry(ledger.ticket(company), hours, at=f"2026-11-0{day}T10:00"))
    found = list(invoices.rows(Reader.of(company), month_of(date(2026, 11, 30))))
    assert [(row.hours, row.coverage, row.rate) for row in found] == [
        (4, INSIDE, 600),
        (5, INSIDE, 600),
        (6, INSIDE, 600),
    ]
    invoice(company, ledger.entry(ledger.ticket(company), "3.00", at="2026-11-02T10:00"))
    found = list(invoices.rows(Reader.of(company), month_of(date(2026, 11, 30))))
    assert [row.coverage for row in found] == [INSIDE, INSIDE, INSIDE, OVER]
    month = invoices.month(Reader.of(company), month_of(date(2026, 11, 30)))
    assert month.tally.amount == 12 * 600 + 6 * 900 == sum(row.amount for row in found)


def test_a_correction_after_the_invoice_keeps_its_rate_and_gives_the_hours_back(company, ledger):
    ticket = ledger.ticket(company)
    entries = [ledger.entry(ticket, hours, at="2026-11-05T10:00") for hours in ("9.00", "2.00")]
    sharing.keep({company.id})
    invoice(company, *entries)
    with clock.set_to(NOV_10 + timedelta(days=2)):
        ledger.change(entries[0], at=clock.now(), hours="4.00")
        late = ledger.entry(ledger.ticket(company), "1.00", at="2026-11-09T10:00")
        sharing.keep({company.id})
        (credit,) = invoice_adjustments.waiting(Reader.of(company))
        assert credit.amount == -5 * 600
        assert {row.id: row.coverage for row in rows(company)}[late.id] is INSIDE


def test_what_ends_without_an_invoice_uses_nothing(company, ledger):
    ended = ledger.entry(ledger.ticket(company, state="error"), "9.00", at="2026-11-02T10:00")
    ledger.entry(ledger.ticket(company), "3.00", at="2026-11-05T10:00")
    sharing.keep({company.id})
    assert {row.id: row.coverage for row in rows(company)}[ended.id] is None
    assert meter.of(Reader.of(company)).used == 3


def test_managers_are_told_once_at_each_share_and_a_new_month_begins_by_itself(company, ledger):
    ledger.entry(ledger.ticket(company), "8.50", at="2026-11-02T10:00")
    sharing.keep({company.id})
    db.session.commit()
    assert [meter.run() for _ in range(2)] == [1, 0]
    (letter,) = db.session.scalars(select(Letter)).all()
    assert "8,50 h" in letter.text and "10,00 h" in letter.text
    with clock.set_to(NOV_10 + timedelta(days=25)):
        assert meter.run() == 0
        use = meter.of(Reader.of(company))
        assert (use.since, use.used) == (date(2026, 12, 1), 0)


@pytest.mark.parametrize(
    ("shown", "unit", "is_told"), [("nothing", "hours", False), ("hours", "money", False), ("hours", "hours", True)]
)
def test_the_meter_is_shown_where_its_hours_or_money_are(company, shown, unit, is_told):
    agreement = db.session.scalars(select(Agreement)).one()
    agreement.unit, company.shown_live = unit, shown
    sharing.keep({company.id})
    assert (meter.of(Reader.of(company)) is not None) == is_told
