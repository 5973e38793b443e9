"""Periods: whole Prague days from one to another, most often a month. Pure."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from portal.lib.i18n import msgid

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)  # who asks for other days asks for no days of ours

_MONTH = re.compile(r"^([0-9]{4})-(0[1-9]|1[0-2])\Z")
_DAYS = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})_([0-9]{4}-[0-9]{2}-[0-9]{2})\Z")


@dataclass(frozen=True, slots=True)
class Period:
    """From the start of one Prague day to the end of another."""

    since: date
    until: date  # inclusive

    @property
    def is_month(self) -> bool:
        return self == month_of(self.since)

    @property
    def slug(self) -> str:
        """As it stands in an address and in a file's name: 2026-11, or 2026-11-01_2026-11-15."""
        return f"{self.since:%Y-%m}" if self.is_month else f"{self.since.isoformat()}_{self.until.isoformat()}"

    def earlier(self) -> "Period":
        """The month before, or as many days before."""
        if self.is_month:
            return month_of(self.since - timedelta(days=1))
        return Period(self.since - (self.until - self.since) - timedelta(days=1), self.since - timedelta(days=1))

    def later(self) -> "Period":
        """The month after, or as many days after."""
        if self.is_month:
            return month_of(self.until + timedelta(days=1))
        return Period(self.until + timedelta(days=1), self.until + (self.until - self.since) + timedelta(days=1))

    def __contains__(self, day: date) -> bool:
        return self.since <= day <= self.until


def month_of(day: date) -> Period:
    """The month a day belongs to."""
    return Period(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def quarter_of(day: date) -> Period:
    """The quarter of a year a day belongs to."""
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return Period(first, month_of(first.replace(month=first.month + 2)).until)


def year_of(day: date) -> Period:
    """The calendar year a day belongs to."""
    return Period(date(day.year, 1, 1), date(day.year, 12, 31))


def spans(today: date) -> list[tuple[str, Period]]:
    """What is asked for most often, by its name: this and the last month, quarter and year."""
    month, quarter, year = month_of(today), quarter_of(today), year_of(today)
    return [
        (msgid("This month"), month),
        (msgid("Last month"), month.earlier()),
        (msgid("This quarter"), quarter),
        (msgid("Last quarter"), quarter_of(quarter.since - timedelta(days=1))),
        (msgid("This year"), year),
        (msgid("Last year"), year_of(year.since - timedelta(days=1))),
    ]


def months_until(last: Period, count: int) -> list[Period]:
    """So many months, the last one included, oldest first."""
    months = [month_of(last.until)]
    while len(months) < count:
        months.append(months[-1].earlier())
    return months[::-1]


def parse(text: str) -> Period | None:
    """The period a slug says; None when it says none."""
    if found := _MONTH.match(text):
        return _within(month_of(date(int(found[1]), int(found[2]), 1))) if found[1] != "0000" else None
    if found := _DAYS.match(text):
        since, until = day(found[1]), day(found[2])
        return _within(Period(since, until)) if since and until and since <= until else None
    return None


def day(text: str | None) -> date | None:
    """The day an input of a form says; None when it says none that exists or none of our time."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if EARLIEST <= found <= LATEST else None


def _within(period: Period) -> Period | None:
    return period if period.since >= EARLIEST and period.until <= LATEST else None
