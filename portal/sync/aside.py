"""Records set aside: kept raw, with the reason, until they are understood."""

from collections.abc import Iterable

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.mirror import SetAside
from portal.sync.plan import PutAside


def put(row: SetAside | None, step: PutAside) -> SetAside:
    """The row of a record that is set aside, once more or for the first time."""
    now = clock.now()
    if row is None:
        row = SetAside(core_id=step.core_id, first_at=now, tries=0)
        db.session.add(row)
    row.raw, row.reason = step.raw, step.reason
    row.last_at, row.tries = now, row.tries + 1
    return row


def replace(beginning: str, now: Iterable[PutAside]) -> None:
    """Of the names that begin so, exactly these are set aside; what is there already is left as it is."""
    rows = db.session.scalars(select(SetAside).where(SetAside.core_id.startswith(beginning)))
    had = {row.core_id: row for row in rows}
    for step in now:
        row = had.pop(step.core_id, None)
        if row is None or (row.raw, row.reason) != (step.raw, step.reason):
            put(row, step)
    for row in had.values():
        db.session.delete(row)
