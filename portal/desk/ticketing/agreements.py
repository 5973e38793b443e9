"""Agreements: hours or money that a company prepaid a month or a year, as the Core API tells them."""

import sqlite3
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.desk.database import Store
from portal.errors import Refused

UNITS, EVERY, ALL = ("hours", "money"), ("month", "year"), "all"


@dataclass(frozen=True, slots=True)
class DeskAgreement:
    """What is included from a day on; carries: at most so much of what is left, or all; no rate: the prices'."""

    company: str
    valid_from: date  # the first of a month
    amount: str  # 0 ends what was agreed before
    unit: str = "hours"
    every: str = "month"
    carries: str = "0"
    rate_inside: str = ""
    rate_over: str = ""


def set_agreement(store: Store, agreed: DeskAgreement) -> None:
    """Know an agreement; the same company and day again replaces it. Raises Refused."""
    if agreed.unit not in UNITS or agreed.every not in EVERY:
        raise Refused(f"an agreement is of {' or '.join(UNITS)}, a {' or a '.join(EVERY)}")
    if agreed.valid_from.day != 1:
        raise Refused(f"an agreement begins on the first of a month, not on {agreed.valid_from}")
    carries = "" if agreed.carries == ALL else _written(agreed.carries)
    rates = [_written(rate) if rate else "" for rate in (agreed.rate_inside, agreed.rate_over)]
    with store.write() as db:
        if not db.execute("SELECT 1 FROM company WHERE core_id = ?", (agreed.company,)).fetchone():
            raise Refused(f"there is no company {agreed.company}")
        db.execute(
            "INSERT OR REPLACE INTO agreement"
            " (company, valid_from, unit, amount, every, carries, rate_inside, rate_over)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                agreed.company,
                agreed.valid_from.isoformat(),
                agreed.unit,
                _written(agreed.amount),
                agreed.every,
                carries,
                *rates,
            ),
        )


def every(db: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    """All agreements as the Core API writes them, by company."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in db.execute("SELECT * FROM agreement ORDER BY company, valid_from"):
        told = {name: row[name] for name in ("valid_from", "unit", "amount", "every")}
        optional = {name: row[name] or None for name in ("carries", "rate_inside", "rate_over")}
        found.setdefault(row["company"], []).append(told | optional)
    return found


def _written(said: str) -> str:
    try:
        amount = Decimal(said)
    except InvalidOperation as error:
        raise Refused(f"{said!r} is not an amount; write for example 20.00") from error
    if not amount.is_finite() or amount < 0 or amount != amount.quantize(Decimal("0.01")) or amount > 100_000_000:
        raise Refused(f"an amount is zero or more, with two decimal places, not {said}")
    return f"{amount:.2f}"
