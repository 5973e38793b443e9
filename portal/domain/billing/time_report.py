"""Hours: the time of every intervention, as a company may see it, filtered, summed and grouped by one query object.

Pages, workbooks, CSV and mails all pass the same HoursFilter here, so that none can show more than another.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    tuple_,
    type_coerce,
    union_all,
)

from portal import clock
from portal.db import db, hours_of
from portal.domain.billing import disclosure, prices, status
from portal.domain.billing.invoice_snapshots import InvoicedEntry
from portal.domain.billing.prices import NoPrice, PriceList
from portal.domain.billing.status import Billing
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.pseudonyms import Calling, Naming
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Message, Ticket
from portal.domain.tickets.time_entries import Coverage, TimeEntry
from portal.lib import periods
from portal.lib.i18n import msgid
from portal.lib.money import Tally, amount
from portal.lib.periods import Period

AT_ONCE = 1_000  # rows a batch: some hundred kilobytes, some milliseconds
ON_A_PAGE = 100

# The invoice of an entry, unless the entry went to another company afterwards.
OWN_INVOICE = and_(InvoicedEntry.time_entry_id == TimeEntry.id, InvoicedEntry.company_id == TimeEntry.company_id)

# An invoiced entry keeps the rate it was invoiced at, unless it moved to another category afterwards.
FROZEN_RATE = case(
    (and_(TimeEntry.invoiced_on.is_not(None), InvoicedEntry.category == TimeEntry.category), InvoicedEntry.rate)
)


@dataclass(frozen=True, slots=True)
class HoursFilter:
    """Which entries are wanted, and what their employees are called. No period means all days."""

    period: Period | None = None
    billing: Billing | None = None
    invoiced_on: date | None = None
    category: str = ""
    technician: int | None = None
    employee: int | None = None
    ticket: str = ""
    people: Naming = Naming.NAMES

    @classmethod
    def parse(cls, args: Mapping[str, str]) -> "HoursFilter":
        """What an address asks for; what makes no sense is not asked. Without days it is the present month."""
        month = periods.parse(args.get("month", ""))
        since, until = periods.day(args.get("since")), periods.day(args.get("until"))
        if since or until:
            start = since or min(clock.today(), until or clock.today()).replace(day=1)
            month = Period(start, max(until or clock.today(), start))
        wanted = args.get("billing", "")
        invoiced = periods.day(args.get("invoice"))
        everything = invoiced or args.get("month") == "all"
        return cls(
            period=month or (None if everything else periods.month_of(clock.today())),
            billing=Billing(wanted) if wanted in set(Billing) else None,
            invoiced_on=invoiced,
            category=args.get("category", "")[:40].replace("\0", ""),
            technician=_number(args.get("technician")),
            employee=_number(args.get("employee")),
            ticket=args.get("ticket", "")[:40].replace("\0", "").strip(),
            people=Naming.parse(args),
        )

    def as_args(self) -> dict[str, str]:
        """The same as an address says it: parse(as_args()) is equal."""
        said = {
            "month": "all" if self.period is None else self.period.slug,
            "billing": self.billing.value if self.billing else "",
            "invoice": self.invoiced_on.isoformat() if self.invoiced_on else "",
            "category": self.category,
            "technician": _written(self.technician),
            "employee": _written(self.employee),
            "ticket": self.ticket,
            "people": self.people.as_arg or "",
        }
        return {name: value for name, value in said.items() if value}

    def but(self, **changes: Any) -> "HoursFilter":
        """The same with something else in it."""
        return replace(self, **changes)

    @property
    def narrows(self) -> bool:
        """Fewer entries than those of the period are asked for."""
        return any(getattr(self, field.name) for field in fields(self) if field.name not in ("period", "people"))


@dataclass(frozen=True, slots=True)
class Worked:
    """One entry as it is shown. Rate and amount are None when they are not known (why_not says why) or not told."""

    id: int
    day: date
    at: datetime
    number: str
    subject: str
    message_id: int | None
    what: str
    employee_id: int
    employee: str
    technician_id: int
    technician: str
    category: str
    hours: Decimal
    rate: Decimal | None
    why_not: NoPrice | None
    told: bool
    billing: Billing
    invoiced_on: date | None
    noticed_at: datetime
    done_at: datetime | None
    is_confidential: bool = False
    coverage: Coverage | None = None  # by the company's agreement
    was_invoiced: bool = False  # an invoice had it, and the core has taken that back
    invoiced_as: tuple[str, Decimal, date] | None = None  # category, hours and day on its invoice, where they differ

    @property
    def amount(self) -> Decimal | None:
        return None if self.rate is None else amount(self.hours, self.rate)


@dataclass(frozen=True, slots=True)
class Grouping:
    """One way to group: its word, the columns that make a group, and the filter's field that narrows to one."""

    label: str
    columns: tuple[Any, ...]  # key first, then what is shown beside it
    narrows: str


