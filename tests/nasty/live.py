"""An installation as it runs by default, in its processes: mail goes in by SMTP, and is waited for on its page."""

import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import psutil
import requests

from portal.desk.database import Store
from portal.desk.ticketing import directory
from tests.nasty import mails

ROOT = Path(__file__).parents[2]
MANAGER, PASSWORD = "marie@strojirny-vltava.example", "four words nobody has guessed"
LENGTH = 100_000  # letters of a nasty mail
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
_PATIENCE = 300  # seconds for whatever is not measured


class Installation:
    """Desk, sync and pages; the desk wakes the sync by the portal's hook. close() ends all."""

    def __init__(self, folder: Path) -> None:
        self._web, self._core, self._smtp = _free_address(), _free_address(), _free_address()
        self._folder = folder
        self._environ = os.environ | {
            "FLASK_APP": str(ROOT / "app.py"),
            "PORTAL_INSTANCE": str(folder),
            "PORTAL_BASE_URL": f"http://{self._web}",
            "PORTAL_CORE_URL": f"http://{self._core}/core/v1",
            "PORTAL_DESK_HTTP": self._core,
            "PORTAL_DESK_SMTP": self._smtp,
            "PORTAL_DESK_POKE_URL": f"http://{self._web}/hooks/core",
        }
        self._children: list[subprocess.Popen[bytes]] = []
        self._session = requests.Session()

    def start(self) -> "Installation":
        """Everything runs, a manager of the one company is signed in, and one mail went all the way."""
        store = Store(self._folder / "desk" / "desk.db")
        directory.add_company(store, "vltava", "Strojírny Vltava, a. s.", ["strojirny-vltava.example"])
        store.close()
        self._run("db", "upgrade")
        for words in (("desk", "serve"), ("serve", "--port", self._web.rpartition(":")[2])):
            self._begin(*words)
        _wait_for(lambda: _answers(f"http://{self._core}/healthz") and _answers(f"http://{self._web}/healthz"))
        self._begin("sync", "run", "--forever")
        account = ("people", "add", MANAGER, "--name", "Marie Malá", "--company", "vltava", "--role", "manager")
        _wait_for(lambda: self._run(*account, "--password-stdin", typed=PASSWORD))
        self._sign_in()
        self.seconds_to_page("První")
        return self

    def send(self, raw: bytes) -> None:
        """Hand a mail to the desk; whether it takes it is the desk's own business."""
        host, _, port = self._smtp.rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=_PATIENCE) as client, suppress(smtplib.SMTPException):
            client.sendmail("jan@strojirny-vltava.example", ["noc@connectica.cz"], raw)

    def send_nasty(self, name: str, number: int) -> None:
        self.send(mails.MAILS[name](LENGTH).replace(b"<n@test", f"<n{number}@test".encode()))

    def seconds_to_page(self, subject: str) -> float:
        """Send an ordinary mail; how long until its words are read on its page."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = (
            "Jan Novák <jan@strojirny-vltava.example>",
            "noc@connectica.cz",
            subject,
        )
        mail["Message-ID"] = f"<{time.monotonic_ns()}@test.example>"
        mail.set_content(f"Dobrý den, {subject} nejde.")
        self.send(mail.as_bytes())
        sent_at = time.monotonic()
        _wait_for(lambda: self._is_on_its_page(subject))
        return time.monotonic() - sent_at

    def kill_workers(self) -> int:
        """Do to the workers of desk and sync what the kernel does when memory runs out; how many there were."""
        killed = 0
        for process in self._children:
            with suppress(psutil.Error):
                for child in psutil.Process(process.pid).children(recursive=True):
                    with suppress(psutil.Error, ProcessLookupError):
                        if any("worker_main" in word for word in child.cmdline()):
                            os.kill(child.pid, signal.SIGKILL)
                            killed += 1
        return killed

    def close(self) -> None:
        for child in reversed(self._children):
            child.terminate()
        for child in self._children:
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _is_on_its_page(self, subject: str) -> bool:
        found = self._session.get(f"http://{self._web}/tickets", params={"q": subject}, timeout=60).text
        numbers = dict.fromkeys(re.findall(r'href="/tickets/(\d+)[?"]', found))
        pages = (self._session.get(f"http://{self._web}/tickets/{number}", timeout=60).text for number in numbers)
        return any(f"Dobrý den, {subject} nejde." in page for page in pages)

    def _sign_in(self) -> None:
        page = self._session.get(f"http://{self._web}/sign-in", timeout=60)
        [token] = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[:1]
        form = {"email": MANAGER, "password": PASSWORD, "csrf_token": token}
        assert self._session.post(page.url, data=form, allow_redirects=False, timeout=60).status_code == 302

    def _begin(self, *words: str) -> None:
        command = [sys.executable, "-m", "flask", *words]
        log = (self._folder / f"{words[0]}.log").open("wb")
        self._children.append(
            subprocess.Popen(command, env=self._environ, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        )
        log.close()

    def _run(self, *words: str, typed: str = "") -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "flask", *words],
            env=self._environ,
            cwd=ROOT,
            input=typed.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        return done.returncode == 0


def measured(folder: Path) -> list[float]:
    """Seconds until the ordinary mail behind each of the twenty was on its page; workers are killed meanwhile."""
    installation = Installation(folder)
    try:
        installation.start()
        waited = []
        for number, name in enumerate(TWENTY):
            installation.send_nasty(name, number)
            if number % 4 == 3:
                installation.kill_workers()
            waited.append(installation.seconds_to_page(f"Obyčejný {number}"))
        return waited
    finally:
        installation.close()


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code < 500
    except requests.RequestException:
        return False


def _wait_for(what, seconds: float = _PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.1)
