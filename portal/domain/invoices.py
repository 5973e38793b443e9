"""Invoices: what the core reported as invoiced, frozen line by line when the mirror first saw it."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Invoice(Base):
    """One invoiced period of one company. period_end is its last Prague day, as the core names it."""

    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("company_id", "period_end"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    period_end: Mapped[date]
    vat_percent: Mapped[Decimal]
    currency: Mapped[str]
    frozen_at: Mapped[datetime]


class InvoicedEntry(Base):
    """A time entry as it was when it was invoiced. An entry is invoiced once: one row, whatever happens later."""

    __tablename__ = "invoiced_entry"

    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), primary_key=True, autoincrement=False)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    category: Mapped[str]
    hours: Mapped[Decimal]
    worked_day: Mapped[date]
    rate: Mapped[Decimal | None]  # per hour; None while the price list says nothing about it
    frozen_at: Mapped[datetime]
