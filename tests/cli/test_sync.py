"""connectica-portal sync, as an administrator types it, over the real desk."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from portal.db import db
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.ticketing import directory
from portal.domain import sync_state
from portal.domain.tickets.models import TicketCount

ROOT = Path(__file__).parents[2]
TOKEN = "a token of the tests, long enough for us"
MAIL = (
    b"From: Jana <jana@vltava.example>\r\nSubject: =?utf-8?q?Tisk=C3=A1rna?=\r\nMessage-ID: <%d@x>\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nNejde.\r\n'
    b'--b\r\nContent-Type: text/csv; name="a.csv"\r\nContent-Disposition: attachment\r\n\r\n1;2\r\n--b--\r\n'
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "desk.db")
    directory.add_company(store, "vltava", "Strojírny Vltava, a. s.", ["vltava.example"])
    intake.receive(store, MAIL % 1)
    yield store
    store.close()


@pytest.fixture
def flask(app, store: Store):
    """The command line of a portal whose core is that desk: flask("sync", "run")."""
    server = make_server("127.0.0.1", 0, create_api(store, TOKEN), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    app.config.update(CORE_URL=f"http://127.0.0.1:{server.port}/core/v1", CORE_TOKEN=TOKEN)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield lambda *words: app.test_cli_runner().invoke(args=words)
    for number, handler in before.items():
        signal.signal(number, handler)
    server.shutdown()
    server.server_close()


def test_a_run_mirrors_tickets_and_files_and_sums_up(flask, app):
    result = flask("sync", "run")
    assert result.exit_code == 0, result.output
    assert "changes read: 1, mirrored: 1, withdrawn: 0, set aside: 0" in result.output
    assert "files brought: 1" in result.output
    (kept,) = (Path(app.config["INSTANCE"]) / "attachments").glob("??/*")
    assert kept.read_bytes().startswith(b"1;2")
    assert "mirrored: 0" in flask("sync", "run").output
    assert "mirrored: 0" in flask("sync", "run", "--full").output


def test_a_core_that_is_away_is_said_in_plain_words(flask, app):
    app.config["CORE_URL"] = "http://127.0.0.1:9/core/v1"
    result = flask("sync", "run")
    assert (result.exit_code, "cannot be reached" in result.output, "Traceback" in result.output) == (1, True, False)
    status = flask("sync", "status").output
    assert "never" in status
    assert "cannot be reached" in status


def test_verify_finds_a_wrong_counter_and_mends_it(flask):
    flask("sync", "run")
    assert flask("sync", "verify").exit_code == 0
    db.session.execute(TicketCount.__table__.update().values(tickets=7))
    db.session.commit()
    found = flask("sync", "verify")
    assert (found.exit_code, "its counter says 7" in found.output) == (1, True)
    assert "1 mended" in flask("sync", "verify", "--mend").output
    assert flask("sync", "verify").exit_code == 0


def test_the_service_follows_the_core_and_ends_at_sigterm(flask, app, store, database_url, tmp_path):
    where = {
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_INSTANCE": str(tmp_path),
        "PORTAL_SYNC_SECONDS": "600",
        "PORTAL_CORE_URL": app.config["CORE_URL"],
        "PORTAL_CORE_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "flask", "--app", "app.py", "sync", "run", "--forever"]
    service = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **where}, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert "following" in service.stdout.readline()
        assert "mirrored: 1" in service.stdout.readline()
        intake.receive(store, MAIL % 2)
        sync_state.wake()
        assert "mirrored: 1" in service.stdout.readline()
        before = sync_state.whole_at()
        db.session.rollback()
        assert "the running sync reads everything now" in flask("sync", "run", "--full").output
        until = time.monotonic() + 20
        while sync_state.whole_at() == before and time.monotonic() < until:
            db.session.rollback()
            time.sleep(0.1)
        assert sync_state.whole_at() > before
    finally:
        service.terminate()
    assert (service.wait(20), "ended" in service.stdout.read()) == (0, True)
    assert sync_state.age().reached_at is not None
