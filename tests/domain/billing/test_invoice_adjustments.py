"""What changes after an invoice is a credit or a charge on the next one: every crown is on one invoice, or waits."""

import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_adjustments, invoice_preview, time_report
from portal.domain.billing import invoices as invoiced
from portal.domain.billing.issued_invoices import IssuedInvoice
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.reader import Reader
from portal.domain.tickets.models import Ticket
from portal.domain.tickets.time_entries import TimeEntryCorrection
from portal.lib.periods import month_of

OCTOBER, NOVEMBER = month_of(date(2026, 10, 1)), month_of(date(2026, 11, 1))
RATES = {"PROGP85": Decimal("850.55"), "SPRAVA60": Decimal("600.01")}


@pytest.fixture
def company(ledger):
    for category, rate in RATES.items():
        ledger.price(category, str(rate))
    return ledger.company()


def invoice(ledger, company, hours="2.00", category="PROGP85", *, month=OCTOBER, **values):
    """One entry, invoiced for a month."""
    at = f"{month.since:%Y-%m}-10T10:00"
    entry = ledger.entry(ledger.ticket(company, state="done"), hours, category, at, invoiced_on=month.until, **values)
    invoice_adjustments.freeze()
    return entry


def waiting(company):
    return invoice_adjustments.waiting(Reader.of(company))


def base(company, month):
    return invoiced.month(Reader.of(company), month).bill.base


def test_an_entry_corrected_after_its_invoice_waits_with_its_difference_in_money(ledger, company):
    entry = invoice(ledger, company, "10.00")
    ledger.change(entry, at=clock.now(), hours="1.00")
    (one,) = waiting(company)
    assert (one.old.hours, one.new.hours, one.amount) == (10, 1, Decimal("-7654.95"))
    assert (one.bill.vat, one.bill.total) == (Decimal("-1607.54"), Decimal("-9262.49"))
    assert (one.concerns, one.invoiced_on) == (OCTOBER.until, None)
    upcoming = invoice_preview.preview(Reader.of(company))
    assert (upcoming.adjusted, upcoming.bill.base) == (Decimal("-7654.95"), Decimal("-7654.95"))
    assert base(company, OCTOBER) == Decimal("8505.50")  # what was issued stays


def test_the_next_invoice_has_it_once(ledger, company):
    entry = invoice(ledger, company, "10.00")
    ledger.change(entry, at=clock.now(), hours="1.00")
    invoice(ledger, company, "1.00", month=NOVEMBER)
    invoice_adjustments.freeze()
    assert waiting(company) == []
    assert base(company, NOVEMBER) == Decimal("850.55") - Decimal("7654.95")
    (settled,) = invoice_adjustments.of_invoices(Reader.of(company), OCTOBER)
    assert (settled.invoiced_on, settled.amount) == (NOVEMBER.until, Decimal("-7654.95"))
    assert invoice_adjustments.on_invoices(Reader.of(company), NOVEMBER) == [settled]


def test_a_removed_entry_is_a_credit_of_all_of_it(ledger, company):
    entry = invoice(ledger, company)
    ledger.change(entry, at=clock.now(), withdrawn=True)
    (one,) = waiting(company)
    assert (one.new, one.amount) == (None, Decimal("-1701.10"))


def test_another_day_alone_is_no_difference_in_money(ledger, company):
    entry = invoice(ledger, company)
    ledger.change(entry, at=clock.now())
    entry.worked_day = date(2026, 10, 11)
    db.session.flush()
    assert waiting(company) == []


def test_what_nobody_can_price_waits_and_says_so(ledger, company):
    entry = invoice(ledger, company)
    ledger.change(entry, at=clock.now(), category="NEVIDANO")
    invoice(ledger, company, month=NOVEMBER)
    (one,) = waiting(company)
    assert one.amount is None


