"""Budgets: what a company's manager means to spend in a month, in hours or in money, and who was told of its use."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, insert_once
from portal.db.enums import EnumText
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.billing import disclosure, prices, time_report
from portal.domain.billing.status import WORKED
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.notifications import preferences
from portal.domain.users import models as people
from portal.domain.users.actor import Actor
from portal.errors import Refused
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled
from portal.lib.money import Tally
from portal.lib.periods import Period, month_of

ALERTS = (50, 80, 100)  # percent of a budget
ALERT_PATH = "/invoices/upcoming"
LARGEST = Decimal(100_000_000)

_AMOUNT = re.compile(r"^[0-9]{1,9}([.,][0-9]{1,2})?\Z")


class Unit(Labelled):
    HOURS = "hours", msgid("hours")
    MONEY = "money", msgid("money without VAT")


class Budget(Base):
    """A monthly limit from a month on; the newest row up to a month is that month's. An amount of 0 is no budget."""

    __tablename__ = "budget"
    __table_args__ = (Index("ix_budget_valid", "company_id", "from_month", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    from_month: Mapped[date]  # its first day
    unit: Mapped[Unit] = mapped_column(EnumText(Unit))
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


@dataclass(frozen=True, slots=True)
class Use:
    """A month's budget and how much of it is worked, in its unit."""

    budget_id: int
    month: Period
    unit: Unit
    amount: Decimal
    tally: Tally

    @property
    def used(self) -> Decimal:
        return self.tally.hours if self.unit is Unit.HOURS else self.tally.amount

    @property
    def left(self) -> Decimal:
        """Below zero when more was worked than meant."""
        return self.amount - self.used

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 100 is reached, not nearly reached."""
        return int(self.used * 100 / self.amount)

    @property
    def alerts_reached(self) -> tuple[int, ...]:
        return tuple(percent for percent in ALERTS if self.used * 100 >= self.amount * percent)


def use(reader: Reader, month: Period) -> Use | None:
    """How much of the month's budget is worked: running, to be invoiced and invoiced entries of its days.

    None without a budget, and where the company may not see live what it would be measured by.
    """
    budget = reader.once(_valid, month)
    told = disclosure.of(reader)
    if budget is None or told.hides_hours or (budget.unit == Unit.MONEY and told.hides_money):
        return None
    tally = Tally()
    time_report.load(reader, *sums(month))
    for wanted in sums(month):
        tally.take(time_report.totals(reader, wanted))
    return Use(budget.id, month, budget.unit, budget.amount, tally)


def sums(month: Period) -> tuple[HoursFilter, ...]:
    """What use() asks for: a page that needs more loads all of it with one statement."""
    return tuple(HoursFilter(period=month, billing=billing) for billing in WORKED)


def chosen(reader: Reader, month: Period) -> tuple[Unit, Decimal] | None:
    """The budget as it was set for a month, whether or not its use may be shown."""
    budget = reader.once(_valid, month)
    return (budget.unit, budget.amount) if budget else None


@unit_of_work()
def choose(actor: Actor, company: Company, month: Period, *, unit: str, amount: str) -> None:
    """Set the budget from a month on; an empty amount or 0 ends it. Commits. Raises Refused for nonsense."""
    written = re.sub(r"\s", "", amount)
    if unit not in set(Unit) or not _AMOUNT.match(written or "0"):
        raise Refused(msgid("Write the budget as a number, for example 20 or 25000,50."))
    value = Decimal((written or "0").replace(",", "."))
    if value > LARGEST:
        raise Refused(msgid("Write the budget as a number, for example 20 or 25000,50."))
    db.session.add(
        Budget(
            company_id=company.id,
            from_month=month.since,
            unit=unit,
            amount=value.quantize(Decimal("0.01")),
            set_by=actor.known.id,
            set_at=clock.now(),
        )
    )
    audit.note(audit.BUDGET_SET, actor, company_id=company.id, about=f"{value:f} {unit}")


def tell_once(use: Use) -> int | None:
    """The highest share that was reached and not told yet, now noted as told in the caller's transaction."""
    fresh = [
        percent
        for percent in use.alerts_reached
        if insert_once(BudgetAlert, budget_id=use.budget_id, month=use.month.since, percent=percent, at=clock.now())
    ]
    return max(fresh) if fresh else None


def alert() -> int:
    """Tell managers what was reached since the last time; how many companies. Commits company by company."""
    month, told = month_of(clock.today()), 0
    with_budget = select(Budget.company_id).where(Budget.from_month <= month.since)
    for company in db.session.scalars(select(Company).where(Company.id.in_(with_budget)).order_by(Company.id)).all():
        told += _alerted(company, month)
    return told


@unit_of_work()
def _alerted(company: Company, month: Period) -> bool:
    reached = use(Reader.of(company), month)
    percent = tell_once(reached) if reached else None
    if reached and percent:
        _tell(company, reached, percent)
    return bool(percent)


def _tell(company: Company, use: Use, percent: int) -> None:
    currency = prices.list_of(Reader.of(company)).currency
    for person in people.managers(company.id):
        preferences.tell(
            person,
            preferences.BUDGET_REACHED,
            key=f"budget-{use.budget_id}-{use.month.slug}-{percent}-{person.id}",
            text="budget_reached",
            path=ALERT_PATH,
            company=company,
            use=use,
            percent=percent,
            currency=currency,
        )


def _valid(reader: Reader, month: Period) -> Budget | None:
    budget = db.session.scalar(
        select(Budget)
        .where(Budget.company_id == reader.company_id, Budget.from_month <= month.since)
        .order_by(Budget.from_month.desc(), Budget.id.desc())
        .limit(1)
    )
    return budget if budget and budget.amount else None
