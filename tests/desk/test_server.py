"""The running desk: one process, real sockets, clean ends, and nothing lost when it is killed."""

import os
import re
import signal
import smtplib
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from portal import clock
from portal.desk.database import Store
from portal.desk.ticketing import directory

ROOT = Path(__file__).parent.parent.parent
TOKEN = "c" * 40


class Running:
    """`connectica-portal desk serve` as a child process."""

    def __init__(self, folder, **settings):
        self.environ = (
            os.environ
            | {
                "PORTAL_INSTANCE": str(folder),
                "PORTAL_CORE_TOKEN": TOKEN,
                "PORTAL_DESK_HTTP": "127.0.0.1:0",
                "PORTAL_DESK_SMTP": "127.0.0.1:0",
                "FLASK_APP": str(ROOT / "app.py"),
                "PYTHONUNBUFFERED": "1",
            }
            | settings
        )

    def command(self, *words):
        return subprocess.run(
            [sys.executable, "-m", "flask", "desk", *words],
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flask", "desk", "serve"],
            env=self.environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        found = re.search(r"SMTP\) 127.0.0.1:(\d+) · Core API (\S+)", self.process.stdout.readline())
        assert found, "the desk did not start"
        self.smtp, self.http = int(found[1]), found[2]
        return self

    def send(self, raw):
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=20) as client:
            client.sendmail("jan@strojirny-vltava.example", ["noc@connectica.cz"], raw)

    def tickets(self):
        answer = requests.get(f"{self.http}/changes", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
        return answer.json()["changes"]

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


@pytest.fixture
def desk(tmp_path):
    running = Running(tmp_path)
    yield running
    if hasattr(running, "process") and running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def wait_for(what, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    return what()


def test_a_mail_is_a_ticket_within_seconds_and_its_confirmation_leaves(desk, compose, tmp_path):
    directory.add_company(Store(tmp_path / "desk" / "desk.db"), "vltava", "Vltava", ["strojirny-vltava.example"])
    desk.start()
    began = time.monotonic()
    desk.send(compose("Nejde tisk."))
    [ticket] = wait_for(desk.tickets)
    assert time.monotonic() - began < 5
    assert ticket["company"] == "vltava"
    assert wait_for(lambda: list((tmp_path / "desk" / "outbox").glob("*received.eml")))
    assert desk.end() == 0


def test_what_was_accepted_survives_a_kill(desk, compose):
    desk.start()
    for n in range(20):
        desk.send(compose(f"mail {n}"))
    desk.end(signal.SIGKILL)
    desk.start()
    wait_for(lambda: len(desk.tickets()) == 20)
    assert len(desk.tickets()) == 20
    assert desk.end(signal.SIGINT) == 0


def test_a_busy_port_is_said_plainly(desk, tmp_path):
    desk.start()
    other = Running(tmp_path / "other", PORTAL_DESK_SMTP=f"127.0.0.1:{desk.smtp}")
    said = other.command("serve")
    assert said.returncode == 1
    assert "PORTAL_DESK_SMTP" in said.stderr
    assert "Traceback" not in said.stderr


def test_the_portal_is_poked_when_something_changes(tmp_path, compose):
    import hmac
    import threading
    from hashlib import sha256
    from http.server import BaseHTTPRequestHandler, HTTPServer

    pokes = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            pokes.append((self.headers["X-Portal-Timestamp"], self.headers["X-Portal-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_port}/hooks/core"
    desk = Running(tmp_path, PORTAL_DESK_POKE_URL=hook, PORTAL_CORE_HOOK_SECRET="h" * 40).start()
    try:
        desk.send(compose())
        assert wait_for(lambda: pokes)
        stamp, signature = pokes[0]
        assert abs(int(stamp) - clock.now().timestamp()) < 300
        assert signature == "sha256=" + hmac.new(b"h" * 40, f"{stamp}.".encode(), sha256).hexdigest()
    finally:
        assert desk.end() == 0
        server.shutdown()
        server.server_close()
