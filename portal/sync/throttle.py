"""The throttle: while people read pages, a long sync run pauses a little after each page of changes."""

import time

from portal import clock
from portal.db import db
from portal.domain.users import sessions
from portal.sync.engine import RunSummary

REST = 0.5  # seconds for each second of work: what the two share, processors, disk and locks, is free for so long
LONGEST_REST = 1.0  # seconds


class Courtesy:
    """To be told after every page of a run."""

    def __init__(self) -> None:
        self._run: RunSummary | None = None
        self._since = 0.0

    def __call__(self, summary: RunSummary) -> None:
        if summary is not self._run:
            self._run, self._since = summary, time.monotonic() - summary.seconds
        if sessions.anybody_since(clock.now() - 2 * sessions.NOTICED):
            time.sleep(min(LONGEST_REST, REST * (time.monotonic() - self._since)))
        db.session.rollback()
        self._since = time.monotonic()
