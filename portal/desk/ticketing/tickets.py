"""Tickets as the desk changes them: one verb a change, inside the caller's transaction, each with its position."""

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal import clock
from portal.desk.database import Store, moment, written
from portal.desk.inbound.mime import Address, MailFile
from portal.desk.ticketing import directory
from portal.desk.ticketing.directory import DeskTechnician
from portal.errors import NotFound, Refused
from portal.timecodes import TimeCode

NO_SUBJECT = "(bez předmětu)"
_TAG = r"\[%s #(\d{8,10})(?:-([0-9a-f]{8}))?\]"
_ENDED = frozenset({"to_be_invoiced", "done"})  # nobody works on it any more
_COLUMNS = (
    "id, number, company, subject, state, requester_name, requester_email, technician, due_at, confidential, gone,"
    " key"
)


@dataclass(frozen=True, slots=True)
class DeskTicket:
    """A ticket as its row says; technician is a login."""

    id: int
    number: str
    company: str
    subject: str
    state: str
    requester: Address
    technician: str | None
    due_at: datetime | None
    confidential: bool  # only the company's managers may read it in the portal
    gone: str  # deleted | merged; empty while it is there
    key: str  # stands in the tags of its letters: whoever writes it has seen one

    def tag(self, name: str) -> str:
        """What leads a subject of ours, as "[Connectica #20260017-5f0c9a1b]"."""
        return tag_of(name, self.number, self.key)


def tag_of(name: str, number: str, key: str) -> str:
    return f"[{name} #{number}-{key}]" if key else f"[{name} #{number}]"


def tags(subject: str, name: str) -> list[tuple[str, str]]:
    """(number, key) of a subject's tags; the key is empty in "[Connectica #20260017]", which anybody can write."""
    return re.findall(_TAG % re.escape(name), subject)


def untagged(subject: str, name: str) -> str:
    """The subject without tags: a new ticket does not go by the number of another one."""
    return " ".join(re.sub(_TAG % re.escape(name), " ", subject).split())


def by_id(db: sqlite3.Connection, ticket_id: int) -> DeskTicket:
    return _ticket(db.execute(f"SELECT {_COLUMNS} FROM ticket WHERE id = ?", (ticket_id,)).fetchone())  # noqa: S608 - our own columns


def by_number(db: sqlite3.Connection, number: str) -> DeskTicket:
    """The ticket of that number. Raises NotFound, also for one that was removed."""
    row = db.execute(f"SELECT {_COLUMNS} FROM ticket WHERE number = ?", (number,)).fetchone()  # noqa: S608 - our own columns
    if row is None or row["gone"]:
        raise NotFound(f"there is no ticket {number}")
    return _ticket(row)


def after_merges(db: sqlite3.Connection, number: str) -> DeskTicket | None:
    """The ticket of that number, or the one it was merged into; None when it is no more."""
    for _ in range(10):
        row = db.execute(f"SELECT {_COLUMNS}, merged_into FROM ticket WHERE number = ?", (number,)).fetchone()  # noqa: S608 - our own columns
        if row is None or not row["gone"]:
            return by_number(db, number) if row else None
        number = row["merged_into"]
    return None


def has_key(db: sqlite3.Connection, number: str, key: str) -> bool:
    """Whether this key stands in the tags of that ticket's letters."""
    row = db.execute("SELECT 1 FROM ticket WHERE number = ? AND key = ? AND key != ''", (number, key)).fetchone()
    return row is not None


def open_ticket(db: sqlite3.Connection, company: str, subject: str, requester: Address) -> DeskTicket:
    """A new ticket with the year's next number."""
    now = written(clock.now())
    ticket_id = db.execute(
        "INSERT INTO ticket (number, company, subject, state, requester_name, requester_email, opened_at, changed_at,"
        " key) VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?)",
        (
            _next_number(db),
            company,
            subject or NO_SUBJECT,
            requester.name,
            requester.email,
            now,
            now,
            secrets.token_hex(4),
        ),
    ).lastrowid
    assert ticket_id is not None
    take_part(db, ticket_id, [requester])
    touch(db, ticket_id)
    return by_id(db, ticket_id)


