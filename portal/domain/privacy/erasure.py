"""Forgetting: a person's data removed on request, everywhere in the portal, while every sum stays what it was.

First their hashes are kept, so that whatever the core tells from now on comes without them; then everything that is
here is gone through. Their own messages lose words and files, all other texts their names and addresses, the account
its proofs. Time entries, invoices and decisions stay, under a stand-in that is the same everywhere.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text, true, update
from sqlalchemy.orm import InstrumentedAttribute

from portal.db import db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import access
from portal.domain.accounts.email_changes import AddressChange
from portal.domain.accounts.last_seen import Visit
from portal.domain.accounts.open_invitations import Invitation
from portal.domain.accounts.passkeys import Passkey
from portal.domain.accounts.password_resets import PasswordReset
from portal.domain.accounts.recovery_codes import RecoveryCode
from portal.domain.accounts.saved_views import SavedView
from portal.domain.accounts.sso_identities import Identity
from portal.domain.accounts.totp import OneTimeCode
from portal.domain.approvals.consents import ServiceConsent
from portal.domain.approvals.models import Approval, ApprovalEvent
from portal.domain.audit import events as audit
from portal.domain.audit.events import AuditName
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.pseudonyms import pseudonym
from portal.domain.notifications.outbox import Letter, LetterChoice
from portal.domain.notifications.preferences import Notice
from portal.domain.privacy import erased_people
from portal.domain.questions.models import Question, QuestionMessage
from portal.domain.rules.approval_rules import ApprovalRule
from portal.domain.sync_state import SYNC, CoreNote, Lease, MirrorState, SetAside
from portal.domain.tickets import attachments, search_index
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, TicketEvent
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryCorrection
from portal.domain.users import sessions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid
from portal.lib.redaction import Named, Redaction
from portal.lib.text import fold

AT_ONCE = 500  # rows read at once


@dataclass(frozen=True, slots=True)
class Sought:
    """Somebody who is to be forgotten, and everything they are known by here."""

    email: str
    names: tuple[str, ...]
    employee_ids: tuple[int, ...]
    person_id: int | None
    company_ids: tuple[int, ...]  # none for Connectica's own people: they are named in every company's rows
    instead: str

    def redaction(self, *, alone: bool) -> Redaction:
        """What takes them out of text. alone: in tickets of their own, where the last name only is theirs, too."""
        return Redaction.of((Named(name, self.email, self.instead) for name in self.names or ("",)), alone=alone)


@dataclass(slots=True)
class Removed:
    """What was removed: rows by what they are, and the files that nobody else has."""

    rows: Counter[str] = field(default_factory=Counter)
    files: set[str] = field(default_factory=set)  # hashes


def seek(email: str) -> Sought:
    """Who has this address. Raises NotFound for nobody, Refused for a technician: whose work it was is invoiced."""
    email = email.strip().lower()
    if db.session.scalar(select(Technician.id).where(Technician.email == email)):
        raise Refused(msgid("%(email)s is a technician: who worked is a part of what was invoiced."), email=email)
    employees = db.session.execute(
        select(Employee.id, Employee.company_id, Employee.name).where(Employee.email == email).order_by(Employee.id)
    ).all()
    person = db.session.execute(
        select(Person.id, Person.company_id, Person.name).where(Person.email == email)
    ).first()
    written = set(db.session.scalars(select(Message.author_name).where(Message.author_email == email).distinct()))
    if not employees and person is None and not written:
        raise NotFound
    number = employees[0].id if employees else f"P{person.id}" if person else "0"
    companies = {row.company_id for row in employees} | {person.company_id if person else None}
    of_connectica = person is not None and person.company_id is None
    names = {row.name for row in employees} | ({person.name} if person else set()) | written
    return Sought(
        email=email,
        names=tuple(sorted(name for name in names if name and "@" not in name)),
        employee_ids=tuple(row.id for row in employees),
        person_id=person.id if person else None,
        company_ids=() if of_connectica else tuple(sorted(filter(None, companies))),
        instead=pseudonym(number),
    )


def forget(actor: Actor, sought: Sought, folder: Path) -> Removed:
    """Remove their data; folder is that of attachments. Commits. May be repeated, and cut off anywhere.

    Raises Refused for Connectica's last administrator.
    """
    _zero_what_is_deleted()
    with unit_of_work():
        person = db.session.get(Person, sought.person_id) if sought.person_id is not None else None
        if person is not None:
            access.keep_administrator(person)
        for company_id in sought.company_ids or (None,):
            erased_people.remember(company_id, instead=sought.instead, names=sought.names, email=sought.email)
        _meet_the_sync()
    removed = Removed()
    while _gone_through(sought, removed):  # a page that the sync had read before may still have come with them
        pass
    _rename(actor, sought, removed)  # last: as long as anything is left of them, they can be sought again
    attachments.remove_unneeded(folder, removed.files)
    _tidy()
    return removed


def _meet_the_sync() -> None:
    """A page that the sync is committing is committed before this, and gone through; every later one knows them."""
    db.session.execute(update(Lease).where(Lease.name == SYNC).values(fence=Lease.fence))


@unit_of_work()
def _rename(actor: Actor, sought: Sought, removed: Removed) -> None:
    """The employee and the account are the stand-in; every way in and every letter of theirs is deleted. Commits."""
    for employee_id in sought.employee_ids:
        anew = {"name": sought.instead, "email": sought.instead.casefold()}  # as the sync knows who has no address
        db.session.execute(update(Employee).where(Employee.id == employee_id).values(**anew))
    db.session.execute(delete(PasswordReset).where(PasswordReset.email == sought.email))
    db.session.execute(delete(Invitation).where(Invitation.email == sought.email))
    ours = Letter.to == sought.email
    if sought.person_id is not None:
        sessions.end_all(sought.person_id)
        for table in (
            Identity,
            Passkey,
            OneTimeCode,
            RecoveryCode,
            LetterChoice,
            AddressChange,
            Visit,
            SavedView,
            Notice,
        ):
            db.session.execute(delete(table).where(table.person_id == sought.person_id))
        db.session.execute(delete(PasswordReset).where(PasswordReset.person_id == sought.person_id))
        ours = or_(ours, Letter.person_id == sought.person_id)
        db.session.execute(
            update(Person)
            .where(Person.id == sought.person_id)
            .values(name=sought.instead, email=f"n.n.p{sought.person_id}", password=None, active=False)
        )
        theirs = AuditName.person_id == sought.person_id
        db.session.execute(update(AuditName).where(theirs).values(text=sought.instead, folded=fold(sought.instead)))
        removed.rows["accounts closed"] += 1
    removed.rows["letters deleted"] += rows_changed(delete(Letter).where(ours))
    _touch(_own_tickets(sought))
    for company_id in sought.company_ids or (None,):
        audit.note(audit.FORGOTTEN, actor, company_id=company_id, about=sought.instead)


@unit_of_work()
def _gone_through(sought: Sought, removed: Removed) -> int:
    """One way through everything; how many rows it changed. Commits."""
    tickets = _own_tickets(sought)
    changed = _empty_messages(sought, removed) + _end_views(sought, removed)
    named, rows = _redact(sought, tickets, removed)
    if changed or rows:
        _touch(tickets | named)
    return changed + rows


def _touch(tickets: set[int]) -> None:
    """They look different, are found by other words, and have no fingerprint: the next full run makes them anew."""
    for ticket_id in tickets:
        search_index.write_anew(ticket_id)
    for part in _parts(tickets):
        anew = {"version": Ticket.version + 1, "record_hash": ""}
        db.session.execute(update(Ticket).where(Ticket.id.in_(part)).values(**anew))
    db.session.execute(update(MirrorState).values(generation=MirrorState.generation + 1))


def _own_tickets(sought: Sought) -> set[int]:
    wrote = select(Message.ticket_id).where(Message.author_email == sought.email)
    asked = select(Ticket.id).where(Ticket.requester_id.in_(sought.employee_ids))
    return {*db.session.scalars(wrote), *db.session.scalars(asked)}


def _empty_messages(sought: Sought, removed: Removed) -> int:
    theirs = Message.author_email == sought.email
    ids = list(db.session.scalars(select(Message.id).where(theirs)))
    for part in _parts(ids):
        files = select(Attachment.sha256).where(Attachment.message_id.in_(part), Attachment.sha256.is_not(None))
        removed.files |= set(filter(None, db.session.scalars(files)))
        removed.rows["files deleted"] += rows_changed(delete(Attachment).where(Attachment.message_id.in_(part)))
        anew = {"author_name": sought.instead, "author_email": "", "body": "", "quoted": "", "excerpt": ""}
        removed.rows["messages emptied"] += rows_changed(update(Message).where(Message.id.in_(part)).values(**anew))
    return len(ids)


def _end_views(sought: Sought, removed: Removed) -> int:
    """Colleagues' saved views that look for them by name or address are removed; a query writes its words encoded."""
    redaction = sought.redaction(alone=False)
    views = select(SavedView.id, SavedView.name, SavedView.query).join(Person, Person.id == SavedView.person_id)
    if sought.company_ids:
        views = views.where(or_(Person.company_id.in_(sought.company_ids), Person.company_id.is_(None)))
    ids = []
    for row in db.session.execute(views):
        said = [row.name, *(value for _, value in parse_qsl(row.query))]
        if any(redaction.out_of(one) != one for one in said):
            ids.append(row.id)
    for part in _parts(ids):
        removed.rows["saved views removed"] += rows_changed(delete(SavedView).where(SavedView.id.in_(part)))
    return len(ids)