@dataclass(frozen=True, slots=True)
class TimeGroup:
    key: Any
    label: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sums of one page of hours."""

    groups: list[TimeGroup]
    by_month: list[tuple[Period, str, Tally]]  # month, category, sum; months without entries are not there
    choices: dict[str, list[tuple[Any, str]]]  # what the filter can be narrowed to: value and label, by grouping


GROUPINGS = {
    "category": Grouping(msgid("Category"), (TimeEntry.category, TimeEntry.category), "category"),
    "ticket": Grouping(msgid("Ticket"), (Ticket.number, Ticket.subject, Employee.id), "ticket"),
    "employee": Grouping(msgid("Employee"), (Employee.id, Employee.name), "employee"),
    "technician": Grouping(msgid("Technician"), (Technician.id, Technician.name), "technician"),
    "day": Grouping(msgid("Day"), (TimeEntry.worked_day, TimeEntry.worked_day), "period"),
}
_KEYS: dict[str, Callable[[str], Any]] = {"employee": int, "technician": int, "day": date.fromisoformat}  # as written
_GROUP, _MONTH = "group", "month"  # parts of a sheet, beside _OFFERED
_OFFERED = ("category", "technician", "employee")  # what a filter offers to choose from


def rows(
    reader: Reader,
    wanted: HoursFilter,
    *,
    after: tuple[date, datetime, int] | None = None,
    at_most: int | None = None,
) -> Iterator[Worked]:
    """The entries in the order they were worked, in batches by keyset: memory stays level however many there are."""
    told, price_list = disclosure.of(reader), prices.list_of(reader)
    calling = Calling(reader, wanted.people)
    left = at_most
    while left is None or left > 0:
        size = AT_ONCE if left is None else min(AT_ONCE, left)
        batch = db.session.execute(_page(reader, wanted, after, size)).all()
        for row in batch:
            yield _worked(row, told, price_list, calling)
        if len(batch) < size:
            return
        after = (batch[-1].worked_day, batch[-1].worked_at, batch[-1].id)
        left = None if left is None else left - size


def entry(reader: Reader, number: str, entry_id: int) -> Worked | None:
    """One entry of a ticket as every list shows it."""
    return next((row for row in rows(reader, HoursFilter(ticket=number)) if row.id == entry_id), None)


def page(reader: Reader, wanted: HoursFilter, after: int | None) -> tuple[list[Worked], int | None]:
    """One page of rows() after an entry, and the entry after which the next page starts, if there is one."""
    found = list(rows(reader, wanted, after=_place_of(reader, after), at_most=ON_A_PAGE + 1))
    return found[:ON_A_PAGE], found[ON_A_PAGE - 1].id if len(found) > ON_A_PAGE else None


def _place_of(reader: Reader, entry_id: int | None) -> tuple[date, datetime, int] | None:
    if entry_id is None:
        return None
    place = _visible_to(reader, TimeEntry.worked_day, TimeEntry.worked_at, TimeEntry.id)
    found = db.session.execute(place.where(TimeEntry.id == entry_id)).first()
    return (found.worked_day, found.worked_at, found.id) if found else None


def totals(reader: Reader, wanted: HoursFilter) -> Tally:
    """The sum of exactly the entries that rows() yields."""
    load(reader, wanted)
    found: Tally = reader.once(_total, wanted)
    return replace(found)


def load(reader: Reader, *wanted: HoursFilter) -> None:
    """Ask for several sums with one statement: totals() finds them with the reader."""
    missing = [one for one in dict.fromkeys(wanted) if not reader.has(_total, one)]
    if not missing:
        return
    families = _families(missing)
    sums = (_summed_up(reader, family, place) for place, family in enumerate(families))
    found = {one: Tally() for one in missing}
    for row in db.session.execute(union_all(*sums)):
        for one in families[row.place]:
            if _has(one, row, families[row.place]):
                found[one].take(tally(row))
    for one, summed in found.items():
        reader.keep(summed, _total, one)


def _families(wanted: Iterable[HoursFilter]) -> list[list[HoursFilter]]:
    """Filters that one pass over the entries can tell apart: they differ in days and billing only."""
    found: dict[Any, list[HoursFilter]] = {}
    for one in wanted:
        found.setdefault((one.period is None, one.but(period=None, billing=None, invoiced_on=None)), []).append(one)
    return list(found.values())


def _summed_up(reader: Reader, family: Sequence[HoursFilter], place: int) -> Select[Any]:
    """Sums of a family by what tells its filters apart: a ticket's state, an invoice's day and the days worked."""
    periods = _periods(family)
    within = sum(
        (case((_during(period), 1 << at), else_=0) for at, period in enumerate(periods)), start=literal(0, BigInteger)
    )
    billings = {one.billing for one in family}
    span = Period(min(one.since for one in periods), max(one.until for one in periods)) if periods else None
    return _sums(
        reader,
        family[0].but(period=span, billing=None, invoiced_on=family[0].invoiced_on if len(family) == 1 else None),
        literal(place).label("place"),
        Ticket.state.label("state"),
        TimeEntry.invoiced_on.label("invoiced_on"),
        within.label("within"),
        among=() if None in billings else (status.any_of([one for one in billings if one]),),
    )


def _periods(family: Sequence[HoursFilter]) -> list[Period]:
    return list(dict.fromkeys(one.period for one in family if one.period))


def _has(wanted: HoursFilter, row: Any, family: Sequence[HoursFilter]) -> bool:
    """Whether a row of _summed_up() is within a filter of that family."""
    if wanted.period and not row.within & (1 << _periods(family).index(wanted.period)):
        return False
    if wanted.invoiced_on and wanted.invoiced_on != row.invoiced_on:
        return False
    return wanted.billing is None or status.billing_of(row.state, row.invoiced_on) is wanted.billing


def _during(period: Period) -> ColumnElement[bool]:
    return TimeEntry.worked_day.between(period.since, period.until)


def of_tickets(reader: Reader, by: ColumnElement[Any], among: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The sums of the tickets that meet conditions, by a column of theirs; tally() reads a row."""
    return _sums(reader, HoursFilter(), by.label("key"), among=among)


