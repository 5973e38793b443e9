"""Prices: hourly rates by category, general and per company, each valid from a day on."""

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class Price(Base):
    """A rate per hour from a Prague day on; without a company it is everybody's."""

    __tablename__ = "price"
    __table_args__ = (Index("uq_price_row", "company_id", "category", "valid_from", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    category: Mapped[str]
    name: Mapped[str]
    rate: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(default="CZK")
    valid_from: Mapped[date]
