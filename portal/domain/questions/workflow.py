"""Questioning a time entry: asking, answering, taking back, and noticing that the core corrected it."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.clock import now
from portal.db import db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company
from portal.domain.notifications import outbox, preferences, rendering
from portal.domain.questions import models as questions
from portal.domain.questions.models import (
    OPEN,
    Question,
    QuestionCard,
    QuestionMessage,
    QuestionSide,
    QuestionState,
    differs,
)
from portal.domain.sync_state import CoreNote
from portal.domain.tickets.models import Message, MessageSide
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryVersion
from portal.domain.users import permissions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.domain.users.permissions import Right
from portal.errors import Refused
from portal.lib import text as typed_text
from portal.lib.i18n import msgid


@unit_of_work()
def ask(actor: Actor, company: Company, entry_id: int, text: str) -> int:
    """Question an entry of the company; the id of the question. Commits. One open question an entry: another is added
    to it. Raises NotFound, Refused for empty or endless words."""
    person = actor.known
    reader = permissions.reader(company, person.role_names)
    asked = questions.entry(reader, entry_id)
    words = typed_text.needed(text)
    there = questions.by_entry(reader).get(entry_id)
    if there is not None:
        reply(actor, company, there, words)
        return there
    entry = asked.entry
    question = Question(
        company_id=company.id,
        time_entry_id=entry_id,
        asked_by=person.name,
        asked_by_id=person.id,
        asked_at=now(),
        state=QuestionState.ASKED,
        was_category=entry.category,
        was_hours=entry.hours,
        was_day=entry.worked_day,
        was_invoiced_on=entry.invoiced_on,
    )
    db.session.add(question)
    try:
        db.session.flush()
    except IntegrityError as error:  # a colleague asks about it at this very moment
        raise Refused(msgid("A colleague is asking about this entry already.")) from error
    said = _say(question, QuestionSide.MANAGER, words, by=person.name, by_id=person.id)
    _tell_connectica(questions.card(question.id), said, words)
    _mark(questions.card(question.id))
    audit.note(audit.ASKED_QUESTION, actor, company_id=company.id, about=asked.ticket_number)
    return question.id


@unit_of_work()
def reply(actor: Actor, company: Company, question_id: int, text: str) -> None:
    """The manager writes more; Connectica is to answer again. Commits."""
    person = actor.known
    found = questions.show(permissions.reader(company, person.role_names), question_id)
    words = typed_text.needed(text)
    _move(found.question, to=QuestionState.ASKED)
    said = _say(found.question, QuestionSide.MANAGER, words, by=person.name, by_id=person.id)
    _tell_connectica(found, said, words)
    audit.note(audit.ASKED_QUESTION, actor, company_id=company.id, about=found.ticket_number)


@unit_of_work()
def take_back(actor: Actor, company: Company, question_id: int) -> None:
    """The manager is content, or erred. Commits."""
    found = questions.show(permissions.reader(company, actor.known.role_names), question_id)
    _move(found.question, to=QuestionState.WITHDRAWN, by=actor.known.name)
    audit.note(audit.TOOK_QUESTION_BACK, actor, company_id=company.id, about=found.ticket_number)


@unit_of_work()
def answer(actor: Actor, question_id: int, text: str) -> None:
    """Connectica answers; the question stays open until the manager, a correction or staff end it. Commits."""
    words = typed_text.needed(text)
    found, person = questions.card(question_id), actor.known
    _answered(found, words, by=person.name, by_id=person.id)
    audit.note(audit.ANSWERED_QUESTION, actor, company_id=found.company_id, about=found.ticket_number)


@unit_of_work()
def uphold(actor: Actor, question_id: int, text: str) -> None:
    """Connectica explains why the entry stays as it is, and closes the question. Commits."""
    words = typed_text.needed(text)
    found, person = questions.card(question_id), actor.known
    _move(found.question, to=QuestionState.UPHELD, by=person.name)
    said = _say(found.question, QuestionSide.STAFF, words, by=person.name, by_id=person.id)
    _tell_manager(found, said, text="question_upheld", words=words, by=person.name)
    audit.note(audit.UPHELD_ENTRY, actor, company_id=found.company_id, about=found.ticket_number)


def run() -> int:
    """What questions wait for from the core: corrected entries and technicians' mail; how much came. Idempotent."""
    return _notice_corrections() + _hear_mail()


def _notice_corrections() -> int:
    """An entry that is no more what it was when it was questioned has been corrected: the new value is linked."""
    done = 0
    open_ones = select(Question, TimeEntry).join(TimeEntry, TimeEntry.id == Question.time_entry_id)
    for question, entry in db.session.execute(open_ones.where(Question.state.in_(OPEN))).all():
        if differs(question, entry):
            done += _corrected(question, entry)
    return done


