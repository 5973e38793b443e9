"""The sync service: one thread follows the core, another does background jobs; among processes, one leads each."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from portal.db import TROUBLES, database_outage, db
from portal.domain import sync_state
from portal.domain.sync_state import SYNC
from portal.errors import CoreError
from portal.sync import lease
from portal.sync.engine import RunSummary, Sync
from portal.sync.lease import Lead, LostLead

ERRANDS, NOTES, FILES = "errands", "notes", "files"  # the leases of whoever does them: a slow core delays no letter
LOOKS_UP = 0.5  # seconds between two looks for a poke
LOOKS_FOR_LEAD = 2.0  # seconds between two looks whether the leader still lives

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to do again and again beside the sync. do() commits for itself and may be cut off anywhere."""

    name: str
    every: float  # seconds
    do: Callable[[], object]


def follow(
    sync: Sync,
    *,
    pause: float,
    stopping: Callable[[], bool],
    told: Callable[[RunSummary], None] = lambda summary: None,
) -> None:
    """Run, and again after a pause or a poke, until stopping(). What goes wrong is said and tried again."""
    holder, lead = lease.new_holder(), None
    try:
        while not stopping():
            lead = _take(SYNC, holder)
            if lead is None:
                time.sleep(LOOKS_FOR_LEAD)
                continue
            with lease.kept(lead):
                pokes = _pokes()
                _run(sync, lead, told)
                _rest(pause, pokes, stopping)
    finally:
        if lead:
            with suppress(SQLAlchemyError):  # it runs out by itself
                lease.give_back(lead)


def run_errands(name: str, errands: list[Errand], *, stopping: Callable[[], bool]) -> None:
    """Do each errand when its time has come, until stopping(); one that fails is no reason to leave the others.

    name is that of the lease under which they are done, one after another.
    """
    holder, lead = lease.new_holder(), None
    due = {errand.name: 0.0 for errand in errands}
    while not stopping():
        for errand in errands:
            if stopping() or time.monotonic() < due[errand.name]:
                continue
            due[errand.name] = time.monotonic() + errand.every
            lead = _take(name, holder)
            if lead:
                _do(errand, lead)
        time.sleep(LOOKS_UP)
    if lead:
        with suppress(SQLAlchemyError):  # it runs out by itself
            lease.give_back(lead)


def _take(name: str, holder: str) -> Lead | None:
    """The lead, or nothing while another process has it or the database is away."""
    try:
        return lease.take(name, holder)
    except TROUBLES as error:
        database_outage.began(error)
        return None
    except Exception:  # our fault: said, and tried again
        log.exception("nobody can lead")
        return None
    finally:
        db.session.remove()


def _run(sync: Sync, lead: Lead, told: Callable[[RunSummary], None]) -> None:
    try:
        told(sync.run(lead))
    except (CoreError, LostLead) as error:
        log.warning("%s", error)
    except TROUBLES as error:
        database_outage.began(error)
    except Exception:  # the database's fault, or ours: the next run may meet neither
        log.exception("the sync failed")
    finally:
        db.session.remove()


def _do(errand: Errand, lead: Lead) -> None:
    try:
        with lease.kept(lead):
            errand.do()
    except TROUBLES as error:
        database_outage.began(error)
    except Exception:  # an errand of any noun may fail in its own way, and is due again soon
        log.exception("the errand %r failed", errand.name)
    finally:
        db.session.remove()


def _rest(pause: float, pokes: int, stopping: Callable[[], bool]) -> None:
    until = time.monotonic() + pause
    while time.monotonic() < until and not stopping():
        time.sleep(min(LOOKS_UP, max(0.0, until - time.monotonic())))
        if _pokes() != pokes:
            return


def _pokes() -> int:
    """How often we were poked; no news while the database is away."""
    try:
        return sync_state.pokes()
    except SQLAlchemyError:
        return -1
    finally:
        db.session.remove()
