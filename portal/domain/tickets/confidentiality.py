"""Confidentiality: what of a confidential ticket a reader sees. The one place that decides it.

`_visible_to(reader)` says whose rows a read begins with; this says what of them a reader is told. The reader whom
every read takes knows it (`reads_confidential`), so no view and no template asks again. To whoever may not
read it a confidential ticket is a stub: its number, state, days, technician, hours and money stay, so that every sum
agrees with the invoice; its words and its people are not there.
"""

from typing import Any

from sqlalchemy import ColumnElement, case, literal_column, or_, true

from portal.domain.companies.reader import Reader
from portal.domain.tickets.models import Ticket

HIDDEN: dict[
    str, ColumnElement[Any]
] = {  # a column that tells more of a ticket than that it is there: what stands in its place
    "Ticket.subject": literal_column("''"),
    "Employee.id": literal_column("0"),
    "Employee.name": literal_column("''"),
    "Employee.email": literal_column("''"),
    "Message.excerpt": literal_column("''"),
}


def tells(reader: Reader) -> ColumnElement[bool]:
    """Of which tickets the reader is told more than that they are there."""
    return true() if reader.reads_confidential else Ticket.is_confidential.is_(False)


def seen(reader: Reader, *columns: Any) -> tuple[Any, ...]:
    """The columns as the reader sees them, in a query over Ticket."""
    if reader.reads_confidential:
        return columns
    return tuple(
        case((tells(reader), column), else_=HIDDEN[str(column)]) if str(column) in HIDDEN else column
        for column in columns
    )


def finds(reader: Reader, words: str) -> ColumnElement[bool]:
    """Which tickets words may find: a stub by its whole number alone, never by what is said in it."""
    return or_(tells(reader), Ticket.number == words.strip())