def groups(reader: Reader, wanted: HoursFilter, by: str) -> list[TimeGroup]:
    """The same entries summed by one of GROUPINGS: days in order, everything else by hours, most first."""
    return _groups(reader, wanted, by, db.session.execute(_grouped(reader, wanted, by)))


def sheet(reader: Reader, wanted: HoursFilter, by: str, months: Sequence[Period]) -> Sheet:
    """Groups, months for charts and choices of a filter, asked for with one statement."""
    within = HoursFilter(period=wanted.period)
    offered = (_grouped(reader, within, choice).add_columns(literal(choice).label("part")) for choice in _OFFERED)
    parts = (
        _grouped(reader, wanted, by).add_columns(literal(_GROUP).label("part")),
        _by_month(reader, wanted, months).add_columns(literal(_MONTH).label("part")),
        *offered,
    )
    found: dict[str, list[Any]] = {part: [] for part in (_GROUP, _MONTH, *_OFFERED)}
    for row in db.session.execute(union_all(*parts)):
        found[row.part].append(row)
    return Sheet(
        groups=_groups(reader, wanted, by, found[_GROUP]),
        by_month=[(months[int(row.key)], row.shown, tally(row)) for row in found[_MONTH]],
        choices={choice: _choices(reader, wanted.people, choice, found[choice]) for choice in _OFFERED},
    )