def add_message(
    db: sqlite3.Connection,
    ticket: DeskTicket,
    author: Address,
    *,
    side: str,
    text: str,
    html: str = "",
    files: Iterable[MailFile] = (),
    public: bool = True,
    verified: bool = True,
    proved_by: str = "",
    dated: datetime | None = None,
) -> int:
    """One more message.

    proved_by: the domain whose mail server vouched for the author's address.
    dated: when its author says it was sent; used only where it keeps the order.
    """
    newest = db.execute("SELECT max(sent_at) FROM message WHERE ticket = ?", (ticket.id,)).fetchone()[0]
    sent_at = written(clock.now())
    if dated and (newest or "") <= written(dated) <= sent_at:
        sent_at = written(dated)
    message_id = db.execute(
        "INSERT INTO message (ticket, public, side, author_name, author_email, sent_at, text, html, verified,"
        " proved_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (ticket.id, public, side, author.name, author.email, sent_at, text, html, verified, proved_by),
    ).lastrowid
    assert message_id is not None
    for file in files:
        _attach(db, message_id, file)
    touch(db, ticket.id, visible=public)
    return message_id


def texts(db: sqlite3.Connection, ticket: DeskTicket, *, newest: int) -> list[str]:
    """What the last messages said, the newest first."""
    found = db.execute("SELECT text FROM message WHERE ticket = ? ORDER BY id DESC LIMIT ?", (ticket.id, newest))
    return [row["text"] for row in found]


def add_note(db: sqlite3.Connection, ticket: DeskTicket, text: str) -> None:
    """Something the desk itself has to say to technicians only."""
    add_message(db, ticket, Address("Connectica", ""), side="technician", text=text, public=False)


def add_time(
    db: sqlite3.Connection,
    ticket: DeskTicket,
    code: TimeCode,
    technician: DeskTechnician,
    message_id: int | None,
    *,
    worked_at: datetime,
) -> None:
    """Time to be billed."""
    db.execute(
        "INSERT INTO time_entry (ticket, message, category, hundredths, technician_name, technician_email, worked_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            ticket.id,
            message_id,
            code.category,
            int(code.hours * 100),
            technician.name,
            technician.email,
            written(worked_at),
        ),
    )
    touch(db, ticket.id)


def set_state(db: sqlite3.Connection, ticket: DeskTicket, state: str, *, by: str = "") -> bool:
    """Whether the state changed. The ticket counts as done from the moment work on it ended."""
    if state == ticket.state:
        return False
    ended = f"coalesce(done_at, '{written(clock.now())}')" if state in _ENDED else "NULL"
    db.execute(f"UPDATE ticket SET state = ?, done_at = {ended} WHERE id = ?", (state, ticket.id))  # noqa: S608 - our own columns
    _note_event(db, ticket, "state", ticket.state, state, by)
    return True


def assign(db: sqlite3.Connection, ticket: DeskTicket, technician: DeskTechnician, *, by: str = "") -> bool:
    """Whether the ticket got another technician."""
    if technician.login == ticket.technician:
        return False
    before = directory.technician_by_login(db, ticket.technician)
    db.execute("UPDATE ticket SET technician = ? WHERE id = ?", (technician.login, ticket.id))
    _note_event(db, ticket, "technician", before.name if before else "", technician.name, by)
    return True


def set_due(db: sqlite3.Connection, ticket: DeskTicket, due: datetime | None, *, by: str = "") -> bool:
    """Whether the due date changed; None takes it away."""
    if due == ticket.due_at:
        return False
    new = written(due) if due else ""
    db.execute("UPDATE ticket SET due_at = ? WHERE id = ?", (new or None, ticket.id))
    _note_event(db, ticket, "due", written(ticket.due_at) if ticket.due_at else "", new, by)
    return True


