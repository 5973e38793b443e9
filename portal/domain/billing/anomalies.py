"""Oddities: what in an invoice deserves a second look, said in plain words. Pure rules over an entry."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from portal.domain.billing.time_report import Worked
from portal.lib.i18n import msgid

WORKING_DAY = Decimal(8)  # hours
WHOLE_DAY = Decimal(24)
SHORTEST_TEXT = 12  # characters; "hotovo" twice is nothing odd
SAME_MOMENT = timedelta(minutes=5)  # the mail that ends a ticket often carries its last time


@dataclass(frozen=True, slots=True)
class Disputes:
    """What a company has not agreed to: see read_models.disputed."""

    by_ticket: Mapping[str, str] = field(default_factory=dict)  # number: name of the rule
    in_question: frozenset[int] = frozenset()  # entries


UNDISPUTED = Disputes()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an entry is compared with."""

    today: date
    said_twice: frozenset[int]  # keys of texts that stand in more than one place
    disputes: Disputes = UNDISPUTED

    @classmethod
    def of(cls, rows: Iterable[Worked], today: date, disputes: Disputes = UNDISPUTED) -> "Surroundings":
        """Two times under one message are one place: the text is the same because the message is."""
        places: dict[int, int] = {}
        twice: set[int] = set()
        for row in rows:
            if len(row.what) >= SHORTEST_TEXT:
                place = hash((row.number, row.message_id))
                if places.setdefault(_key(row.what), place) != place:
                    twice.add(_key(row.what))
        return cls(today, frozenset(twice), disputes)


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    words: str
    meets: Callable[[Worked, Surroundings], bool]
    is_dispute: bool = False  # the company has not agreed to it


def _of_ticket(name: str, words: str) -> Rule:
    return Rule(name, words, lambda row, around: around.disputes.by_ticket.get(row.number) == name, is_dispute=True)


RULES = (
    _of_ticket("approval_open", msgid("Not agreed to yet: an approval of its ticket is waiting.")),
    _of_ticket("approval_declined", msgid("Not agreed to: the approval of its ticket was declined.")),
    _of_ticket("approval_expired", msgid("Not agreed to: nobody approved its ticket in time.")),
    Rule(
        "in_question",
        msgid("In question."),
        lambda row, around: row.id in around.disputes.in_question,
        is_dispute=True,
    ),
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
        lambda row, around: bool(around.said_twice) and _key(row.what) in around.said_twice,
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


def is_disputed(row: Worked, around: Surroundings) -> bool:
    """The company has not agreed to it, or asks about it."""
    return any(rule.is_dispute for rule in about(row, around))


def about(row: Worked, around: Surroundings) -> tuple[Rule, ...]:
    """What is odd about one entry; empty when nothing is."""
    return tuple(rule for rule in RULES if rule.meets(row, around))


def _key(text: str) -> int:
    """The same for the same words, whatever their case and the space between them; small, for there may be many."""
    return hash(" ".join(text.casefold().split()))
