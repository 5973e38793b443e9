"""Hours and invoices as a manager sees them: the page and its file say the same, and nobody sees too much."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from portal import clock
from portal.db import db
from portal.domain.audit.events import AuditEvent
from portal.domain.billing import budgets, disclosure, invoice_snapshots
from portal.domain.billing.disclosure import Shown
from portal.domain.billing.issued_invoices import IssuedInvoice, Supplier
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.users.actor import OPERATOR
from portal.lib.periods import month_of
from tests.factories.billing import Ledger
from tests.web.conftest import MARKER

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PAGES = [
    "/hours",
    "/hours?month=all",
    "/hours?month=2026-10",
    "/hours/changes",
    "/invoices",
    "/invoices/upcoming",
    "/invoices/2026-10",
    "/invoices/upcoming?unfold=all",
    "/invoices/2026-10?unfold=all",
]
FILES = [
    "/hours/2026-11.xlsx",
    "/hours/all.xlsx",
    "/hours/2026-11.csv",
    "/hours/all.csv",
    "/invoices/upcoming.xlsx",
    "/invoices/upcoming.csv",
    "/invoices/2026-10.xlsx",
    "/invoices/2026-10.csv",
]
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Books:
    """Two companies with the same kinds of entries; company B's texts all carry the marker."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.price("PROGP85", "850.55")
        self.ledger.price("SPRAVA60", "600")
        self.a, self.b = self._company("Strojírny A", ""), self._company(f"Strojírny B {MARKER}", MARKER)
        self.manager = self.ledger.person(self.a, language="en")
        self.viewer = self.ledger.person(self.a, "viewer", language="en")
        self.staff = self.ledger.person(None, "staff")
        invoice_snapshots.freeze()
        db.session.commit()

    def _company(self, name: str, mark: str) -> Company:
        company, ledger = self.ledger.company(name), self.ledger
        for state, spent, category, day in (
            ("open", "1.25", "PROGP85", "2026-11-03"),
            ("to_be_invoiced", "2.33", "PROGP85", "2026-11-04"),
            ("to_be_invoiced", "0.50", f"NOVA{mark[:3]}", "2026-11-05"),
            ("done", "3.00", "SPRAVA60", "2026-10-05"),
        ):
            ticket = ledger.ticket(company, state=state, subject=f"Tiskárna {mark}", employee=f"Jana {mark}")
            entry = ledger.entry(
                ticket,
                spent,
                category,
                f"{day}T10:00",
                what=f"Oprava {state} {category} {mark}",
                invoiced_on=date(2026, 10, 31) if state == "done" else None,
            )
        ledger.change(entry, at=NOW - timedelta(days=1), hours="3.00")
        return company


@pytest.fixture
def books(app):
    with clock.set_to(NOW):
        yield Books()


@pytest.fixture
def manager(books, sign_in):
    return sign_in(books.manager)


def sum_on(page: str, name: str) -> str:
    """The sentence of a sum, by the id of its element."""
    found = re.search(rf'id="{name}">([^<]*)', page)
    return html.unescape(found[1]).replace("\xa0", " ").strip()


