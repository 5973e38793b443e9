"""The left column: the table of pages, and what each page's frame shows around its content."""

from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.domain import mirror, tickets
from portal.domain.people import MANAGER, STAFF, VIEWER, Visitor
from portal.domain.states import State


@dataclass(frozen=True, slots=True)
class Door:
    """One page of the left column; roles without a place in the table do not see it."""

    endpoint: str
    label: Any
    icon: str
    roles: frozenset[str]
    section: str  # the blueprint it stands for: marked while any page of it is shown


NAV = (
    Door("tickets.index", _l("Tickets"), "list", frozenset({MANAGER, VIEWER}), "tickets"),
    Door("staff.index", _l("Overview"), "home", frozenset({STAFF}), "staff"),
)


@dataclass(slots=True)
class Frame:
    """What stands around the content of every page."""

    person: Visitor
    doors: tuple[Door, ...]
    states: list[tuple[State, int]] = field(default_factory=list)
    all_tickets: int = 0
    age: mirror.Age | None = None
    waiting: dict[str, int] = field(default_factory=dict)  # section: how many things wait there for this person


WAITING: dict[str, Any] = {}  # section: a function of (person) that counts what waits there


def frame(person: Visitor) -> Frame | None:
    """The frame for a person; None for somebody who is not signed in."""
    if not person.is_authenticated:
        return None
    around = Frame(
        person=person,
        doors=tuple(door for door in NAV if door.roles & person.role_names),
        age=mirror.age(),
        waiting={section: count(person) for section, count in WAITING.items()},
    )
    if person.company is not None:
        counts = tickets.counts(person.company)
        around.states = [(state, counts[state]) for state in State]
        around.all_tickets = sum(counts.values())
    return around
