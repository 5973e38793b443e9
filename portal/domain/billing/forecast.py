"""The forecast: what the invoice may come to by the month's end, with the reasoning a reader can check."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from portal import clock
from portal.domain.billing import time_report
from portal.domain.billing.status import WORKED
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.reader import Reader
from portal.lib.business_hours import is_working_day
from portal.lib.money import CENT, Tally
from portal.lib.periods import Period, month_of

ENOUGH_DAYS = 5  # working days of this month after which its own pace says more than the months before
LOOKS_BACK = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is worked on a working day, and from which days that is known."""

    period: Period
    working_days: int
    hours: Decimal  # a working day
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """waiting + running + pace × days_left, in hours and in money without VAT; credits and charges in money alone."""

    month: Period
    waiting: Tally
    running: Tally
    pace: Pace
    days_left: int
    adjusted: Decimal = Decimal(0)  # credits and charges of earlier invoices, which this one settles

    @property
    def hours(self) -> Decimal:
        return self.waiting.hours + self.running.hours + self.pace_hours

    @property
    def amount(self) -> Decimal:
        return self.waiting.amount + self.adjusted + self.running.amount + self.pace_amount

    @property
    def pace_hours(self) -> Decimal:
        """What the days left would bring at this pace."""
        return _rounded(self.pace.hours * self.days_left)

    @property
    def pace_amount(self) -> Decimal:
        return _rounded(self.pace.amount * self.days_left)


def of(reader: Reader, waiting: Tally, running: Tally, *, adjusted: Decimal = Decimal(0)) -> Forecast:
    """This month's forecast for a company that has so much waiting to be invoiced and so much running.

    adjusted: credits and charges of earlier invoices, without VAT.
    """
    today = clock.today()
    worked = Tally()
    time_report.load(reader, *sums())
    for wanted in sums():
        worked.take(time_report.totals(reader, wanted))
    made = make(today=today, waiting=waiting, running=running, looked_at=looked_at(today), worked=worked)
    return replace(made, adjusted=adjusted)


def sums() -> tuple[HoursFilter, ...]:
    """What of() asks for: a page that needs more loads all of it with one statement."""
    return tuple(HoursFilter(period=looked_at(clock.today()), billing=billing) for billing in WORKED)


def looked_at(today: date) -> Period:
    """The days whose pace counts: this month's once it has enough working days, else the three months before."""
    month = month_of(today)
    so_far = Period(month.since, today - timedelta(days=1)) if today > month.since else None
    if so_far and working_days(so_far) >= ENOUGH_DAYS:
        return so_far
    return Period(month.since - LOOKS_BACK, month.since - timedelta(days=1))


def make(*, today: date, waiting: Tally, running: Tally, looked_at: Period, worked: Tally) -> Forecast:
    """The forecast for today's month; `worked` is everything worked in the days looked at, today's work apart."""
    days = working_days(looked_at)
    pace = Pace(
        period=looked_at,
        working_days=days,
        hours=worked.hours / days if days else Decimal(0),
        amount=worked.amount / days if days else Decimal(0),
    )
    month = month_of(today)
    left = working_days(Period(today + timedelta(days=1), month.until)) if today < month.until else 0
    return Forecast(month=month, waiting=waiting, running=running, pace=pace, days_left=left)


def working_days(period: Period) -> int:
    """How many Czech working days a period has."""
    days = (period.until - period.since).days + 1
    return sum(is_working_day(period.since + timedelta(days=count)) for count in range(days))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
