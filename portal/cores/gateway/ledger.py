"""The gateway's memory: the sequence of changes, what was told, whose the files are, and the keys of notes."""

import hashlib
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal import clock
from portal.lib.security import private_files

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
-- A ticket stands in the sequence once, at its newest change. Positions are never used again.
CREATE TABLE IF NOT EXISTS change (
    position INTEGER PRIMARY KEY AUTOINCREMENT, ticket TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    is_gone INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS file (
    core_id TEXT PRIMARY KEY, ticket TEXT NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS file_by_ticket ON file (ticket);
CREATE TABLE IF NOT EXISTS note (
    key TEXT PRIMARY KEY, ticket TEXT NOT NULL, said TEXT NOT NULL, at TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS decided (approval TEXT PRIMARY KEY, ticket TEXT NOT NULL, decision TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class LedgerPage:
    changes: list[str]  # as JSON
    cursor: str
    more: bool


class Ledger:
    """One SQLite file. Its changes are made by one thread at a time."""

    def __init__(self, path: Path) -> None:
        private_files.make_folder(path.parent)
        private_files.touch(path)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._lock = threading.RLock()
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)
        with self.changing():
            if not self.fact("store"):
                self.rename()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One transaction: all of it, or nothing."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def fact(self, name: str) -> str:
        row = self._one("SELECT value FROM fact WHERE name = ?", name)
        return row["value"] if row else ""

    def remember(self, name: str, value: str) -> None:
        self._do("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, value)

    def rename(self) -> None:
        """Cursors given before are refused from now on: after this file, or the store, was put back from a backup."""
        self.remember("store", secrets.token_hex(4))

    def put(self, core_id: str, record: dict[str, Any]) -> bool:
        """The ticket is this now; whether that is news. A question that was decided here is not told any more."""
        with self.changing():
            decided = {row["approval"] for row in self._all("SELECT approval FROM decided WHERE ticket = ?", core_id)}
            if decided and record.get("approvals"):
                record = record | {"approvals": [one for one in record["approvals"] if one["core_id"] not in decided]}
            written = json.dumps(record, ensure_ascii=False)
            print_ = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]
            had = self._one("SELECT fingerprint FROM change WHERE ticket = ?", core_id)
            if had and had["fingerprint"] == print_:
                return False
            is_gone = record.get("type") == "tombstone"
            self._do("DELETE FROM change WHERE ticket = ?", core_id)
            self._do(
                "INSERT INTO change (ticket, fingerprint, is_gone, record) VALUES (?, ?, ?, ?)",
                core_id,
                print_,
                is_gone,
                written,
            )
            self._do("DELETE FROM file WHERE ticket = ?", core_id)
            for file in () if is_gone else _files(record):
                self._do(
                    "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)",
                    file["core_id"],
                    core_id,
                    file["name"],
                    file.get("media_type") or "application/octet-stream",
                )
            return True

    def bury(self, core_id: str) -> bool:
        """The ticket is no more; whether that is news."""
        had = self._one("SELECT is_gone FROM change WHERE ticket = ?", core_id)
        if had is None or had["is_gone"]:
            return False
        return self.put(
            core_id, {"type": "tombstone", "core_id": core_id, "reason": "deleted", "at": clock.now().isoformat()}
        )

    def live(self) -> set[str]:
        """Every ticket that is told and no tombstone."""
        return {row["ticket"] for row in self._all("SELECT ticket FROM change WHERE is_gone = 0")}

    def has(self, ticket: str) -> bool:
        return self._one("SELECT 1 FROM change WHERE ticket = ? AND is_gone = 0", ticket) is not None

    def asks(self, ticket: str, approval: str) -> bool:
        """Whether the ticket has that question, open or decided here."""
        row = self._one("SELECT record FROM change WHERE ticket = ?", ticket)
        names = [one["core_id"] for one in json.loads(row["record"]).get("approvals", ())] if row else []
        was = self._one("SELECT 1 FROM decided WHERE approval = ? AND ticket = ?", approval, ticket)
        return approval in names or was is not None

    def page(self, position: int, limit: int) -> LedgerPage:
        """The changes from a position on, including the one that stands there."""
        rows = self._all(
            "SELECT position, record FROM change WHERE position >= ? ORDER BY position LIMIT ?", position, limit + 1
        )
        told = rows[:limit]
        last = told[-1]["position"] if told else position
        return LedgerPage([row["record"] for row in told], f"{self.fact('store')}.{last}", len(rows) > limit)

    @property
    def newest(self) -> int:
        row = self._one("SELECT coalesce(max(position), 0) AS newest FROM change")
        return row["newest"] if row else 0

    def file(self, core_id: str) -> sqlite3.Row | None:
        """A file that a public message of a live ticket names."""
        return self._one("SELECT * FROM file WHERE core_id = ?", core_id)

    def note(self, key: str) -> sqlite3.Row | None:
        return self._one("SELECT * FROM note WHERE key = ?", key)

    def keep_note(self, key: str, ticket: str, said: str, name: str) -> None:
        at = clock.now().astimezone(UTC).isoformat()
        self._do("INSERT INTO note VALUES (?, ?, ?, ?, ?)", key, ticket, said, at, name)

    def decide(self, ticket: str, approval: str, decision: str) -> None:
        """The first decision stays; the question is told no more."""
        self._do("INSERT OR IGNORE INTO decided VALUES (?, ?, ?)", approval, ticket, decision)
        row = self._one("SELECT record FROM change WHERE ticket = ?", ticket)
        if row:
            self.put(ticket, json.loads(row["record"]))

    def moment(self, name: str) -> datetime | None:
        """A moment that was remembered."""
        value = self.fact(name)
        return datetime.fromisoformat(value) if value else None

    def _do(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._db.execute(statement, values)

    def _one(self, question: str, *values: Any) -> sqlite3.Row | None:
        with self._lock:
            return self._db.execute(question, values).fetchone()

    def _all(self, question: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(question, values).fetchall()


def _files(record: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for message in record.get("messages", ()):
        yield from message.get("attachments", ())
