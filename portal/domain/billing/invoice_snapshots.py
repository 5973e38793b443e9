"""Invoices: what the core reported as invoiced, frozen line by line when the mirror first saw it."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, insert_once
from portal.domain.billing import prices
from portal.domain.billing.prices import PriceList
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets.time_entries import TimeEntry
from portal.lib.money import Tally, amount, vat_percent

SUMS = ("entries", "hours", "amount", "unpriced", "unpriced_hours")  # of an invoice, as a Tally has them
TICKETS_AT_ONCE = 500  # SQLite takes a limited number of values in one statement


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
    currency: Mapped[str]
    frozen_at: Mapped[datetime]
    # What its entries come to: whoever adds one or fills in a rate adds to these in the same transaction.
    entries: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    hours: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    amount: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    unpriced: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    unpriced_hours: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")


class InvoicedEntry(Base):
    """A time entry as it was when it was invoiced. An entry is invoiced once: one row, whatever happens later."""

    __tablename__ = "invoiced_entry"
    __table_args__ = (Index("ix_invoiced_entry_in_order", "invoice_id", "worked_day", "time_entry_id"),)

    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), primary_key=True, autoincrement=False)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"))
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    category: Mapped[str]
    hours: Mapped[Decimal]
    worked_day: Mapped[date]
    rate: Mapped[Decimal | None]  # per hour; None while the price list says nothing about it
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
    for entry in _not_frozen(ticket_ids):
        if entry.company_id not in drawers:
            drawers[entry.company_id] = _Drawer(entry.company_id)
        frozen.append(drawers[entry.company_id].frozen(entry))
    if frozen:
        db.session.execute(insert(InvoicedEntry), frozen)
        _add_up(frozen)
    return len(frozen)


def fill_in_rates() -> int:
    """Give frozen entries a rate where the price list did not know one and now does; how many. Does not commit."""
    lists: dict[int, PriceList] = {}
    filled = 0
    for row in db.session.scalars(select(InvoicedEntry).where(InvoicedEntry.rate.is_(None))):
        if row.company_id not in lists:
            lists[row.company_id] = prices.list_of(Reader.of(db.session.get_one(Company, row.company_id)))
        row.rate = lists[row.company_id].rate_on(row.category, row.worked_day)
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


class _Drawer:
    """One company's invoices, while entries are put into them."""

    def __init__(self, company_id: int) -> None:
        self._company_id = company_id
        self._prices = prices.list_of(Reader.of(db.session.get_one(Company, company_id)))
        self._invoices: dict[date, int] = {}

    def frozen(self, entry: _Reported) -> dict[str, Any]:
        """The entry's row in its invoice."""
        return {
            "time_entry_id": entry.id,
            "invoice_id": self._invoice(entry.invoiced_on),
            "company_id": self._company_id,
            "category": entry.category,
            "hours": entry.hours,
            "worked_day": entry.worked_day,
            "rate": self._prices.rate_on(entry.category, entry.worked_day),
            "frozen_at": clock.now(),
        }

    def _invoice(self, period_end: date) -> int:
        if period_end not in self._invoices:
            insert_once(
                Invoice,
                company_id=self._company_id,
                period_end=period_end,
                vat_percent=vat_percent(period_end),
                currency=self._prices.currency,
                frozen_at=clock.now(),
            )
            self._invoices[period_end] = db.session.scalars(
                select(Invoice.id).where(Invoice.company_id == self._company_id, Invoice.period_end == period_end)
            ).one()
        return self._invoices[period_end]


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
