"""Documents: a run of the invoicing for one company, and what the accounts say of the invoice they issued for it."""

import json
import sqlite3
from typing import Any

from portal.desk.database import fact

_TOLD = "period_end, supplement, number, issued_on, taxable_on, due_on, total, currency, link"


def issued(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """All of them, as the Core API writes them; those of no company are nobody's."""
    rows = db.execute(f"SELECT id, company, {_TOLD} FROM document WHERE company != '' ORDER BY id")  # noqa: S608 - our own columns
    return [{"core_id": str(row["id"]), **{name: row[name] for name in row.keys() if name != "id"}} for row in rows]  # noqa: SIM118


def supplier(db: sqlite3.Connection) -> dict[str, str] | None:
    """Who issues the invoices, as the Core API writes it; None until it is said."""
    said = fact(db, "supplier")
    return json.loads(said) if said else None