def set_confidential(db: sqlite3.Connection, ticket: DeskTicket, *, confidential: bool) -> bool:
    """Whether that changed."""
    if confidential == ticket.confidential:
        return False
    db.execute("UPDATE ticket SET confidential = ? WHERE id = ?", (confidential, ticket.id))
    touch(db, ticket.id)
    return True


def ask_approval(db: sqlite3.Connection, ticket: DeskTicket, question: str, technician: DeskTechnician) -> bool:
    """Whether the question is new: the same open question on a ticket is asked once."""
    row = db.execute(
        "SELECT 1 FROM approval WHERE ticket = ? AND question = ? AND closed_at IS NULL", (ticket.id, question)
    ).fetchone()
    if row:
        return False
    db.execute(
        "INSERT INTO approval (ticket, question, asked_name, asked_email, asked_at) VALUES (?, ?, ?, ?, ?)",
        (ticket.id, question, technician.name, technician.email, written(clock.now())),
    )
    touch(db, ticket.id)
    return True


def opened_at(db: sqlite3.Connection, ticket: DeskTicket) -> str:
    """When it was opened, as the file keeps moments: to the second, as mails say their date."""
    row = db.execute("SELECT opened_at FROM ticket WHERE id = ?", (ticket.id,)).fetchone()
    return written(moment(row["opened_at"]).replace(microsecond=0))


def has_time_to_invoice(db: sqlite3.Connection, ticket: DeskTicket) -> bool:
    row = db.execute(
        "SELECT 1 FROM time_entry WHERE ticket = ? AND invoiced_on IS NULL AND removed_at IS NULL", (ticket.id,)
    ).fetchone()
    return row is not None


def take_part(db: sqlite3.Connection, ticket_id: int, people: Iterable[Address]) -> None:
    """Let people follow the conversation: technicians' answers go to them too, and the requester is told of them."""
    db.executemany(
        "INSERT OR IGNORE INTO participant (ticket, email, name, announced) VALUES (?, ?, ?, 0)",
        [(ticket_id, person.email, person.name) for person in people],
    )


def takes_part(db: sqlite3.Connection, ticket: DeskTicket, email: str) -> bool:
    row = db.execute("SELECT 1 FROM participant WHERE ticket = ? AND email = ?", (ticket.id, email)).fetchone()
    return row is not None


def unannounced(db: sqlite3.Connection, ticket: DeskTicket) -> list[Address]:
    """Who joined since the requester was last told of it."""
    found = db.execute(
        "SELECT name, email FROM participant WHERE ticket = ? AND announced = 0 AND email != ? ORDER BY email",
        (ticket.id, ticket.requester.email),
    )
    return [Address(row["name"], row["email"]) for row in found]


def note_announced(db: sqlite3.Connection, ticket: DeskTicket) -> None:
    """Remember that the requester knows of everybody who takes part."""
    db.execute("UPDATE participant SET announced = 1 WHERE ticket = ?", (ticket.id,))


def participants(db: sqlite3.Connection, ticket: DeskTicket) -> list[Address]:
    """Who is told of answers: the requester first."""
    found = db.execute("SELECT name, email FROM participant WHERE ticket = ? ORDER BY email", (ticket.id,))
    others = [Address(row["name"], row["email"]) for row in found if row["email"] != ticket.requester.email]
    return [ticket.requester, *others]


def touch(db: sqlite3.Connection, ticket_id: int, *, visible: bool = True) -> None:
    """Move the ticket to the end of the growing sequence. visible: the change is one a manager may see."""
    db.execute("DELETE FROM change WHERE ticket = ?", (ticket_id,))
    db.execute("INSERT INTO change (ticket) VALUES (?)", (ticket_id,))
    if visible:
        db.execute("UPDATE ticket SET changed_at = ? WHERE id = ?", (written(clock.now()), ticket_id))


