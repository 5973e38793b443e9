"""A table's rows as the XML that openpyxl would write for them, without an object for every cell.

openpyxl opens three contexts and raises an exception a cell: at 100,000 rows that is most of a workbook's time.
Its own sheet, with styles, heads, page and filter, stays what it is; our rows are put into it while it is packed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZipFile, ZipInfo

from openpyxl.utils.datetime import time_to_days, to_excel

MOST_CHARACTERS = 32_767  # Excel takes no more in a cell
# What XML cannot hold: controls, lone surrogates, and the two that are no characters.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel would read _x0041_ as the letter A
_SPECIAL = re.compile("[&<>\r]")
_ODD = re.compile("_x|[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # whatever text() or _SPECIAL changes
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_PLACE = b"</sheetData>"  # our rows stand before it
_AT_ONCE = 1 << 18  # bytes that are copied at a time


@dataclass(frozen=True, slots=True)
class CellPlan:
    """How the cells of one column begin, and how a value becomes the rest; the row's number stands between."""

    letter: str
    style: int  # openpyxl's number of the cell's style
    write: Callable[[Any], str]
    value: Callable[[Any], Any]  # of a row

    @property
    def start(self) -> str:
        return f'<c r="{self.letter}'

    @property
    def middle(self) -> str:
        return f'" s="{self.style}"'


class SheetRows:
    """Rows on disk until the sheet is packed. The first row is the second of the sheet: the head is openpyxl's."""

    def __init__(self, plans: Sequence[CellPlan]) -> None:
        self._columns = [(plan.start, plan.middle, plan.write, plan.value) for plan in plans]
        self._file = TemporaryFile("w+b", buffering=_AT_ONCE)  # noqa: SIM115 - it is closed when it is packed
        self.count = 0

    def add(self, row: Any) -> list[Any]:
        """One row; its values, in the columns' order. What is None or an empty text is an empty cell."""
        self.count += 1
        number = str(self.count + 1)
        written, values = [f'<row r="{number}">'], []
        for start, middle, write, value in self._columns:
            found = value(row)
            values.append(found)
            if found is not None and found != "":
                written += (start, number, middle, write(found))
        written.append("</row>")
        self._file.write("".join(written).encode())
        return values

    def add_foot(self, cells: Iterable[str]) -> None:
        """The last row: cells that are XML already, see foot_cell(). It is not counted."""
        self._file.write(f'<row r="{self.count + 2}">{"".join(cells)}</row>'.encode())

    def foot_cell(self, plan: CellPlan, content: str) -> str:
        return f"{plan.start}{self.count + 2}{plan.middle}{content}"

    def pack(self, sheet: str, archive: ZipFile, name: str) -> None:
        """openpyxl's file of a sheet, with the rows in their place, as a member of the archive."""
        before, place, after = Path(sheet).read_bytes().rpartition(_PLACE)
        if not place:
            raise ValueError("the sheet has no place for its rows")
        member = ZipInfo.from_file(sheet, name)
        member.compress_type, member.file_size = archive.compression, member.file_size + self._file.tell()
        self._file.seek(0)
        with self._file, archive.open(member, "w") as packed:
            packed.write(before)
            while piece := self._file.read(_AT_ONCE):
                packed.write(piece)
            packed.write(place + after)


def text(value: str) -> str:
    """Text as a cell may hold it: complete or visibly cut, what XML cannot hold shown as a replacement character."""
    if _NO_XML.search(value):
        value = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", value)
    if "_x" in value:
        value = _LOOKS_ESCAPED.sub("_x005F_", value)
    return value if len(value) <= MOST_CHARACTERS else value[: MOST_CHARACTERS - 2] + " …"


def of_text(value: str) -> str:
    """A text's cell after its style."""
    if _ODD.search(value) or len(value) > MOST_CHARACTERS:
        value = _SPECIAL.sub(lambda found: _ESCAPED[found[0]], text(value))
    space = ' xml:space="preserve"' if value != value.strip() else ""
    return f' t="inlineStr"><is><t{space}>{value}</t></is></c>'


def of_number(value: Decimal | int) -> str:
    return f' t="n"><v>{value:f}</v></c>' if isinstance(value, Decimal) else f' t="n"><v>{value}</v></c>'


def of_day(value: date) -> str:
    return f' t="n"><v>{to_excel(value):.16g}</v></c>'


def of_time(value: time) -> str:
    return f' t="n"><v>{time_to_days(value):.16g}</v></c>'


def of_formula(formula: str, value: Decimal) -> str:
    """A formula with what it comes to beside it."""
    return f"><f>{formula}</f><v>{value:f}</v></c>"


NOTHING = "></c>"  # a styled cell that is empty
