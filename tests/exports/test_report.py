"""The workbook of hours: what its readers find is what the page shows."""

import random
import re
import shutil
import subprocess
import zipfile
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from portal import clock
from portal.domain.billing import time_report
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.pseudonyms import Naming
from portal.domain.companies.reader import Reader
from portal.exports import csv_writer, file_names, invoice, report
from portal.exports import hours as hours_file
from portal.lib import money
from portal.lib.periods import Period, month_of
from tests.conftest import missing
from tests.factories.billing import midnight

NOVEMBER = HoursFilter(period=month_of(date(2026, 11, 1)))
PAPER = 149  # characters of Calibri 11 on A4 landscape within the margins: 277 mm of 7 pixels at 96 a inch
HOSTILE = [
    "=1+1",
    "+420 777 123 456",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
    '"=HYPERLINK("http://x")',
    "=cmd|' /C calc'!A0",
    "a" * 40_000,
    "\x00\x07\x1f",
    "\ufffe\uffff",
    "_x0041_",
    "<b>&amp;</b>",
    " spaces ",
    "řádek\nřádek",
    "'",
    "💾 ěščř",
]


def written(company, wanted=NOVEMBER, language="en") -> bytes:
    file = BytesIO()
    report.write(hours_file.report(Reader.of(company), wanted, language=language), file)
    return file.getvalue()


def some_entries(ledger, company, count: int = 120, seed: int = 1) -> None:
    """Entries around every edge of a year, some without a price."""
    chance = random.Random(seed)
    tickets = [
        ledger.ticket(
            company,
            state=chance.choice(["open", "to_be_invoiced", "done", "error"]),
            subject=f"Požadavek {number}",
            employee=chance.choice(["Eva", "Jan"]),
        )
        for number in range(9)
    ]
    for number in range(count):
        day = chance.choice(["2026-01-01", "2026-03-29", "2026-10-25", "2026-11-01", "2026-11-15", "2026-12-01"])
        ledger.entry(
            chance.choice(tickets),
            Decimal(chance.randint(1, 900)).scaleb(-2),
            chance.choice(["PROGP85", "SPRAVA60", "NEVIDANO"]),
            midnight(day, minutes=chance.randint(-90, 90)),
            what=f"Práce {number}",
            technician=chance.choice(["Radek", "Ivana", "Petr"]),
            invoiced_on=date(2026, 10, 31) if chance.random() < 0.2 else None,
        )


def column(sheet: list[list], name: str) -> list:
    position = sheet[0].index(name)
    return [row[position] for row in sheet[1:]]


@pytest.fixture
def company(ledger):
    company = ledger.company()
    ledger.price("PROGP85", "850.55")
    ledger.price("PROGP85", "901.15", "2026-11-15")
    ledger.price("SPRAVA60", "600.01", company=company)
    return company


@pytest.mark.parametrize(
    "wanted",
    [
        HoursFilter(),
        NOVEMBER,
        HoursFilter(category="PROGP85"),
        HoursFilter(billing=Billing.TO_BE_INVOICED),
        HoursFilter(period=Period(date(2026, 3, 28), date(2026, 10, 26))),
    ],
)
def test_the_workbook_says_what_the_page_says(ledger, read, company, wanted):
    some_entries(ledger, company)
    sheets = read(written(company, wanted))
    tally = time_report.totals(Reader.of(company), wanted)
    rows = list(time_report.rows(Reader.of(company), wanted))

    entries = sheets["Entries"][:-1]  # the last row is the foot
    assert column(entries, "Hours") == [float(row.hours) for row in rows]
    assert column(entries, "Amount without VAT") == ["" if row.amount is None else float(row.amount) for row in rows]
    assert column(entries, "Ticket") == [row.number for row in rows]
    assert column(entries, "Day") == [row.day for row in rows]
    for name in ("By ticket", "By employee", "By technician", "By day"):
        assert sum(map(Decimal, map(str, column(sheets[name][:-1], "Hours")))) == tally.hours
        assert sum(column(sheets[name][:-1], "Entries")) == tally.entries
        amounts = [Decimal(str(amount)) for amount in column(sheets[name][:-1], "Amount without VAT") if amount != ""]
        assert sum(amounts) == tally.amount

    summary = {row[0]: row for row in sheets["Summary"]}
    bill = money.bill(tally.amount, Decimal(21))
    assert summary["Base without VAT"][2:4] == [tally.entries, float(tally.hours)]
    assert [summary[name][5] for name in ("Base without VAT", "VAT 21 %", "Total with VAT")] == [
        float(bill.base),
        float(bill.vat),
        float(bill.total),
    ]
    lines = [row for row in sheets["Summary"] if row[0] in ("PROGP85", "SPRAVA60", "NEVIDANO")]
    assert sum(Decimal(str(row[5])) for row in lines if row[5] != "") == tally.amount
    assert [row[5] for row in lines if row[0] == "NEVIDANO"] in ([], [""])
    assert any("no price" in str(row[0]) for row in sheets["Summary"]) == bool(tally.unpriced)


