"""The desk's background threads: restarted after an unexpected failure; one that dies ends the process."""

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from portal import clock

AFTER_FAILURE = 5.0  # seconds before an errand that failed unexpectedly is begun again
_LOOK = 1.0  # seconds between two looks whether every other thread lives

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ErrandStanding:
    """How one errand stands: when it last did what it is for, and what went wrong since."""

    good_at: datetime | None = None
    failures: int = 0  # since the process began
    trouble: str = ""  # why the last turn failed; empty when it did not


class Errands:
    """Threads that work until ending is set.

    Each work is a loop that returns only then. What it raises is said, counted, and the work begun again after a
    pause. A thread that ends all the same is reported to on_death once, with its name: its process has to end, too.
    """

    def __init__(
        self, ending: threading.Event, on_death: Callable[[str], None], pause: float = AFTER_FAILURE
    ) -> None:
        self._ending = ending
        self._on_death = on_death
        self._pause = pause
        self._threads: list[threading.Thread] = []
        self._others: dict[str, Callable[[], bool]] = {}  # name: whether it lives
        self.standings: dict[str, ErrandStanding] = {}

    def add(self, name: str, work: Callable[[], None]) -> None:
        """One more errand; start() begins it."""
        self.standings[name] = ErrandStanding()
        self._threads.append(threading.Thread(target=self._live, name=f"desk-{name}", args=(name, work)))

    def watch(self, name: str, lives: Callable[[], bool]) -> None:
        """Look after a thread that is not ours, too."""
        self._others[name] = lives

    def watch_no_more(self) -> None:
        """The others are about to end, as they should."""
        self._others = {}

    def start(self) -> None:
        self._threads.append(threading.Thread(target=self._live, name="desk-watch", args=("watch", self._watch)))
        for thread in self._threads:
            thread.start()

    def end(self, patience: float) -> None:
        """Wait for every thread, so many seconds each; ending has to be set before."""
        for thread in self._threads:
            if thread.ident:
                thread.join(patience)

    def went_well(self, name: str) -> None:
        self.standings[name].good_at, self.standings[name].trouble = clock.now(), ""

    def failed(self, name: str, error: BaseException | None) -> None:
        """Count a failure, expected or not."""
        standing = self.standings.get(name)
        if standing:
            standing.failures += 1
            standing.trouble = type(error).__name__

    def told(self) -> dict[str, Any]:
        """For machines: every errand's standing."""
        return {
            name: {**asdict(one), "good_at": one.good_at and one.good_at.isoformat(timespec="seconds")}
            for name, one in self.standings.items()
        }

    def _live(self, name: str, work: Callable[[], None]) -> None:
        try:
            while not self._ending.is_set():
                try:
                    work()
                except Exception as error:  # of any kind: the next turn may not meet it
                    log.exception("the errand %r failed unexpectedly and is begun again", name)
                    self.failed(name, error)
                    self._ending.wait(self._pause)
        finally:
            if not self._ending.is_set():
                self._on_death(name)

    def _watch(self) -> None:
        while not self._ending.wait(_LOOK):
            for name, lives in self._others.items():
                if not lives() and not self._ending.is_set():
                    self._on_death(name)
                    self._ending.wait()
