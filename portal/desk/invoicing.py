"""The month's end: what waits for the invoice becomes invoiced, once."""

from dataclasses import dataclass
from datetime import date

from portal.desk.store import Store


@dataclass(frozen=True, slots=True)
class InvoiceReport:
    """What an invoicing did, or would do."""

    month: date


def invoice(store: Store, month: date, dry_run: bool = True) -> InvoiceReport:
    """Invoice a Prague month."""
    raise NotImplementedError