def test_csv_has_the_same_rows(ledger, read, company):
    some_entries(ledger, company)
    content = b"".join(csv_writer.pieces(hours_file.report(Reader.of(company), HoursFilter(), language="en"))).decode(
        "utf-8-sig"
    )
    import csv

    table = list(csv.reader(content.splitlines()))
    sheet = read(written(company, HoursFilter()))["Entries"][:-1]
    for name in ("Ticket", "Subject", "What was done", "Employee", "Technician", "Category", "Billing", "Note"):
        assert column(table, name) == [str(value) for value in column(sheet, name)]
    assert [Decimal(value or 0) for value in column(table, "Amount without VAT")] == [
        Decimal(str(value or 0)) for value in column(sheet, "Amount without VAT")
    ]
    assert column(table, "Day") == [value.isoformat() for value in column(sheet, "Day")]


def test_libreoffice_opens_it_and_calculates_the_same(ledger, read, company, tmp_path):
    office = shutil.which("soffice")
    if not office:
        missing("LibreOffice", "apt-get install libreoffice-calc-nogui")
    if "postgresql" in str(time_report.db.engine.url):
        return  # the file does not know where its rows came from: once is enough
    some_entries(ledger, company)
    made = written(company, HoursFilter())  # once: it says to the minute when it was made
    (tmp_path / "hours.xlsx").write_bytes(made)
    subprocess.run(
        [
            office,
            f"-env:UserInstallation=file://{tmp_path}/office",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            tmp_path / "out",
            tmp_path / "hours.xlsx",
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    sheets, before = read(str(tmp_path / "out" / "hours.xlsx")), read(made)
    tally = time_report.totals(Reader.of(company), HoursFilter())
    for name in ("Entries", "By ticket", "By employee", "By technician", "By day"):
        foot = dict(zip(sheets[name][0], sheets[name][-1], strict=True))
        assert round(Decimal(foot["Hours"]), 2) == tally.hours
        assert round(Decimal(foot["Amount without VAT"]), 2) == tally.amount
        assert [row[: len(before[name][0])] for row in sheets[name][:-1]] == before[name][:-1]
    assert [row[:6] for row in sheets["Summary"] if row[0]] == [row[:6] for row in before["Summary"] if row[0]]


@pytest.mark.parametrize("name", ["Vltava s. r. o.", "Vltava, s.r.o.", "Vltava, a. s.", "Vltava spol. s r. o."])
def test_a_file_is_named_without_the_companys_legal_form(name):
    assert file_names.file("hodiny", name, "2026-11").spoken == "hodiny – Vltava – 2026-11"


def test_feet_have_formula_and_value(ledger, read, company):
    """Read by three: the values openpyxl finds in the file, calamine, and the bytes themselves."""
    some_entries(ledger, company)
    content, tally = written(company, HoursFilter()), time_report.totals(Reader.of(company), HoursFilter())
    formulas, values = load_workbook(BytesIO(content)), load_workbook(BytesIO(content), data_only=True)
    for name in ("Entries", "By ticket", "By employee", "By technician", "By day"):
        head = [cell.value for cell in formulas[name][1]]
        for label, expected in (("Hours", tally.hours), ("Amount without VAT", tally.amount)):
            at = head.index(label)
            assert formulas[name][formulas[name].max_row][at].value.startswith("=SUBTOTAL(109,")
            assert Decimal(str(values[name][values[name].max_row][at].value)) == expected
            assert Decimal(str(read(content)[name][-1][at])) == expected
    assert not formulas.calculation.fullCalcOnLoad


def test_a_workbook_has_one_font_wraps_its_texts_and_fits_its_paper(ledger, company):
    some_entries(ledger, company)
    book = load_workbook(BytesIO(written(company, HoursFilter())))
    assert {cell.font.name for sheet in book for row in sheet.iter_rows() for cell in row} == {"Calibri"}
    sheet = book["Entries"]
    assert sheet["E2"].alignment.wrap_text and sheet["L2"].alignment.indent == 1
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    characters = sum(dimension.width for dimension in sheet.column_dimensions.values())
    assert 11 * PAPER / characters >= 7.5  # points, after it is fitted to one page's width


def test_no_number_is_too_wide_for_its_column(ledger, company):
    ledger.price("DRAHA", "9999.99")
    ledger.entry(ledger.ticket(company), "99999.00", "DRAHA")
    book = load_workbook(BytesIO(written(company, HoursFilter(), "cs")))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, int | float) and "0.00" in cell.number_format:
                    shown = f"{cell.value:,.2f}" + (" Kč" if "Kč" in cell.number_format else "")
                    assert len(shown) * 1.1 <= sheet.column_dimensions[cell.column_letter].width, (sheet.title, shown)


def test_every_text_is_text_complete_or_visibly_cut(ledger, read, company):
    for words in HOSTILE:
        clean = words.replace("\x00", "")  # PostgreSQL keeps no NUL
        ledger.entry(ledger.ticket(company, subject=clean, employee=clean[:200]), what=clean, technician=clean[:200])
    content = written(company)
    sheet = load_workbook(BytesIO(content))["Entries"]
    for row in sheet.iter_rows(min_row=2, max_row=sheet.max_row - 1):
        assert {cell.data_type for cell in row} <= {"s", "inlineStr", "n", "d"}
    shown = column(read(content)["Entries"][:-1], "What was done")
    for words, found in zip(HOSTILE, shown, strict=True):
        if len(words) > 32_767:
            assert len(found) == 32_767
            assert found.endswith(" …")
            assert words.startswith(found[:-2])
        elif words == "_x0041_":
            assert found in ("_x0041_", "_x005F_x0041_")  # readers differ in whether they undo Excel's escape
        else:
            assert found == re.sub("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", words.replace("\x00", ""))
    for name in zipfile.ZipFile(BytesIO(content)).namelist():
        if name.endswith(".xml"):
            ElementTree.fromstring(zipfile.ZipFile(BytesIO(content)).read(name))


@pytest.mark.parametrize("words", [words for words in HOSTILE if words.lstrip()[:1] in tuple("=+-@＝")])
def test_csv_text_cannot_start_a_formula(words):
    assert csv_writer.harmless(words) == f"'{words}"
    assert csv_writer.harmless(f"  {words}").startswith("'")


def test_a_negative_number_in_csv_is_a_number_and_no_formula(ledger, company):
    ledger.entry(ledger.ticket(company), "-1.50")
    lines = b"".join(csv_writer.pieces(hours_file.report(Reader.of(company), NOVEMBER, language="cs"))).decode(
        "utf-8-sig"
    )
    assert '"-1,50"' in lines
    assert lines.splitlines()[0].count(";") == 12


def test_the_sheets_are_made_for_reading_filtering_and_printing(ledger, company):
    some_entries(ledger, company)
    with clock.set_to(datetime.fromisoformat("2026-11-23T09:30:00+00:00")):
        book = load_workbook(BytesIO(written(company, HoursFilter())))
    assert book.sheetnames == ["Summary", "By ticket", "By employee", "By technician", "By day", "Entries"]
    for name in book.sheetnames[1:]:
        sheet = book[name]
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).column_letter}{sheet.max_row - 1}"
        assert all(sheet.column_dimensions[cell.column_letter].width >= 7 for cell in sheet[1])
    assert company.name in book.properties.subject
    assert book.properties.created == datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 - a file knows no zones
    assert book["Entries"]["K2"].number_format == '"CZK"\\ #,##0.00'


