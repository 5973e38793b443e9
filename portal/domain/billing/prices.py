"""Prices: hourly rates by category, general and per company, each valid from a day on."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, bindparam, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base
from portal.db.prepared import Prepared
from portal.domain.companies.reader import Reader
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled

HOME_CURRENCY = "CZK"


class Price(Base):
    """A rate per hour from a Prague day on; without a company it is everybody's."""

    __tablename__ = "price"
    __table_args__ = (Index("uq_price_row", "company_id", "category", "valid_from", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    category: Mapped[str]
    name: Mapped[str]
    rate: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(default="CZK")
    valid_from: Mapped[date]


@dataclass(frozen=True, slots=True)
class PriceFact:
    """One row of a price list; `company` tells a company's own row from everybody's."""

    category: str
    name: str
    rate: Decimal
    currency: str
    valid_from: date
    own: bool = False


class NoPrice(Labelled):
    """Why an entry has no price. Never a silent zero: the page, the workbook and staff all say it."""

    UNKNOWN = "unknown", msgid("The price list does not know this category.")
    TOO_EARLY = "too_early", msgid("The price list has no price of this category for that day.")
    CURRENCY = "currency", msgid("The price of this category is in another currency than the invoice.")


class PriceList:
    """All rates one company can meet, its own and everybody's. Pure: made from rows, asked by category and day.

    Its currency is that of an invoice of one day: what is valid from a later day on changes nothing before it.
    """

    def __init__(self, facts: Iterable[PriceFact], on: date = date.max) -> None:
        self._on = on
        self._rows: dict[tuple[str, bool], list[PriceFact]] = {}
        for fact in sorted(facts, key=lambda fact: fact.valid_from):
            self._rows.setdefault((fact.category, fact.own), []).append(fact)
        self._found: dict[tuple[str, date], Decimal | NoPrice] = {}
        self.currency = self._currency()

    def rate_on(self, category: str, day: date) -> Decimal | None:
        """The rate per hour of an entry of that Prague day, in the list's currency; None is a warning, not a zero.

        It is the newest of the company's own rows valid on that day, else the newest general one.
        """
        found = self._look_up(category, day)
        return None if isinstance(found, NoPrice) else found

    def why_not(self, category: str, day: date) -> NoPrice | None:
        """Why rate_on says None; None when it does not."""
        found = self._look_up(category, day)
        return found if isinstance(found, NoPrice) else None

    def name_of(self, category: str) -> str:
        """What the category is called, by its newest row; the code itself when nobody named it."""
        rows = self._rows.get((category, True)) or self._rows.get((category, False))
        return (rows[-1].name if rows else "") or category

    def steps(self, category: str) -> list[tuple[date, Decimal | None]]:
        """The same for SQL: of these days and rates the first whose day is not after the entry's counts."""
        own, general = self._rows.get((category, True), []), self._rows.get((category, False), [])
        in_order = [*reversed(own), *reversed(general)]
        return [(fact.valid_from, fact.rate if fact.currency == self.currency else None) for fact in in_order]

    @property
    def categories(self) -> list[str]:
        return sorted({category for category, _ in self._rows})

    def _look_up(self, category: str, day: date) -> Decimal | NoPrice:
        found = self._found.get((category, day))
        if found is None:
            found = self._found[category, day] = self._search(category, day)
        return found

    def _search(self, category: str, day: date) -> Decimal | NoPrice:
        fact = self._newest(category, day, own=True) or self._newest(category, day, own=False)
        if fact is None:
            known = (category, True) in self._rows or (category, False) in self._rows
            return NoPrice.TOO_EARLY if known else NoPrice.UNKNOWN
        return fact.rate if fact.currency == self.currency else NoPrice.CURRENCY

    def _newest(self, category: str, day: date, *, own: bool) -> PriceFact | None:
        rows = self._rows.get((category, own), [])
        position = bisect_right(rows, day, key=lambda fact: fact.valid_from)
        return rows[position - 1] if position else None

    def _currency(self) -> str:
        """An invoice has one currency: that of the company's own newest price, else that of most general ones."""
        every = [fact for rows in self._rows.values() for fact in rows]
        known = [fact for fact in every if fact.valid_from <= self._on] or every
        own = [fact for fact in known if fact.own]
        if own:
            return max(own, key=lambda fact: fact.valid_from).currency
        general = Counter(fact.currency for fact in known)
        return general.most_common(1)[0][0] if general else HOME_CURRENCY


def list_of(reader: Reader, on: date | None = None) -> PriceList:
    """The price list as this company meets it: its own rows and everybody's, no other company's.

    Its currency is that of an invoice of that day, which is today unless it is said.
    """
    facts = reader.once(facts_of)
    return reader.once(_list_on, facts, on or clock.today())


def _list_on(_reader: Reader, facts: tuple[PriceFact, ...], on: date) -> PriceList:
    return PriceList(facts, on)


_FACTS = Prepared(
    select(
        Price.category,
        Price.name,
        Price.rate,
        Price.currency,
        Price.valid_from,
        Price.company_id.is_not(None).label("own"),
    )
    .where(or_(Price.company_id.is_(None), Price.company_id == bindparam("company")))
    .order_by(Price.valid_from, Price.id)
)


def facts_of(reader: Reader) -> tuple[PriceFact, ...]:
    """The rows of the price list as this company meets it; list_of() asks them."""
    rows = _FACTS(company=reader.company_id)
    return tuple(
        PriceFact(category, name, rate, currency, day, bool(own)) for category, name, rate, currency, day, own in rows
    )
