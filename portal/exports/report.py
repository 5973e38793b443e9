"""A report of time and money: the columns, the sheets, and sums made of exactly the rows that are written."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from babel import dates, numbers
from flask_babel import gettext as _
from flask_babel import ngettext

from portal import clock
from portal.domain.billing import invoice_preview
from portal.domain.billing.invoice_adjustments import Adjustment, BilledState
from portal.domain.billing.invoices import InvoicedRow
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import Worked
from portal.exports.xlsx import Book, CellKind, Column, SheetPage, Table, WorkbookFacts, day_and_time
from portal.lib.money import Bill, Tally, bill_with

SLICE = 250  # rows between two breaths
BREATH = 0.001  # seconds in which another thread of the process gets its turn, whatever the interpreter's mood


@dataclass(frozen=True, slots=True)
class Report:
    """What a file is about, and its rows, which are read once."""

    title: str
    company: str
    period: str
    filters: tuple[tuple[str, str], ...]  # label and value of everything that narrows the rows
    language: str
    currency: str
    vat_percent: Decimal
    data_of: datetime | None  # when the helpdesk was last read to its end
    rows: Iterable[Worked] | Iterable[InvoicedRow]
    name_of: Callable[[str], str]  # what a category is called
    in_question: Collection[int] = ()  # entries a manager asks about
    note_on: Callable[[Any], str] = lambda row: ""  # what is to be said of one row
    notes: tuple[str, ...] = ()  # what is to be said of all
    parties: tuple[tuple[str, str], ...] = ()  # who pays and who invoices, by their role
    adjustments: Sequence[Adjustment] = ()  # credits and charges that are in the sum
    concerning: Sequence[Adjustment] = ()  # differences that are in the sum of another invoice, or wait for one
    bill: Callable[[Tally], Bill] | None = None  # what it ends with, where that is not VAT on the sum of the rows


@dataclass(slots=True)
class Sums:
    """The rows of a report summed in every way it shows, while they go by."""

    all: Tally = field(default_factory=Tally)
    lines: dict[tuple[str, Decimal | None, bool], Tally] = field(default_factory=dict)
    tickets: dict[str, tuple[str, str, Tally]] = field(default_factory=dict)  # number: subject, employee, sum
    employees: dict[int, tuple[str, Tally]] = field(default_factory=dict)
    technicians: dict[int, tuple[str, Tally]] = field(default_factory=dict)
    days: dict[date, Tally] = field(default_factory=dict)

    def take(self, row: Any) -> None:
        for tally in (
            self.all,
            self.lines.setdefault((row.category, row.rate, row.told), Tally()),
            self._of(self.tickets, row.number, row.subject, row.employee),
            self._of(self.employees, row.employee_id, row.employee),
            self._of(self.technicians, row.technician_id, row.technician),
            self.days.setdefault(row.day, Tally()),
        ):
            tally.add(row.hours, row.rate, told=row.told)

    @staticmethod
    def _of(found: dict[Any, Any], key: Any, *labels: str) -> Tally:
        if key not in found:
            found[key] = (*labels, Tally())
        return found[key][-1]


def write(report: Report, file: IO[bytes]) -> Sums:
    """The workbook of a report, and its sums. Memory stays level: rows go to disk as they come."""
    book = Book(
        WorkbookFacts(report.title, f"{report.company} · {report.period}", "Connectica", clock.now()),
        language=report.language,
        currency=report.currency,
    )
    page = book.page(_("Summary"), (26, 44, 10, 12, 16, 22))
    _differences(report, book)
    grouped = {
        name: book.table(_grouped_name(name), columns, foot=_("Shown")) for name, columns in _grouped().items()
    }
    sums = _entries(report, book)
    for name, table in grouped.items():
        for row in _group_rows(sums, name):
            table.add(row)
        table.close()
    _summary(report, page, sums)
    book.save(file)
    return sums


def entry_columns(report: Report) -> list[Column]:
    """The columns of an entry, in the workbook and in CSV."""
    billings = {billing: _(billing.label) for billing in Billing}  # looked up once, not for every row
    return [
        Column(_("Day"), CellKind.DAY, 11, lambda row: row.day),
        Column(_("Time"), CellKind.TIME, 7, lambda row: day_and_time(row.at)[1]),
        Column(_("Ticket"), CellKind.TEXT, 11, lambda row: row.number),
        Column(_("Subject"), CellKind.TEXT, 24, lambda row: row.subject),
        Column(_("What was done"), CellKind.TEXT, 32, lambda row: row.what),
        Column(_("Employee"), CellKind.TEXT, 16, lambda row: row.employee),
        Column(_("Technician"), CellKind.TEXT, 16, lambda row: row.technician),
        Column(_("Category"), CellKind.TEXT, 12, lambda row: row.category),
        Column(_("Hours"), CellKind.HOURS, 12, lambda row: row.hours, summed=True),
        Column(_("Rate"), CellKind.MONEY, 13, lambda row: row.rate),
        Column(_("Amount without VAT"), CellKind.MONEY, 22, lambda row: row.amount, summed=True),
        Column(_("Billing"), CellKind.TEXT, 14, lambda row: billings[row.billing]),
        Column(_("Note"), CellKind.TEXT, 22, lambda row: _note(report, row)),
    ]


def said(report: Report, tally: Tally) -> str:
    """42 entries · 31,25 h · 28 750,00 Kč: the same words as on the page."""
    parts = [
        ngettext("%(num)s entry", "%(num)s entries", tally.entries),
        f"{numbers.format_decimal(tally.hours, format='#,##0.00', locale=report.language)} h",
    ]
    if tally.has_money:
        parts.append(numbers.format_currency(tally.amount, report.currency, locale=report.language))
    return " · ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)


def warnings(tally: Tally) -> list[str]:
    """What the amount does not hold."""
    found = []
    if tally.unpriced:
        found.append(
            ngettext(
                "%(num)s entry has no price and adds nothing to the amount.",
                "%(num)s entries have no price and add nothing to the amount.",
                tally.unpriced,
            )
        )
    if tally.untold:
        found.append(
            ngettext(
                "The money of %(num)s entry is shown once it is invoiced.",
                "The money of %(num)s entries is shown once they are invoiced.",
                tally.untold,
            )
        )
    return found


def _entries(report: Report, book: Book) -> Sums:
    columns, sums = entry_columns(report), Sums()
    tables: list[Table] = []
    for count, row in enumerate(report.rows):
        if not tables or tables[-1].is_full:
            name = _("Entries") if not tables else f"{_('Entries')} {len(tables) + 1}"
            tables.append(book.table(name, columns, foot=_("Shown")))
        tables[-1].add(row)
        sums.take(row)
        if not count % SLICE:
            time.sleep(BREATH)
    for table in tables or [book.table(_("Entries"), columns)]:
        table.close()
    return sums


def _grouped() -> dict[str, list[Column]]:
    """The sheets of sums: (label columns…) then entries, hours, amount. A row is (labels…, tally)."""
    sums = [
        Column(_("Entries"), CellKind.COUNT, 10, lambda row: row[-1].entries, summed=True),
        Column(_("Hours"), CellKind.HOURS, 12, lambda row: row[-1].hours, summed=True),
        Column(
            _("Amount without VAT"),
            CellKind.MONEY,
            22,
            lambda row: row[-1].amount if row[-1].has_money else None,
            summed=True,
        ),
        Column(_("Without a price, hours"), CellKind.HOURS, 20, lambda row: row[-1].unpriced_hours or None),
    ]
    return {
        "tickets": [
            Column(_("Ticket"), CellKind.TEXT, 14, lambda row: row[0]),
            Column(_("Subject"), CellKind.TEXT, 52, lambda row: row[1]),
            Column(_("Employee"), CellKind.TEXT, 26, lambda row: row[2]),
            *sums,
        ],
        "employees": [Column(_("Employee"), CellKind.TEXT, 32, lambda row: row[0]), *sums],
        "technicians": [Column(_("Technician"), CellKind.TEXT, 32, lambda row: row[0]), *sums],
        "days": [Column(_("Day"), CellKind.DAY, 14, lambda row: row[0]), *sums],
    }


def _grouped_name(name: str) -> str:
    return {
        "tickets": _("By ticket"),
        "employees": _("By employee"),
        "technicians": _("By technician"),
        "days": _("By day"),
    }[name]


def _group_rows(sums: Sums, name: str) -> Iterable[tuple[Any, ...]]:
    if name == "tickets":
        return ((number, *rest) for number, rest in sorted(sums.tickets.items()))
    if name == "days":
        return sorted(sums.days.items())
    people: dict[int, tuple[str, Tally]] = getattr(sums, name)
    return sorted(people.values(), key=lambda row: (-row[1].hours, row[0]))


def _summary(report: Report, page: SheetPage, sums: Sums) -> None:
    page.title(report.title)
    for role, party in report.parties or ((_("Company"), report.company),):
        page.fact(role, party)
    page.fact(_("Period"), report.period)
    for label, value in report.filters:
        page.fact(label, value)
    page.fact(_("Data as of"), _moment(report.data_of, report.language) if report.data_of else _("never read"))
    page.fact(_("Written"), _moment(clock.now(), report.language))
    page.fact(_("Sum"), said(report, sums.all))
    for words in (*warnings(sums.all), *report.notes):
        page.line(words)
    page.line()
    page.head(_line_columns())
    for (category, rate, told), tally in sorted(sums.lines.items(), key=_by_category_and_rate):
        page.row(
            [
                (CellKind.TEXT, category),
                (CellKind.TEXT, report.name_of(category)),
                (CellKind.COUNT, tally.entries),
                (CellKind.HOURS, tally.hours),
                (CellKind.MONEY, rate),
                (CellKind.MONEY, _amount(tally, rate, told=told)),
            ]
        )
    _foot(report, page, sums.all)


def ends_with(report: Report, tally: Tally) -> Bill:
    """Base, VAT and total: of the rows, with the credits and charges."""
    if report.bill is not None:
        return report.bill(tally)
    return bill_with(tally.amount, report.vat_percent, invoice_preview.added(report.adjustments, report.currency))


def _differences(report: Report, book: Book) -> None:
    """What became different after an invoice: those in this sum, and those of this invoice in others."""
    if not report.adjustments and not report.concerning:
        return
    table = book.table(_("Differences"), _difference_columns(report), foot=_("Shown"))
    of_both = {id(one): one for one in (*report.adjustments, *report.concerning)}
    for one in dict.fromkeys(of_both.values()):
        table.add(one)
    table.close()


def _difference_columns(report: Report) -> list[Column]:
    language = report.language

    def period(day: date | None) -> str:
        return dates.format_date(day, "LLLL yyyy", locale=language) if day else _("the upcoming one")

    return [
        Column(_("Of the invoice"), CellKind.TEXT, 16, lambda one: period(one.concerns)),
        Column(_("Ticket"), CellKind.TEXT, 11, lambda one: one.number),
        Column(_("What was done"), CellKind.TEXT, 30, lambda one: one.what or one.subject),
        Column(_("Technician"), CellKind.TEXT, 16, lambda one: one.technician),
        Column(_("It said"), CellKind.TEXT, 26, lambda one: _state(one.old, language)),
        Column(_("It is"), CellKind.TEXT, 26, lambda one: _state(one.new, language)),
        Column(_("Hours"), CellKind.HOURS, 12, lambda one: one.hours, summed=True),
        Column(_("Amount without VAT"), CellKind.MONEY, 22, lambda one: one.amount, summed=True),
        Column(_("With VAT"), CellKind.MONEY, 22, lambda one: None if one.amount is None else one.bill.total),
        Column(_("On the invoice"), CellKind.TEXT, 18, lambda one: period(one.invoiced_on)),
        Column(_("Reason"), CellKind.TEXT, 26, lambda one: ": ".join(part for part in (one.by, one.reason) if part)),
    ]


def _state(state: BilledState | None, language: str) -> str:
    """PROGP85 2,00 h, 10. 10. 2026."""
    if state is None:
        return _("nothing")
    form = "d. M. yyyy" if language == "cs" else "d MMM yyyy"
    hours = numbers.format_decimal(state.hours, format="#,##0.00", locale=language)
    return f"{state.category} {hours} h, {dates.format_date(state.day, form, locale=language)}"


def _foot(report: Report, page: SheetPage, tally: Tally) -> None:
    """Values, no formulas: a program that reads them finds them, and nothing can recalculate them into others."""
    found = ends_with(report, tally)
    money = tally.has_money or bool(report.adjustments)
    if report.adjustments:
        for label, value in (
            (_("Sum of the entries"), tally.amount),
            (_("Credits and charges"), found.base - tally.amount),
        ):
            page.row([(CellKind.TEXT, label), *_NO_CELLS, (CellKind.MONEY, value)])
    sums = [(CellKind.COUNT, tally.entries), (CellKind.HOURS, tally.hours)]
    base = (CellKind.MONEY, found.base if money else None)
    page.row(
        [(CellKind.TEXT, _("Base without VAT")), (CellKind.TEXT, None), *sums, (CellKind.MONEY, None), base],
        bold=True,
    )
    if money:
        page.row([(CellKind.TEXT, _vat_label(report, found)), *_NO_CELLS, (CellKind.MONEY, found.vat)])
        page.row([(CellKind.TEXT, _("Total with VAT")), *_NO_CELLS, (CellKind.MONEY, found.total)], bold=True)


def _vat_label(report: Report, found: Bill) -> str:
    if found.vat_percent is None:
        return _("VAT")
    percent = numbers.format_decimal(found.vat_percent, locale=report.language)
    return _("VAT %(percent)s %%", percent=percent)


_NO_CELLS = [(CellKind.TEXT, None)] * 4


def _line_columns() -> list[Column]:
    nothing: Callable[[Any], Any] = lambda row: None  # noqa: E731 - these are heads only
    return [
        Column(_("Category"), CellKind.TEXT, 0, nothing),
        Column(_("Name"), CellKind.TEXT, 0, nothing),
        Column(_("Entries"), CellKind.COUNT, 0, nothing),
        Column(_("Hours"), CellKind.HOURS, 0, nothing),
        Column(_("Rate"), CellKind.MONEY, 0, nothing),
        Column(_("Amount without VAT"), CellKind.MONEY, 0, nothing),
    ]


def _by_category_and_rate(line: tuple[tuple[str, Decimal | None, bool], Tally]) -> tuple[Any, ...]:
    (category, rate, told), _tally = line
    return category, rate is None, rate or 0, told


def _amount(tally: Tally, rate: Decimal | None, *, told: bool) -> Decimal | None:
    return tally.amount if told and rate is not None else None


def _note(report: Report, row: Any) -> str:
    """Why a row has no amount, and what else is to be said of it."""
    reasons = [_(row.why_not.label)] if row.why_not else []
    if not row.told:
        reasons.append(_("The money is shown once it is invoiced."))
    if isinstance(row, Adjustment):
        reasons.append(_adjusted(report, row))
    if not isinstance(row, Adjustment) and row.coverage:
        reasons.append(f"{_(row.coverage.label)}.")
    if row.id in report.in_question:
        reasons.append(_("In question."))
    if not isinstance(row, Adjustment) and (words := report.note_on(row)):
        reasons.append(words)
    return " ".join(reasons)


def _adjusted(report: Report, row: Adjustment) -> str:
    """What a credit or a charge is for."""
    states = f"{_state(row.old, report.language)} → {_state(row.new, report.language)}"
    return _(
        "Difference to the invoice for %(month)s: %(states)s.",
        month=dates.format_date(row.concerns, "LLLL yyyy", locale=report.language),
        states=states,
    )


def _moment(moment: datetime, language: str) -> str:
    day, hour = day_and_time(moment)
    return (
        f"{dates.format_date(day, 'd. M. yyyy' if language == 'cs' else 'd MMM yyyy', locale=language)} {hour:%H:%M}"
    )
