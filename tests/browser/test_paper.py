"""An invoice on screen and printed, as a PDF made by Chromium: it sums up once and overprints nothing."""

from collections import Counter
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from portal.db import db
from portal.domain.billing import invoice_adjustments
from portal.domain.billing.issued_invoices import Supplier
from tests.factories.billing import Ledger

ENTRIES = 150  # some pages


@pytest.fixture
def invoiced(world):
    """A month of the manager's company that is invoiced, and as much that will be."""
    ledger = Ledger()
    ledger.price("PROGP85", 850)
    world.company.ico, world.company.dic = "12345678", "CZ12345678"
    db.session.add(Supplier(name="Connectica s. r. o.", ico="87654321", dic="CZ87654321"))
    for state, invoiced_on in (("done", date(2026, 10, 31)), ("to_be_invoiced", None)):
        tickets = [ledger.ticket(world.company, state=state) for _ in range(ENTRIES // 10)]
        for number in range(ENTRIES):
            ticket = tickets[number // 10]
            ledger.entry(ticket, "0.25", at="2026-10-10T10:00", what=f"Oprava {number}", invoiced_on=invoiced_on)
    invoice_adjustments.freeze()
    db.session.commit()


@pytest.fixture
def printed(invoiced, visit, enter):
    """A page of the manager's on A4, as PDF."""

    def printed(path):
        with visit() as page:
            enter(page)
            page.goto(path)
            return PdfReader(BytesIO(page.pdf(format="A4")))

    return printed


@pytest.mark.parametrize("path", ["/invoices/2026-10?unfold=all", "/invoices/upcoming?unfold=all"])
def test_a_printed_invoice_sums_up_once_and_names_both_parties(printed, path):
    pages = [page.extract_text() for page in printed(path).pages]
    whole = "\n".join(pages)
    assert len(pages) > 2
    assert whole.count("Celkem s DPH") == 1
    assert whole.count("Základ bez DPH") == 1
    for words in ("12345678", "CZ12345678", "Connectica s. r. o.", "87654321", "CZ87654321"):
        assert words in pages[0], pages[0]


@pytest.mark.parametrize("path", ["/invoices/2026-10?unfold=all", "/hours?month=2026-10"])
def test_nothing_is_printed_over_anything_else(printed, path):
    for page in printed(path).pages:
        places: Counter[tuple[int, int]] = Counter()

        def at(text, _matrix, position, *_font, places=places):
            if text.strip():
                places[round(position[4]), round(position[5])] += 1

        page.extract_text(visitor_text=at)
        assert not [place for place, times in places.items() if times > 1]


@pytest.mark.parametrize("path", ["/invoices/2026-10", "/invoices/upcoming"])
def test_a_folded_line_is_unfolded_in_its_place_and_has_the_focus(invoiced, visit, enter, path):
    with visit() as page:
        enter(page)
        page.goto(path)
        assert page.get_by_text("Oprava 7", exact=True).count() == 0
        page.locator("a.unfolds").click()
        page.get_by_text("Oprava 7", exact=True).wait_for()
        assert page.url.endswith(path)
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        page.keyboard.press("Enter")
        assert not page.get_by_text("Oprava 7", exact=True).is_visible()
