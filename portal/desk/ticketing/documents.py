"""Documents: a run of the invoicing for one company, and what the accounts say of the invoice they issued for it."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal import clock
from portal.desk.database import fact, remember, written
from portal.desk.ticketing import directory
from portal.errors import NotFound

_TOLD = "period_end, supplement, number, issued_on, taxable_on, due_on, total, currency, link"


@dataclass(frozen=True, slots=True)
class DeskDocument:
    """One of them. supplement is 0 for the first of its period, 1, 2… for those made after it."""

    id: int
    company: str  # its name; empty for tickets of no company
    period_end: date
    supplement: int
    number: str  # what the accounts call it; empty until they say

    @property
    def called(self) -> str:
        return f"{self.period_end:%Y-%m}" + (f" supplement {self.supplement}" if self.supplement else "")


def make(db: sqlite3.Connection, company: str, period_end: date) -> DeskDocument:
    """A further document of this company and period, made now."""
    row = db.execute(
        "INSERT INTO document (company, period_end, supplement, made_at)"
        " SELECT ?, ?, count(*), ? FROM document WHERE company = ? AND period_end = ? RETURNING *",
        (company, period_end.isoformat(), written(clock.now()), company, period_end.isoformat()),
    ).fetchone()
    return _document(db, row)


def every(db: sqlite3.Connection) -> list[DeskDocument]:
    """All of them, oldest first."""
    return [_document(db, row) for row in db.execute("SELECT * FROM document ORDER BY id").fetchall()]


def tell(db: sqlite3.Connection, document_id: int, said: dict[str, str]) -> DeskDocument:
    """What the accounts say of it: number, issued_on, taxable_on, due_on, total, currency, link. Raises NotFound."""
    for name, value in said.items():
        db.execute(f"UPDATE document SET {name} = ? WHERE id = ?", (value, document_id))  # noqa: S608 - our own columns
    row = db.execute("SELECT * FROM document WHERE id = ?", (document_id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no document {document_id}")
    return _document(db, row)


def issued(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """All of them, as the Core API writes them; those of no company are nobody's."""
    rows = db.execute(f"SELECT id, company, {_TOLD} FROM document WHERE company != '' ORDER BY id")  # noqa: S608 - our own columns
    return [{"core_id": str(row["id"]), **{name: row[name] for name in row.keys() if name != "id"}} for row in rows]  # noqa: SIM118


def supplier(db: sqlite3.Connection) -> dict[str, str] | None:
    """Who issues the invoices, as the Core API writes it; None until it is said."""
    said = fact(db, "supplier")
    return json.loads(said) if said else None


def set_supplier(db: sqlite3.Connection, **said: str) -> None:
    """Say who issues the invoices: name, ico, dic, address."""
    remember(db, "supplier", json.dumps(said, ensure_ascii=False))


def _document(db: sqlite3.Connection, row: sqlite3.Row) -> DeskDocument:
    return DeskDocument(
        id=row["id"],
        company=directory.company(db, row["company"]).name,
        period_end=date.fromisoformat(row["period_end"]),
        supplement=row["supplement"],
        number=row["number"],
    )
