"""Verification: whether the sums and counts the mirror stores agree with its rows."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from sqlalchemy import Row, and_, func, select

from portal.db import db
from portal.domain.tickets.models import Ticket, TicketCount, TicketText
from portal.domain.tickets.time_entries import TimeEntry
from portal.sync import apply


def faults() -> list[str]:
    """Every counter, sum and belonging that is not what it should be, in plain words; reads everything once."""
    return [*_wrong_counts(), *_wrong_hours(), *_wrong_companies(), *_missing_texts()]


def mend() -> None:
    """Write the counters and sums anew from the rows. Commits. Texts come back with a full run."""
    counted = _counted()
    for key in {*counted, *_kept_counts()}:
        row = {"company_id": key[0], "state": key[1], "tickets": counted.get(key, 0)}
        apply.upsert(TicketCount, [row], key=("company_id", "state"))
    for ticket, hours in _tickets_with_sums():
        if ticket.hours != hours:
            ticket.hours, ticket.version = hours, ticket.version + 1
    for entry, company_id in _entries_elsewhere():
        entry.company_id = company_id
    for ticket in _without_text():
        ticket.record_hash = ""  # the next full run makes it anew
    apply.grow_generation()
    db.session.commit()


def _counted() -> dict[tuple[int, str], int]:
    live = select(Ticket.company_id, Ticket.state, func.count()).where(Ticket.withdrawn_at.is_(None))
    rows = db.session.execute(live.group_by(Ticket.company_id, Ticket.state))
    return {(company_id, state): number for company_id, state, number in rows}


def _kept_counts() -> dict[tuple[int, str], int]:
    rows = db.session.execute(select(TicketCount.company_id, TicketCount.state, TicketCount.tickets))
    return {(company_id, state): number for company_id, state, number in rows}


def _wrong_counts() -> Iterator[str]:
    counted, kept = _counted(), _kept_counts()
    for key in sorted({*counted, *kept}):
        if counted.get(key, 0) != kept.get(key, 0):
            yield f"company {key[0]} has {counted.get(key, 0)} tickets {key[1]}, its counter says {kept.get(key, 0)}"


def _tickets_with_sums() -> Iterator[tuple[Ticket, Decimal]]:
    sums = (
        select(TimeEntry.ticket_id, func.sum(TimeEntry.hours).label("hours"))
        .where(TimeEntry.withdrawn_at.is_(None))
        .group_by(TimeEntry.ticket_id)
        .subquery()
    )
    live = select(Ticket, sums.c.hours).outerjoin(sums, sums.c.ticket_id == Ticket.id)
    for ticket, hours in db.session.execute(live.where(Ticket.withdrawn_at.is_(None))):
        yield ticket, hours or Decimal(0)


def _wrong_hours() -> Iterator[str]:
    for ticket, hours in _tickets_with_sums():
        if ticket.hours != hours:
            yield f"ticket {ticket.number} has {hours} h of time entries, and says {ticket.hours} h"


def _entries_elsewhere() -> Iterable[Row[TimeEntry, int]]:
    rows = (
        select(TimeEntry, Ticket.company_id)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .where(TimeEntry.company_id != Ticket.company_id)
    )
    return db.session.execute(rows).all()


def _wrong_companies() -> Iterator[str]:
    for entry, company_id in _entries_elsewhere():
        yield f"time entry {entry.core_id} is of company {entry.company_id}, its ticket of {company_id}"


def _without_text() -> list[Ticket]:
    theirs = and_(TicketText.ticket_id == Ticket.id, TicketText.company_id == Ticket.company_id)
    lone = select(Ticket).outerjoin(TicketText, theirs)
    return list(db.session.scalars(lone.where(Ticket.withdrawn_at.is_(None), TicketText.ticket_id.is_(None))))


def _missing_texts() -> Iterator[str]:
    for ticket in _without_text():
        yield f"ticket {ticket.number} cannot be found by its words"