def test_a_correction_is_on_the_invoice_of_the_document_that_settles_it(ledger, company):
    entry = invoice(ledger, company, "10.00")
    ledger.change(entry, at=clock.now(), hours="1.00")
    said = correction(entry, "10.00", "1.00")
    invoice(ledger, company, "1.00", month=NOVEMBER)
    assert len(waiting(company)) == 1  # the core says of every correction which document has it: none yet
    document = IssuedInvoice(core_id="d9", company_id=company.id, period_end=NOVEMBER.until, supplement=1)
    db.session.add(document)
    said.document = "d9"
    invoice_adjustments.freeze()
    assert waiting(company) == []
    assert [(one.supplement, one.bill.base) for one in invoiced.month(Reader.of(company), NOVEMBER).invoices] == [
        (0, Decimal("850.55")),
        (1, Decimal("-7654.95")),
    ]


def test_a_mirror_that_begins_later_says_the_same(ledger, company):
    entry = ledger.entry(
        ledger.ticket(company, state="done"), "1.00", at="2026-10-10T10:00", invoiced_on=OCTOBER.until
    )
    correction(entry, "10.00", "1.00", document="d9")
    db.session.add(IssuedInvoice(core_id="d9", company_id=company.id, period_end=NOVEMBER.until))
    db.session.flush()
    invoice_adjustments.freeze()
    assert (base(company, OCTOBER), base(company, NOVEMBER)) == (Decimal("8505.50"), Decimal("-7654.95"))


def test_hours_say_what_was_invoiced_and_what_is_true_now(ledger, company):
    entry = invoice(ledger, company, "10.00")
    ledger.change(entry, at=clock.now(), hours="1.00")
    (row,) = time_report.rows(Reader.of(company), HoursFilter())
    assert (row.hours, row.invoiced_as) == (1, ("PROGP85", Decimal(10), date(2026, 10, 10)))


def correction(entry, old, new, document=""):
    said = TimeEntryCorrection(
        core_id=f"k{entry.id}",
        time_entry_id=entry.id,
        at=clock.now(),
        old_category=entry.category,
        old_hours=Decimal(old),
        old_day=entry.worked_day,
        new_category=entry.category,
        new_hours=Decimal(new),
        new_day=entry.worked_day,
        invoiced_on=entry.invoiced_on,
        document=document,
        noticed_at=clock.now(),
    )
    db.session.add(said)
    db.session.flush()
    return said


@pytest.mark.parametrize("seed", range(8))
def test_every_crown_is_on_one_invoice_or_waits_whatever_happens(ledger, company, seed):
    """The oracle keeps books of its own: what exists now is what all invoices and what waits come to together."""
    chance, day, entries = random.Random(seed), clock.now(), []
    for step in range(40):
        day += timedelta(days=1)
        with clock.set_to(day):
            _happen(chance, ledger, company, entries, step)
            db.session.flush()
        assert _on_paper(company) == _alive(entries)


def _happen(chance, ledger, company, entries, step):
    what = chance.choice(["work", "work", "correct", "move", "remove", "return", "take back", "invoice"])
    entry = chance.choice(entries) if entries else None
    if what == "work" or entry is None:
        hours = Decimal(chance.randint(1, 900)).scaleb(-2)
        entries.append(ledger.entry(ledger.ticket(company), hours, chance.choice([*RATES]), "2026-10-10T10:00"))
    elif what == "correct":
        ledger.change(entry, at=clock.now(), hours=str(Decimal(chance.randint(1, 900)).scaleb(-2)))
    elif what == "move":
        ledger.change(entry, at=clock.now(), category=chance.choice([*RATES]))
    elif what in ("remove", "return"):
        ledger.change(entry, at=clock.now(), withdrawn=what == "remove")
    elif what == "take back":
        entry.invoiced_on = None
        db.session.get(Ticket, entry.ticket_id).state = "to_be_invoiced"
    else:
        month = month_of(date(2026, 1 + step % 12, 1))
        for one in entries:
            if one.invoiced_on is None and one.withdrawn_at is None and chance.random() < 0.7:
                one.invoiced_on = month.until
        db.session.flush()
        invoice_adjustments.freeze()


def _on_paper(company):
    reader = Reader.of(company)
    return sum(month.bill.base for month in invoiced.months(reader)) + invoice_preview.preview(reader).bill.base


def _alive(entries):
    amounts = (
        (entry.hours * RATES[entry.category]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for entry in entries
        if entry.withdrawn_at is None
    )
    return sum(amounts, Decimal(0))
