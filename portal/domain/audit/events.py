"""The audit log: who did or opened what; appended, never changed, readable by the company (report.py reads it).

The database itself refuses to change an event, and to delete one before its time is over. So an event holds no name:
names, addresses and names of files are words beside it (AuditName), as they were at the time, and those can be
forgotten without touching what happened.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, insert, literal, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.lib.i18n import msgid
from portal.lib.text import fold

MOST_CHARACTERS = 200  # of what it was about: a number or a name, never a text
NAME_STANDS_HERE = "\ufffc"  # in `about`, where a word of AuditName belongs
_ADDRESS = re.compile(r"[^\s@<>:;,()]+@[^\s@<>:;,()]+")
SWEPT_AT_ONCE = 10_000  # events
LONG_AGO = timedelta(days=730)


class Group(StrEnum):
    """What a reader narrows the log to."""

    DOORS = "doors"
    OPENED = "opened"
    TAKEN = "taken"
    APPROVALS = "approvals"
    QUESTIONS = "questions"
    ACCESS = "access"
    SETTINGS = "settings"

    @property
    def label(self) -> str:
        return _GROUPS[self]


_GROUPS = {
    Group.DOORS: msgid("Signing in"),
    Group.OPENED: msgid("Opened"),
    Group.TAKEN: msgid("Downloaded files"),
    Group.APPROVALS: msgid("Approvals"),
    Group.QUESTIONS: msgid("Questions"),
    Group.ACCESS: msgid("Access and proofs"),
    Group.SETTINGS: msgid("Settings"),
}


@dataclass(frozen=True, slots=True)
class EventWord:
    """One kind of event as the page says it: somebody, then this, then what it was about."""

    label: str
    group: Group


WORDS: dict[str, EventWord] = {}  # everything that is ever written down


def _word(what: str, label: str, group: Group) -> str:
    WORDS[what] = EventWord(label, group)
    return what


# One line each: its name in the code, the word that is kept, what the page says, where it belongs.
SIGNED_IN = _word("signed_in", msgid("signed in"), Group.DOORS)
SIGNED_OUT = _word("signed_out", msgid("signed out"), Group.DOORS)
SIGN_IN_FAILED = _word("sign_in_failed", msgid("somebody failed to sign in"), Group.DOORS)
PROOF_FAILED = _word("proof_failed", msgid("gave a wrong second factor"), Group.DOORS)
SESSIONS_ENDED = _word("sessions_ended", msgid("ended other sessions of theirs"), Group.DOORS)
OPENED_TICKET = _word("opened_ticket", msgid("opened a ticket"), Group.OPENED)
OPENED_APPROVAL = _word("opened_approval", msgid("opened an approval"), Group.OPENED)
OPENED_QUESTION = _word("opened_question", msgid("opened a question"), Group.OPENED)
DOWNLOADED = _word("downloaded", msgid("downloaded"), Group.TAKEN)
EXPORTED_LOG = _word("exported_log", msgid("downloaded this log"), Group.TAKEN)
ASKED_APPROVAL = _word("asked_approval", msgid("asked for an approval"), Group.APPROVALS)
ANSWERED_APPROVAL = _word("answered_approval", msgid("answered what was asked back"), Group.APPROVALS)
WITHDREW_APPROVAL = _word("withdrew_approval", msgid("withdrew a request for approval"), Group.APPROVALS)
ASKED_BACK = _word("asked_back", msgid("asked back before deciding"), Group.APPROVALS)
DECIDED = _word("decided", msgid("decided an approval"), Group.APPROVALS)
REVOKED_CONSENT = _word("revoked_consent", msgid("ended a standing consent"), Group.APPROVALS)
APPOINTED_DEPUTY = _word("appointed_deputy", msgid("appointed a deputy"), Group.APPROVALS)
DISMISSED_DEPUTY = _word("dismissed_deputy", msgid("ended a deputy's time"), Group.APPROVALS)
RULE_SET = _word("rule_set", msgid("set an approval rule"), Group.APPROVALS)
RULE_ENDED = _word("rule_ended", msgid("ended an approval rule"), Group.APPROVALS)
ASKED_QUESTION = _word("asked_question", msgid("asked about a time entry"), Group.QUESTIONS)
ANSWERED_QUESTION = _word("answered_question", msgid("answered a question about a time entry"), Group.QUESTIONS)
UPHELD_ENTRY = _word("upheld_entry", msgid("explained a time entry and closed the question"), Group.QUESTIONS)
TOOK_QUESTION_BACK = _word("took_question_back", msgid("closed their question"), Group.QUESTIONS)
INVITED = _word("invited", msgid("invited"), Group.ACCESS)
INVITATION_WITHDRAWN = _word("invitation_withdrawn", msgid("withdrew an invitation"), Group.ACCESS)
JOINED = _word("joined", msgid("accepted an invitation"), Group.ACCESS)
ACCOUNT_MADE = _word("account_made", msgid("made an account"), Group.ACCESS)
FORGOTTEN = _word("forgotten", msgid("removed somebody's data"), Group.ACCESS)
ROLE_CHANGED = _word("role_changed", msgid("changed a role"), Group.ACCESS)
ACCESS_ENDED = _word("access_ended", msgid("ended somebody's access"), Group.ACCESS)
ACCESS_RESTORED = _word("access_restored", msgid("gave access back to somebody"), Group.ACCESS)
PASSWORD_CHANGED = _word("password_changed", msgid("changed a password"), Group.ACCESS)
ADDRESS_WISHED = _word("address_wished", msgid("asked to move to another e-mail address"), Group.ACCESS)
ADDRESS_STOPPED = _word("address_stopped", msgid("stopped a change of e-mail address"), Group.ACCESS)
ADDRESS_CHANGED = _word("address_changed", msgid("moved to another e-mail address"), Group.ACCESS)
SECOND_FACTOR_ON = _word("second_factor_on", msgid("turned codes of an app on"), Group.ACCESS)
SECOND_FACTOR_OFF = _word("second_factor_off", msgid("turned codes of an app off"), Group.ACCESS)
PASSKEY_ADDED = _word("passkey_added", msgid("added a passkey"), Group.ACCESS)
PASSKEY_REMOVED = _word("passkey_removed", msgid("removed a passkey"), Group.ACCESS)
RECOVERY_CODES_MADE = _word("recovery_codes_made", msgid("made recovery codes"), Group.ACCESS)
RECOVERY_CODE_USED = _word("recovery_code_used", msgid("used a recovery code"), Group.ACCESS)
SSO_LINKED = _word("sso_linked", msgid("linked their company's account"), Group.ACCESS)
SSO_UNLINKED = _word("sso_unlinked", msgid("unlinked their company's account"), Group.ACCESS)
SSO_REFUSED = _word("sso_refused", msgid("single sign-on was refused"), Group.DOORS)
SECOND_FACTOR_RESET = _word("second_factor_reset", msgid("removed a person's second factors"), Group.ACCESS)
SETTINGS_CHANGED = _word("settings_changed", msgid("changed their own settings"), Group.SETTINGS)
BUDGET_SET = _word("budget_set", msgid("set a budget"), Group.SETTINGS)
AGREEMENT_SET = _word("agreement_set", msgid("set what the company prepaid"), Group.SETTINGS)
VAT_CHOSEN = _word("vat_chosen", msgid("chose how the company's invoices are taxed"), Group.SETTINGS)
DISCLOSURE_CHOSEN = _word("disclosure_chosen", msgid("chose what is shown before the invoice"), Group.SETTINGS)
SECOND_FACTOR_REQUIRED = _word(
    "second_factor_required", msgid("required a second factor of the company"), Group.SETTINGS
)
SECOND_FACTOR_NOT_REQUIRED = _word(
    "second_factor_not_required", msgid("no longer required a second factor of the company"), Group.SETTINGS
)


class AuditName(Base):
    """A word of the log that may have to go: somebody's name as it was then, an address, the name of a file."""

    __tablename__ = "audit_name"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)  # None: no account's name
    text: Mapped[str] = mapped_column(index=True)
    folded: Mapped[str]  # what it is found by


