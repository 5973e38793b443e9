"""An invoiced month beside the documents issued for it: their numbers and days, and whether the totals agree."""

from dataclasses import dataclass
from decimal import Decimal

from portal.domain.billing import issued_invoices
from portal.domain.billing.invoices import MonthOfInvoices, OneInvoice
from portal.domain.billing.issued_invoices import IssuedInvoice
from portal.domain.companies.reader import Reader


@dataclass(frozen=True, slots=True)
class IssuedRow:
    """One invoice of the month as we keep it, and what the core says of the document; None where it says nothing."""

    ours: OneInvoice
    told: IssuedInvoice | None

    @property
    def difference(self) -> Decimal | None:
        """Their total less ours; None where they tell none, or tell it in another currency."""
        if self.told is None or self.told.total is None or self.told.currency != self.ours.currency:
            return None
        return self.told.total - self.ours.bill.total

    @property
    def is_equal(self) -> bool | None:
        """Sum and currency are ours; None where they tell no sum."""
        return None if self.told is None or self.told.total is None else self.difference == 0


def of_month(reader: Reader, month: MonthOfInvoices) -> list[IssuedRow]:
    """The invoices of a month, its first before its supplements; none while a single one has no number yet."""
    told = issued_invoices.of_period(reader, month.month.since, month.month.until)
    rows = [IssuedRow(one, told.get((one.period_end, one.supplement))) for one in month.invoices]
    return rows if len(rows) > 1 or any(row.told and row.told.number for row in rows) else []
