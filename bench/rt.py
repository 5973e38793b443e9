"""The first sync from a real Request Tracker, beside merely downloading the same pages from it."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
import requests
from sqlalchemy import func, select

from bench.mirrors import settings
from portal import create_app
from portal.db import db
from portal.domain.tickets.models import Ticket
from portal.sync import lease
from portal.sync.engine import Sync
from tests.cores.rt.lab import Lab, RtStage

ROUNDS = 5  # a sync between two downloads each: a slow moment of the machine meets both
TIMES = 124  # copies of four tickets: 500 in all
SHARE, REQUESTS = 0.90, 0.3  # what we promised: of the download's rate, requests a ticket


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the round whose share is the median; times are seconds."""

    tickets: int
    requests: int
    sync: float
    download: float

    @property
    def share(self) -> float:
        return self.download / self.sync


def run() -> list[tuple[str, str, bool]]:
    """Name, figure and whether the promise is kept; nothing at all where there is no Request Tracker."""
    if not shutil.which("rt-setup-database-5"):
        print("  Request Tracker is not installed (.ci/run installs it)")
        return []
    folder = Path(tempfile.mkdtemp(prefix="portal-bench-rt-"))
    folder.chmod(0o755)
    lab = Lab(folder)
    try:
        RtStage(lab).fill()
        lab.multiply(TIMES)
        found = _figures(lab, folder)
    finally:
        lab.stop()
    per_ticket = found.requests / found.tickets
    rates = f"{found.tickets / found.sync:.1f} tickets a second of {found.tickets / found.download:.1f} downloaded"
    return [
        (f"first sync ≥ {SHARE:.0%} of the download", f"{found.share:.0%} ({rates})", found.share >= SHARE),
        (f"≤ {REQUESTS} requests a ticket", f"{per_ticket:.3f} for {found.tickets} tickets", per_ticket <= REQUESTS),
    ]


def _figures(lab: Lab, folder: Path) -> Figures:
    asked: list[requests.PreparedRequest] = []
    rounds = []
    _sync(lab, folder / "warm", asked)  # RT's pages are compiled, its files read
    for n in range(ROUNDS):
        before = _timed(lambda: _download(lab, asked))
        asked.clear()
        seconds, tickets = _sync(lab, folder / f"mirror-{n}", asked)
        after = _timed(lambda: _download(lab, asked))
        rounds.append(Figures(tickets, len(asked), seconds, (before + after) / 2))
        print(f"  round {n + 1}: {rounds[-1].share:.0%}, load {os.getloadavg()[0]:.1f}", flush=True)
    return sorted(rounds, key=lambda one: one.share)[ROUNDS // 2]


def _sync(lab: Lab, mirror: Path, asked: list[requests.PreparedRequest]) -> tuple[float, int]:
    """A first sync into a new mirror: seconds, and the tickets that are in it now."""
    app = create_app(**settings(mirror))
    core = lab.core()
    _note_requests(core._rest._line._session, asked)
    with app.app_context():
        flask_migrate.upgrade()
        lead = lease.take("sync", lease.new_holder())
        assert lead
        seconds = _timed(lambda: Sync(core).run(lead))
        tickets = db.session.scalar(select(func.count()).select_from(Ticket)) or 0
        db.session.remove()
        db.engine.dispose()
    return seconds, tickets


def _note_requests(session: requests.Session, asked: list[requests.PreparedRequest]) -> None:
    send = session.send

    def noting(request: requests.PreparedRequest, **options: object) -> requests.Response:
        asked.append(request.copy())
        return send(request, **options)

    session.send = noting  # type: ignore[method-assign]


def _download(lab: Lab, asked: list[requests.PreparedRequest]) -> None:
    """The same requests one after another over one connection, their bodies read and dropped."""
    session = lab.signed_in("portal")
    for request in (one for one in asked if "/REST/2.0/" in (one.url or "")):
        again = request.copy()
        again.headers.pop("Cookie", None)
        again.prepare_cookies(session.cookies)
        session.send(again, timeout=60).content  # noqa: B018 - reading is what is measured


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
