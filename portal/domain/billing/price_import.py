"""Importing a price list: what each line of a table would change or why it cannot, before anything is written.

The plan is pure. A new price never changes an old month: a line that would is wrong, and one wrong line stops all.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.billing import invoice_snapshots
from portal.domain.billing.agreements import sharing
from portal.domain.billing.prices import HOME_CURRENCY, Price, PriceFact, PriceList
from portal.domain.companies.models import Company
from portal.lib.periods import month_of
from portal.lib.text import fold

HEADS = {  # field: how a head may say it, folded
    "category": ("category", "kategorie", "kod", "code"),
    "name": ("name", "nazev", "popis", "description"),
    "rate": ("rate", "price", "cena", "sazba", "cena za hodinu", "hodinova sazba", "unit price", "price per hour"),
    "currency": ("currency", "mena"),
    "valid_from": ("valid from", "valid_from", "plati od", "platnost od", "od", "from"),
    "company": ("company", "spolecnost", "firma", "zakaznik", "customer"),
}
NEEDED = ("category", "rate", "valid_from")
DEAREST = Decimal(1_000_000)  # an hour for more is a mistyped number

_CATEGORY = re.compile(r"^[A-Z][A-Z0-9]{2,19}\Z")
_NUMBER = re.compile(r"^[0-9]{1,9}([.,][0-9]{1,6})?\Z")
_CURRENCY = re.compile(r"^[A-Z]{3}\Z")
_CZECH_DAY = re.compile(r"^([0-9]{1,2})\.\s*([0-9]{1,2})\.\s*([0-9]{4})\Z")


class Does(StrEnum):
    ADDS = "adds"
    NOTHING = "nothing"  # it is known already
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Row:
    """A price as a line says it; company_id is None for everybody's."""

    company_id: int | None
    category: str
    name: str
    rate: Decimal
    currency: str
    valid_from: date

    @property
    def key(self) -> tuple[int | None, str, date]:
        return self.company_id, self.category, self.valid_from

    def fact(self) -> PriceFact:
        own = self.company_id is not None
        return PriceFact(self.category, self.name, self.rate, self.currency, self.valid_from, own=own)


@dataclass(frozen=True, slots=True)
class PriceLine:
    """What one line of the table does, in words for an administrator."""

    number: int  # as a spreadsheet counts: the head is 1
    does: Does
    words: str
    row: Row | None = None


class WrongLine(ValueError):
    """Why a line cannot be taken."""


def plan(
    table: Sequence[Sequence[Any]], known: Iterable[Row], companies: Mapping[str, int], today: date
) -> list[PriceLine]:
    """What every line of a table would do. companies: folded names and the core's ids, to our ids."""
    rows_known = {row.key: row for row in known}
    try:
        columns = _columns(table[0] if table else ())
    except WrongLine as wrong:
        return [PriceLine(1, Does.WRONG, str(wrong))]
    read: list[tuple[int, Row | WrongLine]] = []
    for number, cells in enumerate(table[1:], 2):
        if any(_written(cell) for cell in cells):
            read.append((number, _read(cells, columns, companies)))
    added = [row for _, row in read if isinstance(row, Row)]
    prices = _List(rows_known, added, month_of(today).since)
    seen: dict[tuple[int | None, str, date], int] = {}
    lines = []
    for number, row in read:
        if isinstance(row, WrongLine):
            lines.append(PriceLine(number, Does.WRONG, str(row)))
            continue
        lines.append(prices.judge(number, row, said_first_on=seen.setdefault(row.key, number)))
    return lines


def known() -> list[Row]:
    """The price list as it is."""
    return [
        Row(price.company_id, price.category, price.name, price.rate, price.currency, price.valid_from)
        for price in db.session.scalars(select(Price).order_by(Price.id))
    ]


def companies() -> dict[str, int]:
    """How a table may name our companies."""
    found: dict[str, int] = {}
    for company in db.session.scalars(select(Company).order_by(Company.id)):
        for name in (company.name, company.core_id):
            found.setdefault(fold(name), company.id)
    return found


@unit_of_work()
def perform(lines: Iterable[PriceLine]) -> int:
    """Write the new prices of a plan without a wrong line; how many. Commits."""
    rows = [line.row for line in lines if line.does is Does.ADDS and line.row]
    for row in rows:
        db.session.add(
            Price(
                company_id=row.company_id,
                category=row.category,
                name=row.name,
                rate=row.rate,
                currency=row.currency,
                valid_from=row.valid_from,
            )
        )
    db.session.flush()
    invoice_snapshots.fill_in_rates()
    sharing.keep_all()
    return len(rows)


