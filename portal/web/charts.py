"""Charts: where the bars stand and how high they are. Pure geometry; a template draws it and a table says it."""

from dataclasses import dataclass
from decimal import Decimal

from portal.domain.billing.monthly_history import History
from portal.lib.money import NOTHING

WIDTH, HEIGHT = 960, 220  # of the drawing; the page scales it
LEFT, TOP, BOTTOM = 48, 12, 24  # room for the numbers and the months
GAP = Decimal("0.35")  # of a column's room stays empty


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a column: one category's hours in one month."""

    x: int
    y: int
    width: int
    height: int
    series: int  # its colour, from 1


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart, and the hours it stands for."""

    y: int
    hours: Decimal


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: int
    bars: list[Bar]
    ticks: list[Tick]
    centres: list[int]  # of the columns, for the months below them


def columns(history: History) -> Chart:
    """Stacked columns of hours, one a month."""
    top = _round_up(max((month.tally.hours for month in history.months), default=NOTHING))
    room = (WIDTH - LEFT) / Decimal(len(history.months))
    floor, reach = HEIGHT - BOTTOM, Decimal(HEIGHT - BOTTOM - TOP)
    bars: list[Bar] = []
    centres: list[int] = []
    for position, month in enumerate(history.months):
        x = LEFT + room * position + room * GAP / 2
        below = NOTHING
        for series, hours in enumerate(_stack(history, month.by_category), 1):
            if hours > 0:
                low, high = floor - reach * below / top, floor - reach * (below + hours) / top
                bars.append(Bar(int(x), round(high), int(room * (1 - GAP)), max(1, round(low) - round(high)), series))
                below += hours
        centres.append(int(x + room * (1 - GAP) / 2))
    ticks = [Tick(round(floor - reach * part / 4), top * part / 4) for part in range(5)]
    return Chart(WIDTH, HEIGHT, LEFT, bars, ticks, centres)


def _stack(history: History, by_category: dict) -> list[Decimal]:
    """Hours of each series; the last one is everything else together."""
    shown = [by_category[name].hours if name in by_category else NOTHING for name in history.series]
    rest = sum((by_category[name].hours for name in history.rest if name in by_category), NOTHING)
    return [*shown, rest] if history.rest else shown


def _round_up(hours: Decimal) -> Decimal:
    """The end of the scale: 4, 8, 12, 20, 40, 80, 120, 200, 400 …"""
    scale = Decimal(1)
    while True:
        for step in (4, 8, 12, 20):
            if hours <= step * scale:
                return step * scale
        scale *= 10
