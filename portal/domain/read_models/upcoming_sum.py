"""The upcoming invoice in a few figures: its sum, the difference to last month, and what is uncertain."""

from dataclasses import dataclass
from decimal import Decimal

from portal import clock
from portal.domain.billing import invoice_adjustments, invoice_preview, invoices, prices, time_report
from portal.domain.billing.vat import treatments
from portal.domain.companies.reader import Reader
from portal.lib.money import Bill, Tally, bill_with
from portal.lib.periods import Period, month_of


@dataclass(frozen=True, slots=True)
class UpcomingSum:
    """The same base, VAT and total as the page of the upcoming invoice has them."""

    waiting: Tally  # to be invoiced
    running: Tally  # in open tickets: it may come, too
    bill: Bill
    currency: str
    before: (
        tuple[Period, Decimal] | None
    )  # last month and the base of its invoices, if there were any in this currency

    @property
    def step(self) -> Decimal | None:
        """How much more than last month it is, without VAT."""
        return None if self.before is None else self.bill.base - self.before[1]

    @property
    def unpriced(self) -> int:
        """Entries without a price, which add nothing yet."""
        return self.waiting.unpriced + self.running.unpriced


WANTED = (invoice_preview.WANTED, invoice_preview.RUNNING)  # a page that needs more sums loads all with one statement


def of(reader: Reader) -> UpcomingSum:
    """As things stand today."""
    waiting, running = (time_report.totals(reader, wanted) for wanted in WANTED)
    currency, month = prices.list_of(reader).currency, month_of(clock.today())
    adjusted = invoice_preview.added(invoice_adjustments.waiting(reader), currency)
    last = invoices.month_if_any(reader, month.earlier())
    return UpcomingSum(
        waiting=waiting,
        running=running,
        bill=bill_with(waiting.amount, treatments.on(reader, month.until).percent, adjusted),
        currency=currency,
        before=(last.month, last.bill.base) if last is not None and last.currency == currency else None,
    )
