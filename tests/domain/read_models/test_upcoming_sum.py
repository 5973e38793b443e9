"""The upcoming invoice in a few figures says what its page says, and what last month's said."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_preview, invoice_snapshots
from portal.domain.billing.prices import Price
from portal.domain.companies.reader import Reader
from portal.domain.read_models import upcoming_sum
from portal.domain.tickets.models import State
from tests.factories import mirror


@pytest.fixture
def company(app):
    with clock.set_to(mirror.NOW):
        made = mirror.company("Strojírny Vltava, a. s.")
        db.session.add(Price(category="PROGP85", name="Práce", rate=Decimal(850), valid_from=date(2026, 1, 1)))
        db.session.commit()
        yield made


def _worked(company, hours, category="PROGP85", *, state=State.TO_BE_INVOICED, **entry):
    mirror.time_entry(mirror.ticket(company, state=state), hours, category, **entry)


def test_base_and_vat_are_those_of_the_upcoming_invoice(company):
    _worked(company, "2.00")
    _worked(company, "1.50", state=State.OPEN)
    _worked(company, "1.00", "JINE", state=State.OPEN)
    mirror.settle()
    found, page = upcoming_sum.of(Reader.of(company)), invoice_preview.preview(Reader.of(company))
    assert found.bill == page.bill
    assert (found.bill.base, found.bill.total) == (Decimal("1700.00"), Decimal("2057.00"))
    assert (found.running.amount, found.unpriced) == (Decimal("1275.00"), 1)


def test_a_month_without_an_invoice_is_compared_with_nothing(company):
    _worked(company, "2.00")
    mirror.settle()
    assert upcoming_sum.of(Reader.of(company)).step is None


def test_the_difference_to_last_months_invoice_is_said(company):
    last = datetime(2026, 10, 14, 9, 0, tzinfo=UTC)
    _worked(company, "1.00", state=State.DONE, worked_at=last, invoiced_on=date(2026, 10, 31))
    _worked(company, "3.00")
    mirror.settle()

    invoice_snapshots.freeze()
    found = upcoming_sum.of(Reader.of(company))
    assert found.before is not None and found.before[1] == Decimal("850.00")
    assert found.step == Decimal("1700.00")
