"""A workbook that accountants can trust: typed cells, frozen heads, filters, and no text that could act as a formula.

Written with openpyxl's write-only mode: rows go to a file on disk as they come, several sheets side by side. The rows
of tables are XML of our own (see sheet_rows) that is put into openpyxl's sheets while they are packed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.writer.excel import ExcelWriter

from portal import clock
from portal.exports import sheet_rows
from portal.exports.sheet_rows import CellPlan, SheetRows, text

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_576  # Excel takes no more in a sheet


class CellKind(StrEnum):
    """What a column holds; the same kinds in every file."""

    TEXT = "text"
    COUNT = "count"
    HOURS = "hours"
    MONEY = "money"
    DAY = "day"
    TIME = "time"


_FORMATS = {  # kind: its number format in Czech and in English
    CellKind.COUNT: {"cs": "#,##0", "en": "#,##0"},
    CellKind.HOURS: {"cs": "#,##0.00", "en": "#,##0.00"},
    CellKind.MONEY: {"cs": '#,##0.00\\ "{}"', "en": '"{}"\\ #,##0.00'},
    CellKind.DAY: {"cs": "d\\.\\ m\\.\\ yyyy", "en": "yyyy\\-mm\\-dd"},
    CellKind.TIME: {"cs": "h:mm", "en": "hh:mm"},
}
_SYMBOLS = {"CZK": {"cs": "Kč", "en": "CZK"}, "EUR": {"cs": "€", "en": "€"}}
_CELL_TYPES = {CellKind.TEXT: "s", CellKind.DAY: "d", CellKind.TIME: "d"}
_FONT = {"name": "Calibri", "family": 2}  # as openpyxl's default style: a font without a name is another one
_BOLD, _TITLE = Font(**_FONT, size=11, bold=True), Font(**_FONT, size=14, bold=True)
_TEXT = Alignment(vertical="top", wrap_text=True, indent=1)  # the indent keeps it from the number before it
_VALUE = Alignment(vertical="top")
_MARGINS = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6)  # inches
_HEAD_FILL = PatternFill("solid", fgColor="FFE4F0FC")
_LINE_BELOW, _LINE_ABOVE = Border(bottom=Side(style="thin")), Border(top=Side(style="thin"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its head, what it holds, how wide it is, and whether its foot sums what is filtered."""

    label: str
    kind: CellKind
    width: int  # characters
    value: Callable[[Any], Any]
    summed: bool = False


@dataclass(frozen=True, slots=True)
class WorkbookFacts:
    """The file's own properties."""

    title: str
    subject: str
    author: str
    made_at: datetime


class Book:
    """A workbook in one language and one currency."""

    def __init__(self, about: WorkbookFacts, *, language: str, currency: str) -> None:
        self._book = Workbook(write_only=True)
        self._language = language if language in _FORMATS[CellKind.DAY] else "en"
        self._currency = currency
        properties = self._book.properties
        properties.title, properties.subject = text(about.title), text(about.subject)
        properties.creator, properties.language = text(about.author), self._language
        properties.created = properties.modified = about.made_at.replace(tzinfo=None)
        self._book.calculation.fullCalcOnLoad = False  # every formula has its value beside it
        self._tables: list[tuple[Any, SheetRows]] = []  # sheets, and the rows that belong into them

    def page(self, name: str, widths: Sequence[int]) -> "SheetPage":
        """A sheet that is read from top to bottom."""
        return SheetPage(self._sheet(name, widths), self)

    def table(self, name: str, columns: Sequence[Column], *, foot: str = "") -> "Table":
        """A sheet that is filtered and sorted. With a foot, the last row sums what the filter leaves."""
        return Table(self._sheet(name, [column.width for column in columns]), self, columns, foot)

    def save(self, file: IO[bytes]) -> None:
        with _Archive(file, self._tables) as archive:
            ExcelWriter(self._book, archive).save()

    def keep(self, sheet: Any, rows: SheetRows) -> None:
        """Rows that belong into a sheet."""
        self._tables.append((sheet, rows))

    def number_format(self, kind: CellKind) -> str | None:
        if kind not in _FORMATS:
            return None
        symbol = _SYMBOLS.get(self._currency, {}).get(self._language, self._currency)
        return _FORMATS[kind][self._language].format(symbol.replace('"', ""))

    def _sheet(self, name: str, widths: Sequence[int]) -> Any:
        sheet = self._book.create_sheet(name)
        for position, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(position)].width = width
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9  # A4
        sheet.page_margins = _MARGINS
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToHeight = 0  # as many pages as it takes, one page wide
        sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", "&P / &N"
        return sheet


