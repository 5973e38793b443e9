"""The left column: the table of pages, and what each page's frame shows around its content."""

from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal.domain import sync_state
from portal.domain.approvals import models as approvals
from portal.domain.billing import disclosure
from portal.domain.questions import models as questions
from portal.domain.read_models import frame as read_frame
from portal.domain.read_models.frame import Around
from portal.domain.tickets.models import State
from portal.domain.users.models import Visitor
from portal.domain.users.permissions import Right
from portal.web.auth import access_control

STALE, TROUBLED = 300, 90  # seconds: nobody tells why it is late; the sync says the core did not answer


@dataclass(frozen=True, slots=True)
class Door:
    """One page of the left column; who may not reach it does not see it."""

    endpoint: str
    label: Any
    icon: str
    right: Right
    section: str  # the blueprint it stands for: marked while any page of it is shown


NAV = (
    Door("overview.index", _l("Overview"), "home", Right.READ, "overview"),
    Door("tickets.index", _l("Tickets"), "list", Right.READ, "tickets"),
    Door("approvals.index", _l("Approvals"), "check", Right.READ, "approvals"),
    Door("hours.index", _l("Hours"), "clock", Right.READ_MONEY, "hours"),
    Door("invoices.show_upcoming", _l("Invoices"), "document", Right.READ_MONEY, "invoices"),
    Door("questions.index", _l("Questions"), "question", Right.READ, "questions"),
    Door("staff.index", _l("Overview"), "home", Right.SERVE, "staff"),
    Door("staff_approvals.find", _l("Ask for an approval"), "search", Right.SERVE, "staff_approvals"),
)
OVER_TWO_HOURS = (_l("Over 2 h"), "over=2")
VIEWS = ((_l("Overdue"), "overdue=1"), (_l("Our turn"), "turn=1"), OVER_TWO_HOURS)  # everybody's, before their own
MENU = (  # under one's own name: what is needed now and then
    Door("people.index", _l("Access of colleagues"), "people", Right.GIVE_ACCESS, "people"),
    Door("staff_people.index", _l("Accounts"), "people", Right.ADMINISTER, "staff_people"),
    Door("staff_agreements.index", _l("Prepaid"), "document", Right.SERVE, "staff_agreements"),
    Door("account.show", _l("Account and security"), "key", Right.HAVE_ACCOUNT, "account"),
    Door("log.index", _l("Audit log"), "document", Right.READ_LOG, "log"),
    Door("settings.show", _l("Settings"), "gear", Right.HAVE_ACCOUNT, "settings"),
)


@dataclass(slots=True)
class Frame:
    """What stands around the content of every page."""

    person: Visitor
    doors: tuple[Door, ...]
    menu: tuple[Door, ...]
    counts: dict[State, int] = field(default_factory=dict)
    age: sync_state.Age | None = None
    views: tuple[tuple[Any, str], ...] = ()  # name and query of filters of the ticket list
    waiting: dict[str, int] = field(default_factory=dict)  # section: how many things wait there for this person

    @property
    def all_waiting(self) -> int:
        """How many things wait for this person anywhere: the number before a page's title."""
        return sum(self.waiting.values())

    @property
    def is_stale(self) -> bool:
        """Whether the data are so old that a reader should know: the core is away, or nobody reads it."""
        if self.age is None or self.age.seconds is None:
            return True
        return self.age.seconds > (TROUBLED if self.age.is_troubled else STALE)


def around() -> Around:
    """The numbers around a page of the person's company; whatever else of the page needs them has them from here."""
    return read_frame.around(current_user, access_control.own_reader())


def frame(person: Visitor) -> Frame | None:
    """The frame for a person; None for somebody who is not signed in, or not further than to a second factor."""
    if not person.is_authenticated or access_control.lacks_second_factor():
        return None
    made = Frame(
        person=person,
        doors=tuple(door for door in NAV if person.may(door.right)),
        menu=tuple(door for door in MENU if person.may(door.right)),
    )
    if person.company is None:
        made.age, made.waiting = sync_state.age(), {"staff": _waiting_for_staff(person)}
        return made
    found, hides_hours = around(), disclosure.of(access_control.own_reader()).hides_hours
    made.age, made.counts = found.age, found.counts
    made.views = (*(view for view in VIEWS if not (hides_hours and view is OVER_TWO_HOURS)), *found.views)
    if person.may(Right.READ):
        made.waiting = {"approvals": found.approvals, "questions": found.answered}
    return made


def _waiting_for_staff(person: Visitor) -> int:
    return approvals.staff_count() + questions.staff_count() if person.may(Right.SERVE) else 0
