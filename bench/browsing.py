"""python -m bench.browsing: people who browse while a full first sync runs, beside the same people when nothing does.

Real processes as in production: `flask serve` with its two workers, `flask desk serve`, `flask sync run`, and a
database, SQLite or PostgreSQL (without fsync). The desk is the demo's year many times over. The mirror is a part
of it when people come; then for a while nothing else happens, for a while the sync goes on with the rest, every
ticket of it new, and so in turns: a slow moment of the machine meets both.

Each person has a session of their own, reads for some seconds (THINKING, evenly spread), asks for one thing (WISHES),
reads again; connections are kept and shared as a reverse proxy does it. Measured is the time from a request's first
byte out to its answer's last byte in, by one process that shares the machine's processors with all the others. An
error is any answer but 200, a broken connection, or half a minute of silence.
"""

import argparse
import asyncio
import os
import random
import re
import shutil
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import func, select

from bench import year
from bench.mirrors import FOLDER
from chaos.fleet import free_address
from portal import config, create_app
from portal.db import db
from portal.demo import postgres
from portal.demo.processes import Child, Children, answers
from portal.domain.companies.models import Company
from portal.domain.tickets.models import Ticket
from portal.domain.users import models as people
from portal.domain.users import permissions, sessions

PEOPLE, SECONDS = 200, 60.0
ROUNDS = 4  # of each of the two
TIMES = 60  # the demo's year in the desk: 27,000 tickets
THERE = 2_000  # tickets in the mirror when people come
THINKING = (3.0, 9.0)  # seconds
PROMISED = 2.0  # times the idle median of the list's part
SILENCE = 30.0  # seconds
WARM_UP = 10.0  # seconds
PART = "list part"
WISHES = {  # what people ask for, and how often of a hundred times
    PART: 45,
    "filter": 15,
    "ticket": 25,
    "whole list": 15,
}
_AS_PART = "HX-Request: true\r\nHX-Request-Type: partial\r\nHX-Target: section#list\r\n"


@dataclass(slots=True)
class Seen:
    """What people met: seconds of each answer by what was asked for, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WISHES})
    errors: Counter[str] = field(default_factory=Counter)

    def median(self, what: str) -> float:
        return statistics.median(self.times[what])

    def late(self, what: str) -> float:
        """What one answer of twenty takes at least."""
        times = sorted(self.times[what])
        return times[int(0.95 * (len(times) - 1))]


@dataclass(slots=True)
class Report:
    idle: Seen = field(default_factory=Seen)
    busy: Seen = field(default_factory=Seen)
    tickets: int = 0  # that the sync brought while people were looking
    seconds: float = 0.0  # of them
    has_ended: bool = False  # the sync came to its end

    @property
    def growth(self) -> float:
        """How many times longer the list's part takes."""
        return self.busy.median(PART) / self.idle.median(PART)


def measured(
    database: str, *, crowd: int = PEOPLE, seconds: float = SECONDS, folder: Path = FOLDER / "browsing"
) -> Report:
    """One of the databases, with so many people for so long."""
    folder = folder / database
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Children(folder, os.environ) as children:
        if database == "sqlite":
            return run(folder, "", year.many(TIMES), crowd=crowd, seconds=seconds, there=THERE)
        with postgres.running(children, folder / "cluster") as address:
            return run(folder, address, year.many(TIMES), crowd=crowd, seconds=seconds, there=THERE)


