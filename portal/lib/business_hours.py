"""Working time: hours in which a Czech office answers, and when in them to remind somebody. Pure."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays

from portal.clock import PRAGUE, UTC, prague

OPENS, CLOSES = time(8), time(17)  # on a clock in Prague
NEAR = timedelta(hours=4)  # two reminders closer than this are one


def is_working_day(day: date) -> bool:
    """Monday to Friday, and no Czech public holiday."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def at_or_after(moment: datetime) -> datetime:
    """The first working moment that is not before this one, in UTC."""
    local = prague(moment)
    day = local.date()
    if is_working_day(day):
        if local.time() < OPENS:
            return _at(day, OPENS)
        if local.time() <= CLOSES:
            return moment.astimezone(UTC)
    return _at(next_working_day(day), OPENS)


def at_or_before(moment: datetime) -> datetime:
    """The last working moment that is not after this one, in UTC."""
    local = prague(moment)
    day = local.date()
    if is_working_day(day):
        if local.time() > CLOSES:
            return _at(day, CLOSES)
        if local.time() >= OPENS:
            return moment.astimezone(UTC)
    return _at(_previous_working_day(day), CLOSES)


def is_working(moment: datetime) -> bool:
    """Somebody may be written to now without it looking like an alarm."""
    return at_or_after(moment) == moment


def next_working_day(day: date) -> date:
    """The first working day after this day."""
    day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def close_of(day: date) -> datetime:
    """When the office closes on a day, in UTC."""
    return _at(day, CLOSES)


def close_after(moment: datetime, working_days: int) -> datetime:
    """When the office closes, that many working days after the moment's own day."""
    day = prague(moment).date()
    for _ in range(working_days):
        day = next_working_day(day)
    return close_of(day)


def reminders(asked_at: datetime, expires_at: datetime) -> tuple[datetime, ...]:
    """When to remind of something due: at half the time and a day before, in working hours, in between.

    The first is moved later, out of a night or a weekend; the second earlier, for a warning is worth nothing late.
    """
    half = at_or_after(asked_at + (expires_at - asked_at) / 2)
    day_before = at_or_before(expires_at - timedelta(days=1))
    chosen: list[datetime] = []
    for moment in sorted({half, day_before}):
        if asked_at + NEAR <= moment < expires_at and (not chosen or moment - chosen[-1] >= NEAR):
            chosen.append(moment)
    return tuple(chosen)


def _previous_working_day(day: date) -> date:
    day -= timedelta(days=1)
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, PRAGUE).astimezone(UTC)


@lru_cache(maxsize=16)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CZ", years=year))
