"""What was invoiced, month by month, as the core reported it, and how the entries differ from it today."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, literal, or_, select, true, tuple_

from portal.db import db
from portal.domain.billing import disclosure, invoice_adjustments
from portal.domain.billing.invoice_snapshots import SETTLES_IN, SUMS, Invoice, InvoicedEntry
from portal.domain.billing.prices import NoPrice
from portal.domain.billing.status import Billing
from portal.domain.billing.vat.treatments import Treatment
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.pseudonyms import Calling, Naming
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Message, Ticket
from portal.domain.tickets.time_entries import Coverage, TimeEntry
from portal.errors import NotFound
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled
from portal.lib.money import Bill, Tally, amount, bill_with, together
from portal.lib.periods import Period, month_of

AT_ONCE = 1_000  # rows a batch


class Difference(Labelled):
    """How an entry differs now from what its invoice said."""

    CHANGED = "changed", msgid("changed after the invoice")
    REMOVED = "removed", msgid("removed after the invoice")
    TAKEN_BACK = "taken_back", msgid("no longer reported as invoiced")
    ADDED = "added", msgid("added after the invoice")


@dataclass(frozen=True, slots=True)
class Now:
    """What the core says of an entry today."""

    category: str
    hours: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class InvoicedRow:
    """One entry of an invoice, as it was invoiced."""

    id: int
    day: date
    at: datetime
    number: str
    subject: str
    message_id: int | None
    what: str
    employee_id: int
    employee: str
    technician_id: int
    technician: str
    category: str
    hours: Decimal
    rate: Decimal | None
    invoiced_on: date
    difference: Difference | None
    now: Now | None  # where it differs and still exists
    is_confidential: bool
    coverage: Coverage | None = None  # by the company's agreement, when it was invoiced

    told = True  # what is invoiced is always told

    @property
    def amount(self) -> Decimal | None:
        return None if self.rate is None else amount(self.hours, self.rate)

    @property
    def why_not(self) -> NoPrice | None:
        return NoPrice.UNKNOWN if self.rate is None else None

    @property
    def billing(self) -> Billing:
        return Billing.INVOICED


@dataclass(frozen=True, slots=True)
class OneInvoice:
    """One invoice of a month: its first, or a supplement; with the credits and charges it has."""

    period_end: date
    supplement: int
    document: str
    tally: Tally
    adjusted: Decimal
    bill: Bill
    treatment: Treatment  # of VAT
    currency: str
    frozen_at: datetime


@dataclass(frozen=True, slots=True)
class MonthOfInvoices:
    """What was invoiced for one month: one row of the list. The tally is that of its lines."""

    month: Period
    period_ends: tuple[date, ...]
    tally: Tally
    bill: Bill
    currency: str
    frozen_at: datetime
    invoices: tuple[OneInvoice, ...]

    @property
    def adjusted(self) -> Decimal:
        """Its credits and charges."""
        return sum((one.adjusted for one in self.invoices), Decimal(0))

    @property
    def vat_notes(self) -> tuple[str, ...]:
        """Why one of them has no Czech VAT (msgids)."""
        return tuple(dict.fromkeys(one.treatment.label for one in self.invoices if one.treatment.label))


def months(reader: Reader, *, before: Period | None = None, at_most: int | None = None) -> list[MonthOfInvoices]:
    """Invoiced months, newest first: all of them, so many, or those before a month; see differing(), too."""
    mine = _visible_to(reader)
    if before is not None:
        mine = mine.where(Invoice.period_end < before.since)
    found: dict[Period, list[Invoice]] = {}
    for invoice in db.session.scalars(mine.order_by(Invoice.period_end.desc(), Invoice.supplement)):
        month = month_of(invoice.period_end)
        if month not in found and len(found) == at_most:
            break
        found.setdefault(month, []).append(invoice)
    adjusted = invoice_adjustments.sums([invoice for invoices in found.values() for invoice in invoices])
    return [_month(month, invoices, adjusted) for month, invoices in found.items()]


def month(reader: Reader, wanted: Period) -> MonthOfInvoices:
    """One invoiced month. Raises NotFound when nothing of this company was invoiced for it."""
    found = month_if_any(reader, wanted)
    if found is None:
        raise NotFound
    return found


def month_if_any(reader: Reader, wanted: Period) -> MonthOfInvoices | None:
    """The same; None when nothing was invoiced."""
    mine = _visible_to(reader).where(_in(wanted)).order_by(Invoice.period_end.desc(), Invoice.supplement)
    found = db.session.scalars(mine).all()
    return _month(wanted, found, invoice_adjustments.sums(found)) if found else None


def differing(reader: Reader, shown: Sequence[MonthOfInvoices]) -> dict[Period, int]:
    """How many entries of these months' invoices differ from them today; a month that is as it was is not there."""
    if not shown:
        return {}
    since, until = min(one.month.since for one in shown), max(one.month.until for one in shown)
    found: dict[Period, int] = {}
    for row in db.session.execute(_changed(reader, Period(since, until))):
        if difference(row):
            found[month_of(row.period_end)] = found.get(month_of(row.period_end), 0) + 1
    return found


