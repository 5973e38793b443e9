"""The desk's price list: hourly rates by category, general or for one company, each valid from a Prague day on."""

import re
import sqlite3
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from portal.desk.database import Store
from portal.errors import Refused

_CATEGORY = re.compile(r"[A-Z][A-Z0-9]{2,19}")  # what a technician's line can name
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class DeskPrice:
    rate: Decimal  # an hour
    currency: str


def add_price(  # noqa: PLR0917 - the columns of a price list, in their order
    store: Store,
    category: str,
    name: str,
    rate: Decimal | int | str,
    valid_from: date,
    company: str = "",
    currency: str = "CZK",
) -> None:
    """Set a rate per hour from a day on; the same category, company and day again replaces it. Raises Refused."""
    amount = _amount(rate)
    if not _CATEGORY.fullmatch(category.strip().upper()):
        raise Refused(f"{category!r} is no price category; for example PROGP85: a letter, then letters and digits")
    if not _CURRENCY.fullmatch(currency):
        raise Refused(f"{currency!r} is no currency; for example CZK")
    with store.write() as db:
        if company and not db.execute("SELECT 1 FROM company WHERE core_id = ?", (company,)).fetchone():
            raise Refused(f"there is no company {company}")
        db.execute(
            "INSERT INTO price (category, company, valid_from, name, rate, currency) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (category, company, valid_from) DO UPDATE"
            " SET name = excluded.name, rate = excluded.rate, currency = excluded.currency",
            (category.strip().upper(), company, valid_from.isoformat(), name, f"{amount:.2f}", currency),
        )


def price_list(db: sqlite3.Connection) -> list[dict]:
    """All rates ever valid, as the Core API writes them."""
    found = db.execute(
        "SELECT category, name, rate, valid_from, currency, company FROM price ORDER BY category, company, valid_from"
    )
    return [dict(row) for row in found]


def categories(db: sqlite3.Connection) -> frozenset[str]:
    """Every category the price list knows."""
    return frozenset(row["category"] for row in db.execute("SELECT DISTINCT category FROM price"))


def price_on(db: sqlite3.Connection, category: str, company: str, day: date) -> DeskPrice | None:
    """The newest price valid on the day, the company's own before the general one; None when there is none."""
    row = db.execute(
        "SELECT rate, currency FROM price WHERE category = ? AND company IN ('', ?) AND valid_from <= ?"
        " ORDER BY company = '', valid_from DESC LIMIT 1",
        (category, company, day.isoformat()),
    ).fetchone()
    return DeskPrice(Decimal(row["rate"]), row["currency"]) if row else None


def _amount(rate: Decimal | int | str) -> Decimal:
    try:
        amount = Decimal(rate)
    except InvalidOperation as error:
        raise Refused(f"{rate!r} is not an amount; write for example 1250.00") from error
    if not amount.is_finite() or amount < 0 or amount != amount.quantize(Decimal("0.01")):
        raise Refused(f"a rate is zero or more, with two decimal places, not {rate}")
    return amount