class AuditEvent(Base):
    """Triggers of the database refuse every UPDATE, and a DELETE before `keep_until`: see migration 0009."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_read", "company_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    what: Mapped[str]  # a word of WORDS
    about: Mapped[str] = mapped_column(default="")  # a number or a few words; NAME_STANDS_HERE is the named one
    address: Mapped[str] = mapped_column(default="")  # the client's IP
    by_id: Mapped[int | None] = mapped_column(ForeignKey("audit_name.id"), index=True)  # the person's name then
    name_id: Mapped[int | None] = mapped_column(ForeignKey("audit_name.id"), index=True)
    keep_until: Mapped[datetime | None]  # None, of the release before: for LONG_AGO


_keep_for = LONG_AGO


def keep(*, days: int) -> None:
    """How long events are kept, said once, when the application is made."""
    global _keep_for  # noqa: PLW0603 - one process has one setting
    _keep_for = timedelta(days=days)


def note(what: str, actor: Actor, *, company_id: int | None = None, about: str = "", name: str = "") -> None:
    """Write down that something was done or opened, in the caller's unit of work: it is saved with what it tells of.

    company_id: whose thing it was, where that is not the actor's company. name is of a person or a file: it is kept
    where it can be forgotten. An e-mail address in `about` is, too.
    """
    person_id = actor.person.id if actor.person is not None else None
    about, name = _apart(about, name)
    now = clock.now()
    event = {
        "company_id": company_id or actor.company_id,
        "person_id": person_id,
        "at": now,
        "what": what,
        "about": about,
        "address": actor.address,
        "name_id": _id_of(name) if name else None,
        "keep_until": now + _keep_for,
    }
    if person_id is None or not _noted_under_known_name(event, person_id):
        db.session.execute(insert(AuditEvent).values(**event, by_id=_id_of_person(person_id)))


def is_noted(what: str, actor: Actor, *, about: str, name: str, since: datetime) -> bool:
    """Whether note() wrote the same of this actor since then."""
    about, name = _apart(about, name)
    same = (
        select(AuditEvent.id)
        .join(AuditName, AuditName.id == AuditEvent.name_id)
        .where(AuditEvent.company_id == actor.company_id, AuditEvent.person_id == actor.known.id)
        .where(AuditEvent.what == what, AuditEvent.at >= since, AuditEvent.about == about, AuditName.text == name)
    )
    return db.session.scalar(same.limit(1)) is not None


@unit_of_work()
def sweep() -> int:
    """Delete events whose time is over, and the names nobody needs any more; how many events. Commits."""
    now = clock.now()
    is_old = AuditEvent.keep_until.is_(None) & (AuditEvent.at < now - LONG_AGO)
    over = select(AuditEvent.id).where(AuditEvent.at < now - _keep_for, (AuditEvent.keep_until < now) | is_old)
    oldest = over.order_by(AuditEvent.id).limit(SWEPT_AT_ONCE)
    swept = rows_changed(delete(AuditEvent).where(AuditEvent.id.in_(oldest)))
    if swept:
        used = (AuditEvent.by_id == AuditName.id) | (AuditEvent.name_id == AuditName.id)
        alone = delete(AuditName).where(~select(AuditEvent.id).where(used).exists())
        db.session.execute(alone.execution_options(synchronize_session=False))
    return swept


def _apart(about: str, name: str) -> tuple[str, str]:
    """What it was about, with an empty place where the name goes; whatever was typed."""
    about = about.replace(NAME_STANDS_HERE, "")
    if not name and (found := _ADDRESS.search(about)):
        name, about = found[0], about[: found.start()] + NAME_STANDS_HERE + about[found.end() :]
    elif name:
        about = f"{about} {NAME_STANDS_HERE}".lstrip()
    return about[:MOST_CHARACTERS], name.replace("\0", "")[:MOST_CHARACTERS]


def _noted_under_known_name(event: dict[str, Any], person_id: int) -> bool:
    """Write the event down in one statement if the person's name, as it is now, is a word already; else nothing."""
    columns = AuditEvent.__table__.c
    known = (
        select(*(literal(value, columns[name].type) for name, value in event.items()), AuditName.id)
        .join(Person, (Person.id == AuditName.person_id) & (Person.name == AuditName.text))
        .where(Person.id == person_id)
        .limit(1)
    )
    new = insert(AuditEvent).from_select([*event, "by_id"], known, include_defaults=False)
    return db.session.execute(new.returning(literal(1))).first() is not None


def _id_of_person(person_id: int | None) -> int | None:
    """The person's name as it is now: the same row as long as it stays the same."""
    if person_id is None:
        return None
    names = select(AuditName.id, Person.name).select_from(Person).where(Person.id == person_id)
    same = (AuditName.person_id == Person.id) & (AuditName.text == Person.name)
    found = db.session.execute(names.outerjoin(AuditName, same).limit(1)).first()
    if found is None:
        return None
    return found[0] or _kept(found[1], person_id)


def _id_of(name: str) -> int:
    same = select(AuditName.id).where(AuditName.person_id.is_(None), AuditName.text == name)
    return db.session.scalar(same.limit(1)) or _kept(name, None)


def _kept(name: str, person_id: int | None) -> int:
    """A new word; two who write it down at the same moment may keep it twice, which harms nobody."""
    new = insert(AuditName).values(person_id=person_id, text=name, folded=fold(name))
    return db.session.execute(new.returning(AuditName.id)).scalar_one()