def _corrected(question: Question, entry: TimeEntry) -> int:
    version = db.session.scalar(
        select(TimeEntryVersion)
        .where(TimeEntryVersion.time_entry_id == entry.id, TimeEntryVersion.replaced_at >= question.asked_at)
        .order_by(TimeEntryVersion.id)
        .limit(1)
    )
    try:
        with unit_of_work():
            _move(question, to=QuestionState.CORRECTED, by="Connectica", version_id=version.id if version else None)
            _tell_manager(questions.card(question.id), 0, text="question_corrected", words="", by="Connectica")
    except Refused:  # ended at this very moment by a person: their word stands
        return 0
    return 1


def _hear_mail() -> int:
    """A technician's mail that quotes our letter about a question is an answer to it."""
    done = 0
    wanted = (
        select(Question, Message)
        .join(TimeEntry, TimeEntry.id == Question.time_entry_id)
        .join(Message, Message.ticket_id == TimeEntry.ticket_id)
        .outerjoin(QuestionMessage, QuestionMessage.message_id == Message.id)
        .where(Question.state.in_(OPEN), Message.sent_at > Question.asked_at, Message.side == MessageSide.TECHNICIAN)
        .where(Message.sender_verified.is_(True), Message.withdrawn_at.is_(None), QuestionMessage.id.is_(None))
        .order_by(Message.sent_at, Message.id)
    )
    for question, message in db.session.execute(wanted).all():
        if question.reference in message.body + message.quoted:
            words = typed_text.excerpt(typed_text.of_html(message.body)) or "…"
            with unit_of_work():
                _answered(questions.card(question.id), words, by=message.author_name, message_id=message.id)
            done += 1
    return done


def _answered(
    found: QuestionCard, words: str, *, by: str, by_id: int | None = None, message_id: int | None = None
) -> None:
    _move(found.question, to=QuestionState.ANSWERED)
    said = _say(found.question, QuestionSide.STAFF, words, by=by, by_id=by_id, message_id=message_id)
    _tell_manager(found, said, text="question_answered", words=words, by=by)


def _move(question: Question, *, to: QuestionState, by: str = "", version_id: int | None = None) -> None:
    """To another state, from an open one only, in the caller's transaction: what is over stays over."""
    ended = {} if to.is_open else {"over_at": now(), "over_by": by, "version_id": version_id}
    moved = rows_changed(
        update(Question)
        .where(Question.id == question.id, Question.state.in_(OPEN))
        .values(state=to, **ended)
        .execution_options(synchronize_session=False)
    )
    if not moved:
        raise Refused(msgid("This question is closed."))
    db.session.refresh(question)
    if not to.is_open:
        _mark(questions.card(question.id))


def _mark(found: QuestionCard) -> None:
    """Tell the core, by a note, that the entry is in dispute, or is so no more: it may not be invoiced meanwhile."""
    question, is_over = found.question, not found.question.state.is_open
    text = "told_question_over" if is_over else "told_question"
    db.session.add(
        CoreNote(
            key=f"question-{question.id}-{'over' if is_over else 'asked'}",
            ticket_id=found.ticket_id,
            note=rendering.text("cs", text, card=found, question=question, entry=found.entry),
            written_at=now(),
            dispute=f"question-{question.id}",
            entry=found.entry.core_id,
            dispute_over=is_over,
        )
    )


def _say(
    question: Question, side: str, text: str, *, by: str, by_id: int | None = None, message_id: int | None = None
) -> int:
    said = QuestionMessage(
        question_id=question.id, at=now(), side=side, by=by, by_id=by_id, text=text, message_id=message_id
    )
    db.session.add(said)
    db.session.flush()
    return said.id


def _tell_connectica(found: QuestionCard, said: int, words: str) -> None:
    """Staff as they wish, and the technician who wrote the entry, by mail."""
    question = found.question
    facts: dict[str, Any] = {
        "card": found,
        "question": question,
        "entry": found.entry,
        "words": words,
        "by": question.asked_by,
    }
    for person in preferences.staff():
        preferences.tell(
            person,
            preferences.QUESTION_ASKED,
            key=f"question-{question.id}-{said}-{person.id}",
            text="question_asked",
            path=f"/staff/questions/{question.id}",
            **facts,
        )
    if "@" in found.technician_email:
        subject, body = rendering.letter("cs", "question_asked_by_mail", **facts)
        outbox.write(
            key=f"question-{question.id}-{said}-technician",
            to=found.technician_email,
            name=found.technician,
            subject=subject,
            text=body,
        )


def _tell_manager(found: QuestionCard, said: int, *, text: str, words: str, by: str) -> None:
    question = found.question
    asker = db.session.get_one(Person, question.asked_by_id)
    if asker.active and permissions.allows(asker.role_names, Right.ASK):  # a reader by now is told no more of it
        preferences.tell(
            asker,
            preferences.QUESTION_ANSWERED,
            key=f"question-{question.id}-{text}-{said}",
            text=text,
            path=f"/questions/{question.id}",
            card=found,
            question=question,
            entry=found.entry,
            words=words,
            by=by,
        )