@dataclass(frozen=True, slots=True)
class NamingColumns:
    """Columns in which somebody may be named, whose ticket it is about if it is one's, and the way to the company."""

    columns: tuple[InstrumentedAttribute[str], ...]
    ticket: Any  # an expression, or None
    path: Callable[[Any], Any]  # a query of the place's rows, joined to what has company
    company: InstrumentedAttribute[Any] | None


PLACES = (
    NamingColumns((Ticket.subject,), Ticket.id, lambda rows: rows, Ticket.company_id),
    NamingColumns(
        (Message.body, Message.quoted, Message.excerpt),
        Message.ticket_id,
        lambda rows: rows.join(Ticket, Ticket.id == Message.ticket_id),
        Ticket.company_id,
    ),
    NamingColumns(
        (Attachment.name,),
        Message.ticket_id,
        lambda rows: rows.join(Message, Message.id == Attachment.message_id).join(
            Ticket, Ticket.id == Message.ticket_id
        ),
        Ticket.company_id,
    ),
    NamingColumns(
        (TicketEvent.old, TicketEvent.new, TicketEvent.by),
        TicketEvent.ticket_id,
        lambda rows: rows.join(Ticket, Ticket.id == TicketEvent.ticket_id),
        Ticket.company_id,
    ),
    NamingColumns(
        (
            Approval.question,
            Approval.reason,
            Approval.note,
            Approval.asked_by,
            Approval.asked_by_email,
            Approval.decided_by,
            Approval.decided_for,
        ),
        Approval.ticket_id,
        lambda rows: rows,
        Approval.company_id,
    ),
    NamingColumns(
        (ApprovalEvent.by, ApprovalEvent.text),
        Approval.ticket_id,
        lambda rows: rows.join(Approval, Approval.id == ApprovalEvent.approval_id),
        Approval.company_id,
    ),
    NamingColumns(
        (TimeEntryCorrection.by, TimeEntryCorrection.reason),
        TimeEntry.ticket_id,
        lambda rows: rows.join(TimeEntry, TimeEntry.id == TimeEntryCorrection.time_entry_id),
        TimeEntry.company_id,
    ),
    NamingColumns(
        (Question.asked_by, Question.over_by),
        TimeEntry.ticket_id,
        lambda rows: rows.join(TimeEntry, TimeEntry.id == Question.time_entry_id),
        Question.company_id,
    ),
    NamingColumns(
        (QuestionMessage.by, QuestionMessage.text),
        TimeEntry.ticket_id,
        lambda rows: rows.join(Question, Question.id == QuestionMessage.question_id).join(
            TimeEntry, TimeEntry.id == Question.time_entry_id
        ),
        Question.company_id,
    ),
    NamingColumns(
        (ServiceConsent.given_by, ServiceConsent.revoked_by), None, lambda rows: rows, ServiceConsent.company_id
    ),
    NamingColumns((ApprovalRule.set_by,), None, lambda rows: rows, ApprovalRule.company_id),
    NamingColumns(
        (CoreNote.note,),
        CoreNote.ticket_id,
        lambda rows: rows.join(Ticket, Ticket.id == CoreNote.ticket_id),
        Ticket.company_id,
    ),
    NamingColumns(
        (Letter.subject, Letter.text, Letter.attachment_name),
        None,
        lambda rows: rows.outerjoin(Person, Person.id == Letter.person_id),
        Person.company_id,
    ),
    NamingColumns(
        (Notice.subject,), None, lambda rows: rows.join(Person, Person.id == Notice.person_id), Person.company_id
    ),
    NamingColumns((SetAside.raw, SetAside.reason), None, lambda rows: rows, None),
    NamingColumns((AuditName.text, AuditName.folded), None, lambda rows: rows, None),
)