def rows(
    reader: Reader, wanted: Period, people: Naming = Naming.NAMES, *, category: str = ""
) -> Iterator[InvoicedRow]:
    """The entries of a month's invoices as they were invoiced, in the order they were worked, in batches.

    With a category only those that were invoiced in it.
    """
    after: tuple[date, datetime, int] | None = None
    calling = Calling(reader, people)
    while True:
        found = _rows_after(reader, wanted, after)
        batch = db.session.execute(found.where(InvoicedEntry.category == category) if category else found).all()
        yield from (_invoiced_row(row, calling) for row in batch)
        if len(batch) < AT_ONCE:
            return
        after = (batch[-1].day, batch[-1].at, batch[-1].id)


def added_later(reader: Reader, invoice: MonthOfInvoices) -> list[TimeEntry]:
    """Entries of the invoiced days that no invoice has, noticed after it was frozen: newest first, 200 at most.

    They are running or to be invoiced, and the company sees them as far as it may.
    """
    days = TimeEntry.worked_day.between(invoice.month.since, max(invoice.period_ends))
    return list(
        db.session.scalars(
            select(TimeEntry)
            .where(TimeEntry.company_id == reader.company_id, TimeEntry.withdrawn_at.is_(None))
            .where(TimeEntry.invoiced_on.is_(None), disclosure.of(reader).entries)
            .where(days, TimeEntry.first_noticed_at > invoice.frozen_at)
            .order_by(TimeEntry.first_noticed_at.desc(), TimeEntry.id.desc())
            .limit(200)
        )
    )


def difference(row: Any) -> Difference | None:
    """How a frozen row differs from its entry today; row has the columns of _DIFFERING."""
    if row.withdrawn_at is not None or row.is_elsewhere:
        return Difference.REMOVED
    if row.invoiced_on is None:
        return Difference.TAKEN_BACK
    if (row.category, row.hours, row.day) != (row.category_now, row.hours_now, row.day_now):
        return Difference.CHANGED
    return Difference.ADDED if row.joined_at > row.invoice_frozen_at + SETTLES_IN else None


def _visible_to(reader: Reader) -> Select[Invoice]:
    """What is invoiced is always shown."""
    return select(Invoice).where(Invoice.company_id == reader.company_id)


def _in(wanted: Period) -> ColumnElement[bool]:
    return Invoice.period_end.between(wanted.since, wanted.until)


def _month(
    month: Period, invoices: Sequence[Invoice], adjusted: Mapping[int, list[tuple[Decimal, Decimal]]]
) -> MonthOfInvoices:
    parts, tally = [_one(invoice, adjusted.get(invoice.id, [])) for invoice in invoices], Tally()
    for part in parts:
        tally.take(part.tally)
    return MonthOfInvoices(
        month=month,
        period_ends=tuple(dict.fromkeys(invoice.period_end for invoice in invoices)),
        tally=tally,
        bill=together(part.bill for part in parts),
        currency=invoices[0].currency,
        frozen_at=max(invoice.frozen_at for invoice in invoices),
        invoices=tuple(parts),
    )


def _one(invoice: Invoice, adjusted: Sequence[tuple[Decimal, Decimal]]) -> OneInvoice:
    tally = Tally(**{name: getattr(invoice, name) for name in SUMS})
    return OneInvoice(
        period_end=invoice.period_end,
        supplement=invoice.supplement,
        document=invoice.document,
        tally=tally,
        adjusted=sum((more for more, _percent in adjusted), Decimal(0)),
        bill=bill_with(tally.amount, invoice.vat_percent, adjusted),
        treatment=invoice.treatment,
        currency=invoice.currency,
        frozen_at=invoice.frozen_at,
    )


