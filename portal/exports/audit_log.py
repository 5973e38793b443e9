"""The audit log as files: exactly the lines that the page's filter shows, and who took them away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from flask_babel import gettext as _

from portal import clock
from portal.domain.audit import report
from portal.domain.audit.report import AuditRow, LogFilter
from portal.domain.companies.reader import Reader
from portal.exports import csv_writer, file_names
from portal.exports.file_names import FileName
from portal.exports.xlsx import Book, CellKind, Column, WorkbookFacts, day_and_time


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken away, and by whom."""

    reader: Reader
    wanted: LogFilter
    by: str
    language: str


def write(taken: Taken, file: IO[bytes]) -> None:
    """The log as a workbook."""
    about = WorkbookFacts(_("Audit log"), taken.reader.company_name, "Connectica", clock.now())
    book = Book(about, language=taken.language, currency="")
    page = book.page(_("About"), (26, 60))
    page.title(f"{_('Audit log')} – {taken.reader.company_name}")
    for label, value in _facts(taken):
        page.fact(label, value)
    table = book.table(_("Audit log"), _columns())
    for line in report.everything(taken.reader, taken.wanted):
        table.add(line)
    table.close()
    book.save(file)


def pieces(taken: Taken) -> Iterator[bytes]:
    """The log as CSV."""
    return csv_writer.table(_columns(), report.everything(taken.reader, taken.wanted), language=taken.language)


def file_name(reader: Reader) -> FileName:
    return file_names.file(_("audit log"), reader.company_name, clock.today().isoformat())


def _columns() -> list[Column]:
    return [
        Column(_("Day"), CellKind.DAY, 12, lambda line: day_and_time(line.at)[0]),
        Column(_("Time"), CellKind.TIME, 8, lambda line: day_and_time(line.at)[1]),
        Column(_("Who"), CellKind.TEXT, 30, _who),
        Column(_("What"), CellKind.TEXT, 40, lambda line: _(line.word.label)),
        Column(_("About"), CellKind.TEXT, 44, lambda line: ": ".join(_(part) for part in line.about_parts)),
        Column(_("IP address"), CellKind.TEXT, 18, lambda line: line.address),
    ]


def _who(line: AuditRow) -> str:
    if line.is_connecticas:
        return f"Connectica: {line.by}" if line.by else "Connectica"
    return line.by


def _facts(taken: Taken) -> Iterator[tuple[str, str]]:
    moment = clock.prague(clock.now())
    yield _("Downloaded by"), f"{taken.by}, {moment:%Y-%m-%d %H:%M}"
    wanted = taken.wanted
    if wanted.person:
        people = {id_: name for id_, name, _connecticas in report.people(taken.reader)}
        yield _("Person"), people.get(wanted.person, str(wanted.person))
    if wanted.group:
        yield _("Kind"), _(wanted.group.label)
    if wanted.since:
        yield _("From"), wanted.since.isoformat()
    if wanted.until:
        yield _("to"), wanted.until.isoformat()
    if wanted.words:
        yield _("Words"), wanted.words
