"""Changes: what became different in time entries already noticed: old, new, and when it was noticed."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select, true
from sqlalchemy.orm import aliased

from portal.db import db
from portal.domain.billing import disclosure
from portal.domain.companies.contacts import Technician
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Ticket
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryCorrection, TimeEntryVersion
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled


class ChangeKind(Labelled):
    CHANGED = "changed", msgid("changed")
    REMOVED = "removed", msgid("removed")
    RETURNED = "returned", msgid("back again")


@dataclass(frozen=True, slots=True)
class Billed:
    """What of an entry is billed."""

    category: str
    hours: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one entry; new is None when it was removed, old is what it had before in any case."""

    entry_id: int
    number: str
    subject: str
    technician: str
    kind: ChangeKind
    old: Billed
    new: Billed | None
    noticed_at: datetime
    invoiced_on: date | None  # of the entry now
    is_confidential: bool
    corrected_by: str  # as the core says it; empty when it does not
    corrected_at: datetime | None
    reason: str

    def is_after(self, moment: datetime | None) -> bool:
        """It is news to somebody who last looked at this moment; to somebody who never did, nothing is a change."""
        return moment is not None and self.noticed_at > moment


def since(reader: Reader, moment: datetime | None, *, at_most: int = 100) -> list[Change]:
    """Changes noticed after a moment (None: ever), newest first."""
    return [change for row in db.session.execute(_newest(reader, moment, at_most)) if (change := _change(row))]


def news(reader: Reader, moment: datetime | None, *, at_most: int = 100) -> tuple[list[Change], int]:
    """The same, and how many entries were noticed for the first time after it; none to whoever never looked."""
    if moment is None:
        return [], 0
    fresh, changes = _fresh(reader, moment).subquery(), _newest(reader, moment, at_most).subquery()
    both = select(fresh.c.entries, changes).select_from(fresh.outerjoin(changes, true()))
    rows = db.session.execute(both.order_by(changes.c.replaced_at.desc(), changes.c.version_id.desc())).all()
    found = [change for row in rows if row.entry_id is not None and (change := _change(row))]
    return found, rows[0].entries


def of_entry(reader: Reader, entry_id: int) -> list[Change]:
    """Everything that ever changed in one entry, newest first."""
    of_it = _visible_to(reader, TimeEntryVersion.time_entry_id == entry_id)
    rows = db.session.execute(of_it.order_by(TimeEntryVersion.id.desc()))
    return [change for row in rows if (change := _change(row))]


def _newest(reader: Reader, moment: datetime | None, at_most: int) -> Select[*tuple[Any, ...]]:
    after = (
        true() if moment is None else TimeEntryVersion.replaced_at > moment
    )  # what follows a version is newer still
    newest = (TimeEntryVersion.replaced_at.desc(), TimeEntryVersion.id.desc())
    return _visible_to(reader, after).order_by(*newest).limit(at_most)


def _fresh(reader: Reader, moment: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(func.count().label("entries"))
        .select_from(TimeEntry)
        .where(TimeEntry.company_id == reader.company_id, TimeEntry.withdrawn_at.is_(None))
        .where(TimeEntry.first_noticed_at > moment, disclosure.of(reader).entries)
    )


def _visible_to(reader: Reader, wanted: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Versions that are wanted, each with what came after it: the next version, or the entry as it is now."""
    return (
        select(
            TimeEntryVersion.id.label("version_id"),
            TimeEntryVersion.category,
            TimeEntryVersion.hours,
            TimeEntryVersion.worked_day.label("day"),
            TimeEntryVersion.was_withdrawn,
            TimeEntryVersion.replaced_at,
            *(_next(column).label(f"next_{name}") for name, column in _BILLED.items()),
            TimeEntry.category.label("category_now"),
            TimeEntry.hours.label("hours_now"),
            TimeEntry.worked_day.label("day_now"),
            TimeEntry.withdrawn_at,
            TimeEntry.id.label("entry_id"),
            TimeEntry.invoiced_on,
            Ticket.number,
            confidentiality.seen(reader, Ticket.subject)[0].label("subject"),
            Ticket.is_confidential,
            Technician.name.label("technician"),
            TimeEntryCorrection.by.label("corrected_by"),
            TimeEntryCorrection.at.label("corrected_at"),
            TimeEntryCorrection.reason,
        )
        .select_from(TimeEntryVersion)
        .join(TimeEntry, TimeEntry.id == TimeEntryVersion.time_entry_id)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .outerjoin(TimeEntryCorrection, TimeEntryCorrection.id == _correction())
        .where(TimeEntryVersion.company_id == reader.company_id, TimeEntry.company_id == reader.company_id)
        .where(Ticket.company_id == reader.company_id, disclosure.of(reader).entries, wanted)
    )


def _correction() -> ScalarSelect[int]:
    """The last correction that the mirror read together with what replaced the version."""
    its = aliased(TimeEntryCorrection)
    together = (its.time_entry_id == TimeEntryVersion.time_entry_id, its.noticed_at == TimeEntryVersion.replaced_at)
    return select(func.max(its.id)).where(*together).correlate(TimeEntryVersion).scalar_subquery()


_BILLED = {
    "id": TimeEntryVersion.id,
    "category": TimeEntryVersion.category,
    "hours": TimeEntryVersion.hours,
    "day": TimeEntryVersion.worked_day,
    "was_withdrawn": TimeEntryVersion.was_withdrawn,
}


def _next(column: Any) -> ColumnElement[Any]:
    """Of the version that came after this one."""
    following = func.lead(column, type_=column.type)
    return following.over(partition_by=TimeEntryVersion.time_entry_id, order_by=TimeEntryVersion.id)


def _change(row: Any) -> Change | None:
    """The step from a version to what came after it; None when nothing that is billed changed in it."""
    old, existed = Billed(row.category, row.hours, row.day), not row.was_withdrawn
    if row.next_id is None:
        new, exists = Billed(row.category_now, row.hours_now, row.day_now), row.withdrawn_at is None
    else:
        new, exists = Billed(row.next_category, row.next_hours, row.next_day), not row.next_was_withdrawn
    if existed == exists and (not exists or old == new):
        return None
    kind = ChangeKind.CHANGED if existed and exists else ChangeKind.REMOVED if existed else ChangeKind.RETURNED
    return Change(
        entry_id=row.entry_id,
        number=row.number,
        subject=row.subject,
        technician=row.technician,
        kind=kind,
        old=old,
        new=new if exists else None,
        noticed_at=row.replaced_at,
        invoiced_on=row.invoiced_on,
        is_confidential=row.is_confidential,
        corrected_by=row.corrected_by or "",
        corrected_at=row.corrected_at,
        reason=row.reason or "",
    )
