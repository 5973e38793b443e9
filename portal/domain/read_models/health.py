"""Health: whether the database answers and how true the mirror is, in words and figures a machine can read."""

from contextlib import suppress
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.db import TROUBLES, database_outage, db
from portal.domain import sync_state
from portal.domain.notifications.outbox import Letter
from portal.domain.sync_state import WAKE, Lease
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import State, TicketCount


def now() -> dict[str, Any]:
    """database: ok | away; core: ok | away | unknown; mirror_age_seconds since the core was last read to its end."""
    try:
        age = sync_state.age()
    except SQLAlchemyError:
        db.session.rollback()
        return {"database": "away", "core": "unknown", "mirror_age_seconds": None}
    core = "unknown" if age.seconds is None and not age.trouble else "away" if age.trouble else "ok"
    return {"database": "ok", "core": core, "mirror_age_seconds": age.seconds}


def give_up(error: Exception) -> None:
    """The database could not do what a request wanted: nothing of it stays half done, and the outage is said once."""
    database_outage.began(error)
    with suppress(*TROUBLES):
        db.session.rollback()


def figures() -> dict[str, tuple[str, Any]]:
    """name: what it means, and a number, numbers by label, or None where there is nothing to tell yet."""
    state = now()
    up = {"database_up": ("1 while the database answers.", int(state["database"] == "ok"))}
    if state["database"] != "ok":
        return up
    return up | {
        "core_up": ("1 while the core answers.", None if state["core"] == "unknown" else int(state["core"] == "ok")),
        "mirror_age_seconds": ("Since the core was last read to its end.", state["mirror_age_seconds"]),
        "tickets": ("Tickets by state.", _tickets()),
        "records_set_aside": ("Records the mirror could not understand.", sync_state.set_aside_count()),
        "notes_untold": ("Notes the core has not been told yet.", sync_state.untold_count()),
        "attachments_missing": ("Files that are not mirrored yet.", _count(Attachment.id, *_MISSING)),
        "letters_waiting": ("Letters that have not left.", _count(Letter.id, Letter.sent_at.is_(None))),
        "lead_seconds": ("Until the lead of a job runs out; below 0: nobody does it.", _leads()),
    }


_MISSING = (Attachment.sha256.is_(None), Attachment.withdrawn_at.is_(None))


def _count(what, *which) -> int:
    return db.session.scalar(select(func.count(what)).where(*which)) or 0


def _tickets() -> dict[str, int]:
    counted = select(TicketCount.state, func.sum(TicketCount.tickets)).group_by(TicketCount.state)
    found = {state: int(many) for state, many in db.session.execute(counted)}
    return {state.value: found.get(state, 0) for state in State}


def _leads() -> dict[str, float]:
    now_ = clock.now()
    return {
        name: (until - now_).total_seconds()
        for name, until in db.session.execute(select(Lease.name, Lease.expires_at).where(Lease.name != WAKE))
    }
