"""Mail out: queued in the transaction that causes it, delivered at least once, given up only visibly."""

import logging
import random
import smtplib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from portal import clock
from portal.desk.database import Store, moment, written
from portal.errors import NotFound
from portal.lib.security import private_files
from portal.lib.smtp import MailFolder, NotDelivered, SmtpServer

FIRST_PAUSE = timedelta(seconds=30)  # doubled with every try
LONGEST_PAUSE = timedelta(minutes=4)  # a confirmation leaves within five minutes of the end of an outage
PATIENCE = timedelta(days=5)  # as long as mail servers try
_CLAIM = timedelta(minutes=10)  # nobody else tries a letter that long; longer than any SMTP conversation of ours

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail of ours: to whom, about what, and whether it left."""

    id: int
    kind: str
    ticket: str  # number; empty when it belongs to none
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    queued_at: datetime
    sent_at: datetime | None
    given_up_at: datetime | None
    tries: int
    trouble: str


class Carrier(Protocol):
    def carry(self, letter: OutgoingMail, raw: bytes) -> None:
        """Hand the letter over. Raises NotDelivered."""
        ...


def queue(
    db: sqlite3.Connection,
    *,
    ticket_id: int | None,
    kind: str,
    recipients: list[str],
    subject: str,
    message_id: str,
    raw: bytes,
    automatic: bool,
) -> None:
    """Keep a letter to be delivered, in the caller's transaction."""
    now = written(clock.now())
    db.execute(
        "INSERT INTO outbox"
        " (ticket, kind, recipients, subject, message_id, raw, automatic, queued_at, try_after)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (ticket_id, kind, " ".join(recipients), subject, message_id, raw, automatic, now, now),
    )


def automatic_since(db: sqlite3.Connection, recipient: str, since: datetime) -> int:
    """How many automatic letters one recipient was written since then."""
    row = db.execute(
        "SELECT count(*) AS letters FROM outbox WHERE recipients = ? AND queued_at >= ? AND automatic = 1",
        (recipient, written(since)),
    ).fetchone()
    return row["letters"]


def letters_of(store: Store, number: str) -> list[OutgoingMail]:
    """All letters about a ticket, oldest first."""
    with store.read() as db:
        return [_letter(row) for row in db.execute(f"{_SELECT} WHERE number = ? ORDER BY outbox.id", (number,))]


def in_trouble(store: Store) -> list[OutgoingMail]:
    """Letters that were given up, or failed at least once and still wait."""
    with store.read() as db:
        found = db.execute(f"{_SELECT} WHERE sent_at IS NULL AND trouble != '' ORDER BY outbox.id")
        return [_letter(row) for row in found]


def waiting(store: Store) -> int:
    """How many letters have yet to leave."""
    with store.read() as db:
        row = db.execute("SELECT count(*) AS n FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL").fetchone()
        return row["n"]


def try_again(store: Store, letter_id: int) -> None:
    """Queue a letter anew that was given up. Raises NotFound."""
    now = written(clock.now())
    with store.write() as db:
        changed = db.execute(
            "UPDATE outbox SET given_up_at = NULL, tries = 0, queued_at = ?, try_after = ?"
            " WHERE id = ? AND sent_at IS NULL",
            (now, now, letter_id),
        )
        if not changed.rowcount:
            raise NotFound(f"there is no waiting letter {letter_id}")


def take_over(store: Store) -> None:
    """Letters that a desk was carrying when it died are due at once. For the one desk that delivers, at its start."""
    with store.write() as db:
        db.execute(
            "UPDATE outbox SET try_after = ? WHERE sent_at IS NULL AND given_up_at IS NULL", (written(clock.now()),)
        )


