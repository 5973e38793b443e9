"""VAT by company and date: on what waits and on what is frozen."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_preview, invoice_snapshots, invoices
from portal.domain.billing.vat import treatments
from portal.domain.billing.vat.treatments import Treatment
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.users.actor import OPERATOR
from portal.lib.periods import Period
from tests.factories.billing import Ledger

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
FIRST_OF_NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def books(app):
    """A company with October invoiced and an hour of November waiting, on 20 November."""
    ledger = Ledger()
    with clock.set_to(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        ledger.price("SPRAVA60", "600")
        company = ledger.company("Strojírny A")
        done = ledger.ticket(company, state="done")
        ledger.entry(done, "2.00", "SPRAVA60", "2026-10-05T10:00", invoiced_on=OCTOBER.until)
        invoice_snapshots.freeze()
        waits = ledger.ticket(company, state="to_be_invoiced")
        entry = ledger.entry(waits, "1.00", "SPRAVA60", "2026-11-05T10:00")
        db.session.commit()
        yield company, entry


def test_an_invoice_has_the_czech_rate_until_somebody_chooses(books):
    company, *_ = books
    assert _upcoming(company) == (Decimal(21), Decimal("126.00"), ())


@pytest.mark.parametrize("treatment", [Treatment.REVERSE_CHARGE, Treatment.ABROAD])
def test_without_czech_vat_the_upcoming_invoice_says_why(books, treatment):
    company, *_ = books
    treatments.choose(OPERATOR, company, treatment, FIRST_OF_NOVEMBER)
    assert _upcoming(company) == (Decimal(0), Decimal(0), (treatment.label,))


def test_a_choice_changes_nothing_before_its_day_and_nothing_frozen(books):
    company, entry = books
    treatments.choose(OPERATOR, company, Treatment.REVERSE_CHARGE, FIRST_OF_NOVEMBER)
    assert treatments.on(Reader.of(company), OCTOBER.until).percent == Decimal(21)
    entry.invoiced_on = NOVEMBER.until
    invoice_snapshots.freeze()
    treatments.choose(OPERATOR, company, Treatment.CZECH, date(2026, 10, 1))
    treatments.choose(OPERATOR, company, Treatment.CZECH, FIRST_OF_NOVEMBER)
    found = {period: invoices.month(Reader.of(company), period) for period in (OCTOBER, NOVEMBER)}
    assert [(one.bill.vat_percent, one.vat_notes) for one in found.values()] == [
        (Decimal(21), ()),
        (Decimal(0), (Treatment.REVERSE_CHARGE.label,)),
    ]


def test_the_newest_choice_counts_and_another_company_has_none_of_it(books):
    company, *_ = books
    other = Company(core_id="other", name="Strojírny B")
    db.session.add(other)
    treatments.choose(OPERATOR, company, Treatment.CZECH, FIRST_OF_NOVEMBER)
    treatments.choose(OPERATOR, company, Treatment.ABROAD, date(2026, 11, 15))
    found = [treatments.on(Reader.of(one), NOVEMBER.until).treatment for one in (company, other)]
    assert found == [Treatment.ABROAD, Treatment.CZECH]
    assert [treatments.of_company(one.id, NOVEMBER.until).treatment for one in (company, other)] == found


def _upcoming(company):
    found = invoice_preview.preview(Reader.of(company))
    return found.bill.vat_percent, found.bill.vat, found.vat_notes