class Table:
    """One table sheet: rows are written as they are added, in any interleaving with other sheets."""

    def __init__(self, sheet: Any, book: Book, columns: Sequence[Column], foot: str) -> None:
        self._sheet, self._columns, self._foot = sheet, columns, foot
        self._sums = {position: Decimal(0) for position, column in enumerate(columns) if column.summed}
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
        sheet.append([_head(sheet, column) for column in columns])
        self._cells = [_styled(sheet, column.kind, book) for column in columns]
        self._rows = SheetRows([_plan(*place) for place in enumerate(zip(columns, self._cells, strict=True), 1)])
        book.keep(sheet, self._rows)

    @property
    def is_full(self) -> bool:
        """One more row would not fit; head and foot need theirs."""
        return self._rows.count >= MOST_ROWS - 2

    def add(self, row: Any) -> None:
        """One row. What is None is an empty cell."""
        values = self._rows.add(row)
        for position in self._sums:
            if values[position] is not None:
                self._sums[position] += values[position]

    def close(self) -> None:
        """Filter and foot. The foot stands outside the filter, so that it is never filtered away."""
        self._sheet.auto_filter.ref = f"A1:{get_column_letter(len(self._columns))}{self._rows.count + 1}"
        if self._foot and self._rows.count:
            self._rows.add_foot(map(self._foot_cell, range(len(self._columns))))

    def _foot_cell(self, position: int) -> str:
        column, cell = self._columns[position], self._cells[position]
        made = WriteOnlyCell(self._sheet, None)
        made.font, made.border, made.number_format = _BOLD, _LINE_ABOVE, cell.number_format
        made.alignment = _TEXT if column.kind is CellKind.TEXT else _VALUE
        plan = _plan(position + 1, (column, made))
        if column.summed:
            # 109: only the rows that are shown
            formula = f"SUBTOTAL(109,{plan.letter}2:{plan.letter}{self._rows.count + 1})"
            content = sheet_rows.of_formula(formula, self._sums[position])
        else:
            content = sheet_rows.NOTHING if position else sheet_rows.of_text(self._foot)
        return self._rows.foot_cell(plan, content)


class SheetPage:
    """A sheet of headings, facts and small tables."""

    def __init__(self, sheet: Any, book: Book) -> None:
        self._sheet, self._book = sheet, book

    def title(self, words: str) -> None:
        cell = _text_cell(self._sheet, words)
        cell.font = _TITLE
        self._sheet.append([cell])

    def fact(self, label: str, value: str) -> None:
        cell = _text_cell(self._sheet, label)
        cell.font = _BOLD
        self._sheet.append([cell, _text_cell(self._sheet, value)])

    def line(self, words: str = "") -> None:
        self._sheet.append([_text_cell(self._sheet, words)] if words else [])

    def head(self, columns: Sequence[Column]) -> None:
        self._sheet.append([_head(self._sheet, column) for column in columns])

    def row(self, values: Sequence[tuple[CellKind, Any]], *, bold: bool = False) -> None:
        """Cells of given kinds; None is an empty one. Values are values here, never formulas."""
        cells: list[Any] = []
        for kind, value in values:
            if value is None:
                cells.append(None)
                continue
            cell = _styled(self._sheet, kind, self._book)
            cell._value = text(value) if kind is CellKind.TEXT else value
            if bold:
                cell.font, cell.border = _BOLD, _LINE_ABOVE
            cells.append(cell)
        self._sheet.append(cells)


class _Archive(ZipFile):
    """Packs a workbook. Its tables get their rows on the way."""

    def __init__(self, file: IO[bytes], tables: Sequence[tuple[Any, SheetRows]]) -> None:
        super().__init__(file, "w", ZIP_DEFLATED, allowZip64=True)
        self._tables = tables

    def write(self, filename: Any, arcname: Any = None, *args: Any, **options: Any) -> None:
        for sheet, rows in self._tables:
            if sheet.path.lstrip("/") == arcname:  # openpyxl numbers the sheets while it saves them
                rows.pack(filename, self, arcname)
                return
        super().write(filename, arcname, *args, **options)


def day_and_time(moment: datetime) -> tuple[date, time]:
    """A moment as a clock in Prague showed it: a workbook knows no time zones."""
    local = clock.prague(moment)
    return local.date(), local.time().replace(second=0, microsecond=0)


def _styled(sheet: Any, kind: CellKind, book: Book) -> Any:
    cell = WriteOnlyCell(sheet, None)
    if number_format := book.number_format(kind):
        cell.number_format = number_format
    cell.alignment = _TEXT if kind is CellKind.TEXT else _VALUE
    cell.data_type = _CELL_TYPES.get(kind, "n")
    return cell


def _plan(number: int, place: tuple[Column, Any]) -> CellPlan:
    """How the cells of the column of this number, from 1, are written."""
    column, cell = place
    return CellPlan(get_column_letter(number), cell.style_id, _WRITTEN[column.kind], column.value)


def _head(sheet: Any, column: Column) -> Any:
    cell = _text_cell(sheet, column.label)
    cell.font, cell.fill, cell.border = _BOLD, _HEAD_FILL, _LINE_BELOW
    is_left = column.kind in (CellKind.TEXT, CellKind.DAY, CellKind.TIME)
    cell.alignment = Alignment(
        horizontal="left" if is_left else "right",
        vertical="top",
        wrap_text=True,
        indent=1 if column.kind is CellKind.TEXT else 0,
    )
    return cell


def _text_cell(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, None)
    cell._value, cell.data_type = text(value), "s"
    return cell


_WRITTEN: dict[CellKind, Callable[[Any], str]] = {
    CellKind.TEXT: sheet_rows.of_text,
    CellKind.COUNT: sheet_rows.of_number,
    CellKind.HOURS: sheet_rows.of_number,
    CellKind.MONEY: sheet_rows.of_number,
    CellKind.DAY: sheet_rows.of_day,
    CellKind.TIME: sheet_rows.of_time,
}
