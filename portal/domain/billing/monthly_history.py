"""History: the hours of the last months by category, for the chart and its table, and what months are like."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.lib.money import Tally
from portal.lib.periods import Period, months_until

MONTHS = 12
SERIES = 6  # colours a reader can tell apart; further categories are drawn as one


@dataclass(frozen=True, slots=True)
class Month:
    """One column of the chart: the sum, and the sum by category."""

    period: Period
    tally: Tally
    by_category: dict[str, Tally]


@dataclass(frozen=True, slots=True)
class History:
    """The months, oldest first; categories by hours, most first."""

    months: list[Month]
    categories: list[str]

    @property
    def series(self) -> list[str]:
        """Categories with a colour of their own."""
        return self.categories[:SERIES] if len(self.categories) <= SERIES else self.categories[: SERIES - 1]

    @property
    def rest(self) -> list[str]:
        """Categories that share the last colour."""
        return self.categories[len(self.series) :]


def months(last: Period) -> list[Period]:
    """The twelve months up to this one."""
    return months_until(last, MONTHS)


def of(periods: Sequence[Period], by_month: Iterable[tuple[Period, str, Tally]]) -> History:
    """These months, from their sums by category."""
    columns = {period.since: Month(period, Tally(), {}) for period in periods}
    sums: dict[str, Tally] = {}
    for period, category, tally in by_month:
        month = columns[period.since]
        month.tally.take(tally)
        month.by_category.setdefault(category, Tally()).take(tally)
        sums.setdefault(category, Tally()).take(tally)
    ranked = sorted(sums, key=lambda category: (-sums[category].hours, category))
    return History(list(columns.values()), ranked)
