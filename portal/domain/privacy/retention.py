"""Retention: tickets that ended long ago lose their words, files and people; their time and money stay."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update

from portal import clock
from portal.db import db, insert_once
from portal.db.unit_of_work import unit_of_work
from portal.domain.approvals.models import Approval, ApprovalEvent
from portal.domain.companies.contacts import Employee
from portal.domain.companies.pseudonyms import NOBODY
from portal.domain.notifications.outbox import Letter
from portal.domain.questions.models import Question, QuestionMessage
from portal.domain.sync_state import CoreNote, MirrorState
from portal.domain.tickets import attachments
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, State, Ticket, TicketEvent, TicketText
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryCorrection

ENDED = (State.DONE, State.ERROR)
AT_ONCE = 100  # tickets in a commit
LEFT_OUT = "…"  # where somebody wrote something

_days = 0


def keep(*, days: int) -> None:
    """How long, said once, when the application is made; 0 keeps everything for ever."""
    global _days  # noqa: PLW0603 - one process has one setting
    _days = days


def kept_since() -> datetime | None:
    """What ended and changed last before this is too old; None when nothing ever is."""
    return clock.now() - timedelta(days=_days) if _days else None


def empty_old(folder: Path, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Empty the tickets that are too old, and letters sent so long ago; how many tickets. Commits now and then."""
    since, emptied = kept_since(), 0
    if since is None:
        return 0
    while not stopping() and (ids := list(db.session.scalars(_too_old(since).limit(AT_ONCE)))):
        with unit_of_work():
            _change(update(Ticket).where(Ticket.id.in_(ids)).values(record_hash=""))  # now the sync waits for us
            still = list(db.session.scalars(_too_old(since).where(Ticket.id.in_(ids))))
            files = _empty(still)
        attachments.remove_unneeded(folder, files)
        emptied += len(still)
    letters = update(Letter).where(Letter.sent_at < since, Letter.to != "")
    with unit_of_work():
        db.session.execute(letters.values(to="", name="", subject="", text="", attachment_name=""))
    return emptied


def _too_old(since: datetime) -> Any:
    ended: ColumnElement[bool] = or_(Ticket.state.in_(ENDED), Ticket.withdrawn_at < since)
    named = Ticket.requester_id.not_in(select(Employee.id).where(Employee.name == NOBODY))
    return select(Ticket.id).where(Ticket.changed_at < since, ended, named).order_by(Ticket.id)


def _empty(ids: list[int]) -> set[str]:
    """In the caller's transaction; the files they had."""
    messages = select(Message.id).where(Message.ticket_id.in_(ids))
    files = set(db.session.scalars(select(Attachment.sha256).where(Attachment.message_id.in_(messages))))
    theirs = Attachment.message_id.in_(messages)
    _change(delete(Attachment).where(theirs))
    _change(delete(TicketEvent).where(TicketEvent.ticket_id.in_(ids)))
    _change(update(TimeEntry).where(TimeEntry.ticket_id.in_(ids)).values(message_id=None))
    nothing = {"author_name": "", "author_email": "", "body": "", "quoted": "", "excerpt": ""}
    _change(update(Message).where(Message.ticket_id.in_(ids)).values(**nothing, withdrawn_at=clock.now()))
    _empty_decisions(ids)
    for ticket in db.session.execute(select(Ticket.id, Ticket.number, Ticket.company_id).where(Ticket.id.in_(ids))):
        _change(update(TicketText).where(TicketText.ticket_id == ticket.id).values(text=ticket.number))
        bare = {"subject": "", "requester_id": _nobody(ticket.company_id)}
        _change(update(Ticket).where(Ticket.id == ticket.id).values(**bare, version=Ticket.version + 1))
    _change(update(MirrorState).values(generation=MirrorState.generation + 1))
    return set(filter(None, files))


def _empty_decisions(ids: list[int]) -> None:
    """Who decided what and when stays; what was written with it does not."""
    approvals = select(Approval.id).where(Approval.ticket_id.in_(ids))
    questions = select(Question.id).join(TimeEntry, TimeEntry.id == Question.time_entry_id)
    entries = select(TimeEntry.id).where(TimeEntry.ticket_id.in_(ids))
    for column, theirs in (
        (TimeEntryCorrection.reason, TimeEntryCorrection.time_entry_id.in_(entries)),
        (Approval.question, Approval.ticket_id.in_(ids)),
        (Approval.reason, Approval.ticket_id.in_(ids)),
        (Approval.note, Approval.ticket_id.in_(ids)),
        (ApprovalEvent.text, ApprovalEvent.approval_id.in_(approvals)),
        (QuestionMessage.text, QuestionMessage.question_id.in_(questions.where(TimeEntry.ticket_id.in_(ids)))),
        (CoreNote.note, CoreNote.ticket_id.in_(ids) & CoreNote.told_at.is_not(None)),
    ):
        _change(update(column.class_).where(theirs, column != "").values({column.key: LEFT_OUT}))


def _nobody(company_id: int) -> int:
    """The employee who stands for all whose names are gone."""
    insert_once(Employee, company_id=company_id, email=NOBODY.casefold(), name=NOBODY)
    wanted = select(Employee.id).where(Employee.company_id == company_id, Employee.email == NOBODY.casefold())
    return db.session.scalars(wanted).one()


def _change(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
