"""The run: fetch what changed, plan, perform; rows and cursor are committed together, page by page."""

import logging
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeGuard

from sqlalchemy import select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError

from portal import clock
from portal.cores import records
from portal.cores.protocol import Core
from portal.cores.records import Change, TicketRecord, Tombstone, Unreadable
from portal.db import db
from portal.domain.privacy import erased_people, retention
from portal.domain.privacy.erased_people import Memory
from portal.domain.sync_state import MirrorState, SetAside
from portal.domain.tickets.models import Ticket
from portal.errors import CoreAway, CoreError, CursorUnknown
from portal.lib.worker_process import WorkerProcess
from portal.sync import apply, lease, privacy_filter, quarantine, reference_data, rows
from portal.sync.cleaning import KILLS, Bodies, Cleaner, Deadly, is_deadly
from portal.sync.lease import Lead, LostLead
from portal.sync.plan import Known, PutAside, Step, contested, plan, put_aside, together
from portal.sync.snapshot import recall

MAIL = "mail: "  # begins the name of what the core itself set aside
TWICE = 2  # a process may be killed by chance once; of the same page again, the page is to blame
AT_ONCE = 100  # tickets in a commit
LONGEST_PAGE = 1000  # changes; a longer one is committed in parts, the cursor with the last of them
HALF = 0.5  # of the mirror may be withdrawn in a full run that no person asked for
WEEK = timedelta(days=7)  # after so long everything is read anew: no cursor shows what a core lost without knowing
LONGEST_TROUBLE = 500

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RunSummary:
    """What a run did. told counts changes as the core told them, some of which were known already."""

    told: int = 0
    changed: int = 0
    withdrawn: int = 0  # of changed: those the core has no more
    aside: int = 0
    is_complete: bool = False  # the core was read to its end
    troubles: list[str] = field(default_factory=list)
    began_at: datetime = field(default_factory=clock.now)

    @property
    def seconds(self) -> float:
        return (clock.now() - self.began_at).total_seconds()


