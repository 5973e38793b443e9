"""Periods of whole Prague days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import periods
from portal.lib.periods import Period

DAYS = st.dates(periods.EARLIEST + timedelta(days=800), periods.LATEST - timedelta(days=800))


@given(DAYS, st.integers(0, 400))
def test_what_a_slug_says_is_read_back(since, length):
    period = Period(since, since + timedelta(days=length))
    assert periods.parse(period.slug) == period


@given(DAYS)
def test_months_follow_each_other_without_a_gap(day):
    month = periods.month_of(day)
    assert day in month
    assert month.later().since == month.until + timedelta(days=1)
    assert month.later().earlier() == month
    assert month.later().is_month


@given(DAYS, st.integers(0, 400))
def test_other_periods_move_by_their_own_length(since, length):
    period = Period(since, since + timedelta(days=length))
    if not period.is_month:
        assert period.later().since == period.until + timedelta(days=1)
        assert period.earlier().until == period.since - timedelta(days=1)


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "0000-01",
        "9999-12",
        "2026-11-31_2026-12-01",
        "2026-12-01_2026-11-01",
        "2026-1",
        "２０２６-11",
        "2026-11-01_",
        "2026-11\n",
    ],
)
def test_nonsense_says_no_period(slug):
    assert periods.parse(slug) is None


def test_a_year_is_twelve_months():
    year = periods.months_until(periods.month_of(date(2026, 11, 23)), 12)
    assert [period.slug for period in year][::11] == ["2025-12", "2026-11"]
