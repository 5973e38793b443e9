"""The list of tickets: what can be wanted of it, and one page of what was found."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    literal_column,
    tuple_,
)

from portal import clock
from portal.db import collation, db
from portal.db.prepared import Prepared
from portal.domain.billing import disclosure, prices, time_report
from portal.domain.billing.prices import PriceFact
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.reader import Reader
from portal.domain.read_models import ticket_conditions
from portal.domain.read_models.ticket_conditions import CONDITIONS, OF_ITS_WORDS, Only
from portal.domain.tickets import confidentiality, search_index
from portal.domain.tickets.models import State, Ticket, _visible_to
from portal.lib import text as typed_text
from portal.lib.money import Tally

ROWS = 50  # of one page
WALKED = 500  # tickets read one after another, in the order of the list, before the index is asked for words
SUMMED = 1_000  # tickets whose time and money are told above the list; the workbook sums up any number
WALKED_ORDERS = {"changed", "opened"}  # an index of tickets has this order: to walk it needs no sorting


@dataclass(frozen=True, slots=True)
class Sort:
    """One order of the list: what is compared, and how its value travels in an address and back."""

    key: Callable[[confidentiality.Reader], ColumnElement[Any]]
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
    return value.quantize(Decimal("0.0001"))


_NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # a ticket without a due date is due after all others

_PLACES = {state.value: at for at, state in enumerate(State)}


def _requester_of(reader: Reader) -> Any:
    """Neither the order nor the address of the next page tells who wrote in confidence."""
    return confidentiality.seen(reader, Employee.name)[0]


SORTS = {
    "changed": Sort(lambda _: Ticket.__table__.c.changed_at, datetime.isoformat, _moment, starts_descending=True),
    "opened": Sort(lambda _: Ticket.__table__.c.opened_at, datetime.isoformat, _moment, starts_descending=True),
    "due": Sort(
        lambda _: func.coalesce(Ticket.due_at, literal(_NEVER, Ticket.due_at.type)), datetime.isoformat, _moment
    ),
    "hours": Sort(lambda _: Ticket.__table__.c.hours, str, _hours, starts_descending=True),
    "state": Sort(lambda _: case(_PLACES, value=Ticket.state), str, _place),
    "requester": Sort(lambda reader: collation.in_czech_order(_requester_of(reader)), str, _name),
    "technician": Sort(lambda _: collation.in_czech_order(func.coalesce(Technician.name, "")), str, _name),
}
DEFAULT_SORT = "changed"
STAY_FEW = (State.OPEN, State.TO_BE_INVOICED)  # states that a ticket leaves again


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What of a company's tickets is wanted, in which order, from where on. Nonsense in an address is no wish."""

    state: State | None = None
    words: str = ""
    requester: int | None = None
    technician: int | None = None
    since: date | None = None  # opened on this Prague day or later
    until: date | None = None  # opened on this Prague day or earlier
    over: Decimal | None = None  # hours: more time than that
    only: frozenset[Only] = frozenset()
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
            over=_or_none(_over, args.get("over", "")),
            only=frozenset(one for one in Only if args.get(one.value)),
            sort=sort,
            descending=directions.get(args.get("dir", ""), SORTS[sort].starts_descending),
            after=args.get("after", ""),
        )

    def to_args(self, **changes: Any) -> dict[str, str]:
        """The same as parse reads, without what is the default anyway: an address of this list, changed."""
        values: dict[str, Any] = {
            "state": self.state.value if self.state else "",
            "q": self.words,
            "requester": self.requester,
            "technician": self.technician,
            "since": self.since,
            "until": self.until,
            "over": "" if self.over is None else f"{self.over.normalize():f}",
            **{one.value: "1" for one in Only if one in self.only},
            "sort": self.sort,
            "dir": "down" if self.descending else "up",
        } | changes
        sort = SORTS[values["sort"] or DEFAULT_SORT]
        if values["dir"] == ("down" if sort.starts_descending else "up"):
            values["dir"] = ""
        if values["sort"] == DEFAULT_SORT:
            values["sort"] = ""
        return {name: str(value) for name, value in values.items() if value}

    @property
    def narrows(self) -> bool:
        """Whether anything beyond the state narrows the list."""
        plain = self.words or self.requester or self.technician or self.since or self.until
        return bool(plain or self.over is not None or self.only)


