"""A real Request Tracker for the tests, and what its users do in it; one is started, and emptied before each test."""

import os
import shutil
import socket
import subprocess
import time
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import requests

from portal.cores.rt.adapter import RtCore
from portal.cores.rt.client import Rest

ROOT = Path(__file__).parent.parent.parent.parent
EMPLOYEE = "Jana Nová <jana@vltava.example>"
TECHNICIAN = "radek.vymazal"
_STATUSES = {"to_be_invoiced": "be_invoiced", "done": "resolved"}


class Lab:
    """The server: started on a free port, stopped by its pid."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = "a secret of the tests, long enough for us"
        self.poked: list[tuple[bytes, dict[str, str]]] = []  # of each poke: body and headers
        self._ear = HTTPServer(("127.0.0.1", 0), _ear_for(self.poked))
        Thread(target=self._ear.serve_forever, args=(0.05,), daemon=True).start()
        hook = f"http://127.0.0.1:{self._ear.server_port}/hooks/core"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {**os.environ, "PORTAL_HOOK_URL": hook, "PORTAL_HOOK_SECRET": self.secret}
        script = [str(ROOT / "deploy/rt/lab.sh"), "start", str(folder), str(self.port)]
        started = subprocess.run(script, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert started.returncode == 0, f"{started.stderr}\n{_end_of(folder / 'setup.log')}"
        self.password = (folder / "root-password").read_text()
        self._wait()
        self.sql(".backup empty.sqlite")

    def empty(self) -> None:
        """As it was at the start: the file is put back under the running server, by SQLite's own means."""
        self.sql(".restore empty.sqlite")

    def stop(self) -> None:
        subprocess.run([str(ROOT / "deploy/rt/lab.sh"), "stop", str(self.folder)], check=False)
        self._ear.shutdown()
        self._ear.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def signed_in(self, user: str) -> requests.Session:
        session = requests.Session()
        form = {"user": user, "pass": self.password, "next": ""}
        session.post(f"{self.url}/NoAuth/Login.html", data=form, headers={"Referer": f"{self.url}/"}, timeout=30)
        return session

    def core(self, *, page: int = 100, token: str = "", **more: Any) -> RtCore:
        password = "" if token else self.password
        return RtCore(Rest(self.url, user="portal", password=password, token=token, queue="IT"), page=page, **more)

    def rt(self, *command: str, **how: Any) -> str:
        """What a command of RT's says; it runs with the lab's configuration."""
        script = [str(ROOT / "deploy/rt/lab.sh"), "rt", str(self.folder), *command]
        done = subprocess.run(script, capture_output=True, text=True, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def account(self, *words: str) -> str:
        """account.pl, as an administrator calls it."""
        return self.rt("perl", str(self.folder / "account.pl"), *words)

    def load(self) -> subprocess.CompletedProcess[str]:
        """load.sh once more, over this lab as over an administrator's Request Tracker."""
        environment = {
            **os.environ,
            "RT_LAB": str(self.folder),
            "RT_PORT": str(self.port),
            "HOME": str(self.folder),
            "RT_ETC": str(self.folder / "etc"),
            "RT_LOCAL": str(self.folder),
            "RT_SITE_CONFIG": str(self.folder / "etc/RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.folder / "etc/RT_SiteConfig.d"),
        }
        return subprocess.run(
            [str(ROOT / "deploy/rt/load.sh")],
            env=environment,
            input=f"{self.password}\n",
            capture_output=True,
            text=True,
            check=False,
        )

    def multiply(self, times: int) -> None:
        """So many copies of all tickets there are, at once."""
        script = (Path(__file__).parent / "multiply.py").read_text()
        self.rt("/usr/bin/python3", "-", str(self.folder / "db/rt5.sqlite"), str(times), input=script)

    def mails(self) -> list[str]:
        """What RT has mailed, oldest first."""
        return [path.read_text("utf-8", "replace") for path in sorted((self.folder / "outbox").glob("*.eml"))]

    def log(self) -> str:
        return _end_of(self.folder / "server.log")

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if requests.get(f"{self.url}/NoAuth/Login.html", timeout=30).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError(f"Request Tracker does not answer: {self.log()}")

    def sql(self, command: str) -> str:
        sqlite = ["sqlite3", "-cmd", ".timeout 20000", "rt5.sqlite", command]
        done = subprocess.run(
            sqlite, cwd=self.folder / "db", check=True, user="www-data", capture_output=True, text=True
        )
        return done.stdout.strip()


class RtStage:
    """RT's users: employees write mails, technicians use REST2, root removes and merges."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._numbers = count(1)
        self._technician, self._root = lab.signed_in(TECHNICIAN), lab.signed_in("root")

    def open_ticket(self, subject: str, text: str) -> str:
        self.mail(EMPLOYEE, subject, text)
        found = self._rest("GET", "tickets?query=Queue='IT'&orderby=id&order=DESC&per_page=1")
        return str(found["items"][0]["id"])

    def answer(self, ticket: str, text: str, *, time: str = "", state: str = "", minutes: int = 0) -> None:
        _next_second()  # RT's stamps know no parts of seconds
        self._write(ticket, "correspond", "\n".join([text, "", time]), minutes=minutes)
        if state:
            self._rest("PUT", f"ticket/{ticket}", json={"Status": _STATUSES.get(state, state)})

    def note_internally(self, ticket: str, text: str, *, time: str = "", minutes: int = 0) -> None:
        self._write(ticket, "comment", f"{text}\n\n{time}\n", minutes=minutes)

    def attach(self, ticket: str, name: str, content: bytes) -> None:
        self.mail(EMPLOYEE, f"Re: [connectica.example #{ticket}] Příloha", "V příloze.", files=[(name, content)])

    def take(self, ticket: str) -> None:
        self._rest("PUT", f"ticket/{ticket}/take", by=self._technician, json={})

    def ask_approval(self, ticket: str, question: str) -> None:
        self._write(ticket, "correspond", f"Zeptám se.\n\nSCHVALIT: {question}\n")

    def fill(self, tickets: int = 4) -> None:
        """Tickets as people write them: an HTML mail with a file, answers, a note, times, changes of state."""
        for n in range(tickets):
            number = self.open_ticket(f"Požadavek {n}", "Dobrý den,\n\n" + "prosím o pomoc s tiskárnou. " * 20)
            self.attach(number, "snímek.png", os.urandom(20_000))
            self.take(number)
            self._write(number, "correspond", "Podívám se na to.\n\nPROGP85:0,50\n")
            self.note_internally(number, "Starý ovladač.", time="PROGP85:0,25")
            self._write(number, "correspond", "Hotovo.\n")
            self._rest("PUT", f"ticket/{number}", json={"Status": ("be_invoiced", "resolved", "open")[n % 3]})

    def make(self, **values: object) -> None:
        """A ticket by an administrator's hand."""
        self._rest(
            "POST", "ticket", json={"Queue": "IT", "ContentType": "text/plain", "Content": "Telefonem."} | values
        )

    def set_organization(self, user: str, organization: str) -> None:
        self._rest("PUT", f"user/{user}", json={"Organization": organization})

    def disable_field(self, name: str) -> None:
        wanted = [{"field": "Name", "value": name}, {"field": "LookupType", "value": "RT::Queue-RT::Ticket"}]
        (found,) = self._rest("POST", "customfields", json=wanted)["items"]
        self._rest("PUT", f"customfield/{found['id']}", json={"Disabled": 1})

    def add_queue(self, name: str) -> None:
        self._rest("POST", "queue", json={"Name": name})

    def set(self, ticket: str, **values: object) -> None:
        """An administrator changes a ticket: Status, Queue, CustomFields, …"""
        self._rest("PUT", f"ticket/{ticket}", json=values)

    def remove(self, ticket: str) -> None:
        self._rest("PUT", f"ticket/{ticket}", json={"Status": "deleted"})

    def merge(self, ticket: str, into: str) -> None:
        self._rest("PUT", f"ticket/{ticket}", json={"MergeInto": int(into)})

    def notes_of(self, ticket: str) -> list[str]:
        query = f"ObjectType='RT::Ticket' AND TicketId={ticket} AND Type='Comment'"
        comments = self._rest("GET", f"transactions?query={query}&orderby=id&per_page=100")["items"]
        wanted = [{"field": "TransactionId", "operator": "IN", "value": [int(each["id"]) for each in comments]}]
        if not comments:
            return []
        parts = self._rest("POST", "attachments?fields=Content&orderby=id&per_page=100", json=wanted)["items"]
        return [part["Content"] for part in parts]

    def mail(
        self, sender: str, subject: str, text: str, *, files: list[tuple[str, bytes]] | None = None, **headers: str
    ) -> None:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, "noc@connectica.example", subject
        mail["Message-ID"] = f"<{next(self._numbers)}@contract.example>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        for name, content in files or []:
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        gate = ["rt-mailgate", "--queue", "IT", "--action", "correspond", "--url", self._lab.url, "--debug"]
        done = subprocess.run(gate, input=mail.as_bytes(), capture_output=True, check=False)
        assert done.returncode == 0, f"{done.stderr.decode()}\n{self._lab.log()}"

    def _write(self, ticket: str, what: str, text: str, *, minutes: int = 0) -> None:
        words = {"ContentType": "text/plain", "Content": text} | ({"TimeTaken": minutes} if minutes else {})
        self._rest("POST", f"ticket/{ticket}/{what}", by=self._technician, json=words)

    def _rest(self, method: str, path: str, *, by: requests.Session | None = None, json: object = None) -> dict:
        session = by or self._root
        answer = session.request(method, f"{self._lab.url}/REST/2.0/{path}", json=json, timeout=60)
        assert answer.ok, f"{method} {path}: {answer.text}\n{self._lab.log()}"
        found = answer.json()
        return found if isinstance(found, dict) else {"said": found}


def _ear_for(poked: list[tuple[bytes, dict[str, str]]]) -> type[BaseHTTPRequestHandler]:
    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            poked.append((self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are read for what fails."""

    return Ear


def _next_second() -> None:
    time.sleep(1.02 - time.time() % 1)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:] if log.exists() else ""