def _redact(sought: Sought, tickets: set[int], removed: Removed) -> tuple[set[int], int]:
    """Take them out of every text; which tickets and how many rows named them."""
    full, alone = sought.redaction(alone=False), sought.redaction(alone=True)
    named, changed = set[int](), 0
    for place in PLACES:
        table: Any = place.columns[0].class_
        for id_, ticket_id, *texts in _rows(place, table, sought):
            is_theirs = ticket_id in tickets
            anew = _anew(place, texts, alone if is_theirs else full, is_theirs=is_theirs)
            if anew and _replaced(table, id_, place, texts, anew):
                removed.rows[f"rows of {table.__tablename__} changed"] += 1
                changed += 1
                named |= {ticket_id} - {None}
    return named, changed


def _rows(place: NamingColumns, table: Any, sought: Sought) -> Iterator[Any]:
    """Every row of a place in the companies that matter, a few hundred at once."""
    last = 0
    ticket = place.ticket if place.ticket is not None else func.nullif(0, 0)
    while True:
        wanted = place.path(select(table.id, ticket, *place.columns).select_from(table)).where(table.id > last)
        rows = db.session.execute(wanted.where(_of_companies(place, sought)).order_by(table.id).limit(AT_ONCE)).all()
        yield from rows
        if len(rows) < AT_ONCE:
            return
        last = rows[-1][0]