@dataclass(frozen=True, slots=True)
class _List:
    """The price list before the import, and everything a table would add to it."""

    known: Mapping[tuple[int | None, str, date], Row]
    added: Sequence[Row]
    this_month: date

    def judge(self, number: int, row: Row, *, said_first_on: int) -> PriceLine:
        said = f"{row.category} {row.rate} {row.currency} from {row.valid_from.isoformat()}"
        if said_first_on != number:
            words = f"line {said_first_on} says the price of {row.category} from that day already"
            return PriceLine(number, Does.WRONG, words)
        if (old := self.known.get(row.key)) is not None:
            if (old.rate, old.currency) == (row.rate, row.currency):
                return PriceLine(number, Does.NOTHING, f"{said}: known", row)
            words = f"{said}: the list says {old.rate} {old.currency} from that day; a new price needs a later day"
            return PriceLine(number, Does.WRONG, words)
        if day := self._old_day_changed_by(row):
            words = f"{said}: it would change the price of {day.isoformat()}, an old month"
            return PriceLine(number, Does.WRONG, words)
        return PriceLine(number, Does.ADDS, said, row)

    def _old_day_changed_by(self, row: Row) -> date | None:
        """The first day before this month whose known price would not be the same any more."""
        whose = (None, row.company_id)
        scope = [known for known in self.known.values() if known.company_id in whose]
        before = PriceList(known.fact() for known in scope)
        after = PriceList(
            [*(known.fact() for known in scope), *(new.fact() for new in self.added if new.company_id in whose)]
        )
        days = {row.valid_from} | {known.valid_from for known in scope if known.valid_from > row.valid_from}
        for day in sorted(day for day in days if day < self.this_month):
            rate = before.rate_on(row.category, day)
            if rate is not None and rate != after.rate_on(row.category, day):
                return day
        return None


def _columns(head: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for position, cell in enumerate(head):
        words = fold(_written(cell))
        for name, ways in HEADS.items():
            if words in ways and name not in found:
                found[name] = position
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise WrongLine(
            "the first line has to name the columns; missing: "
            + ", ".join(f"{name} (or {', '.join(HEADS[name][1:])})" for name in missing)
        )
    return found


def _read(cells: Sequence[Any], columns: Mapping[str, int], companies: Mapping[str, int]) -> Row | WrongLine:
    def cell(name: str) -> Any:
        position = columns.get(name)
        return cells[position] if position is not None and position < len(cells) else None

    try:
        category = _written(cell("category"))
        if not _CATEGORY.match(category):
            raise WrongLine(f"{category[:40]!r} is no category: capitals and digits, a letter first, as PROGP85")
        return Row(
            company_id=_company(_written(cell("company")), companies),
            category=category,
            name=_written(cell("name"))[:200] or category,
            rate=_rate(cell("rate")),
            currency=_currency(_written(cell("currency"))),
            valid_from=_day(cell("valid_from")),
        )
    except WrongLine as wrong:
        return wrong


def _company(name: str, companies: Mapping[str, int]) -> int | None:
    if not name:
        return None
    if (found := companies.get(fold(name))) is None:
        raise WrongLine(f"there is no company {name[:60]!r}; an empty cell is everybody")
    return found


def _rate(cell: Any) -> Decimal:
    written = re.sub(r"\s|Kč|CZK", "", repr(cell) if isinstance(cell, float) else _written(cell))
    if not _NUMBER.match(written):
        raise WrongLine(f"{_written(cell)[:40]!r} is no price per hour")
    try:
        rate = Decimal(written.replace(",", "."))
    except InvalidOperation as error:  # pragma: no cover - the pattern above admits only numbers
        raise WrongLine(f"{written!r} is no price per hour") from error
    if rate != rate.quantize(Decimal("0.01")):
        raise WrongLine(f"{written} has more than two decimal places")
    if rate > DEAREST:
        raise WrongLine(f"{written} an hour is more than {DEAREST}: a mistyped number?")
    return rate.quantize(Decimal("0.01"))


def _currency(written: str) -> str:
    currency = {"": HOME_CURRENCY, "Kč": HOME_CURRENCY}.get(written, written)
    if not _CURRENCY.match(currency):
        raise WrongLine(f"{written[:10]!r} is no currency: three capitals, as CZK")
    return currency


def _day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    written = _written(cell)
    try:
        if found := _CZECH_DAY.match(written):
            return date(int(found[3]), int(found[2]), int(found[1]))
        return date.fromisoformat(written)
    except ValueError as error:
        raise WrongLine(f"{written[:20]!r} is no day: write 1. 12. 2026 or 2026-12-01") from error


def _written(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def of_today(table: Sequence[Sequence[Any]]) -> list[PriceLine]:
    """The plan of a table against the portal's own list, today."""
    return plan(table, known(), companies(), clock.today())
