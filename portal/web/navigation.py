"""The left column: the table of pages, and what each page's frame shows around its content."""

from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.domain import mirror, tickets
from portal.domain.people import MANAGER, STAFF, VIEWER, Visitor
from portal.domain.states import State

STALE, TROUBLED = 300, 90  # seconds: nobody tells why it is late; the sync says the core did not answer


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
    Door("hours.index", _l("Hours"), "clock", frozenset({MANAGER, VIEWER}), "hours"),
    Door("invoices.show_upcoming", _l("Invoices"), "document", frozenset({MANAGER, VIEWER}), "invoices"),
    Door("staff.index", _l("Overview"), "home", frozenset({STAFF}), "staff"),
)


@dataclass(slots=True)
class Frame:
    """What stands around the content of every page."""

    person: Visitor
    doors: tuple[Door, ...]
    counts: dict[State, int] = field(default_factory=dict)
    age: mirror.Age | None = None
    waiting: dict[str, int] = field(default_factory=dict)  # section: how many things wait there for this person

    @property
    def is_stale(self) -> bool:
        """Whether the data are so old that a reader should know: the core is away, or nobody reads it."""
        if self.age is None or self.age.seconds is None:
            return True
        return self.age.seconds > (TROUBLED if self.age.is_troubled else STALE)


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
        around.counts = tickets.counts(person.company)
    return around