def run(
    folder: Path,
    database_url: str,
    desk: Path,
    *,
    crowd: int,
    seconds: float,
    there: int,
    thinking: tuple[float, float] = THINKING,
    rounds: int = ROUNDS,
    to_the_end: bool = False,
) -> Report:
    """The story over the desk in that folder. to_the_end: people go, and the sync is waited for."""
    report = Report()
    web, core, smtp = free_address(), free_address(), free_address()
    environment = os.environ | {
        "FLASK_APP": str(config.ROOT / "app.py"),
        "PORTAL_INSTANCE": str(folder),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_BASE_URL": f"http://{web}",
        "PORTAL_CORE_URL": f"http://{core}/core/v1",
        "PORTAL_CORE_TOKEN": "a token of the bench, long enough for the rules",
        "PORTAL_DESK_FOLDER": str(desk),
        "PORTAL_DESK_HTTP": core,
        "PORTAL_DESK_SMTP": smtp,
        "PORTAL_DESK_MAIL_OUT": f"folder:{folder / 'out'}",
        "PYTHONUNBUFFERED": "1",
    }
    app = create_app(INSTANCE=folder, DATABASE_URL=database_url, BASE_URL=f"http://{web}")
    flask = [sys.executable, "-m", "flask"]
    with Children(folder, environment) as children, app.app_context():
        flask_migrate.upgrade()
        children.start("desk", [*flask, "desk", "serve"])
        children.wait_until(lambda: answers(core), what="The desk", seconds=60)
        sync = children.start("first", [*flask, "sync", "run"])
        _wait(lambda: _tickets() >= there, sync)
        sync.process.send_signal(signal.SIGTERM)
        sync.process.wait(60)
        cookies = _signed_in(app, crowd)
        children.start("web", [*flask, "serve", "--port", web.rpartition(":")[2]])
        _wait(lambda: answers(web), None)
        people_there = _Crowd(web, cookies, thinking)
        people_there.look(Seen(), min(WARM_UP, seconds))
        for _ in range(rounds):
            people_there.look(report.idle, seconds / rounds)
            before = _tickets()
            sync = children.start("sync", [*flask, "sync", "run"])
            _wait(lambda: _tickets() > before or sync.process.poll() is not None, None)  # noqa: B023 - at once
            before, began = _tickets(), time.monotonic()
            people_there.look(report.busy, seconds / rounds, until=lambda: sync.process.poll() is not None)  # noqa: B023
            report.seconds += time.monotonic() - began
            report.tickets += _tickets() - before
            report.has_ended = _ended(sync, is_waited_for=to_the_end)
        db.session.remove()
        db.engine.dispose()
    return report


def _ended(sync: Child, *, is_waited_for: bool) -> bool:
    """Whether the sync had come to its end by itself; it is ended after its commit when nobody waits for it."""
    if is_waited_for:
        sync.process.wait(300)
    has_ended = sync.process.poll() is not None
    sync.process.send_signal(signal.SIGTERM)
    assert sync.process.wait(60) == 0, f"the sync failed: {sync.last_words}"
    return has_ended


