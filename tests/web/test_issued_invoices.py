"""Issued documents and supplements on the page of an invoiced month."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_snapshots
from portal.domain.billing.issued_invoices import IssuedInvoice
from portal.domain.tickets.time_entries import TimeEntry
from tests.factories.billing import Ledger

END = date(2026, 10, 31)


@pytest.fixture
def books(app):
    """A company with an invoice of October, made on 2 November."""
    ledger = Ledger()
    with clock.set_to(datetime(2026, 11, 2, 9, tzinfo=UTC)):
        ledger.price("SPRAVA60", "600")
        company = ledger.company("Strojírny A")
        person = ledger.person(company, language="en")
        worked(ledger, company, "3.00")
        db.session.commit()
    return ledger, company, person


def worked(ledger, company, hours, document=""):
    ticket = ledger.ticket(company, state="done", subject="Tiskárna")
    entry = ledger.entry(ticket, hours, "SPRAVA60", "2026-10-05T10:00", invoiced_on=END)
    entry.document = document
    db.session.flush()
    invoice_snapshots.freeze()


def issue(company, **said):
    db.session.add(IssuedInvoice(company_id=company.id, period_end=END, **said))
    db.session.commit()


def test_a_single_invoice_without_a_number_needs_no_list(books, sign_in):
    *_, person = books
    assert "documents-title" not in sign_in(person).get("/invoices/2026-10").text


@pytest.mark.parametrize(("total", "says"), [("2178.00", "as on the document"), ("2178.01", "the document says")])
def test_what_the_document_says_is_compared_with_ours(books, sign_in, total, says):
    _, company, person = books
    issue(company, core_id="1", number="2026110001", due_on=date(2026, 11, 17), total=Decimal(total))
    page = sign_in(person).get("/invoices/2026-10").text
    assert "2026110001" in page
    assert says in page


def test_the_same_number_in_another_currency_is_not_the_same_sum(books, sign_in):
    _, company, person = books
    issue(company, core_id="1", number="2026110001", total=Decimal("2178.00"), currency="EUR")
    page = sign_in(person).get("/invoices/2026-10").text
    assert "the document says €2,178.00" in page
    assert "as on the document" not in page


def test_a_supplement_stands_beside_its_invoice_and_has_a_number_of_its_own(books, sign_in):
    ledger, company, person = books
    issue(company, core_id="2", number="2026110099", supplement=1, link="https://faktury.example/2026110099")
    worked(ledger, company, "1.00", "2")
    db.session.commit()
    page = sign_in(person).get("/invoices/2026-10").text
    assert "Supplement 1" in page
    assert 'href="https://faktury.example/2026110099"' in page


def test_another_company_s_document_is_not_told(books, sign_in):
    ledger, _, person = books
    issue(ledger.company("Strojírny B"), core_id="3", number="CIZI-1")
    assert "CIZI-1" not in sign_in(person).get("/invoices/2026-10").text


def test_a_credit_has_a_minus_sign_and_a_label_beside_every_figure(books, sign_in):
    ledger, _, person = books
    entry = db.session.scalars(select(TimeEntry)).one()
    ledger.change(entry, at=clock.now(), hours="1.00")
    db.session.commit()
    page = sign_in(person).get("/invoices/upcoming").text
    assert "\N{MINUS SIGN}CZK1,200.00" in page
    assert "-CZK" not in page
    row = page[page.index('id="adjustments-title"') :].split("<tbody>")[1].split("</tbody>")[0]
    assert row.count("data-label") == row.count("<td") - 1  # the entry itself is the card's title
