"""The whole demo as a newcomer meets it: started by its command, written to by mail, read in a browser, ended."""

import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage

import psutil
import pytest
import requests

from portal.config import ROOT

PATIENCE = 120  # seconds, on a machine busy with everything else


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Demo:
    """A demo in a folder of its own, at ports of its own."""

    def __init__(self, folder):
        self.portal, self.desk, self.smtp = (f"127.0.0.1:{free_port()}" for _ in range(3))
        self.said = folder / "said.txt"
        self.environment = os.environ | {
            "FLASK_APP": str(ROOT / "app.py"),
            "PORTAL_DATABASE_URL": "postgresql://nobody@nowhere.invalid/of-mine",
            "PORTAL_INSTANCE": str(folder / "instance"),
            "PORTAL_DEMO_FOLDER": str(folder / "demo"),
            "PORTAL_DEMO_TICKETS": "30",
            "PORTAL_DEMO_PORTAL": self.portal,
            "PORTAL_DEMO_DESK": self.desk,
            "PORTAL_DEMO_SMTP": self.smtp,
        }

    def command(self, *words, **options):
        return subprocess.run(
            [sys.executable, "-m", "flask", "demo", *words],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            **options,
        )

    def start(self):
        with self.said.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flask", "demo", "run"],
                env=self.environment,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started = time.monotonic()
        while "The demo runs" not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() - started < PATIENCE, self.said.read_text()
            time.sleep(0.1)
        return time.monotonic() - started

    def end(self):
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.said.read_text()
        _gone, alive = psutil.wait_procs(family, timeout=5)
        assert not alive
        return len(family)

    def sign_in(self, email):
        session = requests.Session()
        page = session.get(f"http://{self.portal}/", timeout=20)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        form = {"email": email, "password": "connectica-demo", "csrf_token": token}
        assert session.post(page.url, data=form, timeout=20).ok
        return session

    def page(self, session, address):
        return session.get(f"http://{self.portal}{address}", timeout=20).text


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path)
    yield demo
    if demo.process.poll() is None:
        demo.end()


def test_a_newcomer_starts_writes_reads_and_ends_the_demo(demo):
    demo.start()
    for address in (demo.portal, demo.desk, demo.smtp):
        assert address in demo.said.read_text()

    session = demo.sign_in("manazer@ak-hora.example")
    assert "Předplaceno na" in demo.page(session, "/invoices/upcoming")
    assert re.search(r"/tickets/20\d{6}", demo.page(session, "/tickets"))

    mail = EmailMessage()
    mail["From"], mail["To"] = "Vít Hora <vit.hora@ak-hora.example>", "noc@connectica.cz"
    mail["Subject"] = "Skartovačka hlásí plno"
    mail.set_content("Dobrý den, skartovačka hlásí plno a není.")
    with smtplib.SMTP(*demo.smtp.split(":"), timeout=20) as server:
        server.send_message(mail)
    sent = time.monotonic()
    while "Skartovačka hlásí plno" not in demo.page(session, "/tickets"):
        assert time.monotonic() - sent < 25, "the desk does not wake the sync, which looks by itself every 30 s"
        time.sleep(0.2)
    assert "Skartovačka" not in demo.page(demo.sign_in("manazer@tri-lipy.example"), "/tickets")
    assert "Skartovačka hlásí plno" in demo.page(requests.Session(), "/demo/mail")

    refused = demo.command("run")
    assert refused.returncode == 1
    assert "PORTAL_DEMO_PORTAL=" in refused.stderr
    assert "end it first (Ctrl-C where it runs)" in demo.command("reset").stderr

    assert demo.end() >= 3
    assert "its data is kept" in demo.said.read_text()

    demo.start()
    assert "Making a year" not in demo.said.read_text()
    assert "Skartovačka hlásí plno" in demo.page(demo.sign_in("manazer@ak-hora.example"), "/tickets")
    desk = next(
        child for child in psutil.Process(demo.process.pid).children() if "desk" in " ".join(child.cmdline()[-3:])
    )
    desk.kill()
    assert demo.process.wait(PATIENCE) == 1
    assert "The desk ended (code -9)" in demo.said.read_text()

    assert demo.command("reset").returncode == 0
    assert not (demo.said.parent / "demo").exists()
