"""The year's programme: which story happens when, to whom, and at what minute every mail of it is sent. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import holidays

from portal import clock
from portal.demo import people
from portal.demo import stories as screenplay
from portal.demo.people import Player, Troupe
from portal.demo.stories import SpokenLine, Story

TICKETS = 450
MONTHS = 12  # the present one included

_OPEN, _CLOSE = time(7, 30), time(17, 0)  # technicians' day
_WEEKDAYS = (1.35, 1.1, 1.0, 1.0, 0.75, 0.06, 0.0)
_MONTHS = {7: 0.7, 8: 0.75, 12: 0.85}  # holidays and the end of the year are quieter
_CLOSING = SpokenLine("technician", None, (), "Vyřešeno, uzavírám k vyúčtování.\nINTERNI\nSTAV: be invoiced")
_STALLED = 0.18  # of the last weeks' tickets wait for somebody's answer
_TOO_EARLY = 0.06  # closed before the thanks arrive, which open them again


@dataclass(frozen=True, slots=True)
class Act:
    """One mail of a story, at its minute."""

    at: datetime
    line: SpokenLine
    speaker: Player
    addressee: Player


@dataclass(frozen=True, slots=True)
class Performance:
    """A story told once, by given people in given words."""

    story: Story
    troupe: Troupe
    title: str
    words: dict[str, str]
    choice: int
    employee: Player
    technician: Player
    acts: tuple[Act, ...] = ()


def programme(now: datetime, *, seed: int = 2026, tickets: int = TICKETS) -> list[Performance]:
    """A year of stories up to this moment, without mails still to come: the same for the same moment and seed."""
    rng = random.Random(seed)  # noqa: S311 - a made-up year, not a secret
    found = [
        _perform(story, troupe, start, now=now, rng=rng) for story, troupe, start in _what_happens(now, tickets, rng)
    ]
    return [performance for performance in found if performance.acts]


def first_day(today: date) -> date:
    """The first day of the demo's year."""
    year, month = divmod(today.year * 12 + today.month - MONTHS, 12)
    return date(year, month + 1, 1)


def is_working_day(day: date) -> bool:
    """Monday to Friday, and not a Czech public holiday."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def working_day_after(day: date, days: int) -> date:
    """The day so many days later, or the next working one."""
    day += timedelta(days=days)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CZ", years=year))


def _what_happens(now: datetime, tickets: int, rng: random.Random) -> Iterator[tuple[Story, Troupe, datetime]]:
    """Every story with its company and its first moment, in no order."""
    stories = screenplay.stories()
    single = [story for story in stories if story.is_once]
    repeated = [story for story in stories if not story.is_once]
    today = clock.prague_day(now)
    for story in single:
        troupe = rng.choice([troupe for troupe in people.COMPANIES if story.fits(troupe.core_id)])
        ago = story.days_ago if story.days_ago is not None else rng.randrange(40, 300)
        begin = _in_month(today, *story.day_of_month) if story.day_of_month else today - timedelta(days=ago)
        day = working_day_after(max(begin, first_day(today)), 0)
        yield story, troupe, _moment_in(troupe, day if day <= today else today, rng)
    days = list(_days(first_day(today), today))
    for day in rng.choices(days, [_busyness(day) for day in days], k=max(0, tickets - len(single))):
        troupe = rng.choices(people.COMPANIES, [troupe.share for troupe in people.COMPANIES])[0]
        fitting = [story for story in repeated if story.fits(troupe.core_id)]
        story = rng.choices(fitting, [story.weight for story in fitting])[0]
        yield story, troupe, _moment_in(troupe, day, rng)


def _in_month(today: date, day: int, months_ago: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 - months_ago, 12)
    return date(year, month + 1, day)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def _busyness(day: date) -> float:
    if day in _holidays(day.year):
        return 0.02
    return _WEEKDAYS[day.weekday()] * _MONTHS.get(day.month, 1.0)


def _moment_in(troupe: Troupe, day: date, rng: random.Random) -> datetime:
    """A moment of the company's day, more often in the morning."""
    opens, closes = _at(day, troupe.opens), _at(day, troupe.closes)
    return opens + (closes - opens) * rng.betavariate(1.6, 2.8)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, clock.PRAGUE).astimezone(UTC)


