"""The rows of a report as CSV: for Excel in the reader's country, and with no text that could act as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import chain
from typing import Any

from portal.exports.report import Report, entry_columns
from portal.exports.xlsx import CellKind, Column

MEDIA_TYPE = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for its own code page
AT_ONCE = 500  # rows a piece

# Signs a spreadsheet may take for the start of a formula, wide forms included.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBERS = frozenset({CellKind.HOURS, CellKind.MONEY, CellKind.COUNT})


def pieces(report: Report) -> Iterator[bytes]:
    """The file in pieces, made as they are read: the entries, then the credits and charges in the sum."""
    yield from table(entry_columns(report), chain(report.rows, report.adjustments), language=report.language)


def table(columns: Sequence[Column], rows: Iterable[Any], *, language: str) -> Iterator[bytes]:
    """Any rows as their columns write them."""
    czech = language == "cs"
    buffer = io.StringIO()
    # A Czech Excel splits at semicolons, for its decimal mark is the comma.
    writer = csv.writer(buffer, delimiter=";" if czech else ",", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow([column.label for column in columns])
    for count, row in enumerate(rows, 1):
        writer.writerow([_written(column.value(row), column.kind, czech=czech) for column in columns])
        if not count % AT_ONCE:
            yield _taken(buffer)
    yield _taken(buffer)


def _written(value: Any, kind: CellKind, *, czech: bool) -> str:
    if value is None:
        return ""
    if kind in _NUMBERS:
        number = f"{Decimal(value):f}"
        return number.replace(".", ",") if czech else number
    if isinstance(value, date | time):
        return value.isoformat("minutes") if isinstance(value, time) else value.isoformat()
    return harmless(str(value))


def harmless(text: str) -> str:
    """Text with an apostrophe before anything a spreadsheet could run, also after leading spaces; NUL is shown."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    start = text.lstrip(" \N{NO-BREAK SPACE}\ufeff\u200b")
    return f"'{text}" if start.startswith(_STARTS_FORMULA) else text


def _taken(buffer: io.StringIO) -> bytes:
    taken = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return taken
