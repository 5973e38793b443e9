"""What a delivery report does: a note and a mark on the ticket, a letter to whoever wrote what did not arrive."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from portal import clock
from portal.desk.database import written
from portal.desk.inbound import mime, threads
from portal.desk.inbound.delivery.reports import DeliveryReport, Fate
from portal.desk.inbound.mime import Address, Mail
from portal.desk.outbound import outgoing
from portal.desk.settings import House
from portal.desk.ticketing import directory, tickets
from portal.desk.ticketing.tickets import DeskTicket

REMEMBERED = timedelta(days=7)  # how long after a letter a report that names only its reader is believed to mean it
_NOTED = {  # fate: the first line of the note
    Fate.FAILED: "Dopis k požadavku se nepodařilo doručit:",
    Fate.DELAYED: "Dopis k požadavku se opozdil, zatím není doručený:",
}


@dataclass(frozen=True, slots=True)
class _Letter:
    """A letter of ours that a report is about."""

    kind: str
    recipients: tuple[str, ...]
    queued_at: str
    ticket: DeskTicket


def note(db: sqlite3.Connection, house: House, said: Mail, report: DeliveryReport) -> str:
    """Note the report on its ticket; the ticket's number, empty when the report is about no letter of ours."""
    letter = _letter(db, house, said, report)
    ticket = letter.ticket if letter else threads.of_message_ids(db, list(report.message_ids))
    if ticket is None:
        return ""
    if report.fate in _NOTED:
        recipients = _unreached(report, letter)
        lines = (_NOTED[report.fate], ", ".join(recipients), report.reason, said.text[:5000])
        tickets.add_note(db, ticket, "\n\n".join(line for line in lines if line))
    if report.fate is Fate.FAILED and letter:
        if letter.kind == outgoing.ANSWER.template:
            tickets.mark_undelivered(db, ticket, since=letter.queued_at)
        _tell(db, house, letter, report)
    return ticket.number


def _letter(db: sqlite3.Connection, house: House, said: Mail, report: DeliveryReport) -> _Letter | None:
    """By the Message-ID it names, else by the newest letter to somebody it could not reach."""
    for message_id in report.message_ids[:100]:
        row = db.execute(f"{_SELECT} WHERE message_id = ?", (message_id,)).fetchone()
        ticket = threads.of_message_ids(db, [message_id]) if row else None
        if ticket:
            return _of_row(row, ticket)
    numbers = tickets.tags(f"{said.subject}\n{said.text[:20_000]}", house.name)[:5]
    for recipient in report.recipients if report.fate is not Fate.READ else ():
        since = written(clock.now() - REMEMBERED)
        found = db.execute(
            f"{_SELECT} WHERE recipients = ? AND queued_at >= ? ORDER BY outbox.id DESC LIMIT 50", (recipient, since)
        ).fetchall()
        for row in found:
            ticket = tickets.after_merges(db, row["number"])
            if ticket and (not numbers or row["number"] in numbers):
                return _of_row(row, ticket)
    return None


_SELECT = "SELECT kind, recipients, queued_at, number FROM outbox JOIN ticket ON ticket.id = outbox.ticket"


def _of_row(row: sqlite3.Row, ticket: DeskTicket) -> _Letter:
    return _Letter(row["kind"], tuple(row["recipients"].split()), row["queued_at"], ticket)


def _unreached(report: DeliveryReport, letter: _Letter | None) -> Iterable[str]:
    """Whom the letter did not reach: our own book says it better than the report."""
    if letter is None:
        return report.recipients[:5]
    return [email for email in letter.recipients if email in report.recipients] or letter.recipients


def _tell(db: sqlite3.Connection, house: House, letter: _Letter, report: DeliveryReport) -> None:
    """Write to the technician whose words they were; never about a letter to one of them: no circles."""
    if all(directory.technician_by_email(db, email) for email in letter.recipients):
        return
    outgoing.write(
        db,
        house,
        outgoing.UNDELIVERED,
        letter.ticket,
        _answerable(db, house, letter),
        is_answer=letter.kind == outgoing.ANSWER.template,
        unreached=", ".join(_unreached(report, letter)),
        reason=mime.one_line(report.reason, 300),
    )


def _answerable(db: sqlite3.Connection, house: House, letter: _Letter) -> list[Address]:
    """Who wrote the answer, else the ticket's technician, else the dispatchers."""
    author = _author(db, letter) if letter.kind == outgoing.ANSWER.template else None
    responsible = author or directory.technician_by_login(db, letter.ticket.technician)
    return [outgoing.address_of(responsible)] if responsible else outgoing.dispatchers(db, house)


def _author(db: sqlite3.Connection, letter: _Letter) -> directory.DeskTechnician | None:
    row = db.execute(
        "SELECT author_email FROM message WHERE ticket = ? AND public = 1 AND side = 'technician' AND sent_at <= ?"
        " ORDER BY id DESC LIMIT 1",
        (letter.ticket.id, letter.queued_at),
    ).fetchone()
    return directory.technician_by_email(db, row["author_email"]) if row else None
