"""Delivery of notes to the core: each note waits in the outbox and is retried until the core has accepted it."""

import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import or_, select

from portal import clock
from portal.cores.protocol import Core, Mark
from portal.db import db
from portal.domain.sync_state import CoreNote
from portal.domain.tickets.models import Ticket
from portal.errors import CoreAway, CoreError

LONGEST_WAIT = timedelta(hours=6)
LONGEST_WHILE_AWAY = timedelta(minutes=1)  # one note a round finds out, and none waits long for a core that is back
AT_ONCE = 100

log = logging.getLogger(__name__)


def deliver(core: Core, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Tell the core every note that is due, oldest first; how many it took. Commits note by note.

    The core takes one note a key, so a note whose mark was lost is told again without harm. After a note that
    failed, the later ones of its ticket wait for it.
    """
    told, held = 0, set[int]()
    for note_id in _due():
        note = db.session.get_one(CoreNote, note_id)
        if stopping():
            break
        if note.told_at is not None or note.ticket_id in held:
            continue
        ticket_id = note.ticket_id
        try:
            _tell(core, note)
            told += 1
        except CoreAway as error:
            _put_off(note_id, error)
            break
        except CoreError as error:
            _put_off(note_id, error)
            held.add(ticket_id)
    db.session.rollback()
    return told


def _due() -> list[int]:
    waiting = select(CoreNote.id).where(
        CoreNote.told_at.is_(None), or_(CoreNote.try_after.is_(None), CoreNote.try_after <= clock.now())
    )
    return list(db.session.scalars(waiting.order_by(CoreNote.id).limit(AT_ONCE)))


def _tell(core: Core, note: CoreNote) -> None:
    ticket = db.session.scalars(select(Ticket.core_id).where(Ticket.id == note.ticket_id)).one()
    note_id, text, key, approval, decision = note.id, note.note, note.key, note.approval, note.decision
    mark = Mark(dispute=note.dispute, entry=note.entry, is_over=note.dispute_over)
    db.session.rollback()  # no transaction stays open while we wait for the core
    core.tell(ticket, text, key, approval=approval, decision=decision, mark=mark)
    fresh = db.session.get_one(CoreNote, note_id)
    fresh.told_at, fresh.trouble = clock.now(), ""
    db.session.commit()


def _put_off(note_id: int, error: Exception) -> None:
    db.session.rollback()
    note = db.session.get_one(CoreNote, note_id)
    note.tries += 1
    note.trouble = f"{type(error).__name__}: {error}"[:300]
    longest = LONGEST_WHILE_AWAY if isinstance(error, CoreAway) else LONGEST_WAIT
    note.try_after = clock.now() + min(longest, timedelta(seconds=5 * 2 ** min(note.tries, 20)))
    db.session.commit()
    log.warning("the core was not told %s: %s", note.key, error)
