"""Questions: a manager's objection to one time entry, Connectica's answer, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, ScalarSelect, Select, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Hours, db
from portal.db.enums import EnumText
from portal.domain.billing import disclosure
from portal.domain.companies.contacts import Technician
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Ticket
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryVersion
from portal.errors import NotFound
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled


class QuestionState(Labelled):
    """The first two are open; a correction is what the core's new value says."""

    ASKED = "asked", msgid("Waiting for an answer"), "warn"
    ANSWERED = "answered", msgid("Answered"), "info"
    CORRECTED = "corrected", msgid("Corrected"), "ok"
    UPHELD = "upheld", msgid("Upheld"), "muted"
    WITHDRAWN = "withdrawn", msgid("Taken back"), "muted"

    @property
    def is_open(self) -> bool:
        return self in OPEN


class QuestionSide(StrEnum):
    """Who speaks in the thread."""

    MANAGER = "manager"
    STAFF = "staff"


OPEN = (QuestionState.ASKED, QuestionState.ANSWERED)


class Question(Base):
    """One objection to one entry, with the entry as it was when it was asked."""

    __tablename__ = "question"
    __table_args__ = (
        Index(
            "uq_question_open",
            "time_entry_id",
            unique=True,
            sqlite_where=text("state IN ('asked', 'answered')"),
            postgresql_where=text("state IN ('asked', 'answered')"),
        ),
        Index("ix_question_listed", "company_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), index=True)
    asked_by: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    state: Mapped[QuestionState] = mapped_column(EnumText(QuestionState), default=QuestionState.ASKED)
    was_category: Mapped[str]
    was_hours: Mapped[Decimal] = mapped_column(Hours)
    was_day: Mapped[date]
    was_invoiced_on: Mapped[date | None]  # an invoiced entry can be questioned too, and says so
    over_at: Mapped[datetime | None]
    over_by: Mapped[str] = mapped_column(default="")
    version_id: Mapped[int | None] = mapped_column(
        ForeignKey("time_entry_version.id")
    )  # what the correction replaced

    @property
    def reference(self) -> str:
        """The mark in a letter by which a reply that quotes it is recognised."""
        return f"[D{self.id}]"


class QuestionMessage(Base):
    """One contribution to the thread beside the entry."""

    __tablename__ = "question_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    at: Mapped[datetime]
    side: Mapped[QuestionSide] = mapped_column(EnumText(QuestionSide))
    by: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), unique=True)  # the mail it was read from


@dataclass(frozen=True, slots=True)
class QuestionCard:
    """A question with what a list shows of its entry and ticket."""

    question: Question
    entry: TimeEntry
    ticket_id: int
    ticket_number: str
    ticket_tag: str  # leads the subjects of letters
    ticket_subject: str
    technician: str
    technician_email: str
    company: str
    company_id: int

    @property
    def is_changed(self) -> bool:
        """The entry is no more what it was when it was questioned."""
        return differs(self.question, self.entry)


def differs(question: Question, entry: TimeEntry) -> bool:
    """Hours, category, day or existence of an entry changed since it was questioned."""
    was = (question.was_category, question.was_hours, question.was_day)
    return entry.withdrawn_at is not None or was != (entry.category, entry.hours, entry.worked_day)


def listed(reader: Reader, *, only_open: bool = True, limit: int = 100) -> list[QuestionCard]:
    """Questions of the company, the newest first; answered ones, which wait for the manager, before the others."""
    states = OPEN if only_open else tuple(set(QuestionState) - set(OPEN))
    mine = _visible_to(reader).where(Question.state.in_(states))
    return _cards(mine.order_by(Question.state != QuestionState.ANSWERED, Question.id.desc()).limit(limit))


def answered(reader: Reader) -> list[QuestionCard]:
    """Questions with an answer that the manager has not closed yet."""
    return _cards(_visible_to(reader).where(Question.state == QuestionState.ANSWERED).order_by(Question.id))


def answered_of(reader: Reader, ticket_number: str) -> list[tuple[QuestionCard, QuestionMessage | None]]:
    """Those about one ticket, each with the last words in it."""
    cards = [card for card in answered(reader) if card.ticket_number == ticket_number]
    return [(card, next(reversed(thread(card.question)), None)) for card in cards]


def answered_count(reader: Reader) -> int:
    """How many of them."""
    return db.session.scalar(select(how_many_answered(reader))) or 0


def how_many_answered(reader: Reader) -> ScalarSelect[int]:
    """The same as a part of a statement."""
    mine = _visible_to(reader).where(Question.state == QuestionState.ANSWERED)
    return mine.with_only_columns(func.count(Question.id)).scalar_subquery()


