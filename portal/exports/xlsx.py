"""A workbook that accountants can trust: typed cells, frozen heads, filters, and no text that could act as a formula.

Written with openpyxl's write-only mode: rows go to a file on disk as they come, several sheets side by side.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from portal import clock

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_CHARACTERS = 32_767  # Excel takes no more in a cell
MOST_ROWS = 1_048_576  # nor more rows in a sheet

# What XML cannot hold: controls, lone surrogates, and the two that are no characters.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel would read _x0041_ as the letter A


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
_BOLD, _TITLE = Font(bold=True), Font(bold=True, size=14)
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
        self._book.calculation.fullCalcOnLoad = True  # feet are formulas; openpyxl keeps no value beside them

    def page(self, name: str, widths: Sequence[int]) -> "SheetPage":
        """A sheet that is read from top to bottom."""
        return SheetPage(self._sheet(name, widths), self)

    def table(self, name: str, columns: Sequence[Column], *, foot: str = "") -> "Table":
        """A sheet that is filtered and sorted. With a foot, the last row sums what the filter leaves."""
        return Table(self._sheet(name, [column.width for column in columns]), self, columns, foot)

    def save(self, file: IO[bytes]) -> None:
        self._book.save(file)

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
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToHeight = 0  # as many pages as it takes, one page wide
        sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", "&P / &N"
        return sheet


class Table:
    """One table sheet: rows are written as they are added, in any interleaving with other sheets."""

    def __init__(self, sheet: Any, book: Book, columns: Sequence[Column], foot: str) -> None:
        self._sheet, self._columns, self._foot = sheet, columns, foot
        self._rows = 0
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
        sheet.append([_head(sheet, column) for column in columns])
        # One cell a column serves all rows: openpyxl writes a cell before it asks for the next one.
        self._cells = [_styled(sheet, column.kind, book) for column in columns]
        self._plan = [
            (cell, column.kind is CellKind.TEXT, column.value)
            for cell, column in zip(self._cells, columns, strict=True)
        ]

    @property
    def is_full(self) -> bool:
        """One more row would not fit; head and foot need theirs."""
        return self._rows >= MOST_ROWS - 2

    def add(self, row: Any) -> None:
        """One row. What is None is an empty cell."""
        written: list[Any] = []
        for cell, is_text, value in self._plan:
            found = value(row)
            if found is None or found == "":
                written.append(None)
                continue
            cell._value = text(found) if is_text else found
            written.append(cell)
        self._sheet.append(written)
        self._rows += 1

    def close(self) -> None:
        """Filter and foot. The foot stands outside the filter, so that it is never filtered away."""
        last = self._rows + 1
        self._sheet.auto_filter.ref = f"A1:{get_column_letter(len(self._columns))}{last}"
        if not self._foot or not self._rows:
            return
        foot: list[Any] = []
        for position, (column, cell) in enumerate(zip(self._columns, self._cells, strict=True), 1):
            letter = get_column_letter(position)
            made = WriteOnlyCell(self._sheet, None)
            made.font, made.border, made.number_format = _BOLD, _LINE_ABOVE, cell.number_format
            if column.summed:
                made.value = f"=SUBTOTAL(109,{letter}2:{letter}{last})"  # 109: only the rows that are shown
            elif position == 1:
                made._value, made.data_type = text(self._foot), "s"
            foot.append(made)
        self._sheet.append(foot)


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


def text(value: str) -> str:
    """Text as a cell may hold it: complete or visibly cut, what XML cannot hold shown as a replacement character."""
    if _NO_XML.search(value):
        value = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", value)
    if "_x" in value:
        value = _LOOKS_ESCAPED.sub("_x005F_", value)
    return value if len(value) <= MOST_CHARACTERS else value[: MOST_CHARACTERS - 2] + " …"


def day_and_time(moment: datetime) -> tuple[date, time]:
    """A moment as a clock in Prague showed it: a workbook knows no time zones."""
    local = clock.prague(moment)
    return local.date(), local.time().replace(second=0, microsecond=0)


def _styled(sheet: Any, kind: CellKind, book: Book) -> Any:
    cell = WriteOnlyCell(sheet, None)
    if number_format := book.number_format(kind):
        cell.number_format = number_format
    if kind is CellKind.TEXT:
        cell.alignment = Alignment(vertical="top")
    cell.data_type = _CELL_TYPES.get(kind, "n")
    return cell


def _head(sheet: Any, column: Column) -> Any:
    cell = _text_cell(sheet, column.label)
    cell.font, cell.fill, cell.border = _BOLD, _HEAD_FILL, _LINE_BELOW
    cell.alignment = Alignment(
        horizontal="left" if column.kind in (CellKind.TEXT, CellKind.DAY, CellKind.TIME) else "right"
    )
    return cell


def _text_cell(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, None)
    cell._value, cell.data_type = text(value), "s"
    return cell