def _perform(story: Story, troupe: Troupe, start: datetime, *, now: datetime, rng: random.Random) -> Performance:
    employee = _employee(story, troupe, rng)
    technician = _technician(story, rng)
    first = clock.prague_day(start)
    words = {name: rng.choice(options) for name, options in sorted(story.words.items())}
    words |= {f"+{days}": _czech(working_day_after(first, days)) for days in range(40)}
    words |= {"technician": technician.login}
    performance = Performance(
        story=story,
        troupe=troupe,
        title=rng.choice(story.titles),
        words=words,
        choice=rng.randrange(6),
        employee=employee,
        technician=technician,
    )
    acts = tuple(act for act in _acts(performance, start, now, rng) if act.at <= now)
    return replace(performance, acts=acts)


def _employee(story: Story, troupe: Troupe, rng: random.Random) -> Player:
    able = [person for person in troupe.people if person.is_woman or not story.needs_woman]
    return troupe.manager if not story.needs_woman and rng.random() < 0.03 else rng.choice(able)


def _technician(story: Story, rng: random.Random) -> Player:
    login = rng.choice(people.SKILLS.get(story.category, people.SKILLS["SPRAVA60"]))
    return next(technician for technician in people.TECHNICIANS if technician.login == login)


def _acts(performance: Performance, start: datetime, now: datetime, rng: random.Random) -> Iterator[Act]:
    """The mails of a story with their moments: nobody answers at night, and nobody before they were asked."""
    others = [person for person in performance.troupe.people if person is not performance.employee]
    colleague = rng.choice(others)
    players = {
        "employee": performance.employee,
        "colleague": colleague,
        "technician": performance.technician,
        "machine": _machine(performance.troupe),
    }
    moment = start
    for position, line in enumerate(_lines(performance.story, start, now, rng)):
        speaker = players[line.speaker]
        if position:
            moment = _answered(moment, line, performance.troupe, rng)
        is_answer = line.speaker == "technician"
        yield Act(moment, line, speaker, performance.employee if is_answer else performance.technician)


def _machine(troupe: Troupe) -> Player:
    return Player("Hlášení zařízení", "", f"hlaseni@{troupe.domain}", "", people.THUNDERBIRD, False, "", "")


def _lines(story: Story, start: datetime, now: datetime, rng: random.Random) -> list[SpokenLine]:
    """What is said, and how it ends: with a closing note, in the last answer, not yet, or too early."""
    lines = list(story.lines)
    if rng.random() < 0.2 and not any("TERMIN:" in line.text for line in lines) and len(lines) > 2:
        lines[1] = _with(lines[1], "TERMIN: {+3}")
    if story.ends:
        return lines
    is_stalled = now - start < timedelta(days=70) and not story.is_once and rng.random() < _STALLED
    if is_stalled and len(lines) > 2:
        return lines[:2]
    if lines[-1].speaker == "technician":
        return [*lines[:-1], _with(lines[-1], "STAV: be invoiced")]
    if rng.random() < _TOO_EARLY and lines[-2].speaker == "technician":
        lines[-2] = _with(lines[-2], "STAV: be invoiced")
    return [*lines, _CLOSING]


def _with(line: SpokenLine, directive: str) -> SpokenLine:
    return SpokenLine(line.speaker, line.wait, line.files, f"{line.text}\n{directive}")


def _answered(before: datetime, line: SpokenLine, troupe: Troupe, rng: random.Random) -> datetime:
    """When a line is written: after its own wait, or as soon as such a person gets to it in working hours."""
    if line.wait and line.wait < timedelta(days=1):
        return before + line.wait
    opens, closes = (_OPEN, _CLOSE) if line.speaker == "technician" else (troupe.opens, troupe.closes)
    if line.wait:
        day = working_day_after(clock.prague_day(before), line.wait.days)
        return _at(day, opens) + (_at(day, closes) - _at(day, opens)) * rng.uniform(0.08, 0.8)
    usual = rng.triangular(6, 200, 25) if line.speaker == "technician" else rng.triangular(3, 240, 20)
    moment = before + timedelta(minutes=usual)
    day = clock.prague_day(moment)
    if is_working_day(day) and _at(day, opens) <= moment <= _at(day, closes):
        return moment
    is_early = is_working_day(day) and moment < _at(day, opens)
    return _at(day if is_early else working_day_after(day, 1), opens) + timedelta(minutes=rng.uniform(2, 55))


def _czech(day: date) -> str:
    """The day as Czech writes it, with spaces that do not break."""
    return f"{day.day}.\u00a0{day.month}.\u00a0{day.year}"
