"""Mails made to be expensive go through the real processes, and the ordinary mail behind each arrives."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import psutil
import pytest

from portal import clock
from portal.cores.records import MessageRecord, PersonRecord
from portal.desk.database import Store
from portal.desk.inbound import mime
from portal.desk.ticketing import directory
from portal.lib.worker_process import WorkerProcess
from portal.sync.html import message_body
from tests.desk.test_server import ROOT, Running
from tests.nasty import mails, steps

SMALL = 20_000  # letters: what is quadratic shows itself in what comes out, and in bench/hostile_mail.py by the clock
LARGE = 40_000  # letters: of four times as many, what is quadratic and matters takes half a second
MEASURABLE, MOST_GROWTH = 0.06, 8  # seconds of the processor; linear is 4, quadratic 16
TWENTY = [
    "header: charset full of semicolons",
    "header: file name full of semicolons",
    "header: comments in comments",
    "header: encoded words left open",
    "header: many headers",
    "from: a word",
    "head without end",
    "parts in parts, many lines",
    "parts in parts without end",
    "mails in mails in mails",
    "quoted printable",
    "html: formatting left open",
    "html: divisions and scripts",
    "html: a tag without end",
    "html: attributes",
    "html: text in tables",
    "html: ampersands",
    "text: half attributions",
    "text: half times",
    "text: brackets after a link",
]
ONCE_TOO_DEAR = [
    "uuencode",
    "rich blanks",
    "text: blanks in a date",
    "text: many people",
    "text: different questions",
]


@pytest.mark.parametrize("name", mails.MAILS)
def test_what_is_made_of_a_nasty_mail_is_bounded(name):
    raw = mails.MAILS[name](SMALL)
    mime.glance(raw)
    try:
        said = mime.read(raw)
    except mime.UnreadableMail:
        return
    message = MessageRecord(
        core_id="m",
        side="employee",
        author=PersonRecord(name="Jan", email="jan@strojirny-vltava.example"),
        sent_at=clock.now(),
        text=said.text,
        html=said.html,
    )
    made = message_body.of(message)
    assert len(made.visible) + len(made.quoted) <= 40 * SMALL
    assert len(said.headers) <= 300
    assert sum(len(file.content) for file in said.files) <= 3 * len(raw)


@pytest.fixture(scope="module")
def child():
    worker = WorkerProcess()
    yield worker
    worker.close()


MEASURED = dict.fromkeys([*list(mails.MAILS)[::5], *TWENTY, *ONCE_TOO_DEAR])  # bench/hostile_mail.py takes all


@pytest.mark.parametrize("name", MEASURED)
def test_four_times_as_much_costs_no_sixteen_times_as_much(name, child):
    def is_bounded() -> bool:
        small, large = (child.call(60, steps.dearest, name, length) for length in (LARGE, 4 * LARGE))
        return large <= MOST_GROWTH * max(small, MEASURABLE)

    # On a busy machine one measurement may be twice another; what is quadratic is so every time.
    assert any(is_bounded() for _ in range(3)), "bench/hostile_mail.py tells how dear it is"


def test_the_ordinary_mail_behind_each_of_twenty_arrives_though_readers_are_killed(tmp_path, compose):
    store = Store(tmp_path / "desk" / "desk.db")
    directory.add_company(store, "vltava", "Strojírny Vltava, a. s.", ["strojirny-vltava.example"])
    store.close()
    desk = Running(tmp_path).start()
    follower = _follower(desk)
    waited = []
    try:
        for at, name in enumerate(TWENTY):
            desk.send(mails.MAILS[name](5 * SMALL).replace(b"<n@test", f"<n{at}@test".encode()))
            if at % 5 == 4:
                _kill_reader(desk.process.pid)
            desk.send(compose("Dobrý den.", subject=f"Obyčejný {at}"))
            sent_at = time.monotonic()
            _wait_for(lambda at=at: f"Obyčejný {at}" in _subjects(tmp_path / "portal.db"))
            waited.append(round(time.monotonic() - sent_at, 1))
        assert desk.command("aside").returncode == 0
        print("seconds from the SMTP server to the portal's mirror:", waited)
    finally:
        follower.terminate()
        follower.wait(60)
        desk.end()


def _kill_reader(desk: int) -> None:
    """As the kernel does when memory runs out."""
    for child in psutil.Process(desk).children():
        with suppress(psutil.Error, ProcessLookupError):
            if any("worker_main" in word for word in child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)


def _follower(desk: Running) -> subprocess.Popen[bytes]:
    """The portal's sync as its service runs it."""
    environ = desk.environ | {"PORTAL_CORE_URL": desk.http, "PORTAL_SECRET_KEY": "k" * 40, "PORTAL_SYNC_SECONDS": "1"}
    flask = [sys.executable, "-m", "flask"]
    subprocess.run([*flask, "db", "upgrade"], env=environ, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return subprocess.Popen(
        [*flask, "sync", "run", "--forever"],
        env=environ,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _subjects(path) -> set[str]:
    with closing(sqlite3.connect(path, timeout=20)) as db:
        return {row[0] for row in db.execute("SELECT subject FROM ticket")}


def _wait_for(what, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)
