"""Several real processes: one leads, the next one takes over when it is killed, and no change is applied twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import db
from portal.domain.sync_state import Lease
from portal.sync import verify

ROOT = Path(__file__).parents[2]
SERVICE = """
from portal import create_app
from portal.sync import service
from portal.sync.engine import Sync
from tests.sync.test_deaths import long_story
with create_app().app_context():
    service.follow(Sync(long_story()), pause=0.2, stopping=lambda: False)
"""


@pytest.fixture
def start(database_url, tmp_path):
    """Starts a process that follows the core; all are ended at the end."""
    script, running = tmp_path / "service.py", []
    script.write_text(SERVICE)
    where = {"PYTHONPATH": str(ROOT), "PORTAL_DATABASE_URL": database_url, "PORTAL_INSTANCE": str(tmp_path)}

    def start():
        running.append(subprocess.Popen([sys.executable, script], env={**os.environ, **where}))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def _leader():
    db.session.rollback()
    return db.session.execute(select(Lease.holder, Lease.fence).where(Lease.name == "sync")).first()


def _pid(leader):
    return int(leader.holder.split(":")[1])


def _until(true, seconds):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)


def test_a_killed_leader_is_followed_and_nothing_is_done_twice(app, start):
    processes = {process.pid: process for process in (start(), start(), start())}
    _until(lambda: _leader() is not None and _leader().holder, 60)
    first = _leader()
    time.sleep(1)
    assert _leader().holder == first.holder, "while it lives, it leads"
    processes[_pid(first)].send_signal(signal.SIGKILL)
    _until(lambda: _leader().holder != first.holder, 30)
    second = _leader()
    assert second.fence == first.fence + 1
    assert _pid(second) in processes
    assert verify.faults() == []