def sheets(answer) -> dict[str, list[list]]:
    book = CalamineWorkbook.from_object(BytesIO(answer.data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_the_page_the_workbook_and_the_csv_have_one_sum(manager):
    page = manager.get("/hours?month=2026-11").text
    assert sum_on(page, "hours-sum") == "3 entries · 4.08 h · CZK3,044.97 without VAT"
    book = sheets(manager.get("/hours/2026-11.xlsx"))
    facts = {row[0]: row for row in book["Summary"]}
    assert facts["Sum"][1].replace("\xa0", " ") == "3 entries · 4.08 h · CZK3,044.97"
    assert facts["Base without VAT"][2:] == [3.0, 4.08, "", 3044.97]
    lines = manager.get("/hours/2026-11.csv").data.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 3


def test_the_upcoming_invoice_and_its_workbook_have_one_sum(manager):
    page = manager.get("/invoices/upcoming").text
    assert sum_on(page, "upcoming-sum").startswith("2 entries · 2.83 h · CZK1,981.78")
    assert (sum_on(page, "base"), sum_on(page, "total")) == ("CZK1,981.78", "CZK2,397.95")
    facts = {row[0]: row for row in sheets(manager.get("/invoices/upcoming.xlsx"))["Summary"]}
    assert facts["Total with VAT"][-1] == 2397.95


def test_an_invoiced_month_and_its_workbook_have_one_sum(manager):
    assert sum_on(manager.get("/invoices/2026-10").text, "total") == "CZK2,178.00"
    facts = {row[0]: row for row in sheets(manager.get("/invoices/2026-10.xlsx"))["Summary"]}
    assert facts["Total with VAT"][-1] == 2178.0


def test_the_file_has_what_the_filter_shows(manager):
    for query in (
        "month=2026-11&category=PROGP85",
        "month=2026-11&billing=running",
        "month=2026-11&ticket=nic",
        "since=2026-11-04&until=2026-11-04",
    ):
        page = manager.get(f"/hours?{query}").text
        address = re.search(r'href="(/hours/[^"]+\.xlsx[^"]*)"', page)[1].replace("&amp;", "&")
        facts = {row[0]: row for row in sheets(manager.get(address))["Summary"]}
        assert facts["Sum"][1].replace("\xa0", " ") == sum_on(page, "hours-sum").removesuffix(" without VAT"), query


def test_a_part_is_the_list_without_the_frame(manager):
    part = manager.get("/hours?month=2026-11&by=ticket", headers=PART)
    assert sum_on(part.text, "hours-sum").startswith("3 entries")
    assert "<html" not in part.text
    assert "HX-Request" in part.headers["Vary"]


def test_pages_of_entries_follow_each_other(books, manager, monkeypatch):
    monkeypatch.setattr("portal.domain.billing.time_report.ON_A_PAGE", 2)
    seen, address = [], "/hours?month=all"
    while address:
        page = manager.get(address, headers=PART if "after" in address else {}).text
        seen += re.findall(r'id="row-(\d+)"', page)
        found = re.search(r'href="([^"]*after=[^"]*)" rel="next"', page)
        address = found[1].replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 4


def test_company_b_is_in_no_page_and_no_file(manager):
    for address in PAGES + FILES:
        answer = manager.get(address)
        assert answer.status_code == 200, address
        content = str(sheets(answer)) if address.endswith(".xlsx") else answer.get_data(as_text=True)
        assert MARKER not in content, address
        assert "Tiskárna" in content or "Strojírny A" in content, address


def test_files_are_for_managers(books, sign_in):
    viewer, staff = sign_in(books.viewer), sign_in(books.staff)
    for address in FILES:
        assert viewer.get(address).status_code == 404, address
        assert staff.get(address).status_code == 404, address
    assert viewer.get("/hours").text.count(".xlsx") == 0


def test_a_file_is_named_typed_kept_from_caches_and_written_down(books, manager):
    answer = manager.get("/hours/2026-11.xlsx")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="hours-strojirny-a-2026-11.xlsx"; '
        "filename*=UTF-8''hours%20%E2%80%93%20Stroj%C3%ADrny%20A%20%E2%80%93%202026-11.xlsx"
    )
    assert answer.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    about = [event.about for event in db.session.query(AuditEvent).filter_by(company_id=books.a.id)]
    assert about == ["hours-strojirny-a-2026-11.xlsx"]


NO_MONTHS = [
    "/hours/2026-13.xlsx",
    "/hours/x.csv",
    "/invoices/2026-09",
    "/invoices/2026-09?unfold=all",
    "/invoices/2026-09.xlsx",
    "/invoices/2026-10-01_2026-10-02",
    "/invoices/0000-00.csv",
]
NONSENSE = [
    "month=%00",
    "since=9999-99-99",
    "after=-1",
    "after=99999999999999999999",
    "technician=1e9",
    "by=__class__",
    "employee=%F0%9F%92%BE",
    "ticket='%3B--",
    "category=%7B%7B7*7%7D%7D",
    "billing=x&invoice=x",
]


def test_what_is_no_month_or_no_invoice_is_not_found(manager):
    for address in NO_MONTHS:
        assert manager.get(address).status_code == 404, address


def test_nonsense_in_an_address_breaks_nothing(manager):
    for query in NONSENSE:
        answer = manager.get(f"/hours?{query}")
        assert answer.status_code == 200, query
        assert ">49<" not in answer.text, query


CHOICES = [(Shown.MONEY, True, True), (Shown.HOURS, True, False), (Shown.NOTHING, False, False)]


def test_pages_and_files_follow_what_connectica_chose(books, manager):
    for shown, hours, money in CHOICES:
        disclosure.choose(OPERATOR, books.a, shown)
        upcoming, page = manager.get("/invoices/upcoming").text, manager.get("/hours?month=2026-11").text
        files = str(sheets(manager.get("/invoices/upcoming.xlsx"))) + manager.get("/hours/2026-11.csv").text
        assert ("2.33" in page, "2.33" in files, "2.83" in upcoming) == (hours,) * 3, shown
        assert ("1,981.78" in upcoming, "1981.78" in files, "3,044.97" in page) == (money,) * 3, shown
        assert "CZK2,178.00" in manager.get("/invoices/2026-10").text, "what is invoiced is always shown"


def test_the_strip_under_a_message_tells_what_the_company_may_see(books, manager):
    number = re.search(r"/tickets/(2026\d+)#entry-\d+\">Oprava to_be", manager.get("/hours?month=2026-11").text)[1]
    for shown, hours, money in CHOICES:
        disclosure.choose(OPERATOR, books.a, shown)
        strip = re.search(r'<p class="time".*?</p>', manager.get(f"/tickets/{number}").text, re.DOTALL)
        told = strip[0] if strip else ""
        assert ("2.33" in told, "CZK1,981.78" in told) == (hours, money), shown


def test_what_was_noticed_since_the_last_visit_is_news(books, manager):
    assert "Since you last looked" not in manager.get("/hours").text
    with clock.set_to(NOW + timedelta(hours=2)):
        entry = books.ledger.entry(books.ledger.ticket(books.a), noticed_at=clock.now())
        books.ledger.change(entry, at=clock.now(), hours="7.00")
        db.session.commit()
    with clock.set_to(NOW + timedelta(hours=3)):
        page = manager.get("/hours").text
    assert "Since you last looked" in page
    assert "1 new entry" in page
    assert "<del>PROGP85 · 1.00" in page.replace("\xa0", " ")


def csrf(client) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get("/settings").text)[1]