def deliver(store: Store, carrier: Carrier, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Carry every letter that is due, each claimed first so that two deliverers never carry one at once.

    Returns how many left. A letter that fails waits longer each time; after days it is given up. While the mail
    server is away one letter a round finds out, and the others leave as soon as it is back.
    """
    left = 0
    for letter_id in _due(store):
        claimed = None if stop() else _claim(store, letter_id)
        if claimed is None:
            continue
        letter, raw = claimed
        try:
            carrier.carry(letter, raw)
        except NotDelivered as error:
            _postpone(store, letter, error)
            if error.away:
                break
        except Exception as error:  # this letter's own: the others leave
            log.exception("letter %s could not be carried", letter.id)
            _postpone(store, letter, NotDelivered(f"unexpectedly: {type(error).__name__}"))
        else:
            left += 1
            with store.write() as db:
                db.execute(
                    "UPDATE outbox SET sent_at = ?, trouble = '' WHERE id = ?", (written(clock.now()), letter.id)
                )
    return left


class OutboxFolder:
    """Letters as .eml files in a folder; the same letter carried twice is the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        private_files.make_folder(path)

    def carry(self, letter: OutgoingMail, raw: bytes) -> None:
        MailFolder(self.path).put(f"{letter.queued_at:%Y%m%d-%H%M%S}-{letter.id:06d}-{letter.kind}.eml", raw)


class OutboxServer:
    """Letters to a mail server; the address is one of lib/smtp."""

    def __init__(self, address: str, sender: str) -> None:
        self._server, self._sender = SmtpServer(address, setting="PORTAL_DESK_MAIL_OUT"), sender

    def carry(self, letter: OutgoingMail, raw: bytes) -> None:
        try:
            with self._server.connect() as server:
                refused = server.sendmail(self._sender, letter.recipients, raw)
        except smtplib.SMTPRecipientsRefused as error:
            raise NotDelivered(_said(error.recipients), for_good=_all_permanent(error.recipients)) from error
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            reason = f"{error.smtp_code} {_text(error.smtp_error)}"
            raise NotDelivered(reason, for_good=500 <= error.smtp_code < 600) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}", away=True) from error
        if refused:  # some got it: trying again would write to them twice
            log.warning("letter %s did not reach everybody: %s", letter.id, _said(refused))


_SELECT = (
    "SELECT outbox.id, kind, coalesce(number, '') AS ticket, recipients, outbox.subject, message_id, queued_at,"
    " sent_at, given_up_at, tries, trouble FROM outbox LEFT JOIN ticket ON ticket.id = outbox.ticket"
)


def _letter(row: sqlite3.Row) -> OutgoingMail:
    facts = dict(row)
    for name in ("queued_at", "sent_at", "given_up_at"):
        facts[name] = moment(facts[name]) if facts[name] else None
    facts["recipients"] = tuple(facts["recipients"].split())
    return OutgoingMail(**facts)


def _due(store: Store) -> list[int]:
    with store.read() as db:
        found = db.execute(
            "SELECT id FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL AND try_after <= ? ORDER BY id",
            (written(clock.now()),),
        )
        return [row["id"] for row in found]


def _claim(store: Store, letter_id: int) -> tuple[OutgoingMail, bytes] | None:
    """The letter and its bytes, ours for a while; None when somebody else has it."""
    now = clock.now()
    with store.write() as db:
        claimed = db.execute(
            "UPDATE outbox SET try_after = ?, tries = tries + 1"
            " WHERE id = ? AND sent_at IS NULL AND given_up_at IS NULL AND try_after <= ?",
            (written(now + _CLAIM), letter_id, written(now)),
        )
        if not claimed.rowcount:
            return None
        row = db.execute(f"{_SELECT} WHERE outbox.id = ?", (letter_id,)).fetchone()
        raw = db.execute("SELECT raw FROM outbox WHERE id = ?", (letter_id,)).fetchone()["raw"]
        return _letter(row), raw


def _postpone(store: Store, letter: OutgoingMail, error: NotDelivered) -> None:
    now = clock.now()
    pause = min(FIRST_PAUSE * 2 ** min(letter.tries - 1, 20), LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    is_over = error.for_good or now - letter.queued_at > PATIENCE
    log.warning("letter %s of ticket %s did not leave: %s", letter.id, letter.ticket or "none", error)
    with store.write() as db:
        db.execute(
            "UPDATE outbox SET trouble = ?, try_after = ?, given_up_at = ? WHERE id = ?",
            (str(error)[:500], written(now + pause), written(now) if is_over else None, letter.id),
        )


def _said(refused: dict) -> str:
    return "; ".join(f"{recipient}: {code} {_text(words)}" for recipient, (code, words) in refused.items())


def _all_permanent(refused: dict) -> bool:
    return all(500 <= code < 600 for code, _ in refused.values())


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