def _of_companies(place: NamingColumns, sought: Sought) -> ColumnElement[bool]:
    """Theirs, and what is no company's: letters to Connectica's own people name everybody."""
    if place.company is None or not sought.company_ids:
        return true()
    return or_(place.company.in_(sought.company_ids), place.company.is_(None))


def _anew(place: NamingColumns, texts: list[str], redaction: Redaction, *, is_theirs: bool) -> dict[str, str]:
    """The columns that have to change. The history under an answer to them repeats their words: it goes."""
    anew = {}
    for column, had in zip(place.columns, texts, strict=True):
        if (text_ := redaction.out_of(had)) != had:
            anew[column.key] = "" if column is Approval.asked_by_email else text_  # nobody is written to there
        if is_theirs and column is Message.quoted and had:
            anew[column.key] = ""
    if AuditName.text in place.columns and "text" in anew:
        anew["folded"] = fold(anew["text"])
    return anew


def _replaced(table: Any, id_: int, place: NamingColumns, texts: list[str], anew: dict[str, str]) -> int:
    """Change a row that is still what was read."""
    same = (column == had for column, had in zip(place.columns, texts, strict=True))
    return rows_changed(update(table).where(and_(table.id == id_, *same)).values(**anew))


def _zero_what_is_deleted() -> None:
    """SQLite leaves what is deleted in the file until something else needs the room; not here."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA secure_delete = ON"))


def _tidy() -> None:
    """Old versions of the rows go from the database's own files, too, as far as it lets us."""
    if db.engine.dialect.name == "sqlite":
        with unit_of_work():
            db.session.execute(text("INSERT INTO ticket_fts(ticket_fts) VALUES ('optimize')"))
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.session.rollback()
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM"))


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    every = list(values)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]
