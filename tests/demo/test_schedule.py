"""The programme of the year: the same for the same day, and at hours at which people work."""

from collections import Counter
from datetime import date, timedelta

import pytest

from portal import clock
from portal.demo import people, schedule
from tests.demo.conftest import NOW


@pytest.fixture(scope="module")
def programme():
    return schedule.programme(NOW)


def test_the_same_moment_makes_the_same_year_and_another_seed_another(programme):
    assert schedule.programme(NOW) == programme
    assert schedule.programme(NOW, seed=1) != programme


def test_the_year_is_whole_and_of_every_company(programme):
    assert len(programme) >= 400
    months = Counter(f"{clock.prague(story.acts[0].at):%Y-%m}" for story in programme)
    assert len(months) == 12
    assert min(months.values()) >= 12
    companies = Counter(story.troupe.core_id for story in programme)
    assert set(companies) == {troupe.core_id for troupe in people.COMPANIES}
    assert len({story.technician for story in programme}) >= 5
    assert len({story.story.titles for story in programme}) >= 60


def test_nobody_answers_before_they_were_written_to_and_nothing_is_from_the_future(programme):
    for story in programme:
        moments = [act.at for act in story.acts]
        assert moments == sorted(moments)
        assert len(set(moments)) == len(moments)
        assert moments[-1] <= NOW
        assert 1 <= len(moments) <= 16


def test_technicians_write_on_working_days_unless_the_story_says_otherwise(programme):
    for story in programme:
        for act in story.acts:
            if act.line.speaker == "technician" and not act.line.wait:
                moment = clock.prague(act.at)
                assert schedule.is_working_day(moment.date())
                assert 7 <= moment.hour <= 17


def test_holidays_and_weekends_are_no_working_days():
    assert not schedule.is_working_day(date(2025, 12, 24))
    assert not schedule.is_working_day(date(2026, 4, 3))  # Good Friday
    assert not schedule.is_working_day(date(2026, 11, 22))
    assert schedule.working_day_after(date(2025, 12, 23), 1) == date(2025, 12, 29)


@pytest.mark.parametrize("day", [1, 15, 31])
def test_the_year_begins_with_a_month_whatever_the_day(day):
    now = NOW.replace(month=10, day=day)
    assert schedule.first_day(clock.prague_day(now)) == date(2025, 11, 1)
    assert schedule.programme(now, tickets=40)


def test_some_of_the_newest_tickets_wait_for_an_answer(programme):
    recent = [story for story in programme if NOW - story.acts[0].at < timedelta(days=70)]
    unfinished = [story for story in recent if "STAV: be invoiced" not in story.acts[-1].line.text]
    assert len(unfinished) >= 5
