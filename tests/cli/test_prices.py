"""connectica-portal prices and connectica-portal companies, as an administrator types them."""

import pytest
from openpyxl import Workbook

from portal.db import db
from portal.domain.billing import price_import
from portal.domain.companies.models import Company
from tests.factories.billing import Ledger

CSV = "Kategorie;Název;Cena;Platí od\nPROGP85;Programátorské práce;850,00;1. 1. 2026\n"
CSV += "SPRAVA60;Správa sítě;600;1. 1. 2026\n"


@pytest.fixture
def flask(app):
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=words)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1250"])
def test_an_import_is_dry_until_it_is_for_real(flask, tmp_path, encoding):
    (tmp_path / "ceník.csv").write_text(CSV, encoding=encoding)
    dry = flask("prices", "import", str(tmp_path / "ceník.csv"))
    assert "+ line 2: PROGP85 850.00 CZK from 2026-01-01" in dry.output
    assert price_import.known() == []
    real = flask("prices", "import", str(tmp_path / "ceník.csv"), "--for-real")
    assert "2 prices written" in real.output
    assert [row.name for row in price_import.known()] == ["Programátorské práce", "Správa sítě"]


def test_one_wrong_line_stops_the_whole_import(flask, tmp_path):
    book = Workbook()
    for row in (
        ["category", "price", "valid from"],
        ["PROGP85", 850, "2026-01-01"],
        ["SPRAVA60", "hodně", "2026-01-01"],
    ):
        book.active.append(row)
    book.save(tmp_path / "prices.xlsx")
    refused = flask("prices", "import", str(tmp_path / "prices.xlsx"), "--for-real")
    assert refused.exit_code == 1
    assert "! line 3: 'hodně' is no price per hour" in refused.output
    assert price_import.known() == []


def test_a_file_that_is_no_workbook_is_refused_in_plain_words(flask, tmp_path):
    (tmp_path / "prices.xlsx").write_bytes(b"PK no")
    refused = flask("prices", "import", str(tmp_path / "prices.xlsx"))
    assert refused.exit_code == 1
    assert "cannot be read as a workbook" in refused.output


def test_what_a_company_is_shown_live_is_chosen_by_name(flask):
    company = Ledger().company()
    db.session.commit()
    assert "now shown live: hours" in flask("companies", "show-live", company.name, "hours").output
    db.session.expire_all()
    assert db.session.get(Company, company.id).shown_live == "hours"
    assert "shown live: hours" in flask("companies", "list").output
    assert flask("companies", "show-live", "Nikdo", "hours").exit_code == 1
    assert flask("companies", "show-live", company.name, "everything").exit_code == 2
