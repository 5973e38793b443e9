"""Outages: something away is said once when it goes, once a minute while it is away, and once when it is back."""

import logging
import threading
import time

EVERY = 60.0  # seconds between two lines while it lasts
QUIET = 5.0  # seconds without a failure after which it counts as ended: what is full or locked fails now and then


class Outage:
    """One thing that may be away, for all threads of a process."""

    def __init__(self, what: str, log: logging.Logger) -> None:
        self._what, self._log = what, log
        self._lock = threading.Lock()
        self._since: float | None = None  # monotonic seconds
        self._said_at = self._failed_at = 0.0
        self._failures = 0

    def began(self, error: BaseException, now: float | None = None) -> None:
        """Something failed because of it; a line is written for the first and then once a minute."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._failures += 1
            self._failed_at = now
            if self._since is not None and now - self._said_at < EVERY:
                return
            lasted = "" if self._since is None else f" for {now - self._since:.0f} s, {self._failures} failures"
            self._since, self._said_at = now if self._since is None else self._since, now
        self._log.error("%s does not answer%s: %s", self._what, lasted, _first_line(error))

    def ended(self, now: float | None = None) -> None:
        """It answered; costs nothing while there is no outage."""
        if self._since is None:
            return
        now = time.monotonic() if now is None else now
        with self._lock:
            if self._since is None or now - self._failed_at < QUIET:
                return
            lasted, failures = now - self._since, self._failures
            self._since, self._failures = None, 0
        self._log.warning("%s answers again after %.0f s and %s failures", self._what, lasted, failures)


def _first_line(error: BaseException) -> str:
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
