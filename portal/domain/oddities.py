"""Oddities: what in an invoice deserves a second look, said in plain words. Pure rules over an entry."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.domain.hours import Worked
from portal.domain.search import fold
from portal.domain.words import msgid

WORKING_DAY = Decimal(8)  # hours
WHOLE_DAY = Decimal(24)
SHORTEST_TEXT = 12  # folded characters; "hotovo" twice is nothing odd
SAME_MOMENT = timedelta(minutes=5)  # the mail that ends a ticket often carries its last time


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an entry is compared with."""

    today: date
    places: dict[str, set[tuple[str, int | None]]]  # folded text: the messages it stands in

    @classmethod
    def of(cls, rows: Iterable[Worked], today: date) -> "Surroundings":
        places: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
        for row in rows:
            if len(text := fold(row.what)) >= SHORTEST_TEXT:
                places[text].add((row.number, row.message_id))
        return cls(today, {text: found for text, found in places.items() if len(found) > 1})


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    words: str
    meets: Callable[[Worked, Surroundings], bool]


RULES = (
    Rule(
        "no_price",
        msgid("No price: it adds nothing to the sum yet."),
        lambda row, around: row.told and row.rate is None,
    ),
    Rule(
        "invoiced_before",
        msgid("An earlier invoice had it already."),
        lambda row, around: row.was_invoiced,
    ),
    Rule(
        "same_text",
        msgid("Another entry says the same words."),
        lambda row, around: fold(row.what) in around.places,
    ),
    Rule(
        "more_than_a_day",
        msgid("More than a whole day in one entry."),
        lambda row, around: row.hours > WHOLE_DAY,
    ),
    Rule(
        "long",
        msgid("More than a working day (8 hours) in one entry."),
        lambda row, around: WORKING_DAY < row.hours <= WHOLE_DAY,
    ),
    Rule(
        "not_positive",
        msgid("No time at all, or less than none."),
        lambda row, around: row.hours <= 0,
    ),
    Rule(
        "after_done",
        msgid("Worked after the ticket was done."),
        lambda row, around: row.done_at is not None and row.at > row.done_at + SAME_MOMENT,
    ),
    Rule(
        "future",
        msgid("Its day is still to come."),
        lambda row, around: row.day > around.today,
    ),
)


@dataclass(frozen=True, slots=True)
class Oddity:
    """An entry and everything odd about it."""

    row: Worked
    rules: tuple[Rule, ...]


def found_in(rows: Iterable[Worked], around: Surroundings) -> list[Oddity]:
    """The odd entries among these, in their order."""
    return [Oddity(row, rules) for row in rows if (rules := about(row, around))]


def about(row: Worked, around: Surroundings) -> tuple[Rule, ...]:
    """What is odd about one entry; empty when nothing is."""
    return tuple(rule for rule in RULES if rule.meets(row, around))
