"""Following a store: what may have changed is read; news goes to the end of the sequence, what is gone is told."""

import logging
import threading
from datetime import timedelta

from portal import clock
from portal.cores.gateway.ledger import Ledger
from portal.cores.gateway.source import Source

OVERLAP = timedelta(minutes=5)  # clocks differ, and a store may show a change late
SWEEP = timedelta(hours=1)  # between two looks for what is gone
WHOLE = timedelta(days=1)  # between two readings of everything: what a store changes without saying so

log = logging.getLogger(__name__)


class Follower:
    """One store and its ledger."""

    def __init__(
        self, source: Source, ledger: Ledger, *, overlap: timedelta = OVERLAP, sweep: timedelta = SWEEP
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._overlap = overlap
        self._sweep = sweep
        self._one_at_a_time = threading.Lock()

    def look(self) -> int:
        """Read what may have changed; how much is news. May be ended anywhere: the next look begins there again."""
        with self._one_at_a_time:
            began, since = clock.now(), self._ledger.moment("read_until")
            whole_at = self._ledger.moment("whole_at")
            is_whole = since is None or whole_at is None or began - whole_at >= WHOLE
            names = self._source.changed_since(None if is_whole or since is None else since - self._overlap)
            news = sum(self._read(name) for name in names)
            swept_at = self._ledger.moment("swept_at")
            if swept_at is None or began - swept_at >= self._sweep:
                news += self._bury()
                self._ledger.remember("swept_at", began.isoformat())
            self._ledger.remember("read_until", began.isoformat())
            if is_whole:
                self._ledger.remember("whole_at", began.isoformat())
            return news

    def read(self, name: str) -> bool:
        """One ticket at once, as after a note."""
        with self._one_at_a_time:
            return self._read(name)

    def _read(self, name: str) -> bool:
        record = self._source.ticket(name)
        return self._ledger.bury(name) if record is None else self._ledger.put(name, record)

    def _bury(self) -> int:
        """What the store has no more; a store that lists nothing has probably failed."""
        told, there = self._ledger.live(), set(self._source.all_ids())
        if told and not there:
            log.warning("the store lists no ticket at all: nothing is taken for deleted")
            return 0
        return sum(self._ledger.bury(name) for name in told - there)
