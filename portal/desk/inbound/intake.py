"""Mail in: every raw mail is kept first, then becomes a ticket, a message, or is set aside with its reason.

A mail is read and settled in the store's worker process, which may die of it alone: decision 14.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from portal import clock
from portal.desk.database import Store, moment, written
from portal.desk.inbound import auto_replies, mail_handlers, mime, threads
from portal.desk.inbound.delivery import reports, undelivered
from portal.desk.inbound.delivery.reports import DeliveryReport
from portal.desk.inbound.mail_handlers import Handling
from portal.desk.inbound.mime import Mail, UnreadableMail
from portal.desk.inbound.senders import copies, forwards, sender_auth
from portal.desk.inbound.threads import Place
from portal.desk.memo import Memo
from portal.desk.settings import House
from portal.desk.ticketing import directory, tickets
from portal.desk.ticketing.directory import DeskTechnician
from portal.desk.ticketing.tickets import DeskTicket
from portal.errors import NotFound
from portal.lib.worker_process import WorkerDied

MOST_BEGINNINGS = 2  # what was begun so often and never ended is set aside
SECONDS, SECONDS_A_MEGABYTE = 3.0, 0.3  # of the processor, for one mail

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail. outcome: opened | answered | duplicate | ignored | aside | waiting.

    A mail that waits killed its reader, which may have been an accident: it is read once more, after all others.
    """

    outcome: str
    ticket: str = ""  # its number, when the mail belongs to one
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail that became no message, for `connectica-portal desk aside`."""

    id: int
    received_at: str
    outcome: str
    reason: str
    sender: str
    subject: str


def receive(store: Store, raw: bytes, *, trusted: bool = False, sent_to: str = "") -> Received:
    """Take one raw mail. trusted: it came through the submission token, so its sender may be a technician.

    Raises only when the mail could not even be kept (disk full, database locked): then nothing of it is ours yet.
    """
    return settle(store, keep(store, raw, trusted=trusted, sent_to=sent_to), again=False)


def keep(store: Store, raw: bytes, *, trusted: bool = False, sent_to: str = "") -> int:
    """Keep a raw mail durably before anything is done with it; its number in the store. Raises sqlite3.Error."""
    message_id, digest = mime.fingerprint(raw)
    with store.write() as db:
        known = db.execute(
            "SELECT id, outcome, trusted FROM mail WHERE message_id = ? AND digest = ?", (message_id, digest)
        ).fetchone()
        if known is None:
            kept = db.execute(
                "INSERT INTO mail (received_at, message_id, digest, trusted, sent_to, raw) VALUES (?, ?, ?, ?, ?, ?)",
                (written(clock.now()), message_id, digest, trusted, mime.one_line(sent_to, 500), raw),
            )
            assert kept.lastrowid is not None
            return kept.lastrowid
        if known["outcome"] == "aside" and trusted and not known["trusted"]:
            # The same mail, now by a way we believe: what was held back may be taken after all.
            db.execute(
                "UPDATE mail SET trusted = 1, outcome = '', begun = 0, raw = ? WHERE id = ?", (raw, known["id"])
            )
        return known["id"]


def settle(store: Store, kept: int, *, again: bool = True) -> Received:
    """Make of a kept mail what it is. Settling it again changes nothing and says what it became.

    again: whether a mail that was settled before counts as told once more, or as a duplicate that came in.
    Raises sqlite3.Error when the store is full or locked, OSError when there can be no worker: it is settled later.
    """
    with store.reading:
        settled, begun, length = _begin(store, kept, again=again)
        if settled:
            return settled
        if begun > MOST_BEGINNINGS:
            return _set_aside(store, kept, f"reading it began {MOST_BEGINNINGS} times and never ended")
        try:
            return _understood(store, kept, length)
        except WorkerDied as error:
            log.warning("mail %s, try %s: %s", kept, begun, error)
            if begun < MOST_BEGINNINGS:
                return Received("waiting", reason=str(error))
            return _set_aside(store, kept, f"reading it was ended {begun} times: {error}")
        except BaseException:  # a full disk, no process to be had, the end of the desk: the mail is not to blame
            with suppress(sqlite3.Error), store.write() as db:
                db.execute("UPDATE mail SET begun = max(0, begun - 1) WHERE id = ?", (kept,))
            raise


def settle_waiting(store: Store) -> Iterator[Received]:
    """Settle every mail that waits: new ones, oldest first; then those that were begun before."""
    with store.read() as db:
        found = db.execute("SELECT id FROM mail WHERE outcome = '' ORDER BY begun, id")
        waiting = [row["id"] for row in found]
    for kept in waiting:
        yield settle(store, kept)


def is_waiting(store: Store) -> bool:
    """Whether there are mails to settle."""
    with store.read() as db:
        return db.execute("SELECT 1 FROM mail WHERE outcome = '' LIMIT 1").fetchone() is not None


def settle_alone(path: Path, house: House, kept: int) -> Received:
    """What the worker does: read one mail, and settle it in one transaction. Raises sqlite3.OperationalError."""
    return _read_and_sorted(_opened(path, house), kept)


@lru_cache(maxsize=1)
def _opened(path: Path, house: House) -> Store:
    return Store(path, house)


def _begin(store: Store, kept: int, *, again: bool) -> tuple[Received | None, int, int]:
    """What the mail became already; else how often reading it has begun, now included, and its length in bytes."""
    with store.write() as db:
        row = db.execute(
            "SELECT outcome, ticket, reason, begun, length(raw) AS length FROM mail WHERE id = ?", (kept,)
        ).fetchone()
        if row["outcome"]:
            return Received(row["outcome"] if again else "duplicate", row["ticket"], row["reason"]), 0, 0
        db.execute("UPDATE mail SET begun = begun + 1 WHERE id = ?", (kept,))
        return None, row["begun"] + 1, row["length"] or 0


def _understood(store: Store, kept: int, length: int) -> Received:
    if store.worker is None:
        return _read_and_sorted(store, kept)
    return store.worker.call(SECONDS + SECONDS_A_MEGABYTE * length / 1e6, settle_alone, store.path, store.house, kept)


def _read_and_sorted(store: Store, kept: int) -> Received:
    with store.read() as db:
        row = db.execute("SELECT * FROM mail WHERE id = ?", (kept,)).fetchone()
    try:
        said, memo = mime.read(row["raw"]), Memo()
        with store.read() as db:
            _understand(db, store.house, said, row, memo)
        with store.write() as db:  # nothing that takes long happens here: whoever else writes waits
            if db.execute("SELECT outcome FROM mail WHERE id = ?", (kept,)).fetchone()["outcome"]:
                return Received("duplicate", row["ticket"])
            received = _sorted(db, store.house, said, row, memo)
            _note_outcome(db, kept, received)
            return received
    except UnreadableMail as error:
        return _set_aside(store, kept, f"this mail cannot be read: {error}")
    except (sqlite3.OperationalError, MemoryError):
        raise  # locked or full: the mail waits as it is; and whoever has no memory left writes nothing down
    except Exception as error:  # whatever a mail does to us, it is kept and listed
        log.exception("mail %s was set aside", kept)
        return _set_aside(store, kept, f"unexpected {type(error).__name__}: {mime.one_line(str(error), 300)}")


def _set_aside(store: Store, kept: int, reason: str) -> Received:
    received = Received("aside", reason=reason)
    with store.write() as db:
        _note_outcome(db, kept, received)
    return received


def kept_mails(store: Store, *outcomes: str) -> list[Kept]:
    """Mails of these outcomes whose raw form is still here, oldest first."""
    marks = ", ".join("?" for _ in outcomes)
    with store.read() as db:
        found = db.execute(
            f"SELECT id, received_at, outcome, reason, raw FROM mail"  # noqa: S608 - only question marks
            f" WHERE outcome IN ({marks}) AND raw IS NOT NULL ORDER BY id",
            outcomes,
        ).fetchall()
    return [_kept(row) for row in found]


def aside(store: Store, *, most: int = 100) -> list[dict[str, str]]:
    """The newest mails that wait for a person, as the Core API tells them: without their sender and words."""
    with store.read() as db:
        rows = db.execute(
            "SELECT id, reason FROM mail WHERE outcome = 'aside' AND raw IS NOT NULL ORDER BY id DESC LIMIT ?",
            (most,),
        )
        return [{"core_id": str(row["id"]), "reason": row["reason"]} for row in rows]


def counts(store: Store) -> dict[str, int]:
    """How many mails became what; "waiting" are not settled yet, "aside" wait for a person."""
    with store.read() as db:
        rows = db.execute(
            "SELECT iif(outcome = '', 'waiting', outcome) AS became, count(*) AS many FROM mail"
            " WHERE outcome <> 'aside' OR raw IS NOT NULL GROUP BY became"
        )
        return {"waiting": 0, "aside": 0} | {row["became"]: row["many"] for row in rows}


def raw_mail(store: Store, kept: int) -> bytes:
    """The raw form of a mail. Raises NotFound when there is no such mail, or it is no longer kept."""
    with store.read() as db:
        row = db.execute("SELECT raw FROM mail WHERE id = ?", (kept,)).fetchone()
    if row is None or row["raw"] is None:
        raise NotFound(f"there is no mail {kept}")
    return row["raw"]


def take_again(store: Store, kept: int, *, trusted: bool) -> Received:
    """Settle a mail anew that was set aside or ignored. trusted: somebody vouches for its sender. Raises NotFound."""
    with store.write() as db:
        changed = db.execute(
            "UPDATE mail SET outcome = '', reason = '', begun = 0, trusted = max(trusted, ?)"
            " WHERE id = ? AND outcome IN ('aside', 'ignored') AND raw IS NOT NULL",
            (trusted, kept),
        )
        if not changed.rowcount:
            raise NotFound(f"there is no mail {kept} set aside")
    return settle(store, kept)


def drop(store: Store, kept: int) -> None:
    """Forget a mail that was set aside; its reason stays. Raises NotFound."""
    with store.write() as db:
        if not db.execute("UPDATE mail SET raw = NULL WHERE id = ? AND outcome = 'aside'", (kept,)).rowcount:
            raise NotFound(f"there is no mail {kept} set aside")


def forget_old(store: Store) -> int:
    """Drop the raw form of mails that became messages, or nothing, long ago; how many. What is aside stays."""
    before = written(clock.now() - timedelta(days=store.house.keep_raw_days))
    with store.write() as db:
        return db.execute(
            "UPDATE mail SET raw = NULL WHERE raw IS NOT NULL AND received_at < ?"
            " AND outcome IN ('opened', 'answered', 'ignored', 'duplicate')",
            (before,),
        ).rowcount


@dataclass(frozen=True, slots=True)
class _Origin:
    """Whose a mail is, and where it belongs."""

    technician: DeskTechnician | None
    proved_by: str
    place: Place


def _understand(db: sqlite3.Connection, house: House, said: Mail, kept: sqlite3.Row, memo: Memo) -> None:
    """Work out beforehand what settling the mail will ask for; the memo has it then, if nothing changes meanwhile."""
    origin = _origin(db, house, said, kept, memo)
    if isinstance(origin, _Origin):
        mail_handlers.understand(db, house, said, place=origin.place, technician=origin.technician, memo=memo)


def _sorted(db: sqlite3.Connection, house: House, said: Mail, kept: sqlite3.Row, memo: Memo) -> Received:
    """What the kept mail is, done in this transaction."""
    origin = _origin(db, house, said, kept, memo)
    if isinstance(origin, DeliveryReport):
        return Received("ignored", undelivered.note(db, house, said, origin), f"a delivery report ({origin.fate})")
    if isinstance(origin, Received):
        return origin
    place, technician = origin.place, origin.technician
    turn = Handling(
        db,
        house,
        place.ticket or _opened_ticket(db, house, said, technician, memo),
        said,
        is_new=place.ticket is None,
        sent_to=kept["sent_to"],
        received_at=moment(kept["received_at"]),
        memo=memo,
    )
    is_outside = place.standing is threads.Standing.OUTSIDE
    readers = [said.sender] if is_outside else [said.sender, *turn.copies]  # a stranger's copies admit nobody
    threads.remember(db, turn.ticket, said.message_id, readers)
    if technician:
        mail_handlers.technician_wrote(turn, technician)
    else:
        mail_handlers.employee_wrote(turn, proved_by=origin.proved_by, place=place)
    return Received("opened" if turn.is_new else "answered", turn.ticket.number)


def _origin(
    db: sqlite3.Connection, house: House, said: Mail, kept: sqlite3.Row, memo: Memo
) -> _Origin | DeliveryReport | Received:
    """Whose the mail is, unless it is a report or becomes no message."""
    report = memo.of(reports.read, said, house)
    if report:
        return report
    silence = memo.of(auto_replies.reason, said, house)
    if silence:
        return Received("ignored", reason=silence)
    first = copies.ticket_of_copy(db, said, kept["id"], memo)
    if first:
        return Received("duplicate", first)
    proved_by = house.domain if kept["trusted"] else sender_auth.proving_domain(said, house.trusted_authserv)
    proved_by = "" if said.is_relayed else proved_by  # what is proved is the list, not whom it names
    technician = directory.technician_by_email(db, said.sender.email)
    if technician and not proved_by:
        return Received("aside", reason=f"says it is from {technician.name}, and nothing proves it")
    place = threads.find(db, house, said, is_technician=technician is not None, is_proved=bool(proved_by))
    return _Origin(technician, proved_by, place)


def _opened_ticket(
    db: sqlite3.Connection, house: House, said: Mail, technician: DeskTechnician | None, memo: Memo
) -> DeskTicket:
    requester = mail_handlers.requester_of(db, house, said, memo) if technician else said.sender
    company = directory.company_of(db, requester.email)
    subject = said.subject if requester == said.sender else forwards.original_subject(said.subject)
    return tickets.open_ticket(db, company.core_id, tickets.untagged(subject, house.name), requester)


def _note_outcome(db: sqlite3.Connection, kept: int, received: Received) -> None:
    db.execute(
        "UPDATE mail SET outcome = ?, ticket = ?, reason = ? WHERE id = ?",
        (received.outcome, received.ticket, received.reason, kept),
    )


def _kept(row: sqlite3.Row) -> Kept:
    sender, subject = mime.glance(row["raw"])  # its head only: a mail that kills whoever reads it is listed, too
    return Kept(row["id"], row["received_at"], row["outcome"], row["reason"], sender or "?", subject or "?")
