"""Working hours of Czech working days, and when in them to remind."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import clock
from portal.lib import business_hours

FIRST, LAST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2035-12-31")
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


def prague(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.PRAGUE)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-16", True),
        ("2026-11-17", False),  # the Day of Struggle for Freedom and Democracy, a Tuesday
        ("2026-11-21", False),
        ("2026-04-03", False),  # Good Friday
        ("2026-04-06", False),  # Easter Monday
        ("2026-12-24", False),
        ("2026-12-28", True),
        ("2027-01-01", False),
    ],
)
def test_working_days_are_czech(day, works):
    assert business_hours.is_working_day(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00"),
        ("2026-11-23T06:00", "2026-11-23T08:00"),
        ("2026-11-23T17:01", "2026-11-24T08:00"),
        ("2026-11-20T18:00", "2026-11-23T08:00"),
        ("2026-11-16T20:00", "2026-11-18T08:00"),
        ("2026-12-23T18:00", "2026-12-28T08:00"),
    ],
)
def test_a_moment_out_of_hours_moves_to_the_next_opening(moment, expected):
    assert business_hours.at_or_after(prague(moment)) == prague(expected)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00"),
        ("2026-11-23T06:00", "2026-11-20T17:00"),
        ("2026-11-22T12:00", "2026-11-20T17:00"),
        ("2026-11-18T07:00", "2026-11-16T17:00"),
    ],
)
def test_a_warning_moves_to_the_last_closing(moment, expected):
    assert business_hours.at_or_before(prague(moment)) == prague(expected)


def test_an_evening_question_is_due_whole_working_days_later():
    assert business_hours.close_after(prague("2026-11-13T19:00"), 2) == prague("2026-11-18T17:00")


@given(MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(days=60)))
def test_reminders_are_at_most_two_in_working_hours_and_in_between(asked, lasting):
    moments = business_hours.reminders(asked, asked + lasting)
    assert len(moments) <= 2
    assert all(asked < moment < asked + lasting and business_hours.is_working(moment) for moment in moments)
    assert list(moments) == sorted(moments)


@given(MOMENTS)
def test_every_moment_has_a_working_moment_near_it(moment):
    after, before = business_hours.at_or_after(moment), business_hours.at_or_before(moment)
    assert business_hours.is_working(after) and business_hours.is_working(before)
    assert before <= moment <= after
    assert after - before < timedelta(days=7)
