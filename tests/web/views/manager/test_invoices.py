"""Folded lines: an invoice's page is small whatever it holds; a line's entries come when it is unfolded."""

import html
import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_adjustments
from portal.domain.tickets.models import Message
from portal.domain.tickets.time_entries import TimeEntry
from tests.factories.billing import Ledger

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
PAGES = ["/invoices/upcoming", "/invoices/2026-10"]
LARGEST = 60_000  # bytes of a page whose lines are folded


@pytest.fixture
def ledger(app):
    with clock.set_to(NOW):
        ledger = Ledger()
        ledger.price("PROGP85", 850)
        ledger.price("SPRAVA60", 600)
        yield ledger


@pytest.fixture
def manager(ledger, sign_in):
    company = ledger.company()
    for state, invoiced_on in (("to_be_invoiced", None), ("done", date(2026, 10, 31))):
        for category in ("PROGP85", "SPRAVA60", "NEZNAMA"):
            ticket = ledger.ticket(company, state=state, employee="Jana Nováková")
            for number in range(3):
                what = f"Oprava {category} {number} {state}"
                ledger.entry(ticket, "1.25", category, "2026-10-10T10:00", what=what, invoiced_on=invoiced_on)
    invoice_adjustments.freeze()
    person = ledger.person(company, language="en")
    db.session.commit()
    return sign_in(person)


def unfolding(page: str) -> list[str]:
    """The addresses of folded lines."""
    return [html.unescape(found) for found in re.findall(r'hx-get="([^"]*unfold=[^"]*)"', page)]


def entries(page: str) -> set[str]:
    """What is said of entries in the lines of a page, or in a part."""
    return set(re.findall(r">(Oprava [^<]+)<", page[max(0, page.find('class="table lines"')) :]))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_folds_its_lines_and_each_is_fetched_when_unfolded(manager, path):
    page = manager.get(path)
    assert "HX-Request" in page.headers["Vary"]
    assert entries(page.text) == set()
    parts = [manager.get(address, headers=PART).text for address in unfolding(page.text)]
    assert [len(entries(part)) for part in parts] == [3, 3, 3]
    assert set().union(*map(entries, parts)) == entries(manager.get(f"{path}?unfold=all").text)
    assert not any("<html" in part for part in parts)


@pytest.mark.parametrize("path", PAGES)
def test_without_a_script_the_same_link_brings_the_page_with_that_line_unfolded(manager, path):
    for address in unfolding(manager.get(path).text):
        page = manager.get(address).text
        assert entries(page) == entries(manager.get(address, headers=PART).text)
        assert len(unfolding(page)) == 2 and "<html" in page


@pytest.mark.parametrize("path", PAGES)
def test_what_is_unfolded_keeps_the_naming(manager, path):
    page = manager.get(f"{path}?people=initials").text
    assert all("people=initials" in address for address in unfolding(page))
    for address in unfolding(page):
        part = manager.get(address, headers=PART).text
        assert "J. N." in part and "Nováková" not in part
        assert "people=initials" in part or "more" not in part


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("key", ["PROGP85_1.00", "x", "A%00B_1.00", "_none", "PROGP85_850.00_untold"])
def test_a_line_that_is_not_there_is_not_found_and_spoils_no_page(manager, path, key):
    assert manager.get(f"{path}?unfold={key}", headers=PART).status_code == 404
    page = manager.get(f"{path}?unfold={key}")
    assert page.status_code == 200 and entries(page.text) == set()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_stays_small_whatever_it_holds(ledger, sign_in, path):
    """Some thousand entries, all of them odd, and hundreds that differ from their invoice."""
    company = ledger.company()
    words = "Dobrý den, ovladač tiskárny jsem přeinstaloval a zkusil vytisknout zkušební stránku znovu. " * 2
    for category in range(8):
        ledger.price(f"PRACE{category}", 800 + category)
    for state, invoiced_on, times in (("to_be_invoiced", None, 1500), ("done", date(2026, 10, 31), 400)):
        for number in range(times // 10):
            ticket = ledger.ticket(company, state=state, subject=words[:100], employee=f"Zaměstnanec {number}")
            first = ledger.entry(ticket, "9.25", "PRACE0", "2026-10-10T10:00", what=words, invoiced_on=invoiced_on)
            db.session.flush()
            _repeat(first, 9)
    invoice_adjustments.freeze()
    for entry in db.session.query(TimeEntry).filter(TimeEntry.invoiced_on.is_not(None)):
        entry.hours += 1
    person = ledger.person(company, language="cs")
    db.session.commit()
    manager = sign_in(person)
    page = manager.get(path)
    assert len(page.data) <= LARGEST, len(page.data)
    assert len(manager.get(f"{path}?unfold=all").data) > LARGEST, "there is something to fold"


def _repeat(entry: TimeEntry, times: int) -> None:
    """So many copies of an entry, each under a message of its own."""
    message = db.session.get_one(Message, entry.message_id)
    for model, row in ((Message, message), (TimeEntry, entry)):
        columns = {column.name: getattr(row, column.name) for column in model.__table__.columns}
        del columns["id"]
        copies = [columns | {"core_id": f"{row.core_id}-{number}"} for number in range(times)]
        if model is TimeEntry:
            copies = [copy | {"category": f"PRACE{number % 8}"} for number, copy in enumerate(copies)]
        db.session.execute(insert(model), copies)
