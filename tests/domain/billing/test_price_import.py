"""Importing prices: said line by line before, refused whole when a line is wrong, and no old month ever changes."""

from datetime import date
from decimal import Decimal

import pytest

from portal.db import db
from portal.domain.billing import price_import, prices
from portal.domain.billing.price_import import Does, Row
from portal.domain.companies.reader import Reader

TODAY = date(2026, 11, 23)
HEAD = ["Kategorie", "Název", "Cena za hodinu", "Měna", "Platí od", "Společnost"]
COMPANIES = {"strojirny vltava, a. s.": 1, "c2": 2}
KNOWN = [Row(None, "PROGP85", "Práce", Decimal(850), "CZK", date(2026, 1, 1))]


def plan(*lines, known=KNOWN):
    return price_import.plan([HEAD, *lines], known, COMPANIES, TODAY)


def test_a_new_price_from_this_month_on_is_added():
    (line,) = plan(["PROGP85", "Programátorské práce", 890, "CZK", date(2026, 11, 1), ""])
    assert (line.does, line.row.rate, line.row.company_id) == (Does.ADDS, Decimal("890.00"), None)


@pytest.mark.parametrize("rate", ["1 250,50", "1250.5", 1250.5, "1\xa0250,50 Kč"])
def test_prices_are_read_as_people_and_spreadsheets_write_them(rate):
    (line,) = plan(["KONZ95", "", rate, "", "1. 12. 2026", "Strojírny Vltava, a. s."])
    assert (line.row.rate, line.row.company_id, line.row.valid_from) == (Decimal("1250.50"), 1, date(2026, 12, 1))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["progp85", "", 1, "", "2026-12-01", ""], "is no category"),
        (["PROGP85", "", "-1", "", "2026-12-01", ""], "is no price"),
        (["PROGP85", "", "1,005", "", "2026-12-01", ""], "more than two decimal"),
        (["PROGP85", "", "1e5", "", "2026-12-01", ""], "is no price"),
        (["PROGP85", "", 99999999, "", "2026-12-01", ""], "mistyped"),
        (["PROGP85", "", 1, "koruny", "2026-12-01", ""], "is no currency"),
        (["PROGP85", "", 1, "", "31. 11. 2026", ""], "is no day"),
        (["PROGP85", "", 1, "", "", ""], "is no day"),
        (["PROGP85", "", 1, "", "2026-12-01", "Nikdo"], "there is no company"),
        (["PROGP85", "", 1, "", "2026-01-01", ""], "a new price needs a later day"),
        (["PROGP85", "", 900, "", "2026-10-31", ""], "an old month"),
        (["PROGP85", "", 900, "", "2026-10-01", "c2"], "an old month"),
        (["PROGP85"], "is no price"),
    ],
)
def test_a_wrong_line_says_why(cells, words):
    (line,) = plan(cells)
    assert line.does is Does.WRONG
    assert words in line.words
    assert line.number == 2


def test_a_category_without_any_price_may_get_its_past():
    lines = plan(["NOVA1", "", 500, "", "2024-01-01", ""], ["NOVA1", "", 600, "", "2025-01-01", ""])
    assert [line.does for line in lines] == [Does.ADDS, Does.ADDS]


def test_what_is_known_is_known_and_what_is_said_twice_is_wrong():
    line = ["PROGP85", "", 850, "", "2026-01-01", ""]
    assert [found.does for found in plan(line, [], ["", None, ""], line)] == [Does.NOTHING, Does.WRONG]


def test_a_table_without_heads_is_wrong_as_a_whole():
    (line,) = price_import.plan([["PROGP85", 850]], KNOWN, COMPANIES, TODAY)
    assert line.does is Does.WRONG
    assert "name the columns" in line.words
    assert price_import.plan([], KNOWN, COMPANIES, TODAY)[0].does is Does.WRONG


def test_an_import_is_written_and_then_known(ledger):
    company = ledger.company()
    table = [
        HEAD,
        ["PROGP85", "Práce", "850,00", "CZK", "2026-01-01", ""],
        ["PROGP85", "", 700, "", "2026-01-01", company.name],
    ]
    assert price_import.perform(price_import.of_today(table)) == 2
    assert {line.does for line in price_import.of_today(table)} == {Does.NOTHING}
    assert prices.list_of(Reader.of(company)).rate_on("PROGP85", TODAY) == 700
    db.session.rollback()
    assert len(price_import.known()) == 2
