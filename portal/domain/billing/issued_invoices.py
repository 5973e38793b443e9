"""Issued invoices: documents the accounts made of what was invoiced, as the core tells them, and who issued them."""

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, select, true
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader


class IssuedInvoice(Base):
    """A document. Ours of the same company, period and supplement is domain.billing.invoice_snapshots.Invoice."""

    __tablename__ = "issued_invoice"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    period_end: Mapped[date]
    supplement: Mapped[int] = mapped_column(default=0)
    number: Mapped[str] = mapped_column(default="")
    issued_on: Mapped[date | None]
    taxable_on: Mapped[date | None]  # DUZP
    due_on: Mapped[date | None]
    total: Mapped[Decimal | None]  # with VAT
    currency: Mapped[str] = mapped_column(default="CZK")
    link: Mapped[str] = mapped_column(default="")


class Supplier(Base):
    """One row, or none: who issues the invoices."""

    __tablename__ = "supplier"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    ico: Mapped[str] = mapped_column(default="")
    dic: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")


def of_period(reader: Reader, since: date, until: date) -> dict[tuple[date, int], IssuedInvoice]:
    """The documents of periods that end within these days, by period end and supplement, in that order."""
    wanted = select(IssuedInvoice).where(
        IssuedInvoice.company_id == reader.company_id, IssuedInvoice.period_end.between(since, until)
    )
    in_order = wanted.order_by(IssuedInvoice.period_end, IssuedInvoice.supplement)
    return {(one.period_end, one.supplement): one for one in db.session.scalars(in_order)}


def parties(reader: Reader) -> tuple[Company, Supplier | None]:
    """Who pays, and who issues the invoices, where the core says it."""
    both = select(Company, Supplier).outerjoin(Supplier, true()).where(Company.id == reader.company_id)
    company, supplier = db.session.execute(both.order_by(Supplier.id).limit(1)).one()
    return company, supplier
