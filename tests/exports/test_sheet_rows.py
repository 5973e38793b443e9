"""Rows of our own beside openpyxl's: the same cells, byte for byte but for the last digits of numbers."""

import random
from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.cell import WriteOnlyCell

from portal.exports import xlsx
from portal.exports.xlsx import Book, CellKind, Column, WorkbookFacts
from tests.exports.test_report import HOSTILE

KINDS = tuple(CellKind)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def some(kind: CellKind, chance: random.Random):
    """A value of a kind, often one at an edge; now and then nothing."""
    if chance.random() < 0.1:
        return None
    edges = {
        CellKind.TEXT: [*HOSTILE, "", "Windows\r\nřádek", " ", "\t", "]]>", "&lt;", "😀" * 9],
        CellKind.COUNT: [0, -1, 10**9],
        CellKind.HOURS: [Decimal("0.00"), Decimal("-2.25"), Decimal("0.01"), Decimal("99999.99"), Decimal("1E+3")],
        CellKind.MONEY: [Decimal("1234567.89"), Decimal("-0.01"), Decimal("850"), Decimal("1E-7")],
        CellKind.DAY: [date(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1), date(2026, 11, 28), date(9999, 12, 31)],
        CellKind.TIME: [time(0, 0), time(23, 59), time(12, 0), time(7, 7)],
    }
    return chance.choice(edges[kind])


def book() -> Book:
    made_at = datetime(2026, 11, 28, tzinfo=UTC)
    return Book(WorkbookFacts("T", "S", "C", made_at), language="cs", currency="CZK")


def sheet_of(content: bytes) -> ElementTree.Element:
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        return ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))


def cells(content: bytes) -> list[list[tuple]]:
    """Every row as (place, style, type, formula, text or number, whether its space is kept)."""
    return [[_cell(cell) for cell in row] for row in sheet_of(content).iter(f"{MAIN}row")]


def _cell(cell: ElementTree.Element) -> tuple:
    value, said = cell.find(f"{MAIN}v"), cell.find(f"{MAIN}is/{MAIN}t")
    number = None if value is None else float(f"{float(value.text):.15g}")
    kept = None if said is None else said.attrib
    return cell.get("r"), cell.get("s"), cell.get("t"), number, None if said is None else said.text or "", kept


def by_openpyxl(rows: list[list]) -> bytes:
    """The same head and rows, every cell written by openpyxl."""
    made = book()
    sheet = made._sheet("T", [10] * len(KINDS))
    sheet.append([xlsx._head(sheet, column) for column in columns()])
    assert [xlsx._styled(sheet, kind, made).style_id for kind in KINDS]  # numbered in the columns' order, as ours
    for row in rows:
        written: list[WriteOnlyCell | None] = []
        for kind, value in zip(KINDS, row, strict=True):
            cell = xlsx._styled(sheet, kind, made)
            cell._value = xlsx.text(value) if kind is CellKind.TEXT and value else value
            written.append(None if value is None or value == "" else cell)
        sheet.append(written)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def columns() -> list[Column]:
    return [Column(kind.value, kind, 10, lambda row, place=place: row[place]) for place, kind in enumerate(KINDS)]


def by_us(rows: list[list]) -> bytes:
    made = book()
    table = made.table("T", columns())
    for row in rows:
        table.add(row)
    table.close()
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def test_our_rows_are_the_cells_openpyxl_writes():
    chance = random.Random(15)
    rows = [[some(kind, chance) for kind in KINDS] for _ in range(400)]
    ours, theirs = cells(by_us(rows)), cells(by_openpyxl(rows))
    assert len(ours) == 401
    for number, (our_row, their_row) in enumerate(zip(ours, theirs, strict=True)):
        assert our_row == their_row, number


def test_a_workbook_without_rows_has_its_head():
    sheet = load_workbook(BytesIO(by_us([])))["T"]
    assert [cell.value for cell in sheet[1]] == [kind.value for kind in KINDS]
    assert sheet.max_row == 1


def test_the_rest_of_the_sheet_is_openpyxls():
    """Everything but the rows and the filter's last row."""

    def rest(content: bytes) -> list[bytes]:
        root = sheet_of(content)
        kept = [
            part for part in root if part.tag not in (f"{MAIN}sheetData", f"{MAIN}autoFilter", f"{MAIN}sheetViews")
        ]
        return [ElementTree.tostring(part) for part in kept]

    rows = [[None] * len(KINDS)]
    assert rest(by_us(rows)) == rest(by_openpyxl(rows))
