"""VAT by company on pages and in workbooks."""

from datetime import UTC, date, datetime
from io import BytesIO

import openpyxl
import pytest

from portal import clock
from portal.db import db
from portal.domain.billing.vat import treatments
from portal.domain.billing.vat.treatments import Treatment
from portal.domain.users.actor import OPERATOR
from tests.factories.billing import Ledger


@pytest.fixture
def books(app):
    """A company with an hour of November waiting, on 20 November."""
    ledger = Ledger()
    with clock.set_to(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        ledger.price("SPRAVA60", "600")
        company = ledger.company("Strojírny A")
        person = ledger.person(company, language="en")
        ledger.entry(ledger.ticket(company, state="to_be_invoiced"), "1.00", "SPRAVA60", "2026-11-05T10:00")
        db.session.commit()
        yield company, person


def test_page_and_workbook_say_the_same_sum_and_the_note(books, sign_in):
    company, person = books
    treatments.choose(OPERATOR, company, Treatment.REVERSE_CHARGE, date(2026, 11, 1))
    client = sign_in(person)
    page = client.get("/invoices/upcoming").text
    assert "Reverse charge: VAT is paid by the customer." in page
    assert "VAT 0 %" in page
    assert "600.00 with VAT" in client.get("/").text
    sheet = openpyxl.load_workbook(BytesIO(client.get("/invoices/upcoming.xlsx").data)).worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert any("Reverse charge: VAT is paid by the customer." in row for row in cells)
    assert next(row for row in cells if row[0] == "Total with VAT")[-1] == 600
