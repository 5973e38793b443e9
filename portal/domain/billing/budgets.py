"""Budgets: what a manager means to spend in a month or a year, of all or of a category, and who was told of it."""

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


class Every(Labelled):
    """How often an amount is there anew."""

    MONTH = "month", msgid("a month")
    YEAR = "year", msgid("a year")


class Budget(Base):
    """A limit from a month on; of its kind the newest row up to a month is that month's. An amount of 0 is none.

    Its kind is whether it is of a month or of a calendar year, and the category it is about, if it is about one.
    """

    __tablename__ = "budget"
    __table_args__ = (Index("ix_budget_valid", "company_id", "from_month", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    from_month: Mapped[date]  # its first day
    unit: Mapped[Unit] = mapped_column(EnumText(Unit))
    amount: Mapped[Decimal]  # hours, or money without VAT
    every: Mapped[Every] = mapped_column(EnumText(Every), default=Every.MONTH, server_default=Every.MONTH.value)
    category: Mapped[str] = mapped_column(default="", server_default="")  # empty: all of them
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
    """A budget of a month or a year, and how much of it is worked, in its unit."""

    budget_id: int
    period: Period
    unit: Unit
    amount: Decimal
    tally: Tally
    every: Every = Every.MONTH
    category: str = ""

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
    budget = _of_month(reader, month)
    return _use(reader, budget, month) if budget and _may_show(reader, budget) else None


def others(reader: Reader, month: Period) -> list[Use]:
    """The same of budgets of the year, or of a category."""
    found = [one for one in reader.once(_valid, month) if one is not _of_month(reader, month)]
    shown = [one for one in found if _may_show(reader, one)]
    time_report.load(reader, *(wanted for one in shown for wanted in sums(_period(one, month), one.category)))
    return [_use(reader, one, month) for one in shown]


def sums(period: Period, category: str = "") -> tuple[HoursFilter, ...]:
    """What use() asks for: a page that needs more loads all of it with one statement."""
    return tuple(HoursFilter(period=period, billing=billing, category=category) for billing in WORKED)


def chosen(reader: Reader, month: Period) -> tuple[Unit, Decimal] | None:
    """The month's budget of everything as it was set, whether or not its use may be shown."""
    budget = _of_month(reader, month)
    return (budget.unit, budget.amount) if budget else None


@unit_of_work()
def choose(
    actor: Actor,
    company: Company,
    month: Period,
    *,
    unit: str,
    amount: str,
    every: str = Every.MONTH,
    category: str = "",
) -> None:
    """Set a budget from a month on; an empty amount or 0 ends that of its kind. Commits. Raises Refused."""
    written = re.sub(r"\s", "", amount)
    if unit not in set(Unit) or every not in set(Every) or not _AMOUNT.match(written or "0"):
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
            every=every,
            category=category.strip()[:40],
            set_by=actor.known.id,
            set_at=clock.now(),
        )
    )
    audit.note(
        audit.BUDGET_SET,
        actor,
        company_id=company.id,
        about=": ".join(part for part in (f"{value:f}", unit, every, category) if part),
    )


def tell_once(use: Use) -> int | None:
    """The highest share that was reached and not told yet, now noted as told in the caller's transaction."""
    fresh = [
        percent
        for percent in use.alerts_reached
        if insert_once(BudgetAlert, budget_id=use.budget_id, month=use.period.since, percent=percent, at=clock.now())
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
    reader = Reader.of(company)
    of_month = use(reader, month)
    told = 0
    for reached in [*([of_month] if of_month else []), *others(reader, month)]:
        if percent := tell_once(reached):
            _tell(company, reached, percent)
            told += 1
    return bool(told)


def _tell(company: Company, use: Use, percent: int) -> None:
    currency = prices.list_of(Reader.of(company)).currency
    for person in people.managers(company.id):
        preferences.tell(
            person,
            preferences.BUDGET_REACHED,
            key=f"budget-{use.budget_id}-{use.period.slug}-{percent}-{person.id}",
            text="budget_reached",
            path=ALERT_PATH,
            company=company,
            use=use,
            percent=percent,
            currency=currency,
        )


def _valid(reader: Reader, month: Period) -> list[Budget]:
    """The newest of every kind."""
    mine = select(Budget).where(Budget.company_id == reader.company_id, Budget.from_month <= month.since)
    rows = db.session.scalars(mine.order_by(Budget.from_month, Budget.id))
    of_kind = {(row.every, row.category): row for row in rows}
    return [of_kind[kind] for kind in sorted(of_kind) if of_kind[kind].amount]


def _of_month(reader: Reader, month: Period) -> Budget | None:
    found = reader.once(_valid, month)
    return next((one for one in found if one.every is Every.MONTH and not one.category), None)


def _may_show(reader: Reader, budget: Budget) -> bool:
    told = disclosure.of(reader)
    return not (told.hides_hours or (budget.unit == Unit.MONEY and told.hides_money))


def _period(budget: Budget, month: Period) -> Period:
    if budget.every is Every.MONTH:
        return month
    return Period(month.since.replace(month=1, day=1), month.since.replace(month=12, day=31))


def _use(reader: Reader, budget: Budget, month: Period) -> Use:
    tally, period = Tally(), _period(budget, month)
    time_report.load(reader, *sums(period, budget.category))
    for wanted in sums(period, budget.category):
        tally.take(time_report.totals(reader, wanted))
    return Use(budget.id, period, budget.unit, budget.amount, tally, budget.every, budget.category)