class Within(NamedTuple):
    """What a filter finds: the tickets of every state, and the time and money of those in the state that is shown."""

    tickets: dict[State, int]
    worked: Tally | None  # None: of a long history nobody waits for a sum, which would cost more every year


class Key(NamedTuple):
    """One ticket of a page: enough to know whether its row was drawn before."""

    id: int
    version: int
    is_overdue: bool  # its row says so


@dataclass(frozen=True, slots=True)
class TicketPage:
    keys: tuple[Key, ...]
    following: str | None  # `after` of the next page; None: there is none


@dataclass(frozen=True, slots=True)
class ListedTicket:
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
    is_confidential: bool

    @property
    def is_overdue(self) -> bool:
        """Still open after the day it was promised for."""
        return self.state is State.OPEN and self.due_at is not None and self.due_at < clock.now()


def find(reader: Reader, wanted: TicketFilter) -> TicketPage:
    """One page of the company's tickets. Keys only: rows() tells the rest of those that were not drawn yet."""
    sort = SORTS[wanted.sort]
    after = _where_it_ended(sort, wanted.after)
    values = {"company": reader.company_id, "now": clock.now()} | _values(reader, wanted)
    if after is not None:
        values |= {"after_key": after[0], "after_id": after[1]}
    shape = (reader.reads_confidential, wanted.sort, wanted.descending, frozenset(values))
    if wanted.words:
        prepared, found = _with_words(reader, wanted, shape, values)
    else:
        prepared = _prepared(*shape, db.engine.dialect.name)
        found = prepared.raw(**values)
    keys = tuple(Key(row[0], row[1], bool(row[2])) for row in found[:ROWS])
    if len(found) <= ROWS:
        return TicketPage(keys, None)
    last = prepared.typed(found[ROWS - 1])
    return TicketPage(keys, f"{last[0]}~{sort.written(last[3])}")


def _with_words(
    reader: Reader, wanted: TicketFilter, shape: tuple[Any, ...], values: dict[str, Any]
) -> tuple[Prepared, list[tuple[Any, ...]]]:
    """The query that found a page of tickets with words, and its rows.

    Common words fill a page from the first tickets of the list, which are few to read. Only for the others is the
    index asked. Both look at the company's tickets alone, so that nobody waits for the number of a neighbour's.
    """
    query = _query(*shape).where(confidentiality.finds(reader, wanted.words))
    if wanted.sort in WALKED_ORDERS:
        beyond = Prepared(query.limit(literal_column("1")).offset(literal_column(str(WALKED))))(**values)
        walk = Prepared(query.where(*_before(wanted, *beyond), *search_index.reads(wanted.words)))
        found = walk.raw(**values)
        if len(found) > ROWS or not beyond:
            return walk, found
    indexed = Prepared(query.where(*search_index.says(wanted.words, company=bindparam("company"))))
    return indexed, indexed.raw(**values)


def _before(wanted: TicketFilter, *beyond: tuple[Any, ...]) -> list[ColumnElement[bool]]:
    """That a ticket stands before the one the walk ends at, if there is one."""
    key = Ticket.__table__.c[f"{wanted.sort}_at"]
    return [
        tuple_(key, Ticket.id) > tuple_(literal(end, key.type), id_)
        if wanted.descending
        else tuple_(key, Ticket.id) < tuple_(literal(end, key.type), id_)
        for id_, _, _, end in beyond
    ]


def within(reader: Reader, wanted: TicketFilter, counts: dict[State, int]) -> Within:
    """What the filter finds, in numbers; counts are the company's tickets in each state. At most two statements."""
    if wanted.narrows:
        conditions = _conditions(reader, replace(wanted, state=None))
        found = _counted(reader, conditions)
        shown = found[wanted.state] if wanted.state else sum(found.values())
        return Within(found, _summed(reader, wanted.state, conditions) if shown <= SUMMED else None)
    if wanted.state in STAY_FEW:
        return Within(counts, _of_state(reader, wanted.state))
    return Within(counts, None)