class Sync:
    """One core and the mirror of it. A run may be ended anywhere, by stopping() or by death: the next one goes on."""

    def __init__(
        self,
        core: Core,
        *,
        report: Callable[[RunSummary], None] = lambda summary: None,
        stopping: Callable[[], bool] = lambda: False,
        worker: WorkerProcess | None = None,
    ) -> None:
        """worker: where strangers' HTML is cleaned, so that what kills its cleaner kills nobody else."""
        self._core = core
        self._cleaner = Cleaner(worker)
        self._report = report
        self._stopping = stopping
        self._has_retried = False

    def run(self, lead: Lead, *, full: bool = False) -> RunSummary:
        """Read the core on from where the last run stopped; a full run reads everything and withdraws the rest.

        Raises CoreError when the core does not do its part (the mirror says so, too), and LostLead.
        """
        summary = RunSummary()
        try:
            self._read_catalogue(lead)
            self._read_changes(lead, summary, full=full)
            self._ask_again(lead, summary)
        except LostLead:
            raise
        except Exception as error:
            db.session.rollback()
            trouble = str(error) if isinstance(error, CoreError) else f"a fault of the portal: {type(error).__name__}"
            with suppress(SQLAlchemyError):  # when it is the database that failed, the pages know by themselves
                self._note(lead, trouble=trouble)
            raise
        self._note(lead, trouble="; ".join(summary.troubles), reached=summary.is_complete)
        return summary

    def _read_catalogue(self, lead: Lead) -> None:
        """Companies before tickets, and records set aside again when they may be understood now."""
        companies, prices, issued = self._core.companies(), self._core.price_list(), self._core.invoices()
        waiting = self._core.aside()
        lease.hold(lead)
        _state()
        met, priced = reference_data.mirror_companies(companies), reference_data.mirror_prices(prices)
        agreed = reference_data.mirror_agreements(companies)
        documents = reference_data.mirror_invoices(issued)
        quarantine.replace(
            reference_data.PRICE,
            (put_aside(fault.core_id, fault.raw, fault.reason) for fault in priced.aside.values()),
        )
        quarantine.replace(
            reference_data.AGREEMENT,
            (put_aside(fault.core_id, fault.raw, fault.reason) for fault in agreed.aside.values()),
        )
        quarantine.replace(MAIL, (put_aside(f"{MAIL}{one.core_id}", "", one.reason) for one in waiting))
        if met.changed or priced.changed or documents.changed or agreed.changed:
            apply.grow_generation()
        db.session.commit()
        if met.changed or not self._has_retried:  # nothing else can change what we made of them
            self._retry(lead)
            self._has_retried = True

    def _read_changes(self, lead: Lead, summary: RunSummary, *, full: bool) -> None:
        """From the cursor on. A core that does not know it any more, as one put back from a backup, is read whole.

        So is every core once a week, after what is new, and when somebody asks for it.
        """
        cursor, is_wanted, is_due = _place()
        db.session.rollback()  # no transaction stays open while we wait for the core
        if full or is_wanted:
            self._read_whole(lead, summary, most=1.0)
            return
        try:
            summary.is_complete = self._read_pages(lead, summary, cursor, is_full=False) is not None
        except CursorUnknown as error:
            if cursor is None:
                raise
            log.warning("everything is read anew: %s", error)
            self._read_whole(lead, summary, most=HALF)
            return
        if summary.is_complete and cursor is None:
            self._note_whole(lead)
        elif summary.is_complete and is_due and not self._stopping():
            log.info("everything is read anew, as once a week")
            self._read_whole(lead, summary, most=HALF)

    def _read_whole(self, lead: Lead, summary: RunSummary, *, most: float) -> None:
        """Everything, from the beginning; what the core does not tell any more is withdrawn."""
        seen = self._read_pages(lead, summary, None, is_full=True)
        summary.is_complete = seen is not None
        if seen is not None:
            self._withdraw_all_but(seen, lead, summary, most=most)
            self._note_whole(lead)

    @staticmethod
    def _note_whole(lead: Lead) -> None:
        lease.hold(lead)
        state = _state()
        state.whole_at, state.is_whole_wanted = clock.now(), False
        db.session.commit()

    def _read_pages(self, lead: Lead, summary: RunSummary, cursor: str | None, *, is_full: bool) -> set[str] | None:
        """What was told, by name, when the end was reached; empty unless the run is a full one."""
        seen: set[str] = set()
        after = cursor or ""
        for page in self._cleaner.ahead(self._core.changes(cursor), _new):
            if is_full:
                seen |= {change.core_id for change in page.changes if not isinstance(change, Tombstone)}
            for start in range(0, len(page.changes) - LONGEST_PAGE, LONGEST_PAGE):
                self._take(lead, page.changes[start : start + LONGEST_PAGE], summary, after=after)
            rest = page.changes[-(len(page.changes) % LONGEST_PAGE or LONGEST_PAGE) :]
            self._take(lead, rest, summary, cursor=page.cursor, after=after)
            self._report(summary)
            if self._stopping() and page.more:
                return None
            after = page.cursor
        return seen

    def _ask_again(self, lead: Lead, summary: RunSummary) -> None:
        """The pages of what was set aside, once more: the core may tell it well now. That it cannot is no trouble."""
        waiting = quarantine.due()
        db.session.rollback()
        for after, names in waiting.items():
            if self._stopping():
                return
            told: set[str] | None = None
            try:
                page = next(self._core.changes(after or None), None)
            except CursorUnknown:
                told = set()
            except CoreError as error:
                log.warning("what was set aside cannot be asked for again: %s", error)
                if isinstance(error, CoreAway):
                    return
            else:
                changes = page.changes[:LONGEST_PAGE] if page else ()
                self._take(lead, changes, summary, after=after)
                told = {change.core_id for change in changes} or None
            lease.hold(lead)
            quarantine.asked_again(names, told=told)
            db.session.commit()

    def _withdraw_all_but(self, seen: set[str], lead: Lead, summary: RunSummary, *, most: float) -> None:
        """What a full run did not meet is gone from the core, unless it was the core that failed.

        most: the greatest share of the mirror that may be gone; who asks for a full run may lose all but one.
        """
        live = set(db.session.scalars(select(Ticket.core_id).where(Ticket.withdrawn_at.is_(None))))
        gone = sorted(live - seen)
        if gone and not live & seen:
            summary.troubles.append(
                f"the core told none of the {len(live)} tickets of the mirror in a full run: nothing was withdrawn"
            )
        elif gone and any(name.startswith(records.NAMELESS) for name in seen):
            summary.troubles.append(
                f"{len(gone)} tickets were not told in a full run, but one of its records has no readable name:"
                " nothing was withdrawn"
            )
        elif len(gone) > most * len(live):
            summary.troubles.append(
                f"the core, read anew, told {len(live) - len(gone)} of the {len(live)} tickets of the mirror:"
                " nothing was withdrawn; if that is right, connectica-portal sync run --full withdraws the others"
            )
        else:
            for start in range(0, len(gone), AT_ONCE):
                stones = [
                    Tombstone(core_id=name, reason="deleted", at=clock.now())
                    for name in gone[start : start + AT_ONCE]
                ]
                self._take(lead, stones, summary)
                self._report(summary)

    def _retry(self, lead: Lead) -> None:
        """Plan what is set aside once more: a company may be there now, or a newer portal may understand it."""
        raws = db.session.scalars(select(SetAside.raw)).all()
        readable = [change for raw in raws if not isinstance(change := records.read_change(raw.encode()), Unreadable)]
        for start in range(0, len(readable), AT_ONCE):
            self._take(lead, readable[start : start + AT_ONCE], RunSummary())
        lease.hold(lead)
        db.session.execute(update(SetAside).values(tries=SetAside.tries + 1))
        db.session.commit()

    def _take(
        self,
        lead: Lead,
        changes: Sequence[Change],
        summary: RunSummary,
        *,
        cursor: str | None = None,
        after: str | None = None,
    ) -> None:
        """Perform changes and move the cursor in one transaction; one by one if the database refuses them all."""
        newest = list({change.core_id: change for change in changes}.values())
        begun = f"after {after}"
        died = self._begin(lead, begun)
        try:
            if died >= TWICE:
                done = self._take_carefully(lead, newest, after)
                self._commit(lead, [], cursor, after, begun=begun)
            else:
                done = self._commit(lead, newest, cursor, after, begun=begun)
        except _REFUSED as error:
            if type(error) not in _REFUSED:  # a lost connection or a full disk is no fault of a record
                raise
            db.session.rollback()
            done = [step for change in newest for step in self._take_alone(lead, change, after)]
            self._commit(lead, [], cursor, after, begun=begun)
        summary.told += len(newest)
        summary.aside += sum(each.is_aside for each in done)
        summary.changed += sum(each.is_change for each in done)
        summary.withdrawn += sum(each.is_change and each.is_tombstone for each in done)

    def _begin(self, lead: Lead, name: str) -> int:
        """Write down that taking it begins; how often that began before and ended the process."""
        died = quarantine.begin(name)
        lease.hold(lead)
        db.session.commit()
        return died

    def _take_carefully(self, lead: Lead, changes: Sequence[Change], after: str | None) -> list["_Done"]:
        """Take a page of which a sync died twice: record by record, without that of which it died alone once more."""
        done = []
        for change in changes:
            died = self._begin(lead, change.core_id)
            if died:
                log.error("the sync died of the record of %s twice", change.core_id)
                change = quarantine.unkept(change, f"{KILLS} twice")  # noqa: PLW2901
            done += self._take_alone(lead, change, after, begun=change.core_id)
        return done

    def _take_alone(self, lead: Lead, change: Change, after: str | None, *, begun: str = "") -> list["_Done"]:
        try:
            return self._commit(lead, [change], None, after, begun=begun)
        except _REFUSED as error:
            if type(error) not in _REFUSED:
                raise
            db.session.rollback()
            log.exception("the database refused the record of %s", change.core_id)
            reason = f"the database refused it: {error.orig}"[:LONGEST_TROUBLE]
            refused = Unreadable(core_id=change.core_id, raw=_raw(change), reason=reason)
            return self._commit(lead, [refused], None, after, begun=begun)

    def _commit(
        self,
        lead: Lead,
        changes: Sequence[Change],
        cursor: str | None,
        after: str | None,
        *,
        begun: str = "",
    ) -> list["_Done"]:
        memory, told = erased_people.memory(), changes
        waiting = quarantine.waiting_for(told)
        changes = self._filtered([*waiting, *told], memory)
        had = recall(changes)
        known = had.known(changes)
        cleaned = self._cleaner.clean([each for each in changes if _wants_bodies(each, known[each.core_id])])

        def planned(change: Change, fault: str = "") -> list[Step]:
            bodies = cleaned.get(change.core_id)
            return _planned(change, known[change.core_id], had.companies, bodies, fault=fault)

        plans = [planned(each) for each in changes]
        taken = [each for each, steps in zip(changes, plans, strict=True) if not any(map(_is_aside, steps))]
        reasons = contested(taken, had.owners())
        plans = [
            planned(each, reasons[each.core_id]) if each.core_id in reasons else steps
            for each, steps in zip(changes, plans, strict=True)
        ]
        if apply.perform(together(plans), had):
            apply.grow_generation()
        if after is not None:
            quarantine.place(had.aside, [each.core_id for each in told], told_after=after)
        if cursor is not None:
            _state().cursor = cursor
        quarantine.end(begun)
        lease.hold(lead)  # last: whoever writes meanwhile waits for the rows only, not for the thinking
        if erased_people.memory() != memory:  # somebody was forgotten while we thought
            db.session.rollback()
            return self._commit(lead, told, cursor, after, begun=begun)
        db.session.commit()
        db.session.expunge_all()  # a first sync meets more tickets than memory should hold
        done = [_Done.of(change, steps) for change, steps in zip(changes, plans, strict=True)]
        return done[len(waiting) :]

    def _filtered(self, told: Sequence[Change], memory: Memory | None) -> list[Change]:
        """The changes as they may be kept; what its reader dies of is set aside before anything reads it."""
        kept_since, aside = retention.kept_since(), quarantine.left_aside(told)
        wanting = [
            change
            for change in told
            if change.core_id not in aside and privacy_filter.wants_bodies(change, memory, kept_since)
        ]
        bodies = self._cleaner.clean(wanting)
        changes: list[Change] = []
        for change in told:
            made = bodies.get(change.core_id)
            if change.core_id in aside:
                changes.append(aside[change.core_id])
            elif quarantine.is_unkept(change):
                changes.append(change)
            elif isinstance(made, Deadly):
                changes.append(quarantine.unkept(change, str(made)))
            else:
                changes.append(privacy_filter.of(change, memory, kept_since, made))
        return changes

    def _note(self, lead: Lead, *, trouble: str, reached: bool = False) -> None:
        """How the run went, for the pages that say how old their data is."""
        lease.hold(lead)
        state = _state()
        state.tried_at, state.trouble = clock.now(), trouble[:LONGEST_TROUBLE]
        if reached:
            state.reached_at = clock.now()
        quarantine.end_all()
        db.session.commit()


