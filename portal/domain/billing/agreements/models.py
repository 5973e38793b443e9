"""Agreements: hours or money a month or a year that a company prepaid, told by the core or entered by staff."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Hours, db
from portal.db.enums import EnumText
from portal.domain.billing.budgets import Every, Unit
from portal.lib.periods import Period, month_of


class Agreement(Base):
    """What is included from the first day of a month on, until the next row; an amount of 0 ends it."""

    __tablename__ = "agreement"
    __table_args__ = (UniqueConstraint("company_id", "valid_from", "from_core"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    valid_from: Mapped[date]
    unit: Mapped[Unit] = mapped_column(EnumText(Unit))
    amount: Mapped[Decimal]  # hours, or money without VAT, of one period
    every: Mapped[Every] = mapped_column(EnumText(Every))
    carries: Mapped[Decimal | None]  # at most so much of what is left goes to the next period; None: all of it
    rate_inside: Mapped[Decimal | None]  # per hour; None: as the price list says
    rate_over: Mapped[Decimal | None]
    from_core: Mapped[bool]  # the core's row counts before one of staff

    @property
    def is_end(self) -> bool:
        return not self.amount


class AgreementPeriod(Base):
    """One period of a company's agreement as it stands: written anew whenever its entries are shared out."""

    __tablename__ = "agreement_period"
    __table_args__ = (Index("uq_agreement_period_since", "company_id", "since", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    since: Mapped[date]
    until: Mapped[date]
    unit: Mapped[Unit] = mapped_column(EnumText(Unit))
    included: Mapped[Decimal] = mapped_column(Hours)  # this and the rest: hours, or money without VAT
    carried: Mapped[Decimal] = mapped_column(
        Hours
    )  # from the period before; below zero where its last entry took more than was left
    used: Mapped[Decimal] = mapped_column(Hours)  # by entries inside
    over_hours: Mapped[Decimal] = mapped_column(Hours)  # of entries above it

    @property
    def available(self) -> Decimal:
        return self.included + self.carried

    @property
    def left(self) -> Decimal:
        """Below zero where the last entry inside took more than was left."""
        return self.available - self.used

    @property
    def percent(self) -> int:
        """Whole percent of what is available, rounded down: 100 is used up, not nearly."""
        return int(self.used * 100 / self.available) if self.available > 0 else 100

    @property
    def period(self) -> Period:
        return Period(self.since, self.until)


class AgreementAlert(Base):
    """A share of an agreement that was used in a period: told once."""

    __tablename__ = "agreement_alert"
    __table_args__ = (UniqueConstraint("company_id", "since", "percent"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    since: Mapped[date]
    percent: Mapped[int]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class AgreedTerms:
    """One agreement as it is reckoned with."""

    valid_from: date
    unit: Unit
    amount: Decimal
    every: Every = Every.MONTH
    carries: Decimal | None = Decimal(0)
    rate_inside: Decimal | None = None
    rate_over: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AgreedPeriod:
    """A period and the terms of its agreement."""

    period: Period
    terms: AgreedTerms


def of_company(company_id: int) -> list[AgreedTerms]:
    """A company's agreements by the day they begin; where core and staff name the same day, the core's counts."""
    mine = select(Agreement).where(Agreement.company_id == company_id)
    rows = db.session.scalars(mine.order_by(Agreement.valid_from, Agreement.from_core))
    by_day = {row.valid_from: row for row in rows}
    return [
        AgreedTerms(
            valid_from=row.valid_from,
            unit=Unit(row.unit),
            amount=row.amount,
            every=Every(row.every),
            carries=row.carries,
            rate_inside=row.rate_inside,
            rate_over=row.rate_over,
        )
        for row in by_day.values()
    ]


def periods(agreements: Sequence[AgreedTerms], last: date) -> Iterator[AgreedPeriod]:
    """Their periods until the one of a day, in order. A year begins with the agreement, a month is a calendar one."""
    for place, terms in enumerate(agreements):
        following = agreements[place + 1].valid_from if place + 1 < len(agreements) else None
        end = following - timedelta(days=1) if following else date.max
        since = terms.valid_from
        while terms.amount > 0 and since <= min(last, end):
            until = _end_of(since, terms.every)
            yield AgreedPeriod(Period(since, min(until, end)), terms)
            since = until + timedelta(days=1)


def _end_of(since: date, every: Every) -> date:
    if every is Every.MONTH:
        return month_of(since).until
    return date(since.year + 1, since.month, 1) - timedelta(days=1)
