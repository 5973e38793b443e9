"""The upcoming invoice: what would be invoiced now, line by line, before anybody has issued it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from portal import clock
from portal.domain.billing import anomalies, invoice_adjustments, prices, time_report
from portal.domain.billing.anomalies import UNDISPUTED, Disputes, Oddity, Surroundings
from portal.domain.billing.invoice_adjustments import Adjustment
from portal.domain.billing.invoices import InvoicedRow
from portal.domain.billing.prices import NoPrice, PriceList
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import HoursFilter, Worked
from portal.domain.billing.vat import treatments
from portal.domain.companies.pseudonyms import Naming
from portal.domain.companies.reader import Reader
from portal.errors import NotFound
from portal.lib.money import Bill, Tally, bill_with
from portal.lib.periods import month_of

WANTED = HoursFilter(billing=Billing.TO_BE_INVOICED)
RUNNING = HoursFilter(billing=Billing.RUNNING)
ENDED = HoursFilter(billing=Billing.ENDED)
SUMS = (RUNNING, ENDED)  # what stands beside the invoice

ENTRIES_SHOWN = 100  # under one line that is unfolded; all of them are one click away
ENTRIES_ON_PAPER = 500  # under each line where all of them are unfolded
ODDITIES_SHOWN = 100
EVERY_LINE = "all"  # instead of a line's key: unfold them all


@dataclass(slots=True)
class TicketPart:
    """What one ticket adds to a line."""

    number: str
    subject: str
    employee: str
    is_confidential: bool
    tally: Tally = field(default_factory=Tally)
    entries: list[Worked | InvoicedRow] = field(default_factory=list)


@dataclass(slots=True)
class InvoiceLine:
    """One category at one rate: a price that changes within the month makes two lines."""

    category: str
    name: str
    rate: Decimal | None
    why_not: NoPrice | None
    tally: Tally = field(default_factory=Tally)
    tickets: dict[str, TicketPart] = field(default_factory=dict)
    shown: int = 0

    @property
    def key(self) -> str:
        """What an address calls it: the same while its category has this rate."""
        known = self.rate is not None or self.why_not is not None
        return f"{self.category}_{'none' if self.rate is None else f'{self.rate:.2f}'}{'' if known else '_untold'}"

    @property
    def more(self) -> int:
        """Entries of this line that are not listed under it."""
        return self.tally.entries - self.shown

    @property
    def tickets_shown(self) -> list[TicketPart]:
        return [part for part in self.tickets.values() if part.entries]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The invoice as it would be issued now, and what stands beside it."""

    lines: list[InvoiceLine]
    tally: Tally
    adjustments: list[Adjustment]  # credits and charges of what was invoiced before
    bill: Bill
    vat_notes: tuple[str, ...]  # why it has no Czech VAT (msgids)
    currency: str
    running: Tally
    ended: Tally
    odd: list[Oddity]
    odd_more: int
    disputed: Tally  # within the sum: what the company has not agreed to
    first_day: date | None
    last_day: date | None

    @property
    def adjusted(self) -> Decimal:
        """The credits and charges that can be added: those in this invoice's currency whose prices are known."""
        return sum((more for more, _percent in added(self.adjustments, self.currency)), Decimal(0))


def added(adjustments: Iterable[Adjustment], currency: str) -> list[tuple[Decimal, Decimal]]:
    """Amount and VAT's percent of the adjustments that an invoice of this currency can have."""
    return [
        (one.amount, one.vat_percent) for one in adjustments if one.amount is not None and one.currency == currency
    ]


def preview(
    reader: Reader,
    people: Naming = Naming.NAMES,
    disputes: Disputes = UNDISPUTED,
    *,
    listed: int = ENTRIES_SHOWN,
) -> Upcoming:
    """What would be invoiced to this company now, as far as it may see; what is in dispute is marked."""
    price_list = prices.list_of(reader)
    rows: list[Worked] = list(time_report.rows(reader, WANTED.but(people=people)))
    lines = lines_of(rows, price_list, listed=listed)
    tally = Tally()
    for line in lines:
        tally.take(line.tally)
    adjustments = invoice_adjustments.waiting(reader, people)
    vat = treatments.on(reader, month_of(clock.today()).until)
    odd = anomalies.found_in(rows, Surroundings.of(rows, clock.today(), disputes))
    return Upcoming(
        lines=lines,
        tally=tally,
        adjustments=adjustments,
        bill=bill_with(tally.amount, vat.percent, added(adjustments, price_list.currency)),
        vat_notes=(vat.treatment.label,) if vat.treatment.label else (),
        currency=price_list.currency,
        running=time_report.totals(reader, RUNNING),
        ended=time_report.totals(reader, ENDED),
        odd=odd[:ODDITIES_SHOWN],
        disputed=disputed_of(odd),
        odd_more=max(0, len(odd) - ODDITIES_SHOWN),
        first_day=rows[0].day if rows else None,
        last_day=rows[-1].day if rows else None,
    )


def line(reader: Reader, key: str, people: Naming = Naming.NAMES) -> InvoiceLine:
    """One line of the upcoming invoice with its tickets and entries. Raises NotFound when it has none of this key."""
    wanted = WANTED.but(people=people, category=category_of(key))
    return line_of(lines_of(time_report.rows(reader, wanted), prices.list_of(reader)), key)


def line_of(lines: Iterable[InvoiceLine], key: str) -> InvoiceLine:
    """The one of this key. Raises NotFound."""
    for found in lines:
        if found.key == key:
            return found
    raise NotFound


def category_of(key: str) -> str:
    """The category within a line's key."""
    return key.removesuffix("_untold").rpartition("_")[0]


def disputed_of(odd: Iterable[Oddity]) -> Tally:
    """The sum of those that the company has not agreed to, or asks about."""
    tally = Tally()
    for oddity in odd:
        if any(rule.is_dispute for rule in oddity.rules):
            tally.add(oddity.row.hours, oddity.row.rate, told=oddity.row.told)
    return tally


def lines_of(
    rows: Iterable[Worked] | Iterable[InvoicedRow], price_list: PriceList, *, listed: int = ENTRIES_SHOWN
) -> list[InvoiceLine]:
    """Rows as the lines of an invoice, by category and rate; entries without a price are lines of their own.

    So many entries at most are listed under each.
    """
    lines: dict[tuple[str, Decimal | None, bool], InvoiceLine] = {}
    for row in rows:
        key = (row.category, row.rate, row.told)
        if (line := lines.get(key)) is None:
            line = lines[key] = InvoiceLine(row.category, price_list.name_of(row.category), row.rate, row.why_not)
        line.tally.add(row.hours, row.rate, told=row.told)
        if (part := line.tickets.get(row.number)) is None:
            part = line.tickets[row.number] = TicketPart(row.number, row.subject, row.employee, row.is_confidential)
        part.tally.add(row.hours, row.rate, told=row.told)
        if line.shown < listed:
            part.entries.append(row)
            line.shown += 1
    return sorted(lines.values(), key=lambda line: (line.category, line.rate is None, line.rate or 0))