# The database's verdict on what it was given; its subclasses are about the database itself.
_REFUSED = (IntegrityError, DataError, StatementError)


@dataclass(frozen=True, slots=True)
class _Done:
    is_change: bool
    is_aside: bool
    is_tombstone: bool

    @classmethod
    def of(cls, change: Change, steps: Iterable[Step]) -> "_Done":
        kinds = [type(step) for step in steps]
        return cls(any(kind is not PutAside for kind in kinds), PutAside in kinds, isinstance(change, Tombstone))


def _is_aside(step: Step) -> bool:
    return isinstance(step, PutAside)


def _wants_bodies(change: Change, known: Known) -> TypeGuard[TicketRecord]:
    if not isinstance(change, TicketRecord) or _is_left_aside(change, known.aside):
        return False
    return known.is_withdrawn or known.fingerprint != rows.fingerprint(change)


def _is_left_aside(change: TicketRecord, aside: tuple[str, str] | None) -> bool:
    """Whether its cleaner died of this very record, and nobody asked to try it again. aside: raw and reason."""
    raw, reason = aside or ("", "")
    if not is_deadly(reason):
        return False
    return raw in {put_aside(change.core_id, _raw(change), "").raw, quarantine.mark(change)}


def _new(records: Sequence[TicketRecord]) -> list[TicketRecord]:
    """Those the mirror does not have as they are, and that may be cleaned."""
    hashes: dict[str, str] = {}
    aside: dict[str, tuple[str, str]] = {}
    for start in range(0, len(records), LONGEST_PAGE):
        names = [record.core_id for record in records[start : start + LONGEST_PAGE]]
        had = select(Ticket.core_id, Ticket.record_hash).where(Ticket.core_id.in_(names))
        hashes |= {row.core_id: row.record_hash for row in db.session.execute(had)}
        put = select(SetAside.core_id, SetAside.raw, SetAside.reason).where(SetAside.core_id.in_(names))
        aside |= {row.core_id: (row.raw, row.reason) for row in db.session.execute(put)}
    db.session.rollback()  # no transaction stays open while we wait for the core
    return [
        record
        for record in records
        if hashes.get(record.core_id) != rows.fingerprint(record)
        and not _is_left_aside(record, aside.get(record.core_id))
    ]


