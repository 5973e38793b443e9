"""The month's end: what waits for the invoice is invoiced, once; tickets with nothing left to invoice are done."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from portal import clock
from portal.desk.database import Store, moment, written
from portal.desk.ticketing import directory, prices, tickets


@dataclass(frozen=True, slots=True)
class BilledEntry:
    """What one company is invoiced in one category. amount is None when an entry has no price."""

    company: str  # its name; empty for tickets of no company
    category: str
    hours: Decimal
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class InvoiceReport:
    """What an invoicing did, or would do."""

    month: date  # its last day
    dry_run: bool
    lines: tuple[BilledEntry, ...]
    entries: int
    done: tuple[str, ...]  # tickets that are done now
    kept: tuple[str, ...]  # tickets that still wait, because they have later time

    @property
    def hours(self) -> Decimal:
        return sum((line.hours for line in self.lines), Decimal("0.00"))


def invoice(store: Store, month: date, dry_run: bool = True) -> InvoiceReport:
    """Invoice the Prague month in which the day lies: what was worked up to its end, on tickets that wait for it.

    Running it twice changes nothing, and an entry that was invoiced once is never invoiced again.
    """
    last_day = _last_day(month)
    with store.write() as db:
        entries = _to_invoice(db, clock.end_of(last_day))
        lines = tuple(_lines(db, entries))
        db.executemany(
            "UPDATE time_entry SET invoiced_on = ? WHERE id = ?",
            [(last_day.isoformat(), entry["id"]) for entry in entries],
        )
        done, kept = _close(db, clock.end_of(last_day), {entry["ticket"] for entry in entries})
        report = InvoiceReport(last_day, dry_run, lines, len(entries), tuple(done), tuple(kept))
        if dry_run:  # everything was tried, nothing stays: a dry run says exactly what the real one would do
            db.execute("ROLLBACK")
            db.execute("BEGIN")
        return report


def _last_day(month: date) -> date:
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _to_invoice(db: sqlite3.Connection, end: datetime) -> list[sqlite3.Row]:
    return db.execute(
        "SELECT time_entry.*, ticket.company AS client FROM time_entry JOIN ticket ON ticket.id = time_entry.ticket"
        " WHERE state = 'to_be_invoiced' AND gone = '' AND invoiced_on IS NULL AND removed_at IS NULL"
        " AND worked_at < ?"
        " ORDER BY ticket.company, category, time_entry.id",
        (written(end),),
    ).fetchall()


def _close(db: sqlite3.Connection, end: datetime, touched: set[int]) -> tuple[list[str], list[str]]:
    """Tickets that are done by this, and those that wait on; a ticket without any time waits for nobody."""
    done, kept = [], []
    waiting = db.execute(
        "SELECT id, done_at FROM ticket WHERE state = 'to_be_invoiced' AND gone = '' ORDER BY id"
    ).fetchall()
    for row in waiting:
        ticket = tickets.by_id(db, row["id"])
        ended_by_then = bool(row["done_at"]) and row["done_at"] < written(end)
        if tickets.has_time_to_invoice(db, ticket):
            kept.append(ticket.number)
        elif row["id"] in touched or ended_by_then:
            tickets.set_state(db, ticket, "done")
            done.append(ticket.number)
            continue
        if row["id"] in touched:
            tickets.touch(db, ticket.id)
    return done, kept


def _lines(db: sqlite3.Connection, entries: Iterable[sqlite3.Row]) -> Iterable[BilledEntry]:
    for (company, category), group in groupby(entries, key=lambda entry: (entry["client"], entry["category"])):
        amounts, hours, currency = [], Decimal("0.00"), ""
        for entry in group:
            worked = Decimal(entry["hundredths"]).scaleb(-2)
            price = prices.price_on(db, category, company, clock.prague_day(moment(entry["worked_at"])))
            hours += worked
            currency = price.currency if price else currency
            amounts.append((worked * price.rate).quantize(Decimal("0.01"), ROUND_HALF_UP) if price else None)
        known = [amount for amount in amounts if amount is not None]
        amount = sum(known, Decimal("0.00")) if len(known) == len(amounts) else None
        yield BilledEntry(directory.company(db, company).name, category, hours, amount, currency)