def sum_of(groups: Iterable[TimeGroup]) -> Tally:
    """What groups() come to together: the same as totals()."""
    tally = Tally()
    for group in groups:
        tally.take(group.tally)
    return tally


def choices(reader: Reader, period: Period | None, people: Naming = Naming.NAMES) -> dict[str, list[tuple[Any, str]]]:
    """What the filter can be narrowed to within a period: value and label, by grouping."""
    within = HoursFilter(period=period)
    rows = {choice: db.session.execute(_grouped(reader, within, choice)).all() for choice in _OFFERED}
    return {choice: _choices(reader, people, choice, found) for choice, found in rows.items()}


def _grouped(reader: Reader, wanted: HoursFilter, by: str) -> Select[Any]:
    """Sums by a grouping's columns, as texts: so that groupings can stand in one statement."""
    columns = (*confidentiality.seen(reader, *GROUPINGS[by].columns), literal(0))[:3]
    key, shown, about = columns
    return _sums(
        reader, wanted, cast(key, String).label("key"), cast(shown, String).label("shown"), about.label("about")
    )


def _by_month(reader: Reader, wanted: HoursFilter, months: Sequence[Period]) -> Select[Any]:
    """Sums of months that follow each other, by category."""
    at = case(*((TimeEntry.worked_day <= month.until, literal(at)) for at, month in enumerate(months)))
    within = wanted.but(period=Period(months[0].since, months[-1].until))
    return _sums(
        reader, within, cast(at, String).label("key"), TimeEntry.category.label("shown"), literal(0).label("about")
    )


def _groups(reader: Reader, wanted: HoursFilter, by: str, rows: Iterable[Any]) -> list[TimeGroup]:
    calling, read = Calling(reader, wanted.people), _KEYS.get(by, str)
    made = [
        TimeGroup(read(row.key), _label(by, read(row.key), row.shown, row.about, calling), tally(row)) for row in rows
    ]
    return sorted(made, key=lambda group: group.key if by == "day" else (-group.tally.hours, group.label))


def _choices(reader: Reader, people: Naming, by: str, rows: Iterable[Any]) -> list[tuple[Any, str]]:
    calling, read = Calling(reader, people), _KEYS.get(by, str)
    offered = ((read(row.key), _label(by, read(row.key), row.shown, row.about, calling)) for row in rows)
    return sorted((pair for pair in offered if pair[0]), key=lambda pair: pair[1].casefold())


def _label(by: str, key: Any, shown: Any, about: int | None, calling: Calling) -> str:
    """What a group of GROUPINGS is called, from the values of its columns."""
    if by == "employee":
        return calling.person(key, shown)
    return calling.text(shown, about or 0) if by == "ticket" else str(shown)


def _visible_to(reader: Reader, *columns: Any) -> Select[Any]:
    """Entries that exist for this company's people, with their ticket and everybody in it."""
    return (
        select(*columns)
        .select_from(TimeEntry)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .join(Employee, Employee.id == Ticket.requester_id)
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .outerjoin(InvoicedEntry, OWN_INVOICE)
        .where(TimeEntry.company_id == reader.company_id, Ticket.company_id == reader.company_id)
        .where(TimeEntry.withdrawn_at.is_(None), Ticket.withdrawn_at.is_(None))
        .where(disclosure.of(reader).entries)
    )


