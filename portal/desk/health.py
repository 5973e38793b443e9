"""Health of the desk: what waits, what failed, how full the disk is; figures without anybody's data."""

import shutil
import sqlite3
from typing import Any

from flask import Response, jsonify

from portal import clock
from portal.desk.database import Store, moment

LEAST_FREE = 5  # percent of the disk; below it mails will soon be refused
_COUNTS = {
    "mails_waiting": "SELECT count(*) FROM mail WHERE outcome = ''",
    "mails_aside": "SELECT count(*) FROM mail WHERE outcome = 'aside'",
    "letters_waiting": "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL",
    "letters_given_up": "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND given_up_at IS NOT NULL",
}
_OLDEST = "SELECT min(queued_at) FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL"


def answer(store: Store, errands: dict[str, Any]) -> Response:
    """200 while every errand and the database work, 503 otherwise."""
    told = now(store, errands)
    response = jsonify(told)
    response.status_code = 200 if told["ok"] else 503
    return response


def now(store: Store, errands: dict[str, Any]) -> dict[str, Any]:
    """How the desk stands. errands: name → good_at, failures and trouble of each."""
    try:
        with store.read() as db:
            counts: dict[str, Any] = {name: db.execute(query).fetchone()[0] for name, query in _COUNTS.items()}
            oldest = db.execute(_OLDEST).fetchone()[0]
    except sqlite3.Error:
        return {"ok": False, "database": "away", "errands": errands}
    age = int((clock.now() - moment(oldest)).total_seconds()) if oldest else 0
    free = _free_percent(store)
    ok = free >= LEAST_FREE and not any(errand["trouble"] for errand in errands.values())
    figures = {**counts, "oldest_letter_seconds": max(0, age), "disk_free_percent": free}
    return {"ok": ok, "database": "ok", **figures, "errands": errands}


def _free_percent(store: Store) -> int:
    space = shutil.disk_usage(store.path.parent)
    return 100 * space.free // space.total
