"""A month's hours and its invoice differ, and the page says by what."""

import random
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_adjustments, monthly_history, time_report
from portal.domain.billing import invoices as invoiced
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.reader import Reader
from portal.domain.tickets.time_entries import TimeEntry
from portal.lib.periods import month_of

OCTOBER = month_of(date(2026, 10, 1))
RATE = Decimal("850.55")


def money(hours):
    return (Decimal(hours) * RATE).quantize(Decimal("0.01"), ROUND_HALF_UP)


def bridge(company):
    reader = Reader.of(company)
    return monthly_history.bridge(reader, invoiced.month(reader, OCTOBER))


@pytest.fixture
def company(ledger):
    ledger.price("PROGP85", str(RATE))
    return ledger.company()


def test_the_bridge_says_each_part_by_its_name(ledger, company):
    done = ledger.ticket(company, state="done")
    ledger.entry(done, "2.00", at="2026-10-10T10:00", invoiced_on=OCTOBER.until)
    ledger.entry(done, "1.00", at="2026-09-30T10:00", invoiced_on=OCTOBER.until)
    ledger.entry(done, "0.50", at="2026-10-20T10:00", invoiced_on=date(2026, 11, 30))
    ledger.entry(ledger.ticket(company), "4.00", at="2026-10-20T10:00")
    ledger.entry(ledger.ticket(company, state="done"), "0.25", at="2026-10-20T10:00")
    invoice_adjustments.freeze()
    found = bridge(company)
    assert (found.earlier, found.waiting, found.ended, found.elsewhere) == tuple(
        map(money, ("1.00", "4.00", "0.25", "0.50"))
    )
    assert (found.corrected, found.later, found.invoiced) == (0, 0, money("2.00") + money("1.00"))


@pytest.mark.parametrize("seed", range(5))
def test_the_bridge_leads_from_the_hours_to_the_invoice(ledger, company, seed):
    chance, corrected = random.Random(seed), Decimal(0)
    for _ in range(30):
        hours = Decimal(chance.randint(1, 900)).scaleb(-2)
        on = chance.choice([None, OCTOBER.until, date(2026, 11, 30)])
        day = chance.choice(["2026-09-30", "2026-10-01", "2026-10-31", "2026-11-01"])
        ticket = ledger.ticket(company, state="done" if on else chance.choice(["open", "to_be_invoiced", "error"]))
        ledger.entry(ticket, hours, at=f"{day}T10:00", invoiced_on=on)
    invoice_adjustments.freeze()
    for row in list(invoiced.rows(Reader.of(company), OCTOBER))[:3]:
        entry = db.session.get(TimeEntry, row.id)
        ledger.change(entry, at=clock.now(), hours="1.11")
        if OCTOBER.since <= row.day <= OCTOBER.until:
            corrected += money(row.hours) - money("1.11")
    found = bridge(company)
    assert found.worked == time_report.totals(Reader.of(company), HoursFilter(period=OCTOBER)).amount
    assert found.corrected == corrected


def test_rows_of_one_day_have_one_order_everywhere(ledger, company):
    ticket = ledger.ticket(company, state="done")
    for hour in (15, 9, 12):
        ledger.entry(ticket, at=f"2026-10-10T{hour:02}:00", invoiced_on=OCTOBER.until)
    invoice_adjustments.freeze()
    reader = Reader.of(company)
    in_hours = [row.id for row in time_report.rows(reader, HoursFilter(period=OCTOBER))]
    assert [row.id for row in invoiced.rows(reader, OCTOBER)] == in_hours