class _Crowd:
    """People with their sessions; each comes back to the same connection."""

    def __init__(self, web: str, cookies: list[str], thinking: tuple[float, float]) -> None:
        self._host, _, port = web.rpartition(":")
        self._port = int(port)
        self._cookies = cookies
        self._thinking = thinking
        self._numbers: dict[str, list[str]] = {}  # by cookie: of the tickets somebody saw last
        self._idle: list[_Line] = []
        self._rng = random.Random(6)  # noqa: S311 - no secret

    def look(self, seen: Seen, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """All of them, for so long or until something is so."""
        self._idle.clear()
        asyncio.run(self._all(seen, time.monotonic() + seconds, until))

    async def _all(self, seen: Seen, end: float, until: Callable[[], bool]) -> None:
        ended = asyncio.Event()

        async def watch() -> None:
            while time.monotonic() < end and not until():
                await asyncio.sleep(0.2)
            ended.set()

        await asyncio.gather(watch(), *(self._browse(cookie, seen, ended) for cookie in self._cookies))
        for line in self._idle:
            line.close()

    async def _browse(self, cookie: str, seen: Seen, ended: asyncio.Event) -> None:
        await _pause(ended, self._rng.uniform(0, self._thinking[1]))
        while not ended.is_set():
            numbers = self._numbers.get(cookie)
            wish = self._rng.choices(list(WISHES), list(WISHES.values()))[0] if numbers else "whole list"
            line = self._idle.pop() if self._idle else _Line(self._host, self._port)
            try:
                passed, body = await asyncio.wait_for(line.ask(cookie, *self._words(wish, numbers or [])), SILENCE)
            except (OSError, AssertionError, TimeoutError, asyncio.IncompleteReadError) as error:
                seen.errors[f"{wish}: {type(error).__name__} {error}"[:200]] += 1
                line.close()
            else:
                self._idle.append(line)
                seen.times[wish].append(passed)
                self._numbers[cookie] = re.findall(r'href="/tickets/(\d+)', body.decode()) or numbers or []
            await _pause(ended, self._rng.uniform(*self._thinking))

    def _words(self, wish: str, numbers: list[str]) -> tuple[str, str]:
        """The address and what else stands in the request's head."""
        state = self._rng.choice(("open", "to_be_invoiced", "done"))
        person = self._rng.choice(("tisk", "heslo", "faktura", "vpn"))
        return {
            PART: (f"/tickets?state={state}", _AS_PART),
            "filter": (f"/tickets?state={state}&q={person}", _AS_PART),
            "ticket": (f"/tickets/{self._rng.choice(numbers or ['0'])}", ""),
            "whole list": ("/tickets", ""),
        }[wish]


class _Line:
    """One kept connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, cookie: str, path: str, more: str) -> tuple[float, bytes]:
        """Seconds, and the body. Raises AssertionError for any answer but 200.

        A line that was closed while it was kept is opened anew, as whoever keeps lines has to do.
        """
        began, was_kept = time.perf_counter(), self._streams is not None
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        host = f"Host: {self._host}:{self._port}\r\n"
        writer.write(f"GET {path} HTTP/1.1\r\n{host}Cookie: {cookie}\r\n{more}\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            if not was_kept or getattr(error, "partial", b""):
                raise
            self.close()
            _, body = await self.ask(cookie, path, more)
            return time.perf_counter() - began, body
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        passed = time.perf_counter() - began
        assert head.startswith(b"HTTP/1.1 200 "), head.split(b"\r\n")[0].decode()
        return passed, body

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None


async def _pause(ended: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return


def _signed_in(app: Flask, crowd: int) -> list[str]:
    """Cookies of so many managers, of all companies in turn, each of a session that signing in would have given."""
    companies = db.session.scalars(select(Company).order_by(Company.id)).all()
    signer = app.session_interface.get_signing_serializer(app)
    assert signer
    cookies = []
    for number in range(crowd):
        person = people.add(
            email=f"manager{number}@first.example",
            name=f"Manažerka {number}",
            company=companies[number % len(companies)],
            role=permissions.MANAGER,
            language="cs",
            password_hash="",
        )
        db.session.commit()
        key = sessions.start(person.id, how="password")
        cookies.append(f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps({'_user_id': key, '_fresh': True})}")
    db.session.remove()
    return cookies


def _tickets() -> int:
    db.session.rollback()
    found = db.session.scalar(select(func.count()).select_from(Ticket)) or 0
    db.session.rollback()
    return found


def _wait(true: Callable[[], bool], child: Child | None) -> None:
    until = time.monotonic() + 120
    while not true():
        assert time.monotonic() < until, "waited for two minutes in vain"
        assert child is None or child.process.poll() is None, f"it ended by itself: {child.last_words}"
        time.sleep(0.2)


def figures() -> Iterator[tuple[str, str, bool]]:
    """Name, figure and whether the promise is kept, on each database."""
    for database in ("sqlite", "postgresql"):
        report = measured(database)
        print("\n".join(said(database, report)), flush=True)
        yield f"list part ≤ {PROMISED:.0f} × its idle median while a full sync runs, {database}", *_verdict(report)


def _verdict(report: Report) -> tuple[str, bool]:
    errors = report.idle.errors.total() + report.busy.errors.total()
    return f"{report.growth:.2f} ×, {errors} errors", not errors and report.growth <= PROMISED


def said(database: str, report: Report) -> Iterator[str]:
    """The figures as lines."""
    yield f"{database}: {report.tickets} tickets mirrored in {report.seconds:.0f} s, load {os.getloadavg()[0]:.1f}"
    for what in WISHES:
        idle, busy = report.idle, report.busy
        yield (
            f"  {what:12} idle {1000 * idle.median(what):6.1f} ms, 95 % {1000 * idle.late(what):7.1f} ms"
            f"   busy {1000 * busy.median(what):6.1f} ms, 95 % {1000 * busy.late(what):7.1f} ms"
            f"   ({len(idle.times[what])} and {len(busy.times[what])} answers)"
        )
    for phase, seen in (("idle", report.idle), ("busy", report.busy)):
        for error, number in seen.errors.most_common(5):
            yield f"  {phase}: {number} × {error}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.browsing")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    missed = 0
    for database in options.database or ("sqlite", "postgresql"):
        report = measured(database, crowd=options.people, seconds=options.seconds)
        print("\n".join(said(database, report)), flush=True)
        figure, is_kept = _verdict(report)
        print(f"  {'kept  ' if is_kept else 'MISSED'}  list part against idle: {figure}", flush=True)
        missed += not is_kept
    return missed


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended from outside, it still ends its processes
    sys.exit(min(main(), 1))