def test_a_czech_workbook_has_czech_formats(ledger, company):
    ledger.entry(ledger.ticket(company))
    sheet = load_workbook(BytesIO(written(company, language="cs"))).worksheets[-1]
    assert [sheet[name].number_format for name in ("A2", "I2", "K2")] == [
        "d\\.\\ m\\.\\ yyyy",
        "#,##0.00",
        '#,##0.00\\ "Kč"',
    ]


def test_an_empty_month_is_a_workbook_too(ledger, read, company):
    sheets = read(written(company))
    assert len(sheets["Entries"]) == 1
    assert {row[0]: row for row in sheets["Summary"]}["Base without VAT"][2:4] == [0, 0.0]


def test_money_not_told_is_in_no_cell(ledger, read):
    company = ledger.company(shown_live="hours")
    ledger.price("PROGP85", "850")
    ledger.entry(ledger.ticket(company))
    content = written(company)
    assert all("850" not in str(value) for rows in read(content).values() for row in rows for value in row)
    assert any("once it is invoiced" in str(row[0]) for row in read(content)["Summary"])


def test_the_upcoming_invoice_says_what_is_odd(ledger, read, company):
    ledger.entry(ledger.ticket(company), "9.00", what="Výměna disku v serveru")
    ledger.entry(ledger.ticket(company, state="open"), "3.00")
    file = BytesIO()
    report.write(invoice.upcoming_report(Reader.of(company), language="en", people=Naming.NAMES), file)
    entries = read(file.getvalue())["Entries"][:-1]
    assert column(entries, "Hours") == [9.0]
    assert "More than a working day" in column(entries, "Note")[0]


def test_a_files_name_is_plain_ascii_and_has_a_form_for_people():
    name = file_names.file("hodiny", "Strojírny Vltava, a. s.", "2026-11")
    assert name.plain == "hodiny-strojirny-vltava-2026-11"
    assert name.spoken == "hodiny – Strojírny Vltava – 2026-11"
    assert file_names.file("../..", "\r\n\"'").plain == "connectica"
    assert not set('/\\\r\n"') & set(file_names.file('a/b\\c\r\nd"', "\u202e").spoken)
