"""The list of tickets: what can be wanted of it, and one page of what was found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, text, tuple_

from portal import clock
from portal.db import db
from portal.domain import search, typed_text
from portal.domain.companies import Company
from portal.domain.employees import Employee
from portal.domain.states import State
from portal.domain.technicians import Technician
from portal.domain.tickets import Ticket, TicketText, _visible_to

ROWS = 50  # of one page
MOST_WORDS = 8  # of a search; the rest of a novel is not read
SHORTEST_TRIGRAM = 3  # letters; a shorter word is looked for letter by letter


@dataclass(frozen=True, slots=True)
class Sort:
    """One order of the list: what is compared, and how its value travels in an address and back."""

    key: Callable[[], ColumnElement[Any]]
    written: Callable[[Any], str]
    read: Callable[[str], Any]
    starts_descending: bool = False


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def _place(written: str) -> int:
    return int(written) if written in {"0", "1", "2", "3"} else len(State)


def _name(written: str) -> str:
    return written.replace("\0", "")  # PostgreSQL keeps no such letter


def _hours(written: str) -> Decimal:
    value = Decimal(written)
    if not value.is_finite() or abs(value) > 10**9:
        raise ValueError(written)
    return value.quantize(Decimal("0.01"))


_NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # a ticket without a due date is due after all others

SORTS = {
    "changed": Sort(lambda: Ticket.__table__.c.changed_at, datetime.isoformat, _moment, starts_descending=True),
    "opened": Sort(lambda: Ticket.__table__.c.opened_at, datetime.isoformat, _moment, starts_descending=True),
    "due": Sort(
        lambda: func.coalesce(Ticket.due_at, literal(_NEVER, Ticket.due_at.type)), datetime.isoformat, _moment
    ),
    "hours": Sort(lambda: Ticket.__table__.c.hours, str, _hours, starts_descending=True),
    "state": Sort(lambda: case({state.value: at for at, state in enumerate(State)}, value=Ticket.state), str, _place),
    "requester": Sort(lambda: search.in_czech_order(Employee.name), str, _name),
    "technician": Sort(lambda: search.in_czech_order(func.coalesce(Technician.name, "")), str, _name),
}
DEFAULT_SORT = "changed"


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What of a company's tickets is wanted, in which order, from where on. Nonsense in an address is no wish."""

    state: State | None = None
    words: str = ""
    requester: int | None = None
    technician: int | None = None
    since: date | None = None  # opened on this Prague day or later
    until: date | None = None  # opened on this Prague day or earlier
    sort: str = DEFAULT_SORT
    descending: bool = True
    after: str = ""  # where the page before ended

    @classmethod
    def parse(cls, args: Mapping[str, str]) -> "TicketFilter":
        sort = args.get("sort", "")
        sort = sort if sort in SORTS else DEFAULT_SORT
        directions = {"up": False, "down": True}
        return cls(
            state=_or_none(State, args.get("state", "")),
            words=typed_text.line(args.get("q", "")),
            requester=_or_none(_id, args.get("requester", "")),
            technician=_or_none(_id, args.get("technician", "")),
            since=_or_none(_day, args.get("since", "")),
            until=_or_none(_day, args.get("until", "")),
            sort=sort,
            descending=directions.get(args.get("dir", ""), SORTS[sort].starts_descending),
            after=args.get("after", ""),
        )

    def to_args(self, **changes: Any) -> dict[str, str]:
        """The same as parse reads, without what is the default anyway: an address of this list, changed."""
        values: dict[str, Any] = {
            "state": self.state.value if self.state else "", "q": self.words, "requester": self.requester,
            "technician": self.technician, "since": self.since, "until": self.until,
            "sort": self.sort, "dir": "down" if self.descending else "up",
        } | changes  # fmt: skip
        sort = SORTS[values["sort"] or DEFAULT_SORT]
        if values["dir"] == ("down" if sort.starts_descending else "up"):
            values["dir"] = ""
        if values["sort"] == DEFAULT_SORT:
            values["sort"] = ""
        return {name: str(value) for name, value in values.items() if value}

    @property
    def narrows(self) -> bool:
        """Whether anything beyond the state narrows the list."""
        return bool(self.words or self.requester or self.technician or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Key:
    """One ticket of a page: enough to know whether its row was drawn before."""

    id: int
    version: int
    due_at: datetime | None  # only of an open ticket: its row says whether it is late


@dataclass(frozen=True, slots=True)
class Page:
    keys: list[Key]
    following: str | None  # `after` of the next page; None: there is none


@dataclass(frozen=True, slots=True)
class TicketRow:
    """What one row of the list shows."""

    id: int
    number: str
    subject: str
    state: State
    requester: str
    technician: str | None
    opened_at: datetime
    changed_at: datetime
    due_at: datetime | None
    hours: Decimal

    @property
    def is_overdue(self) -> bool:
        """Still open after the day it was promised for."""
        return self.state is State.OPEN and self.due_at is not None and self.due_at < clock.now()


def find(company: Company, wanted: TicketFilter) -> Page:
    """One page of the company's tickets. Keys only: rows() tells the rest of those that were not drawn yet."""
    sort = SORTS[wanted.sort]
    key = sort.key()
    query = _narrowed(_visible_to(company), wanted)
    after = _where_it_ended(sort, wanted.after)
    if after is not None:
        place = tuple_(literal(after[0], key.type), after[1])
        query = query.where(tuple_(key, Ticket.id) < place if wanted.descending else tuple_(key, Ticket.id) > place)
    order = (key.desc(), Ticket.id.desc()) if wanted.descending else (key, Ticket.id)
    query = query.with_only_columns(Ticket.id, Ticket.version, Ticket.state, Ticket.due_at, key.label("key"))
    found = db.session.execute(query.order_by(*order).limit(ROWS + 1)).all()
    keys = [Key(row[0], row[1], row[3] if row[2] == State.OPEN else None) for row in found[:ROWS]]
    last = found[ROWS - 1] if len(found) > ROWS else None
    return Page(keys, f"{last.id}~{sort.written(last.key)}" if last else None)


def rows(company: Company, ids: Iterable[int]) -> dict[int, TicketRow]:
    """The rows of tickets by their ids; what is not the company's is not among them."""
    query = (
        _visible_to(company)
        .join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .where(Ticket.id.in_(list(ids)))
        .with_only_columns(
            Ticket.id, Ticket.number, Ticket.subject, Ticket.state, Employee.name, Technician.name,
            Ticket.opened_at, Ticket.changed_at, Ticket.due_at, Ticket.hours,
        )
    )  # fmt: skip
    return {row[0]: TicketRow(*row[:3], State(row[3]), *row[4:]) for row in db.session.execute(query)}


def _narrowed(query: Select[Any], wanted: TicketFilter) -> Select[Any]:
    if wanted.sort == "requester":
        query = query.join(Employee, Employee.id == Ticket.requester_id)
    if wanted.sort == "technician":
        query = query.outerjoin(Technician, Technician.id == Ticket.technician_id)
    if wanted.state:
        query = query.where(Ticket.state == wanted.state.value)
    if wanted.requester:
        query = query.where(Ticket.requester_id == wanted.requester)
    if wanted.technician:
        query = query.where(Ticket.technician_id == wanted.technician)
    if wanted.since:
        query = query.where(Ticket.opened_at >= clock.start_of(wanted.since))
    if wanted.until:
        query = query.where(Ticket.opened_at < clock.end_of(wanted.until))
    if wanted.words:
        query = query.where(*says(wanted.words))
    return query


def says(words: str) -> list[ColumnElement[bool]]:
    """Every word is somewhere in the ticket, as a part of a word or a number."""
    folded = search.fold(words).split()[:MOST_WORDS]
    if not folded:
        return [literal(False)] if words.strip() else []
    indexed = [word for word in folded if len(word) >= SHORTEST_TRIGRAM]
    conditions = []
    if db.engine.dialect.name == "sqlite" and indexed:
        quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in indexed)
        matches = text("SELECT rowid FROM ticket_fts WHERE ticket_fts MATCH :quoted").bindparams(quoted=quoted)
        conditions.append(Ticket.id.in_(matches))
        folded = [word for word in folded if len(word) < SHORTEST_TRIGRAM]
    if folded:
        each = and_(*(TicketText.text.contains(word, autoescape=True) for word in folded))
        conditions.append(select(TicketText.ticket_id).where(TicketText.ticket_id == Ticket.id, each).exists())
    return conditions


def _where_it_ended(sort: Sort, after: str) -> tuple[Any, int] | None:
    id_, _, key = after.partition("~")
    try:
        return (sort.read(key), _id(id_)) if after else None
    except (ValueError, InvalidOperation, OverflowError):
        return None


def _or_none(read: Callable[[str], Any], written: str) -> Any:
    try:
        return read(written)
    except (ValueError, OverflowError):
        return None


def _id(written: str) -> int:
    value = int(written) if written.isascii() and written.isdigit() else 0
    if not 0 < value < 2**31:  # what the databases keep as an id
        raise ValueError(written)
    return value


def _day(written: str) -> date:
    day = date.fromisoformat(written)
    if not 1990 <= day.year <= 9000:  # what every calendar and time zone can compute with
        raise ValueError(written)
    return day
