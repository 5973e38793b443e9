"""The real desk over HTTP, the real sync and the real portal side by side, moved on step by step by a test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from itertools import count
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from portal.cores.core_api import DeskCore
from portal.db import db
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import directory, prices
from portal.domain.approvals import deadlines
from portal.domain.companies.models import Company
from portal.domain.questions import workflow
from portal.domain.users import models as people
from portal.domain.users.permissions import MANAGER, STAFF
from portal.errors import CoreAway
from portal.lib import urls
from portal.mailer import worker
from portal.mailer.postman import FolderPostman
from portal.sync import lease
from portal.sync.engine import Sync
from portal.sync.note_delivery import deliver
from tests.factories import mirror

TOKEN = "a token of the tests, long enough"
NOC = "noc@connectica.cz"
EMPLOYEE, MANAGER_ADDRESS = "Eva Dvořáková <eva@vltava.example>", "marie@vltava.example"
TECHNICIAN, STAFF_ADDRESS = "Radek Vymazal <radek@connectica.cz>", "dana@connectica.cz"


class WholeSystem:
    """beat() is what the service does all the time; mails go in by send(), and are read where they arrive."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app, self._letters, self._numbers = app, folder / "letters", count(1)
        self.store = Store(folder / "desk.db")
        directory.add_company(self.store, "vltava", "Strojírny Vltava, a. s.", ["vltava.example"])
        directory.add_technician(self.store, "radek.vymazal", "Radek Vymazal", "radek@connectica.cz")
        prices.add_price(self.store, "PROGP85", "Programátorské práce", "850.00", date(2026, 1, 1))
        self._desk = served(create_api(self.store, TOKEN))
        self.core = DeskCore(f"http://127.0.0.1:{self._desk.port}/core/v1", TOKEN)
        self._portal = served(app)
        self.address = f"http://127.0.0.1:{self._portal.port}"
        urls.are(base_url=self.address, noc=NOC)

    def close(self) -> None:
        for server in (self._desk, self._portal):
            server.shutdown()
            server.server_close()
        self.store.close()

    def send(self, sender: str, subject: str, text: str, *, answers: EmailMessage | None = None) -> str:
        """A mail to the NOC; technicians' mail is authenticated. The number of its ticket."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, NOC, subject
        mail["Message-ID"] = f"<{next(self._numbers)}@people.example>"
        if answers is not None:
            mail["In-Reply-To"] = answers["Message-ID"]
            quoted = "".join(f"> {row}\n" for row in answers.get_content().splitlines())
            text = f"{text}\n\nDne 23. 11. 2026 v 10:00 Connectica napsal(a):\n{quoted}"
        mail.set_content(text)
        received = intake.receive(self.store, mail.as_bytes(), trusted="@connectica.cz" in sender)
        assert received.outcome in {"opened", "answered"}, received
        return received.ticket

    def beat(self) -> None:
        """One round of everything that runs by itself."""
        with self.app.app_context():
            lead = lease.take("sync", lease.new_holder())
            assert lead
            try:
                Sync(self.core).run(lead)
            finally:
                lease.give_back(lead)
            deadlines.run()
            workflow.run()
            deliver(self.core)
            worker.deliver(FolderPostman(self._letters), sender=NOC)
            db.session.remove()

    def hire(self) -> None:
        """The company's manager and Connectica's dispatcher get accounts."""
        with self.app.app_context():
            company = db.session.scalars(select(Company)).one()
            for email, name, role, owner in (
                (MANAGER_ADDRESS, "Marie Malá", MANAGER, company),
                (STAFF_ADDRESS, "Dana Dispečerka", STAFF, None),
            ):
                people.add(
                    email=email,
                    name=name,
                    company=owner,
                    role=role,
                    language="cs",
                    password_hash=mirror.PASSWORD_HASH,
                )
            db.session.remove()

    def letters_to(self, address: str) -> list[EmailMessage]:
        """What the portal sent to somebody, in order."""
        mails = [
            message_from_bytes(path.read_bytes(), policy=default) for path in sorted(self._letters.glob("*.eml"))
        ]
        return [mail for mail in mails if address in mail["To"]]

    def desk_wrote(self, number: str, kind: str) -> list[EmailMessage]:
        """What the desk sent about a ticket, of one kind, in order."""
        found = []
        for letter in outbox.letters_of(self.store, number):
            if letter.kind == kind:
                with self.store.read() as desk:
                    raw = desk.execute("SELECT raw FROM outbox WHERE id = ?", (letter.id,)).fetchone()["raw"]
                found.append(message_from_bytes(raw, policy=default))
        return found

    def desk_notes(self, number: str) -> list[tuple[str, str]]:
        """Decision and text of every note the desk was told about a ticket."""
        with self.store.read() as desk:
            rows = desk.execute(
                "SELECT note.decision, note.text FROM note JOIN ticket ON ticket.id = note.ticket WHERE number = ? "
                "ORDER BY note.id",
                (number,),
            )
            return [(row["decision"], row["text"]) for row in rows]

    @contextmanager
    def core_is_away(self) -> Iterator[None]:
        """Nobody answers where the core was."""
        real, self.core = self.core, _Away()
        try:
            yield
        finally:
            self.core = real


class _Away:
    def __getattr__(self, name: str):
        def nobody(*_args: object, **_facts: object):
            raise CoreAway("nobody answers")

        return nobody


class _Quiet(WSGIRequestHandler):
    wbufsize = -1

    def log_request(self, *_: object) -> None:
        pass


def served(app: Flask) -> BaseWSGIServer:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server
