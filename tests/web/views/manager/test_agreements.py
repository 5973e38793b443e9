"""What is prepaid is said alike on every page and in every file, and never to another company."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from portal.db import db
from portal.domain.billing.agreements import sharing
from portal.domain.billing.agreements.models import Agreement
from portal.domain.billing.budgets import Every, Unit
from portal.domain.billing.prices import Price
from tests.factories import mirror


@pytest.fixture
def prepaid(world):
    """Two hours a month: the second entry of Sunday the 22nd crosses them, the third is above."""
    for category in ("PROGP85", "KONZ95"):
        db.session.add(Price(category=category, name=category, rate=Decimal(850), valid_from=date(2020, 1, 1)))
    for company in (world.a.company, world.b.company):
        db.session.add(
            Agreement(
                company_id=company.id,
                valid_from=date(2026, 11, 1),
                unit=Unit.HOURS,
                amount=Decimal(2),
                every=Every.MONTH,
                carries=Decimal(0),
                rate_inside=Decimal(500),
                rate_over=Decimal(990),
                from_core=False,
            )
        )
    world.a.ticket.state = "to_be_invoiced"
    for hours in ("1.50", "0.50"):
        mirror.time_entry(
            world.a.ticket, hours, worked_at=world.a.said.sent_at + 2 * (world.a.said.sent_at - world.a.asked.sent_at)
        )
    sharing.keep({world.a.company.id, world.b.company.id})
    mirror.settle()
    return world


SUM = Decimal("2.75") * 500 + Decimal("0.50") * 990  # 1 + 0,25 + 1,5 inside, and 0,5 above


def written(amount):
    return f"{amount:,.2f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")


def test_the_meter_stands_on_overview_and_upcoming_invoice(prepaid, manager):
    page = manager.get("/invoices/upcoming").text
    assert written(SUM) in page
    for words in ("zahrnuto", "2,75", "\N{MINUS SIGN}0,75", "odpracováno nad rámec"):
        assert words in page.replace("-0,75", "\N{MINUS SIGN}0,75")
    assert "nad rámec předplaceného" in manager.get("/invoices/upcoming?unfold=all").text
    assert "Předplaceno do" in manager.get("/").text


def test_hours_and_the_ticket_say_it_of_every_entry(prepaid, manager):
    for path in ("/hours", f"/tickets/{prepaid.a.ticket.number}"):
        page = manager.get(path).text
        assert page.count(">předplaceno</span>") == 3, path
        assert page.count(">nad rámec předplaceného</span>") == 1, path


def test_workbook_and_csv_say_the_same_in_money_and_words(prepaid, manager):
    made = load_workbook(io.BytesIO(manager.get("/invoices/upcoming.xlsx").data), data_only=True)
    texts = [str(cell.value) for sheet in made for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert any("Předplaceno na" in text and "využito 2,75" in text for text in texts)
    assert sum("nad rámec předplaceného." in text for text in texts) == 1
    assert float(SUM) in {cell.value for sheet in made for row in sheet.iter_rows() for cell in row}
    lines = list(
        csv.reader(io.StringIO(manager.get("/invoices/upcoming.csv").data.decode("utf-8-sig")), delimiter=";")
    )
    amounts = [line[lines[0].index("Částka bez DPH")] for line in lines[1:]]
    assert sum(Decimal(amount.replace("\xa0", "").replace(",", ".")) for amount in amounts if amount) == SUM


def test_a_company_without_an_agreement_reads_nothing_of_one(world, manager):
    for path in ("/", "/invoices/upcoming", "/hours"):
        assert "ředplacen" not in manager.get(path).text