def _changed(reader: Reader, wanted: Period) -> Select[*tuple[Any, ...]]:
    """Entries of a period's invoices that may differ from them today: difference() says whether they do."""
    return (
        select(*_DIFFERING, Invoice.period_end)
        .select_from(Invoice)
        .join(InvoicedEntry, InvoicedEntry.invoice_id == Invoice.id)
        .join(TimeEntry, TimeEntry.id == InvoicedEntry.time_entry_id)
        .where(Invoice.company_id == reader.company_id, _in(wanted))
        .where(
            or_(
                TimeEntry.withdrawn_at.is_not(None),
                TimeEntry.company_id != InvoicedEntry.company_id,
                TimeEntry.invoiced_on.is_(None),
                TimeEntry.category != InvoicedEntry.category,
                TimeEntry.hours != InvoicedEntry.hours,
                TimeEntry.worked_day != InvoicedEntry.worked_day,
                _settled(InvoicedEntry.frozen_at) >= _settled(Invoice.frozen_at) + SETTLES_IN.total_seconds(),
            )
        )
    )


def _settled(moment: Any) -> ColumnElement[Any]:
    """A moment in seconds, on either database; whole ones are exact enough to leave out what came in time."""
    if db.engine.dialect.name == "sqlite":
        return cast(func.strftime("%s", moment), BigInteger)
    return func.extract("epoch", moment)


def _rows_after(reader: Reader, wanted: Period, after: tuple[date, datetime, int] | None) -> Select[*tuple[Any, ...]]:
    order = (InvoicedEntry.worked_day, TimeEntry.worked_at, TimeEntry.id)  # as hours have them
    follows = (
        tuple_(*order) > tuple_(*(literal(value, column.type) for column, value in zip(order, after, strict=True)))
        if after
        else true()
    )
    employee_id, employee, what = confidentiality.seen(reader, Employee.id, Employee.name, Message.excerpt)
    # A ticket that went to another company takes its words and people along.
    ours = Ticket.company_id == reader.company_id
    return (
        select(
            InvoicedEntry.time_entry_id.label("id"),
            InvoicedEntry.rate,
            InvoicedEntry.coverage,
            *_DIFFERING,
            TimeEntry.worked_at.label("at"),
            TimeEntry.message_id,
            Invoice.period_end,
            Ticket.number,
            case((and_(ours, confidentiality.tells(reader)), Ticket.subject), else_="").label("subject"),
            Ticket.is_confidential,
            employee_id.label("employee_id"),
            employee.label("employee"),
            Technician.id.label("technician_id"),
            Technician.name.label("technician"),
            what.label("what"),
        )
        .select_from(Invoice)
        .join(InvoicedEntry, InvoicedEntry.invoice_id == Invoice.id)
        .join(TimeEntry, TimeEntry.id == InvoicedEntry.time_entry_id)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .outerjoin(Employee, and_(Employee.id == Ticket.requester_id, Employee.company_id == reader.company_id))
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .outerjoin(Message, and_(Message.id == TimeEntry.message_id, ours))
        .where(Invoice.company_id == reader.company_id, _in(wanted))
        .where(follows)
        .order_by(*order)
        .limit(AT_ONCE)
    )


def _invoiced_row(row: Any, calling: Calling) -> InvoicedRow:
    found, employee_id = difference(row), row.employee_id or 0
    return InvoicedRow(
        id=row.id,
        day=row.day,
        at=row.at,
        number=row.number,
        subject=calling.text(row.subject, employee_id),
        message_id=row.message_id,
        what=calling.text(row.what or "", employee_id),
        employee_id=employee_id,
        employee=calling.person(employee_id, row.employee or ""),
        technician_id=row.technician_id,
        technician=row.technician,
        category=row.category,
        hours=row.hours,
        rate=row.rate,
        invoiced_on=row.period_end,
        difference=found,
        now=Now(row.category_now, row.hours_now, row.day_now) if found is Difference.CHANGED else None,
        is_confidential=row.is_confidential,
        coverage=row.coverage,
    )


_DIFFERING = (
    InvoicedEntry.category,
    InvoicedEntry.hours,
    InvoicedEntry.worked_day.label("day"),
    InvoicedEntry.frozen_at.label("joined_at"),
    Invoice.frozen_at.label("invoice_frozen_at"),
    TimeEntry.category.label("category_now"),
    TimeEntry.hours.label("hours_now"),
    TimeEntry.worked_day.label("day_now"),
    TimeEntry.invoiced_on,
    TimeEntry.withdrawn_at,
    (TimeEntry.company_id != InvoicedEntry.company_id).label("is_elsewhere"),
)
