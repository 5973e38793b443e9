"""The desk's users as a stage: mails, and what the desk's own commands do."""

import base64
import sqlite3
from contextlib import closing
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from pathlib import Path
from typing import Any

from portal import clock
from portal.cores.conformance.stage import Missing, StageFailed
from portal.desk import database
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.ticketing import directory, invoicing, prices, tickets

CATEGORY = "PROGP85"
EMPLOYEES = {
    "vltava": "Jana Nová <Jana@vltava.example>",
    "hora": "Petr Hora <petr@hora.example>",
}
TECHNICIAN = "Radek Vymazal <radek@connectica.example>"
_STATES = {"": "", "open": "STAV: open", "to_be_invoiced": "STAV: be invoiced", "done": "STAV: done"}


def furnished(path: Path) -> Store:
    """A desk with two companies, a technician and a price."""
    store = Store(path)
    for company in EMPLOYEES:
        directory.add_company(store, company, f"{company.title()}, a. s.", [f"{company}.example"])
    directory.add_technician(store, "radek.vymazal", "Radek Vymazal", "radek@connectica.example")
    prices.add_price(store, CATEGORY, "Programátorské práce", "1250.00", date(2026, 1, 1))
    return store


class DeskStage:
    """Plays the verbs; see portal.cores.conformance.stage.VERBS."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers = count(1)

    def play(self, verb: str, **what: Any) -> Any:
        play = getattr(self, f"_{verb}", None)
        if play is None:
            raise Missing(f"the desk's stage has no verb {verb!r}")
        return play(**what)

    def _facts(self) -> dict[str, Any]:
        companies = [{"core_id": company, "sender": sender} for company, sender in EMPLOYEES.items()]
        return {"companies": companies, "category": CATEGORY, "states": ["open", "to_be_invoiced", "done"]}

    def _mail_in(
        self, sender: str, subject: str, text: str, ticket: str = "", files: list[dict[str, str]] | None = None
    ) -> str:
        if ticket:
            with self._store.read() as db:
                subject = f"Re: {tickets.by_number(db, ticket).tag('Connectica')} {subject}"
        return self._send(sender, subject, text, files)

    def _answer(self, ticket: str, text: str, category: str = "", hours: str = "", state: str = "") -> None:
        self._written(ticket, [text, "", _time(category, hours), _STATES[state]])

    def _note_internally(
        self,
        ticket: str,
        text: str,
        category: str = "",
        hours: str = "",
        files: list[dict[str, str]] | None = None,
    ) -> dict[str, list[str]]:
        self._written(ticket, [text, "", "INTERNI", _time(category, hours)], files)
        with self._store.read() as db:
            hidden = db.execute(
                "SELECT attachment.id FROM attachment JOIN message ON message.id = message"
                " JOIN ticket ON ticket.id = message.ticket WHERE number = ? AND public = 0",
                (ticket,),
            )
            return {"files": [str(row["id"]) for row in hidden]}

    def _assign(self, ticket: str, **_: Any) -> dict[str, str]:
        self._written(ticket, ["Beru si to.", "", "INTERNI", "RESI: radek.vymazal"])
        return {"name": "Radek Vymazal"}

    def _due(self, ticket: str, day: str, **_: Any) -> None:
        year, month, number = day.split("-")
        self._written(ticket, ["Do kdy.", "", "INTERNI", f"TERMIN: {int(number)}.{int(month)}.{year}"])

    def _ask_approval(self, ticket: str, question: str, **_: Any) -> None:
        self._written(ticket, ["Zeptám se.", "", f"SCHVALIT: {question}"])

    def _remove(self, ticket: str) -> None:
        tickets.remove(self._store, ticket)

    def _merge(self, ticket: str, into: str) -> None:
        tickets.remove(self._store, ticket, merged_into=into)

    def _invoice(self, ticket: str) -> dict[str, str]:
        report = invoicing.invoice(self._store, clock.today(), dry_run=False)
        return {"invoiced_on": report.month.isoformat()}

    def _notes_of(self, ticket: str) -> list[str]:
        with self._store.read() as db:
            wanted = (
                "SELECT note.text FROM note JOIN ticket ON ticket.id = note.ticket WHERE number = ? ORDER BY note.id"
            )
            return [row["text"] for row in db.execute(wanted, (ticket,))]

    def _back_up(self) -> None:
        self._copy(self._store.path, self._copied)

    def _restore(self) -> None:
        self._store.close()
        self._copy(self._copied, self._store.path)
        database.rename(self._store.path)

    @property
    def _copied(self) -> Path:
        return self._store.path.with_suffix(".copy")

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)

    def _written(self, ticket: str, lines: list[str], files: list[dict[str, str]] | None = None) -> None:
        self._send(TECHNICIAN, f"Re: [Connectica #{ticket}]", "\n".join(lines), files)

    def _send(self, sender: str, subject: str, text: str, files: list[dict[str, str]] | None = None) -> str:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, "noc@connectica.example", subject
        mail["Message-ID"] = f"<{next(self._numbers)}.{id(self)}@stage.example>"
        mail.set_content(text)
        for one in files or []:
            content = base64.b64decode(one["content"])
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=one["name"])
        received = intake.receive(self._store, mail.as_bytes(), trusted=sender == TECHNICIAN)
        if received.outcome not in {"opened", "answered"}:
            raise StageFailed(f"the desk made {received} of a mail")
        return received.ticket


def _time(category: str, hours: str) -> str:
    return f"{category}:{hours.replace('.', ',')}" if hours else ""
