"""Changes: what became different in time entries already noticed: old, new, and when it was noticed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from portal.db import db
from portal.domain.billing import disclosure
from portal.domain.companies.contacts import Technician
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Ticket
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryVersion
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

    def is_after(self, moment: datetime | None) -> bool:
        """It is news to somebody who last looked at this moment; to somebody who never did, nothing is a change."""
        return moment is not None and self.noticed_at > moment


def since(reader: Reader, moment: datetime | None, *, at_most: int = 100) -> list[Change]:
    """Changes noticed after a moment (None: ever), newest first."""
    statement = _visible_to(reader).order_by(TimeEntryVersion.replaced_at.desc(), TimeEntryVersion.id.desc())
    if moment is not None:
        statement = statement.where(TimeEntryVersion.replaced_at > moment)
    found = db.session.execute(statement.limit(at_most)).all()
    successors = _successors(reader, {row.entry_id for row in found})
    return [change for row in found if (change := _change(row, successors[row.entry_id]))]


def of_entry(reader: Reader, entry_id: int) -> list[Change]:
    """Everything that ever changed in one entry, newest first."""
    found = db.session.execute(
        _visible_to(reader).where(TimeEntry.id == entry_id).order_by(TimeEntryVersion.id.desc())
    ).all()
    successors = _successors(reader, {entry_id})
    return [change for row in found if (change := _change(row, successors[entry_id]))]


def count_new(reader: Reader, moment: datetime | None) -> int:
    """How many entries were noticed for the first time after a moment."""
    if moment is None:
        return 0
    return (
        db.session.scalar(
            select(func.count())
            .select_from(TimeEntry)
            .where(TimeEntry.company_id == reader.company_id, TimeEntry.withdrawn_at.is_(None))
            .where(TimeEntry.first_noticed_at > moment, disclosure.of(reader).entries)
        )
        or 0
    )


def _visible_to(reader: Reader) -> Select[*tuple[Any, ...]]:
    return (
        select(
            TimeEntryVersion.id.label("version_id"),
            TimeEntryVersion.category,
            TimeEntryVersion.hours,
            TimeEntryVersion.worked_day,
            TimeEntryVersion.was_withdrawn,
            TimeEntryVersion.replaced_at,
            TimeEntry.id.label("entry_id"),
            TimeEntry.invoiced_on,
            Ticket.number,
            confidentiality.seen(reader, Ticket.subject)[0].label("subject"),
            Ticket.is_confidential,
            Technician.name.label("technician"),
        )
        .select_from(TimeEntryVersion)
        .join(TimeEntry, TimeEntry.id == TimeEntryVersion.time_entry_id)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .where(TimeEntryVersion.company_id == reader.company_id, TimeEntry.company_id == reader.company_id)
        .where(Ticket.company_id == reader.company_id, disclosure.of(reader).entries)
    )


@dataclass(frozen=True, slots=True)
class _State:
    version_id: int | None  # None is the entry as it is now
    billed: Billed
    exists: bool


def _successors(reader: Reader, entry_ids: Iterable[int]) -> dict[int, list[_State]]:
    """Every state an entry ever had, oldest first, the present one last."""
    ids = list(entry_ids)
    states: dict[int, list[_State]] = {entry_id: [] for entry_id in ids}
    versions = select(TimeEntryVersion).where(
        TimeEntryVersion.company_id == reader.company_id, TimeEntryVersion.time_entry_id.in_(ids)
    )
    for version in db.session.scalars(versions.order_by(TimeEntryVersion.id)):
        billed = Billed(version.category, version.hours, version.worked_day)
        states[version.time_entry_id].append(_State(version.id, billed, not version.was_withdrawn))
    for entry in db.session.scalars(
        select(TimeEntry).where(TimeEntry.company_id == reader.company_id, TimeEntry.id.in_(ids))
    ):
        billed = Billed(entry.category, entry.hours, entry.worked_day)
        states[entry.id].append(_State(None, billed, entry.withdrawn_at is None))
    return states


def _change(row: Any, states: Sequence[_State]) -> Change | None:
    """The step from this version to the next state; None when nothing that is billed changed in it."""
    position = next(index for index, state in enumerate(states) if state.version_id == row.version_id)
    old, new = states[position], states[position + 1]
    if old.exists and new.exists:
        if old.billed == new.billed:
            return None
        kind = ChangeKind.CHANGED
    elif old.exists:
        kind = ChangeKind.REMOVED
    elif new.exists:
        kind = ChangeKind.RETURNED
    else:
        return None
    return Change(
        entry_id=row.entry_id,
        number=row.number,
        subject=row.subject,
        technician=row.technician,
        kind=kind,
        old=old.billed,
        new=new.billed if new.exists else None,
        noticed_at=row.replaced_at,
        invoiced_on=row.invoiced_on,
        is_confidential=row.is_confidential,
    )
