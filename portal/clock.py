"""The only clock: every "now" of the product comes from here, in UTC, and every day is a Prague day."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PRAGUE = ZoneInfo("Europe/Prague")

_stopped_at: datetime | None = None


def now() -> datetime:
    """The present moment, UTC-aware."""
    return _stopped_at or datetime.now(UTC)


def stopped_at() -> datetime | None:
    """Where the clock stands still, None while it runs: what another process needs to have the same one."""
    return _stopped_at


def today() -> date:
    """The present day in Prague."""
    return prague_day(now())


def prague(moment: datetime) -> datetime:
    """The same moment on a clock in Prague."""
    return moment.astimezone(PRAGUE)


def prague_day(moment: datetime) -> date:
    """The day in Prague on which the moment falls: the day it is billed."""
    return moment.astimezone(PRAGUE).date()


def start_of(day: date) -> datetime:
    """The first moment of a Prague day, in UTC."""
    return datetime.combine(day, time.min, PRAGUE).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The first moment after a Prague day, in UTC: a day is 23, 24 or 25 hours long."""
    return start_of(day + timedelta(days=1))


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Stop the clock of this process at a moment: for tests, and for the demo's year of old mail."""
    global _stopped_at  # noqa: PLW0603 - one process has one clock
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    before, _stopped_at = _stopped_at, moment.astimezone(UTC)
    try:
        yield
    finally:
        _stopped_at = before