def _conditions(reader: Reader, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    values = _values(reader, wanted)
    conditions = [CONDITIONS[name](value) for name, value in values.items()]
    if not OF_ITS_WORDS.isdisjoint(values):
        conditions.append(confidentiality.tells(reader))
    if wanted.words:
        conditions += search_index.says(wanted.words, company=bindparam("company"))
        conditions.append(confidentiality.finds(reader, wanted.words))
    return conditions


def _of_state(reader: Reader, state: State) -> Tally:
    """Time and money of all tickets of a state that do not grow with the years."""
    prepared = _prepared_sums(reader.shown_live, reader.once(prices.facts_of), clock.today())
    tally = Tally()
    for row in prepared(company=reader.company_id, state=state.value):
        tally.take(time_report.tally(_Sums(*row)))
    return tally


class _Sums(NamedTuple):
    """A row of the sums of one state, as time_report.tally() reads it."""

    key: str
    entries: int
    hours: int
    amount: int
    unpriced: int
    unpriced_hours: int
    untold: int
    untold_hours: int


@lru_cache(maxsize=64)
def _prepared_sums(shown_live: str, facts: tuple[PriceFact, ...], today: date) -> Prepared:
    """The sums of a company's tickets of a state, for all whose prices are the same and are shown alike today."""
    reader = _anybody(shown_live=shown_live)
    reader.keep(facts, prices.facts_of)
    in_state = [Ticket.__table__.c.state == bindparam("state")]
    return Prepared(time_report.of_tickets(reader, Ticket.__table__.c.state, in_state))


def _anybody(*, shown_live: str = "", confidential: bool = False) -> Reader:
    """Somebody whose company is given when the query is run."""
    return Reader(
        company_id=cast(int, bindparam("company")),
        company_name="",
        shown_live=shown_live,
        reads_confidential=confidential,
    )


def _together(parts: Iterable[Tally]) -> Tally:
    tally = Tally()
    for part in parts:
        tally.take(part)
    return tally


def _counted(reader: Reader, conditions: list[ColumnElement[bool]]) -> dict[State, int]:
    """The tickets of every state that meet conditions."""
    tickets = _visible_to(reader).where(*conditions)
    counted = tickets.with_only_columns(Ticket.state, func.count().label("tickets")).group_by(Ticket.state)
    found = {State(row.state): row.tickets for row in db.session.execute(counted, {"company": reader.company_id})}
    return {state: found.get(state, 0) for state in State}


def _summed(reader: Reader, state: State | None, conditions: list[ColumnElement[bool]]) -> Tally:
    """Time and money of the tickets that meet conditions, in a state or in all."""
    by_state = db.session.execute(
        time_report.of_tickets(reader, Ticket.__table__.c.state, conditions), {"company": reader.company_id}
    )
    return _together(time_report.tally(row) for row in by_state if state in (None, row.key))


def everything(reader: Reader, wanted: TicketFilter) -> Iterator[tuple[ListedTicket, Tally]]:
    """All that a filter finds, in its order, each with its time and money; page by page, so memory stays level."""
    after: str | None = ""
    while after is not None:
        page = find(reader, replace(wanted, after=after))
        ids = [key.id for key in page.keys]
        shown, worked = rows(reader, ids), _worked(reader, ids)
        yield from ((shown[id_], worked.get(id_) or Tally()) for id_ in ids)
        after = page.following


def _worked(reader: Reader, ids: Sequence[int]) -> dict[int, Tally]:
    sums = time_report.of_tickets(reader, Ticket.__table__.c.id, [Ticket.id.in_(ids)])
    return {row.key: time_report.tally(row) for row in db.session.execute(sums)}


def rows(reader: Reader, ids: Iterable[int]) -> dict[int, ListedTicket]:
    """The rows of tickets by their ids; what is not the company's is not among them."""
    query = (
        _visible_to(reader)
        .join(Employee, Employee.id == Ticket.requester_id)
        .outerjoin(Technician, Technician.id == Ticket.technician_id)
        .where(Ticket.id.in_(list(ids)))
        .with_only_columns(
            *confidentiality.seen(
                reader,
                Ticket.id,
                Ticket.number,
                Ticket.subject,
                Ticket.state,
                Employee.name,
                Technician.name,
                Ticket.opened_at,
                Ticket.changed_at,
                Ticket.due_at,
                Ticket.hours,
                Ticket.is_confidential,
            )
        )
    )
    found: list[tuple[Any, ...]] = [tuple(row) for row in db.session.execute(query)]
    return {row[0]: _row(*row) for row in found}


def _row(id_: int, number: str, subject: str, state: str, *rest: Any) -> ListedTicket:
    return ListedTicket(id_, number, subject, State(state), *rest)


def _values(reader: Reader, wanted: TicketFilter) -> dict[str, Any]:
    """The values of the filter that narrow the list, as CONDITIONS take them."""
    values = {
        "state": wanted.state and wanted.state.value,
        "requester": wanted.requester,
        "technician": wanted.technician,
        "since": wanted.since and clock.start_of(wanted.since),
        "until": wanted.until and clock.end_of(wanted.until),
        "over": None if disclosure.of(reader).hides_hours else wanted.over,
        **{one.value: ticket_conditions.value_of(one) for one in Only if one in wanted.only},
    }
    return {name: value for name, value in values.items() if value is not None}


@lru_cache(maxsize=256)
def _prepared(confidential: bool, sort: str, descending: bool, given: frozenset[str], database: str) -> Prepared:
    return Prepared(_query(confidential, sort, descending, given))


def _query(confidential: bool, sort: str, descending: bool, given: frozenset[str]) -> Select[Any]:
    """One page of the list in an order, narrowed by the values that will be given; they stay open here."""
    reader = _anybody(confidential=confidential)
    key = SORTS[sort].key(reader)
    query = _visible_to(reader)
    if sort == "requester":
        query = query.join(Employee, Employee.id == Ticket.requester_id)
    if sort == "technician":
        query = query.outerjoin(Technician, Technician.id == Ticket.technician_id)
    for name, condition in CONDITIONS.items():
        if name in given:
            query = query.where(condition(bindparam(name)))
    if not OF_ITS_WORDS.isdisjoint(given):
        query = query.where(confidentiality.tells(reader))
    if "after_key" in given:
        place = tuple_(bindparam("after_key", type_=key.type), bindparam("after_id"))
        query = query.where(tuple_(key, Ticket.id) < place if descending else tuple_(key, Ticket.id) > place)
    order = (key.desc(), Ticket.id.desc()) if descending else (key, Ticket.id)
    is_overdue = and_(Ticket.state == State.OPEN.value, Ticket.due_at < bindparam("now", type_=Ticket.due_at.type))
    columns = (Ticket.id, Ticket.version, func.coalesce(is_overdue, false()).label("late"), key.label("key"))
    return query.with_only_columns(*columns).order_by(*order).limit(literal_column(str(ROWS + 1)))


def _where_it_ended(sort: Sort, after: str) -> tuple[Any, int] | None:
    id_, _, key = after.partition("~")
    try:
        return (sort.read(key), _id(id_)) if after else None
    except (ValueError, ArithmeticError):
        return None


def _or_none(read: Callable[[str], Any], written: str) -> Any:
    try:
        return read(written)
    except (ValueError, ArithmeticError):
        return None


def _id(written: str) -> int:
    value = int(written) if written.isascii() and written.isdigit() else 0
    if not 0 < value < 2**31:  # what the databases keep as an id
        raise ValueError(written)
    return value


def _over(written: str) -> Decimal:
    """Hours, with a comma or a point: 2, 2.5 or 2,5."""
    value = _hours(written.replace(",", "."))
    if value < 0:
        raise ValueError(written)
    return value


def _day(written: str) -> date:
    day = date.fromisoformat(written)
    if not 1990 <= day.year <= 9000:  # what every calendar and time zone can compute with
        raise ValueError(written)
    return day