def _narrowed(
    reader: Reader, wanted: HoursFilter, *columns: Any, among: Sequence[ColumnElement[bool]] = ()
) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [*among]
    if wanted.period:
        conditions.append(_during(wanted.period))
    if wanted.billing:
        conditions.append(wanted.billing.condition)
    if wanted.invoiced_on:
        conditions.append(TimeEntry.invoiced_on == wanted.invoiced_on)
    if wanted.category:
        conditions.append(TimeEntry.category == wanted.category)
    if wanted.technician:
        conditions.append(Technician.id == wanted.technician)
    if wanted.employee:
        conditions.append(confidentiality.seen(reader, Employee.id)[0] == wanted.employee)
    if wanted.ticket:
        conditions.append(Ticket.number == wanted.ticket)
    return _visible_to(reader, *columns).where(*conditions)


def _page(reader: Reader, wanted: HoursFilter, after: tuple[date, datetime, int] | None, size: int) -> Select[Any]:
    order = (TimeEntry.worked_day, TimeEntry.worked_at, TimeEntry.id)
    subject, employee_id, employee, what = confidentiality.seen(
        reader, Ticket.subject, Employee.id, Employee.name, Message.excerpt
    )
    statement = (
        _narrowed(
            reader,
            wanted,
            *order,
            TimeEntry.category,
            TimeEntry.hours,
            TimeEntry.invoiced_on,
            TimeEntry.first_noticed_at,
            TimeEntry.message_id,
            TimeEntry.coverage,
            TimeEntry.coverage_rate,
            FROZEN_RATE.label("frozen_rate"),
            InvoicedEntry.invoice_id,
            InvoicedEntry.category.label("frozen_category"),
            InvoicedEntry.hours.label("frozen_hours"),
            InvoicedEntry.worked_day.label("frozen_day"),
            Ticket.number,
            subject.label("subject"),
            Ticket.is_confidential,
            Ticket.state,
            Ticket.done_at,
            employee_id.label("employee_id"),
            employee.label("employee"),
            Technician.id.label("technician_id"),
            Technician.name.label("technician"),
            what.label("what"),
        )
        .outerjoin(Message, Message.id == TimeEntry.message_id)
        .order_by(*order)
        .limit(size)
    )
    return statement.where(tuple_(*order) > tuple_(*(_typed(order, after)))) if after else statement


def _typed(order: tuple[Any, ...], after: tuple[Any, ...]) -> list[Any]:
    return [literal(value, column.type) for column, value in zip(order, after, strict=True)]


def _worked(row: Any, told: disclosure.Disclosure, price_list: PriceList, calling: Calling) -> Worked:
    tells = told.tells_money(row.invoiced_on)
    rate = row.frozen_rate if row.frozen_rate is not None else row.coverage_rate
    if rate is None and tells:
        rate = price_list.rate_on(row.category, row.worked_day)
    return Worked(
        id=row.id,
        day=row.worked_day,
        at=row.worked_at,
        number=row.number,
        subject=calling.text(row.subject, row.employee_id),
        message_id=row.message_id,
        what=calling.text(row.what or "", row.employee_id),
        employee_id=row.employee_id,
        employee=calling.person(row.employee_id, row.employee),
        technician_id=row.technician_id,
        technician=row.technician,
        category=row.category,
        hours=row.hours,
        rate=rate if tells else None,
        why_not=price_list.why_not(row.category, row.worked_day) if rate is None and tells else None,
        told=tells,
        billing=status.billing_of(row.state, row.invoiced_on),
        invoiced_on=row.invoiced_on,
        noticed_at=row.first_noticed_at,
        done_at=row.done_at,
        is_confidential=row.is_confidential,
        coverage=row.coverage,
        was_invoiced=row.invoice_id is not None and row.invoiced_on is None,
        invoiced_as=invoiced_as(row),
    )