def remove(store: Store, number: str, *, merged_into: str = "") -> None:
    """Take a ticket away, or merge it: the other one gets its messages and time. Raises NotFound, Refused."""
    with store.write() as db:
        ticket = by_number(db, number)
        if merged_into:
            _merge(db, ticket, by_number(db, merged_into))
        db.execute(
            "UPDATE ticket SET gone = ?, gone_at = ?, merged_into = ? WHERE id = ?",
            ("merged" if merged_into else "deleted", written(clock.now()), merged_into, ticket.id),
        )
        touch(db, ticket.id)


def move(store: Store, number: str, company: str) -> None:
    """Give a ticket to a company, for example a stranger's one. Raises NotFound."""
    with store.write() as db:
        ticket = by_number(db, number)
        if not directory.company(db, company).core_id:
            raise NotFound(f"there is no company {company}")
        db.execute("UPDATE ticket SET company = ? WHERE id = ?", (company, ticket.id))
        touch(db, ticket.id)


def _merge(db: sqlite3.Connection, ticket: DeskTicket, target: DeskTicket) -> None:
    if ticket.id == target.id:
        raise Refused("a ticket cannot be merged into itself")
    if ticket.company != target.company:
        raise Refused("tickets of two companies cannot be merged: one would read the other's mail")
    for table in ("message", "time_entry", "event", "approval", "note", "thread"):
        db.execute(f"UPDATE {table} SET ticket = ? WHERE ticket = ?", (target.id, ticket.id))  # noqa: S608 - our own columns
    db.execute("UPDATE OR IGNORE dispute SET ticket = ? WHERE ticket = ?", (target.id, ticket.id))
    take_part(db, target.id, participants(db, ticket))
    set_confidential(db, target, confidential=target.confidential or ticket.confidential)
    touch(db, target.id)


def _ticket(row: sqlite3.Row) -> DeskTicket:
    facts = dict(row)
    facts["requester"] = Address(facts.pop("requester_name"), facts.pop("requester_email"))
    facts["due_at"] = moment(facts["due_at"]) if facts["due_at"] else None
    facts["confidential"] = bool(facts["confidential"])
    return DeskTicket(**facts)


def _next_number(db: sqlite3.Connection) -> str:
    """YYYYNNNN; after 9999 of a year a number has a digit more."""
    year = clock.today().year
    row = db.execute(
        "INSERT INTO numbering VALUES (?, 1) ON CONFLICT (year) DO UPDATE SET last = last + 1 RETURNING last", (year,)
    ).fetchone()
    return f"{year}{row['last']:04d}"


def _attach(db: sqlite3.Connection, message_id: int, file: MailFile) -> None:
    digest = hashlib.sha256(file.content).hexdigest()
    db.execute("INSERT OR IGNORE INTO content VALUES (?, ?)", (digest, file.content))
    db.execute(
        "INSERT INTO attachment (message, name, media_type, size, content_id, digest) VALUES (?, ?, ?, ?, ?, ?)",
        (message_id, file.name, file.media_type, len(file.content), file.content_id, digest),
    )


def mark_undelivered(db: sqlite3.Connection, ticket: DeskTicket, *, since: str) -> None:
    """The company sees that an answer of that moment did not arrive: once, however many reports come."""
    found = db.execute(
        "SELECT 1 FROM event WHERE ticket = ? AND kind = 'undelivered' AND at >= ?", (ticket.id, since)
    )
    if found.fetchone() is None:
        _note_event(db, ticket, "undelivered", "", "", "")


def _note_event(  # noqa: PLR0917 - the columns of the table
    db: sqlite3.Connection, ticket: DeskTicket, kind: str, old: str, new: str, by: str
) -> None:
    db.execute(
        "INSERT INTO event (ticket, kind, at, old, new, by) VALUES (?, ?, ?, ?, ?, ?)",
        (ticket.id, kind, written(clock.now()), old, new, by),
    )
    touch(db, ticket.id)
