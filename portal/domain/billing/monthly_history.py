"""History: the hours of the last months by category, and why a month's hours are not its invoice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select

from portal.db import db
from portal.domain.billing import disclosure, time_report
from portal.domain.billing.invoice_snapshots import Invoice, InvoicedEntry
from portal.domain.billing.invoices import MonthOfInvoices
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.reader import Reader
from portal.lib.money import Tally
from portal.lib.periods import Period, months_until

MONTHS = 12
SERIES = 6  # colours a reader can tell apart; further categories are drawn as one


@dataclass(frozen=True, slots=True)
class Month:
    """One column of the chart: the sum, and the sum by category."""

    period: Period
    tally: Tally
    by_category: dict[str, Tally]


@dataclass(frozen=True, slots=True)
class History:
    """The months, oldest first; categories by hours, most first."""

    months: list[Month]
    categories: list[str]

    @property
    def series(self) -> list[str]:
        """Categories with a colour of their own."""
        return self.categories[:SERIES] if len(self.categories) <= SERIES else self.categories[: SERIES - 1]

    @property
    def rest(self) -> list[str]:
        """Categories that share the last colour."""
        return self.categories[len(self.series) :]


def months(last: Period) -> list[Period]:
    """The twelve months up to this one."""
    return months_until(last, MONTHS)


def of(periods: Sequence[Period], by_month: Iterable[tuple[Period, str, Tally]]) -> History:
    """These months, from their sums by category."""
    columns = {period.since: Month(period, Tally(), {}) for period in periods}
    sums: dict[str, Tally] = {}
    for period, category, tally in by_month:
        month = columns[period.since]
        month.tally.take(tally)
        month.by_category.setdefault(category, Tally()).take(tally)
        sums.setdefault(category, Tally()).take(tally)
    ranked = sorted(sums, key=lambda category: (-sums[category].hours, category))
    return History(list(columns.values()), ranked)


@dataclass(frozen=True, slots=True)
class Bridge:
    """From the hours worked in a month to the invoice of it, in money without VAT; what is nothing is not said."""

    worked: Decimal
    earlier: Decimal  # worked before the month, on its invoice
    later: Decimal  # worked after it, on its invoice
    waiting: Decimal  # worked in the month and not invoiced yet
    ended: Decimal  # worked in it, on tickets that ended without an invoice
    elsewhere: Decimal  # worked in it, on another month's invoice
    adjusted: Decimal  # credits and charges of earlier invoices that its invoice has
    invoiced: Decimal

    @property
    def corrected(self) -> Decimal:
        """What is left: entries that changed after they were invoiced."""
        moved = self.earlier + self.later - self.waiting - self.ended - self.elsewhere
        return self.invoiced - self.adjusted - self.worked - moved

    @property
    def is_needed(self) -> bool:
        return self.worked != self.invoiced


def bridge(reader: Reader, shown: MonthOfInvoices) -> Bridge | None:
    """Why a month's hours are not its invoice; None where the company is not shown the money of both."""
    if disclosure.of(reader).hides_money:
        return None
    month = HoursFilter(period=shown.month)
    parts = [Billing.RUNNING, Billing.TO_BE_INVOICED, Billing.ENDED, Billing.INVOICED]
    own = [month.but(invoiced_on=day) for day in shown.period_ends]
    time_report.load(reader, month, *(month.but(billing=part) for part in parts), *own)
    worked, *sums = (
        time_report.totals(reader, one).amount for one in (month, *(month.but(billing=part) for part in parts), *own)
    )
    running, waiting, ended, invoiced, *here = sums
    earlier, later = _from_other_months(reader, shown)
    return Bridge(
        worked=worked,
        earlier=earlier,
        later=later,
        waiting=running + waiting,
        ended=ended,
        elsewhere=invoiced - sum(here, Decimal(0)),
        adjusted=shown.adjusted,
        invoiced=shown.bill.base,
    )


def _from_other_months(reader: Reader, shown: MonthOfInvoices) -> tuple[Decimal, Decimal]:
    """What a month's invoices have of the time before it and after it."""
    sums = {True: Tally(), False: Tally()}
    rows = db.session.execute(
        select(
            (InvoicedEntry.worked_day < shown.month.since).label("is_earlier"),
            InvoicedEntry.hours,
            InvoicedEntry.rate,
            func.count().label("times"),
        )
        .join(Invoice, Invoice.id == InvoicedEntry.invoice_id)
        .where(Invoice.company_id == reader.company_id)
        .where(Invoice.period_end.between(shown.month.since, shown.month.until))
        .where(~InvoicedEntry.worked_day.between(shown.month.since, shown.month.until))
        .group_by("is_earlier", InvoicedEntry.hours, InvoicedEntry.rate)
    )
    for row in rows:
        sums[bool(row.is_earlier)].add(row.hours, row.rate, times=row.times)
    return sums[True].amount, sums[False].amount
