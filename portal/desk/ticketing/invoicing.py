"""The month's end: what waits for the invoice is invoiced, once; tickets with nothing left to invoice are done."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from portal import clock
from portal.desk.database import Store, moment, written
from portal.desk.ticketing import directory, disputes, documents, prices, tickets
from portal.desk.ticketing.disputes import DisputedEntry
from portal.desk.ticketing.documents import DeskDocument


@dataclass(frozen=True, slots=True)
class BilledEntry:
    """What one company is invoiced in one category; of credits hours and money are negative. amount is None when an
    entry has no price."""

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
    differences: tuple[BilledEntry, ...]  # corrections of what was invoiced before
    entries: int
    disputed: tuple[DisputedEntry, ...]
    leaves_disputed: bool
    documents: tuple[DeskDocument, ...]
    done: tuple[str, ...]  # tickets that are done now
    kept: tuple[str, ...]  # tickets that still wait: they have later time, or time in dispute

    @property
    def hours(self) -> Decimal:
        return sum((line.hours for line in self.lines), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class _Share:
    """Hours of one entry that are invoiced, or taken back: they add up by company and category."""

    company: str
    category: str
    hundredths: int
    worked_at: str


def invoice(store: Store, month: date, dry_run: bool = True, *, also_disputed: bool = False) -> InvoiceReport:
    """Invoice the Prague month in which the day lies: what was worked up to its end, on tickets that wait for it.

    What was corrected after it was invoiced is settled, too. A company that has an invoice of this month gets a
    supplement. Time in dispute waits on, unless it is asked for. Running it twice changes nothing, and an entry that
    was invoiced once is never invoiced again.
    """
    last_day = _last_day(month)
    end = clock.end_of(last_day)
    with store.write() as db:
        disputed = disputes.among(db, waiting := _to_invoice(db, end))
        left_out = set() if also_disputed else {one.entry for one in disputed}
        entries = [entry for entry in waiting if entry["id"] not in left_out]
        corrections = _to_settle(db)
        made = _made(db, last_day, entries, corrections)
        done, kept = _close(db, end, {entry["ticket"] for entry in entries})
        report = InvoiceReport(
            month=last_day,
            dry_run=dry_run,
            lines=tuple(_lines(db, _shares(entries))),
            differences=tuple(_lines(db, _taken_back(corrections))),
            entries=len(entries),
            disputed=tuple(disputed),
            leaves_disputed=not also_disputed,
            documents=tuple(made),
            done=tuple(done),
            kept=tuple(kept),
        )
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
        " AND worked_at < ? ORDER BY ticket.company, category, time_entry.id",
        (written(end),),
    ).fetchall()


def _to_settle(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """Corrections of entries that were invoiced when they were corrected, and that no document has yet."""
    return db.execute(
        "SELECT correction.*, time_entry.company AS client, time_entry.ticket FROM correction"
        " JOIN time_entry ON time_entry.id = correction.entry"
        " WHERE correction.invoiced_on IS NOT NULL AND correction.document IS NULL ORDER BY correction.id"
    ).fetchall()


def _made(
    db: sqlite3.Connection, last_day: date, entries: Sequence[sqlite3.Row], corrections: Sequence[sqlite3.Row]
) -> list[DeskDocument]:
    """A document for each company that has anything on it, with its entries and corrections."""
    companies = dict.fromkeys(row["client"] for row in (*entries, *corrections))
    made = {company: documents.make(db, company, last_day) for company in companies}
    db.executemany(
        "UPDATE time_entry SET invoiced_on = ?, document = ?, company = ? WHERE id = ?",
        [(last_day.isoformat(), made[row["client"]].id, row["client"], row["id"]) for row in entries],
    )
    db.executemany(
        "UPDATE correction SET document = ? WHERE id = ?",
        [(made[row["client"]].id, row["id"]) for row in corrections],
    )
    for ticket_id in {row["ticket"] for row in corrections}:
        tickets.touch(db, ticket_id)
    return list(made.values())


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


def _shares(entries: Iterable[sqlite3.Row]) -> list[_Share]:
    return [_Share(row["client"], row["category"], row["hundredths"], row["worked_at"]) for row in entries]


def _taken_back(corrections: Iterable[sqlite3.Row]) -> list[_Share]:
    """What was invoiced, taken back, and what is true now instead: nothing where a correction changed no money."""
    shares = []
    for row in corrections:
        for which, sign in (("old", -1), ("new", 1)):
            if row[f"{which}_category"] is not None:
                hundredths = sign * row[f"{which}_hundredths"]
                shares.append(_Share(row["client"], row[f"{which}_category"], hundredths, row[f"{which}_worked_at"]))
    return sorted(shares, key=lambda share: (share.company, share.category))


def _lines(db: sqlite3.Connection, shares: Sequence[_Share]) -> Iterable[BilledEntry]:
    for (company, category), group in groupby(shares, key=lambda share: (share.company, share.category)):
        amounts, hours, currency = [], Decimal("0.00"), ""
        for share in group:
            worked = Decimal(share.hundredths).scaleb(-2)
            price = prices.price_on(db, category, company, clock.prague_day(moment(share.worked_at)))
            hours += worked
            currency = price.currency if price else currency
            amounts.append((worked * price.rate).quantize(Decimal("0.01"), ROUND_HALF_UP) if price else None)
        known = [amount for amount in amounts if amount is not None]
        amount = sum(known, Decimal("0.00")) if len(known) == len(amounts) else None
        if hours or amount != 0:
            yield BilledEntry(directory.company(db, company).name, category, hours, amount, currency)