def by_entry(reader: Reader) -> dict[int, int]:
    """Every entry of the company with an open question, and the question: few, whatever the company's size."""
    return {row.entry: row.question for row in db.session.execute(in_question(reader))}


def in_question(reader: Reader) -> Select:
    """The same as a part of a statement."""
    return (
        select(Question.time_entry_id.label("entry"), Question.id.label("question"))
        .join(TimeEntry, TimeEntry.id == Question.time_entry_id)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .where(Question.company_id == reader.company_id, Question.state.in_(OPEN), confidentiality.tells(reader))
    )


def show(reader: Reader, question_id: int) -> QuestionCard:
    """One question of the company. Raises NotFound."""
    return _only(_visible_to(reader).where(Question.id == question_id))


def card(question_id: int) -> QuestionCard:
    """One question of any company: for staff and for what runs by itself. Raises NotFound."""
    return _only(_with_entry().where(Question.id == question_id))


def of_entry(reader: Reader, entry_id: int) -> list[QuestionCard]:
    """All questions there ever were about one entry, the newest first."""
    return _cards(_visible_to(reader).where(Question.time_entry_id == entry_id).order_by(Question.id.desc()))


def open_everywhere() -> list[QuestionCard]:
    """Open questions of all companies, those to be answered first: staff only."""
    wanted = _with_entry().where(Question.state.in_(OPEN))
    return _cards(wanted.order_by(Question.state != QuestionState.ASKED, Question.asked_at, Question.id))


def staff_count() -> int:
    """How many questions of all companies wait for an answer: staff only."""
    return db.session.scalar(select(func.count(Question.id)).where(Question.state == QuestionState.ASKED)) or 0


def thread(question: Question) -> Sequence[QuestionMessage]:
    """What was said, in order."""
    mine = select(QuestionMessage).where(QuestionMessage.question_id == question.id)
    return db.session.scalars(mine.order_by(QuestionMessage.at, QuestionMessage.id)).all()


def replaced(question: Question) -> TimeEntryVersion | None:
    """What the entry was before the correction, as the mirror remembers it."""
    return db.session.get(TimeEntryVersion, question.version_id) if question.version_id else None


@dataclass(frozen=True, slots=True)
class EntryToAsk:
    """A time entry as the form shows it that a question is written in."""

    entry: TimeEntry
    ticket_number: str
    ticket_subject: str
    technician: str


def entry(reader: Reader, entry_id: int) -> EntryToAsk:
    """An entry of the company that its people may see. Raises NotFound."""
    found = db.session.execute(
        select(TimeEntry, Ticket, Technician)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .where(TimeEntry.company_id == reader.company_id, TimeEntry.id == entry_id)
        .where(TimeEntry.withdrawn_at.is_(None), Ticket.withdrawn_at.is_(None), disclosure.of(reader).entries)
        .where(confidentiality.tells(reader))
    ).first()
    if found is None:
        raise NotFound
    return EntryToAsk(found[0], found[1].number, found[1].subject, found[2].name)


def _visible_to(reader: Reader) -> Select:
    told = disclosure.of(reader)
    mine = _with_entry().where(Question.company_id == reader.company_id, Ticket.withdrawn_at.is_(None), told.entries)
    return mine.where(confidentiality.tells(reader))


def _with_entry() -> Select:
    return (
        select(Question, TimeEntry, Ticket, Technician, Company)
        .join(TimeEntry, TimeEntry.id == Question.time_entry_id)
        .join(Ticket, Ticket.id == TimeEntry.ticket_id)
        .join(Technician, Technician.id == TimeEntry.technician_id)
        .join(Company, Company.id == Question.company_id)
    )


def _count(wanted: Select) -> int:
    return db.session.scalar(select(func.count()).select_from(wanted.with_only_columns(Question.id).subquery())) or 0


def _only(wanted: Select) -> QuestionCard:
    for found in _cards(wanted):
        return found
    raise NotFound


def _cards(wanted: Select) -> list[QuestionCard]:
    return [
        _card(row.Question, row.TimeEntry, row.Ticket, row.Technician, row.Company)
        for row in db.session.execute(wanted)
    ]


def _card(
    question: Question, entry: TimeEntry, ticket: Ticket, technician: Technician, company: Company
) -> QuestionCard:
    return QuestionCard(
        question=question,
        entry=entry,
        ticket_id=ticket.id,
        ticket_number=ticket.number,
        ticket_tag=ticket.mail_tag,
        ticket_subject=ticket.subject,
        technician=technician.name,
        technician_email=technician.email,
        company=company.name,
        company_id=company.id,
    )