def test_a_manager_sets_the_budget_and_switches_the_mail(books, manager, sign_in):
    token = csrf(manager)
    assert (
        manager.post("/invoices/budget", data={"csrf_token": token, "unit": "hours", "amount": "8,5"}).status_code
        == 302
    )
    assert budgets.chosen(Reader.of(books.a), month_of(date(2026, 11, 1))) == (budgets.Unit.HOURS, Decimal("8.50"))
    assert "<b>48 %</b>" in manager.get("/invoices/upcoming").text  # 4.08 of 8.50 hours
    refused = manager.post("/invoices/budget", data={"csrf_token": token, "unit": "hours", "amount": "hodně"})
    assert refused.status_code in (409, 422)
    assert manager.post("/invoices/mail", data={"csrf_token": token, "wanted": "no"}).status_code == 302
    assert "Send it to me" in manager.get("/invoices").text
    viewer = sign_in(books.viewer)
    assert (
        viewer.post("/invoices/budget", data={"csrf_token": csrf(viewer), "unit": "hours", "amount": "1"}).status_code
        == 404
    )


def test_odd_entries_and_missing_prices_are_said_on_the_page(manager):
    page = manager.get("/invoices/upcoming").text
    assert "1 entry deserves a look" in page
    assert "No price: it adds nothing to the sum yet." in page
    assert "The price list does not know this category." in page


def test_the_chart_says_the_same_as_its_table(manager):
    page = manager.get("/hours?month=2026-11").text
    assert page.count("<rect") == 3  # PROGP85 and NOVA in November, SPRAVA60 in October
    assert re.search(r"4\.08\s*h", page.replace("\xa0", " "))


def test_the_page_names_the_issued_document_and_both_parties(books, manager):
    books.a.ico, books.a.dic = "12345678", "CZ12345678"
    db.session.add(Supplier(name="Connectica s. r. o.", ico="87654321", dic="CZ87654321", address="Praha"))
    db.session.add(
        IssuedInvoice(
            core_id="d1",
            company_id=books.a.id,
            period_end=date(2026, 10, 31),
            number="2026100042",
            issued_on=date(2026, 11, 2),
            taxable_on=date(2026, 10, 31),
            due_on=date(2026, 11, 16),
            total=Decimal("2178.00"),
        )
    )
    db.session.commit()
    page = manager.get("/invoices/2026-10").text
    assert "Basis of the invoice for" in page
    assert "2026100042" in page and "as on the document" in page
    for words in ("12345678", "CZ12345678", "87654321", "CZ87654321"):
        assert words in page
    summary = CalamineWorkbook.from_object(BytesIO(manager.get("/invoices/2026-10.xlsx").data))
    said = [cell for row in summary.get_sheet_by_name("Summary").to_python() for cell in row]
    assert any("12345678" in str(cell) for cell in said)
    assert any("2026100042 · equal to this basis" in str(cell) for cell in said)
