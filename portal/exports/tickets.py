"""Tickets as files: exactly those that the list's filter finds, in its order, with their time and money."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import IO

from babel import numbers
from flask_babel import get_locale
from flask_babel import gettext as _

from portal import clock
from portal.domain.billing import prices
from portal.domain.companies.reader import Reader
from portal.domain.read_models import listing
from portal.domain.read_models.listing import TicketFilter
from portal.domain.read_models.ticket_conditions import Only
from portal.domain.tickets import models as tickets
from portal.exports import csv_writer, file_names
from portal.exports.file_names import FileName
from portal.exports.xlsx import Book, CellKind, Column, WorkbookFacts, day_and_time


@dataclass(frozen=True, slots=True)
class FoundTickets:
    """What is taken away, and in which language."""

    reader: Reader
    wanted: TicketFilter
    language: str

    @property
    def file_name(self) -> FileName:
        return file_names.file(_("tickets"), self.reader.company_name, clock.today().isoformat())


def write(found: FoundTickets, file: IO[bytes]) -> None:
    """The tickets as a workbook."""
    about = WorkbookFacts(_("Tickets"), found.reader.company_name, "Connectica", clock.now())
    book = Book(about, language=found.language, currency=prices.list_of(found.reader).currency)
    page = book.page(_("About"), (26, 60))
    page.title(f"{_('Tickets')} – {found.reader.company_name}")
    for label, value in _facts(found):
        page.fact(label, value)
    table = book.table(_("Tickets"), _columns(), foot=_("Shown"))
    for row in listing.everything(found.reader, found.wanted):
        table.add(row)
    table.close()
    book.save(file)


def pieces(found: FoundTickets) -> Iterator[bytes]:
    """The tickets as CSV."""
    rows = listing.everything(found.reader, found.wanted)
    return csv_writer.table(_columns(), rows, language=found.language)


def _columns() -> list[Column]:
    return [
        Column(_("Ticket"), CellKind.TEXT, 12, lambda row: row[0].number),
        Column(_("Subject"), CellKind.TEXT, 52, lambda row: row[0].subject),
        Column(_("State"), CellKind.TEXT, 16, lambda row: row[0].state.label),
        Column(_("Requester"), CellKind.TEXT, 24, lambda row: row[0].requester),
        Column(_("Assignee"), CellKind.TEXT, 24, lambda row: row[0].technician or ""),
        Column(_("Opened"), CellKind.DAY, 12, lambda row: day_and_time(row[0].opened_at)[0]),
        Column(_("Last change"), CellKind.DAY, 14, lambda row: day_and_time(row[0].changed_at)[0]),
        Column(_("Due"), CellKind.DAY, 12, lambda row: day_and_time(row[0].due_at)[0] if row[0].due_at else None),
        Column(_("Hours"), CellKind.HOURS, 10, lambda row: row[1].hours, summed=True),
        Column(
            _("Amount without VAT"),
            CellKind.MONEY,
            22,
            lambda row: row[1].amount if row[1].has_money else None,
            summed=True,
        ),
        Column(_("Without a price, hours"), CellKind.HOURS, 20, lambda row: row[1].unpriced_hours or None),
    ]


def _facts(found: FoundTickets) -> Iterator[tuple[str, str]]:
    """What narrows the list, in the words of the page."""
    yield _("Written"), f"{clock.prague(clock.now()):%Y-%m-%d %H:%M}"
    yield from filters(found.reader, found.wanted)


def filters(reader: Reader, wanted: TicketFilter) -> list[tuple[str, str]]:
    """Label and value of everything that narrows the list."""
    return [(label, value) for _name, label, value in parts(reader, wanted) if value]


def parts(reader: Reader, wanted: TicketFilter) -> list[tuple[str, str, str]]:
    """Name in an address, label and value of everything that may narrow the list; no value where it does not."""
    requesters = dict(tickets.requesters(reader)) if wanted.requester else {}
    technicians = dict(tickets.technicians(reader)) if wanted.technician else {}
    return [
        ("state", _("State"), wanted.state.label if wanted.state else ""),
        ("q", _("Words"), wanted.words),
        ("requester", _("Requester"), requesters.get(wanted.requester or 0, "")),
        ("technician", _("Assignee"), technicians.get(wanted.technician or 0, "")),
        ("since", _("Opened from"), wanted.since.isoformat() if wanted.since else ""),
        ("until", _("until"), wanted.until.isoformat() if wanted.until else ""),
        ("over", _("More hours than"), _hours(wanted.over)),
        *((one.value, _("Only"), _(one.label) if one in wanted.only else "") for one in Only),
    ]


def _hours(over: Decimal | None) -> str:
    return "" if over is None else f"{numbers.format_decimal(over, locale=str(get_locale()))} h"
