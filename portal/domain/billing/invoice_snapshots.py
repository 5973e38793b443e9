"""Invoices: what the core reported as invoiced, frozen line by line when the mirror first saw it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, Hours, db, insert_once
from portal.db.enums import EnumText
from portal.domain.billing import prices
from portal.domain.billing.issued_invoices import IssuedInvoice
from portal.domain.billing.prices import PriceList
from portal.domain.billing.vat import treatments
from portal.domain.billing.vat.treatments import Treatment
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets.time_entries import Coverage, TimeEntry, TimeEntryCorrection
from portal.lib.money import Tally, amount

SUMS = ("entries", "hours", "amount", "unpriced", "unpriced_hours")  # of an invoice, as a Tally has them
TICKETS_AT_ONCE = 500  # SQLite takes a limited number of values in one statement

# A core stamps the entries of a month one after the other, and a first sync reads them for hours; what joins an
# invoice later than this is another run: a supplement, or added to the same document.
SETTLES_IN = timedelta(days=1)


class Invoice(Base):
    """One invoiced period of one company. period_end is its last Prague day, as the core names it."""

    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("company_id", "period_end", "supplement"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    period_end: Mapped[date]
    supplement: Mapped[int] = mapped_column(default=0, server_default="0")  # 1, 2… of the period; 0 is its first
    document: Mapped[str] = mapped_column(default="", server_default="")  # the core's name of the issued one
    vat_percent: Mapped[Decimal]
    treatment: Mapped[Treatment] = mapped_column(
        EnumText(Treatment), default=Treatment.CZECH, server_default=Treatment.CZECH.value
    )
    currency: Mapped[str]
    frozen_at: Mapped[datetime]
    # What its entries come to: whoever adds one or fills in a rate adds to these in the same transaction.
    entries: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    hours: Mapped[Decimal] = mapped_column(Hours, default=Decimal(0), server_default="0")
    amount: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    unpriced: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    unpriced_hours: Mapped[Decimal] = mapped_column(Hours, default=Decimal(0), server_default="0")
    adjustments: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # how many it has


class InvoicedEntry(Base):
    """A time entry as it was when it was invoiced. An entry is invoiced once: one row, whatever happens later."""

    __tablename__ = "invoiced_entry"
    __table_args__ = (Index("ix_invoiced_entry_in_order", "invoice_id", "worked_day", "time_entry_id"),)

    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), primary_key=True, autoincrement=False)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"))
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    category: Mapped[str]
    hours: Mapped[Decimal] = mapped_column(Hours)
    worked_day: Mapped[date]
    rate: Mapped[Decimal | None]  # per hour; None while the price list says nothing about it
    coverage: Mapped[Coverage | None] = mapped_column(EnumText(Coverage))  # by the agreement, when it was invoiced
    frozen_at: Mapped[datetime]


def has(entry_id: int) -> bool:
    """Whether an entry is on an invoice."""
    return db.session.get(InvoicedEntry, entry_id) is not None


def freeze(ticket_ids: Collection[int] | None = None) -> int:
    """Keep what the core reports as invoiced, as it is now, of these tickets or of all; how many entries were new.

    Runs in the caller's transaction. A frozen row never changes again, except that a rate nobody knew is filled in
    when the price list knows it: see fill_in_rates.
    """
    drawers: dict[int, _Drawer] = {}
    frozen = []
    reported = list(_not_frozen(ticket_ids))
    first = _first_states([entry.id for entry in reported])
    for entry in (_as_invoiced(one, first.get(one.id)) for one in reported):
        if entry.company_id not in drawers:
            drawers[entry.company_id] = _Drawer(entry.company_id)
        frozen.append(drawers[entry.company_id].frozen(entry))
    if frozen:
        db.session.execute(insert(InvoicedEntry), frozen)
        _add_up(frozen)
    return len(frozen)


def fill_in_rates() -> int:
    """Give frozen entries a rate where the price list did not know one and now does; how many. Does not commit."""
    readers: dict[int, Reader] = {}
    filled = 0
    unpriced = select(InvoicedEntry, Invoice).join(Invoice, Invoice.id == InvoicedEntry.invoice_id)
    for row, invoice in db.session.execute(unpriced.where(InvoicedEntry.rate.is_(None))).all():
        if row.company_id not in readers:
            readers[row.company_id] = Reader.of(db.session.get_one(Company, row.company_id))
        price_list = prices.list_of(readers[row.company_id], invoice.period_end)
        if price_list.currency == invoice.currency:  # what is frozen keeps its invoice's currency
            row.rate = price_list.rate_on(row.category, row.worked_day)
        if row.rate is not None:
            filled += 1
            _fill_in(row)
    db.session.flush()
    return filled


def _add_up(frozen: list[dict[str, Any]]) -> None:
    """The invoices' sums grow by their new entries."""
    tallies: dict[int, Tally] = {}
    for row in frozen:
        tallies.setdefault(row["invoice_id"], Tally()).add(row["hours"], row["rate"])
    for invoice_id, tally in sorted(tallies.items()):
        more = {name: getattr(Invoice, name) + getattr(tally, name) for name in SUMS}
        db.session.execute(update(Invoice).where(Invoice.id == invoice_id).values(**more))


def _fill_in(row: InvoicedEntry) -> None:
    """An entry of an invoice has a rate now: it moves from those without a price to the amount."""
    assert row.rate is not None
    db.session.execute(
        update(Invoice)
        .where(Invoice.id == row.invoice_id)
        .values(
            amount=Invoice.amount + amount(row.hours, row.rate),
            unpriced=Invoice.unpriced - 1,
            unpriced_hours=Invoice.unpriced_hours - row.hours,
        )
    )