def _planned(
    change: Change, known: Known, companies: Container[str], bodies: Bodies | Deadly | None, *, fault: str
) -> list[Step]:
    if isinstance(change, TicketRecord) and _is_left_aside(change, known.aside):
        return []
    if isinstance(change, Unreadable) and is_deadly(change.reason) and known.aside == (change.raw, change.reason):
        return []
    if isinstance(bodies, Deadly):
        return [put_aside(change.core_id, _raw(change), str(bodies))]
    try:
        return plan(change, known, companies, bodies, fault=fault)
    except Exception as error:  # one record that meets a fault of ours must not stop all others
        log.exception("no plan for the record of %s", change.core_id)
        return [put_aside(change.core_id, _raw(change), f"a fault of the portal: {type(error).__name__}: {error}")]


def _raw(change: Change) -> str:
    return records.written(change).decode() if isinstance(change, TicketRecord | Tombstone) else change.raw


def _place() -> tuple[str | None, bool, bool]:
    """The cursor, whether somebody asks for everything, and whether it is time to read everything again."""
    columns = select(MirrorState.cursor, MirrorState.is_whole_wanted, MirrorState.whole_at)
    row = db.session.execute(columns).first()
    if row is None:
        return None, False, True
    return row.cursor, row.is_whole_wanted, row.whole_at is None or clock.now() - row.whole_at >= WEEK


def _state() -> MirrorState:
    """The mirror's one row."""
    state = db.session.scalars(select(MirrorState)).first()
    if state is None:
        state = MirrorState(id=1, generation=0, trouble="")
        db.session.add(state)
        db.session.flush()
    return state
