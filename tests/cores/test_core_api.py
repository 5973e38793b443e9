"""The adapter for Core API v1 against the real desk, over HTTP."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from pathlib import Path
from typing import cast

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.cores.core_api import DeskCore
from portal.cores.records import TicketRecord
from portal.desk import database
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.ticketing import directory, prices, tickets
from portal.errors import CoreRefused, CursorUnknown
from tests.cores.contract import CATEGORY, COMPANY, CoreContract

TOKEN = "a token of the tests, long enough"
EMPLOYEE, TECHNICIAN = "Jana Nová <jana@vltava.example>", "Radek Vymazal <radek@connectica.example>"


class DeskStage:
    """The desk's users: they write mails."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers = count(1)

    def open_ticket(self, subject: str, text: str) -> str:
        return self._send(EMPLOYEE, subject, text)

    def answer(self, ticket: str, text: str, *, time: str = "", state: str = "") -> None:
        lines = [text, "", time, f"STAV: {state.replace('_', ' ').replace('to be', 'be')}" if state else ""]
        self._send(TECHNICIAN, f"Re: [Connectica #{ticket}]", "\n".join(lines))

    def note_internally(self, ticket: str, text: str, *, time: str = "") -> None:
        self._send(TECHNICIAN, f"Re: [Connectica #{ticket}]", f"{text}\n\nINTERNI\n{time}\n")

    def attach(self, ticket: str, name: str, content: bytes) -> None:
        with self._store.read() as db:
            tag = tickets.by_number(db, ticket).tag("Connectica")
        self._send(EMPLOYEE, f"Re: {tag}", "V příloze.", files=[(name, content)])

    def ask_approval(self, ticket: str, question: str) -> None:
        self._send(TECHNICIAN, f"Re: [Connectica #{ticket}]", f"Zeptám se.\n\nSCHVALIT: {question}\n")

    def remove(self, ticket: str) -> None:
        tickets.remove(self._store, ticket)

    def merge(self, ticket: str, into: str) -> None:
        tickets.remove(self._store, ticket, merged_into=into)

    def notes_of(self, ticket: str) -> list[str]:
        with self._store.read() as db:
            rows = db.execute(
                "SELECT note.text FROM note JOIN ticket ON ticket.id = note.ticket WHERE number = ? ORDER BY note.id",
                (ticket,),
            )
            return [row["text"] for row in rows]

    def _send(self, sender: str, subject: str, text: str, files: list[tuple[str, bytes]] | None = None) -> str:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, "noc@connectica.example", subject
        mail["Message-ID"] = f"<{next(self._numbers)}@contract.example>"
        mail.set_content(text)
        for name, content in files or []:
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        received = intake.receive(self._store, mail.as_bytes(), trusted=sender == TECHNICIAN)
        assert received.outcome in {"opened", "answered"}, received
        return received.ticket


class TestDeskCore(CoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = Store(tmp_path / "desk.db")
        directory.add_company(store, COMPANY, "Strojírny Vltava, a. s.", ["vltava.example"])
        directory.add_technician(store, "radek.vymazal", "Radek Vymazal", "radek@connectica.example")
        prices.add_price(store, CATEGORY, "Programátorské práce", "1250.00", date(2026, 1, 1))
        yield store
        store.close()

    @pytest.fixture
    def url(self, store: Store) -> Iterator[str]:
        server = make_server("127.0.0.1", 0, create_api(store, TOKEN), threaded=True, request_handler=_Quiet)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.port}/core/v1"
        server.shutdown()
        server.server_close()

    @pytest.fixture
    def core(self, url: str) -> DeskCore:
        return DeskCore(url, TOKEN, page=5)

    @pytest.fixture
    def stage(self, store: Store) -> DeskStage:
        return DeskStage(store)

    def test_a_confidential_ticket_says_so(self, core: DeskCore, stage: DeskStage):
        ticket = stage.open_ticket("Výpověď", "Jen mezi námi.")
        assert _told(core, ticket).confidential is False
        stage.answer(ticket, "Rozumím.\n\nDUVERNE")
        assert _told(core, ticket).confidential is True

    def test_a_desk_put_back_from_a_copy_and_grown_since_refuses_cursors_of_before(
        self, core: DeskCore, stage: DeskStage, store: Store, tmp_path: Path
    ):
        stage.open_ticket("První", "a")
        copy = tmp_path / "copy.db"
        with closing(sqlite3.connect(store.path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        for number in range(3):
            stage.open_ticket(f"Ztracený {number}", "b")
        (*_, page) = core.changes(None)
        store.close()
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(store.path)) as target:
            source.backup(target)
        database.rename(store.path)
        for number in range(9):
            stage.open_ticket(f"Nový {number}", "c")
        with pytest.raises(CursorUnknown):
            list(core.changes(page.cursor))
        assert len({change.core_id for page in core.changes(None) for change in page.changes}) == 10

    def test_a_wrong_token_is_refused(self, url: str):
        with pytest.raises(CoreRefused, match="401"):
            DeskCore(url, "another token").companies()

    def test_a_cursor_of_another_desk_is_refused(self, core: DeskCore):
        with pytest.raises(CoreRefused, match="400"):
            list(core.changes("no-such-cursor"))


def _told(core: DeskCore, ticket: str) -> TicketRecord:
    records = [change for page in core.changes(None) for change in page.changes if change.core_id == ticket]
    return cast(TicketRecord, records[-1])


class _Quiet(WSGIRequestHandler):
    wbufsize = -1  # headers and body in one packet: unbuffered they wait for each other's acknowledgement

    def log(self, *args: object) -> None:
        """Tests are read for what fails."""