class _Reported(NamedTuple):
    """What an invoice keeps of an entry that the core reports as invoiced."""

    id: int
    company_id: int
    category: str
    hours: Decimal
    worked_day: date
    invoiced_on: date
    document: str
    coverage: Coverage | None
    coverage_rate: Decimal | None


def _first_states(entry_ids: Sequence[int]) -> dict[int, TimeEntryCorrection]:
    """The first correction after the invoice of entries that the mirror meets later: it says what was invoiced."""
    found: dict[int, TimeEntryCorrection] = {}
    for start in range(0, len(entry_ids), TICKETS_AT_ONCE):
        wanted = select(TimeEntryCorrection).where(
            TimeEntryCorrection.time_entry_id.in_(entry_ids[start : start + TICKETS_AT_ONCE]),
            TimeEntryCorrection.invoiced_on.is_not(None),
        )
        for one in db.session.scalars(wanted.order_by(TimeEntryCorrection.at, TimeEntryCorrection.id)):
            found.setdefault(one.time_entry_id, one)
    return found


def _as_invoiced(entry: _Reported, first: TimeEntryCorrection | None) -> _Reported:
    """The entry as it was when it was invoiced, as far as the core's corrections say it."""
    if first is None or first.old_category is None or first.old_hours is None or first.old_day is None:
        return entry
    return entry._replace(category=first.old_category, hours=first.old_hours, worked_day=first.old_day)


class _Drawer:
    """One company's invoices, while entries are put into them."""

    def __init__(self, company_id: int) -> None:
        self._company_id = company_id
        self._reader = Reader.of(db.session.get_one(Company, company_id))
        self._invoices: dict[tuple[date, str], int] = {}

    def frozen(self, entry: _Reported) -> dict[str, Any]:
        """The entry's row in its invoice."""
        return {
            "time_entry_id": entry.id,
            "invoice_id": self._invoice(entry.invoiced_on, entry.document),
            "company_id": self._company_id,
            "category": entry.category,
            "hours": entry.hours,
            "worked_day": entry.worked_day,
            "rate": self._rate(entry),
            "coverage": entry.coverage,
            "frozen_at": clock.now(),
        }

    def _rate(self, entry: _Reported) -> Decimal | None:
        """By the agreement, else by the price list."""
        if entry.coverage_rate is not None:
            return entry.coverage_rate
        return self._on(entry.invoiced_on).rate_on(entry.category, entry.worked_day)

    def _on(self, period_end: date) -> PriceList:
        """The price list in the currency of an invoice of that period."""
        return prices.list_of(self._reader, period_end)

    def _invoice(self, period_end: date, document: str) -> int:
        key = (period_end, document)
        if key not in self._invoices:
            self._invoices[key] = _begun(self._company_id, period_end, document, self._on(period_end).currency).id
        return self._invoices[key]


def of_document(reader: Reader, document: str) -> Invoice | None:
    """Our invoice of a document: begun now, when the core has told the document and nothing of it was frozen yet."""
    mine = select(Invoice).where(Invoice.company_id == reader.company_id, Invoice.document == document)
    found = db.session.scalars(mine.limit(1)).first()
    told = db.session.scalars(select(IssuedInvoice).where(IssuedInvoice.core_id == document)).first()
    if found is not None or told is None or told.company_id != reader.company_id:
        return found
    currency = prices.list_of(reader, told.period_end).currency
    return _begun(reader.company_id, told.period_end, document, currency)


def _begun(company_id: int, period_end: date, document: str, currency: str) -> Invoice:
    """The invoice that takes entries of this period and document. What is issued grows no more: a supplement does."""
    of_period = select(Invoice).where(Invoice.company_id == company_id, Invoice.period_end == period_end)
    known = db.session.scalars(of_period.order_by(Invoice.supplement)).all()
    told = db.session.scalar(select(IssuedInvoice.supplement).where(IssuedInvoice.core_id == document))
    for invoice in known:
        if _takes(invoice, document, told, is_last=invoice is known[-1]):
            invoice.document = invoice.document or document
            return invoice
    taken = {invoice.supplement for invoice in known}
    vat = treatments.of_company(company_id, period_end)
    supplement = told if told is not None and told not in taken else max(taken, default=-1) + 1
    insert_once(
        Invoice,
        company_id=company_id,
        period_end=period_end,
        supplement=supplement,
        document=document,
        vat_percent=vat.percent,
        treatment=vat.treatment,
        currency=currency,
        frozen_at=clock.now(),
    )
    return db.session.scalars(of_period.where(Invoice.supplement == supplement)).one()


def _takes(invoice: Invoice, document: str, told: int | None, *, is_last: bool) -> bool:
    if document and invoice.document:
        return invoice.document == document
    if document and told is not None:
        return invoice.supplement == told
    return is_last and clock.now() <= invoice.frozen_at + SETTLES_IN


def _not_frozen(ticket_ids: Collection[int] | None) -> Iterator[_Reported]:
    waiting = (
        select(*(getattr(TimeEntry, name) for name in _Reported._fields))
        .outerjoin(InvoicedEntry, InvoicedEntry.time_entry_id == TimeEntry.id)
        .where(TimeEntry.invoiced_on.is_not(None), TimeEntry.withdrawn_at.is_(None))
        .where(InvoicedEntry.time_entry_id.is_(None))
        .order_by(TimeEntry.id)
    )
    if ticket_ids is None:
        yield from map(_Reported._make, db.session.execute(waiting).all())
        return
    ids = sorted(ticket_ids)
    for start in range(0, len(ids), TICKETS_AT_ONCE):
        part = ids[start : start + TICKETS_AT_ONCE]
        found = db.session.execute(waiting.where(TimeEntry.ticket_id.in_(part))).all()
        yield from map(_Reported._make, found)
