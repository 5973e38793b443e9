"""Budgets: what a company's manager means to spend in a month, in hours or in money, and who was told of its use."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Budget(Base):
    """A monthly limit from a month on; the newest row up to a month is that month's. An amount of 0 is no budget."""

    __tablename__ = "budget"
    __table_args__ = (Index("ix_budget_valid", "company_id", "from_month", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    from_month: Mapped[date]  # its first day
    unit: Mapped[str]  # hours | money
    amount: Mapped[Decimal]  # hours, or money without VAT
    set_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[datetime]


class BudgetAlert(Base):
    """A share of a budget that was reached in a month: told once."""

    __tablename__ = "budget_alert"
    __table_args__ = (UniqueConstraint("budget_id", "month", "percent"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    budget_id: Mapped[int] = mapped_column(ForeignKey("budget.id"))
    month: Mapped[date]
    percent: Mapped[int]
    at: Mapped[datetime]