def invoiced_as(row: Any) -> tuple[str, Decimal, date] | None:
    """What an entry's invoice says of it, where that is not what it is now."""
    frozen = (row.frozen_category, row.frozen_hours, row.frozen_day)
    is_same = row.invoice_id is None or frozen == (row.category, row.hours, row.worked_day)
    return None if is_same else frozen


def _total(reader: Reader, wanted: HoursFilter) -> Tally:
    """Found with the reader: see load()."""
    raise LookupError(wanted)


def _sums(reader: Reader, wanted: HoursFilter, *by: Any, among: Sequence[ColumnElement[bool]] = ()) -> Select[Any]:
    """What Tally.add() does with each entry, done by the database: each amount is rounded before it is summed."""
    hours, rate = type_coerce(TimeEntry.hours, BigInteger), _rate(prices.list_of(reader))
    tells = true() if not disclosure.of(reader).hides_money else TimeEntry.invoiced_on.is_not(None)
    entries = _narrowed(
        reader,
        wanted,
        *by,
        hours.label("hours"),
        case((tells, 1), else_=0).label("is_told"),
        case((rate.is_(None), 0), else_=1).label("is_priced"),
        _rounded(hours * rate).label("cents"),
        among=among,
    ).subquery()
    keys = [entries.c[column.name] for column in by]
    untold, told = entries.c.is_told == 0, entries.c.is_told == 1
    unpriced, priced = and_(told, entries.c.is_priced == 0), and_(told, entries.c.is_priced == 1)
    return select(
        *keys,
        func.count().label("entries"),
        func.sum(entries.c.hours).label("hours"),
        func.sum(case((priced, entries.c.cents), else_=0)).label("amount"),
        func.sum(case((unpriced, 1), else_=0)).label("unpriced"),
        func.sum(case((unpriced, entries.c.hours), else_=0)).label("unpriced_hours"),
        func.sum(case((untold, 1), else_=0)).label("untold"),
        func.sum(case((untold, entries.c.hours), else_=0)).label("untold_hours"),
    ).group_by(*keys)


def _rate(price_list: PriceList) -> ColumnElement[Any]:
    """An entry's rate in hundredths: as it was invoiced, else by the agreement or the price list of its day."""
    return _rate_by(
        tuple((name, tuple(steps)) for name in price_list.categories if (steps := price_list.steps(name)))
    )


@lru_cache(maxsize=64)
def _rate_by(known: tuple[tuple[str, tuple[tuple[date, Decimal | None], ...]], ...]) -> ColumnElement[Any]:
    """The expression for these steps by category; ten years of prices make it large, and it is the same for long."""
    frozen = func.coalesce(type_coerce(FROZEN_RATE, BigInteger), type_coerce(TimeEntry.coverage_rate, BigInteger))
    if not known:
        return frozen
    of_category = {
        category: case(*((TimeEntry.worked_day >= day, _hundredths(rate)) for day, rate in steps))
        for category, steps in known
    }
    return func.coalesce(frozen, case(of_category, value=TimeEntry.category), type_=BigInteger)


def _hundredths(rate: Decimal | None) -> ColumnElement[Any]:
    return literal(None if rate is None else int(rate * 100), BigInteger)


def _rounded(product: ColumnElement[Any]) -> ColumnElement[Any]:
    """Hundredths of ten-thousandths as hundredths, rounded half up, away from zero: as money.amount() does."""
    return case((product >= 0, (product + 5_000) // 10_000), else_=-((5_000 - product) // 10_000))


def tally(row: Any) -> Tally:
    """A row of sums; nothing is summed where there is no entry."""
    return Tally(
        entries=row.entries or 0,
        hours=hours_of(int(row.hours or 0)),
        amount=_decimal(row.amount),
        unpriced=int(row.unpriced or 0),
        unpriced_hours=hours_of(int(row.unpriced_hours or 0)),
        untold=int(row.untold or 0),
        untold_hours=hours_of(int(row.untold_hours or 0)),
    )


def _decimal(hundredths: int | None) -> Decimal:
    return Decimal(int(hundredths or 0)).scaleb(-2)


def _written(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
