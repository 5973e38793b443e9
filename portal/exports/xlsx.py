"""A workbook that accountants can trust: typed cells, frozen heads, filters, and no text that could act as a formula.

Written with openpyxl's write-only mode: rows go to a file on disk as they come, several sheets side by side. openpyxl
writes a formula without its value, so the values of the feet are put beside them while the sheets are packed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
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
_FONT = {"name": "Calibri", "family": 2}  # as openpyxl's default style: a font without a name is another one
_BOLD, _TITLE = Font(**_FONT, size=11, bold=True), Font(**_FONT, size=14, bold=True)
_TEXT = Alignment(vertical="top", wrap_text=True, indent=1)  # the indent keeps it from the number before it
_VALUE = Alignment(vertical="top")
_MARGINS = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6)  # inches
_TAIL = 65_536  # bytes at the end of a sheet in which its foot stands
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
        self._feet: list[tuple[Any, dict[str, Decimal]]] = []  # sheets, and the values of their formulas

    def page(self, name: str, widths: Sequence[int]) -> "SheetPage":
        """A sheet that is read from top to bottom."""
        return SheetPage(self._sheet(name, widths), self)

    def table(self, name: str, columns: Sequence[Column], *, foot: str = "") -> "Table":
        """A sheet that is filtered and sorted. With a foot, the last row sums what the filter leaves."""
        return Table(self._sheet(name, [column.width for column in columns]), self, columns, foot)

    def save(self, file: IO[bytes]) -> None:
        with _Archive(file, self._feet) as archive:
            ExcelWriter(self._book, archive).save()

    def keep(self, sheet: Any, formulas: dict[str, Decimal]) -> None:
        """What the formulas of a sheet come to."""
        self._feet.append((sheet, formulas))

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
        self._sheet, self._columns, self._foot, self._book = sheet, columns, foot, book
        self._rows = 0
        self._sums = {position: Decimal(0) for position, column in enumerate(columns) if column.summed}
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
        for position, (cell, is_text, value) in enumerate(self._plan):
            found = value(row)
            if found is not None and position in self._sums:
                self._sums[position] += found
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
        formulas: dict[str, Decimal] = {}
        for position, (column, cell) in enumerate(zip(self._columns, self._cells, strict=True), 1):
            letter = get_column_letter(position)
            made = WriteOnlyCell(self._sheet, None)
            made.font, made.border, made.number_format = _BOLD, _LINE_ABOVE, cell.number_format
            made.alignment = _TEXT if column.kind is CellKind.TEXT else _VALUE
            if column.summed:
                formula = f"SUBTOTAL(109,{letter}2:{letter}{last})"  # 109: only the rows that are shown
                made.value, formulas[formula] = f"={formula}", self._sums[position - 1]
            elif position == 1:
                made._value, made.data_type = text(self._foot), "s"
            foot.append(made)
        self._sheet.append(foot)
        self._book.keep(self._sheet, formulas)


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
    """Packs a workbook. The feet of its sheets get the values of their formulas on the way."""

    def __init__(self, file: IO[bytes], feet: Sequence[tuple[Any, dict[str, Decimal]]]) -> None:
        super().__init__(file, "w", ZIP_DEFLATED, allowZip64=True)
        self._feet = feet

    def write(self, filename: Any, arcname: Any = None, *args: Any, **options: Any) -> None:
        for sheet, formulas in self._feet:
            if sheet.path.lstrip("/") == arcname:  # openpyxl numbers the sheets while it saves them
                _put_values(filename, formulas)
        super().write(filename, arcname, *args, **options)


def _put_values(path: str, formulas: dict[str, Decimal]) -> None:
    """Beside each formula at the end of a sheet's file. Raises ValueError when one is not there."""
    with Path(path).open("r+b") as file:
        file.seek(max(0, file.seek(0, 2) - _TAIL))
        start = file.tell()
        tail = file.read()
        for formula, value in formulas.items():
            written = f"<f>{formula}</f>".encode()
            tail, found = re.subn(
                re.escape(written) + rb"<v\s*(/>|></v>)", written + f"<v>{value:f}</v>".encode(), tail
            )
            if not found:
                raise ValueError(f"{formula} has no place for its value")
        file.seek(start)
        file.write(tail)


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
    cell.alignment = _TEXT if kind is CellKind.TEXT else _VALUE
    cell.data_type = _CELL_TYPES.get(kind, "n")
    return cell


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
