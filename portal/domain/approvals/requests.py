"""Asking for an approval, by staff or by a technician through the core, and the talk until it is decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.clock import now, today
from portal.db import db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.approvals import consents, links
from portal.domain.approvals.decisions import conclude, right_to_decide, tell_core, who_decides
from portal.domain.approvals.models import (
    Approval,
    ApprovalCard,
    ApprovalState,
    ApprovalStep,
    AtExpiry,
    Channel,
    Turn,
    card,
    is_closed,
    question_key,
    wrote_down,
)
from portal.domain.audit import events as audit
from portal.domain.companies.reader import Reader
from portal.domain.notifications import outbox, preferences, rendering
from portal.domain.tickets.models import State, Ticket
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.errors import Refused
from portal.lib import text as typed_text
from portal.lib.business_hours import close_after, close_of
from portal.lib.i18n import msgid

WORKING_DAYS = 3  # to answer a question that came without a date: through the core, for instance
LONGEST = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Asking:
    """What staff want to know: until says the Prague day at whose close the promise comes true."""

    question: str
    until: date
    at_expiry: AtExpiry
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What came of asking."""

    approval_id: int
    was_open: bool = False  # the same question was being asked already
    was_answered: bool = False  # by a standing consent, at once


def default_until() -> date:
    """The day until which one usually asks."""
    return close_after(now(), WORKING_DAYS).date()


def ask(actor: Actor, ticket_id: int, asking: Asking) -> RequestOutcome:
    """Staff ask a company's managers about a ticket. Commits. Raises Refused for a closed ticket or a day gone by."""
    person, question = actor.known, typed_text.needed(asking.question)
    reason = typed_text.paragraph(asking.reason)
    if not today() <= asking.until <= today() + LONGEST or close_of(asking.until) <= now():
        raise Refused(msgid("Choose a day from today on, within a year."))
    ticket = db.session.get_one(Ticket, ticket_id)
    if is_closed(ticket.state, ticket.withdrawn_at):
        raise Refused(msgid("This ticket is closed, there is nothing to approve."))
    approval = Approval(
        company_id=ticket.company_id,
        ticket_id=ticket.id,
        question=question,
        question_key=question_key(question),
        reason=reason,
        asked_by=person.name,
        asked_by_email=person.email,
        asked_by_id=person.id,
        asked_at=now(),
        expires_at=close_of(asking.until),
        at_expiry=asking.at_expiry,
    )
    try:
        return _asked(actor, approval, ticket)
    except IntegrityError:  # somebody asks the same at this very moment
        return _asked(actor, approval, ticket)


def ask_by_rule(approval: Approval, *, heeds_consent: bool) -> RequestOutcome:
    """A rule of the company asks its managers, in the caller's transaction.

    heeds_consent: a standing consent answers it, as it may when the question is whether somebody is served at all.
    """
    return _put(approval, heeds_consent=heeds_consent)


def noticed(ticket: Ticket, told: Iterable) -> None:
    """What a record says was asked through the core, into the mirror's transaction; told are its ApprovalRecords.

    A question that the record has no more is closed; nobody knows by whom. Told again, it is open again.
    """
    known = {
        approval.core_id: approval
        for approval in db.session.scalars(
            select(Approval).where(Approval.ticket_id == ticket.id, Approval.core_id.is_not(None))
        )
    }
    named = set()
    for record in told:
        named.add(record.core_id)
        if ticket.state != State.OPEN or ticket.withdrawn_at is not None:
            continue
        had = known.get(record.core_id)
        if had is None:
            _put(_from_record(ticket, record))
        elif had.state == ApprovalState.WITHDRAWN and had.channel == Channel.CORE:
            _reopen(had)
    for core_id, approval in known.items():
        if core_id not in named and approval.is_open:
            conclude(approval, ApprovalState.WITHDRAWN, by="", channel=Channel.CORE, tells_core=False)


@unit_of_work()
def withdraw(actor: Actor, approval_id: int) -> None:
    """Staff take a question back. Commits. Raises AlreadyDecided when a manager was faster."""
    found, person = card(approval_id), actor.known
    conclude(found.approval, ApprovalState.WITHDRAWN, by=person.name, by_id=person.id, channel=Channel.PORTAL)
    audit.note(audit.WITHDREW_APPROVAL, actor, company_id=found.company_id, about=found.ticket_number)


@unit_of_work()
def ask_back(actor: Actor, approval_id: int, note: str, *, by_link: bool = False, read: Reader | None = None) -> None:
    """The manager needs to know more before deciding; the approval stays open, its deadline waits. Commits."""
    text, person = typed_text.needed(note), actor.known
    found, _approver, _among = right_to_decide(person, approval_id, read)
    _turn(found.approval, to=Turn.STAFF)
    if by_link:
        links.use_up(found.approval.id, person.id)
    wrote_down(found.approval, ApprovalStep.ASKED_BACK, by=person.name, by_id=person.id, text=text)
    occasion = f"approval-{found.approval.id}-asked-back-{now():%Y%m%d%H%M%S%f}"
    tell_core(
        found, key=occasion, note=rendering.text("cs", "told_asked_back", card=found, by=person.name, words=text)
    )
    _tell_asker(found, key=occasion, by=person.name, text=text)
    audit.note(audit.ASKED_BACK, actor, company_id=found.company_id, about=found.ticket_number)


@unit_of_work()
def answer(actor: Actor, approval_id: int, note: str) -> None:
    """Staff answer what a manager asked back, and the managers are asked again. Commits."""
    text, person = typed_text.needed(note), actor.known
    found = card(approval_id)
    answered(found, by=person.name, by_id=person.id, text=text)
    audit.note(audit.ANSWERED_APPROVAL, actor, company_id=found.company_id, about=found.ticket_number)


def answered(
    found: ApprovalCard, *, by: str, by_id: int | None = None, text: str, message_id: int | None = None
) -> None:
    """Connectica's words to what was asked back, in the caller's transaction; at least a working day is left then."""
    approval = found.approval
    _turn(approval, to=Turn.MANAGER)
    db.session.refresh(approval)
    approval.expires_at = max(approval.expires_at, close_after(now(), 1))
    wrote_down(approval, ApprovalStep.ANSWERED, by=by, by_id=by_id, text=text, message_id=message_id)
    invite(found, occasion=f"answered-{now():%Y%m%d%H%M%S%f}", text="approval_answered", by=by, answer=text)


def invite(found: ApprovalCard, *, occasion: str, text: str, only: Person | None = None, **facts: Any) -> None:
    """Ask everybody who may decide, each by a link of their own, in the caller's transaction."""
    for approver in who_decides(found):
        if only is not None and approver.person.id != only.id:
            continue
        path = f"/approvals/{found.approval.id}"
        if preferences.wants_letter(approver.person, preferences.APPROVAL_ASKED):
            path = links.make(found.approval, approver.person)
        preferences.tell(
            approver.person,
            preferences.APPROVAL_ASKED,
            key=f"approval-{found.approval.id}-{occasion}-{approver.person.id}",
            text=text,
            path=path,
            card=found,
            approval=found.approval,
            stands_for=approver.stands_for,
            **facts,
        )


@unit_of_work()
def _asked(actor: Actor, approval: Approval, ticket: Ticket) -> RequestOutcome:
    asked = _put(approval)
    audit.note(audit.ASKED_APPROVAL, actor, company_id=ticket.company_id, about=ticket.number)
    return asked


def _put(approval: Approval, *, heeds_consent: bool = True) -> RequestOutcome:
    """Into the session, unless it is being asked already; a standing consent answers it there and then."""
    same = select(Approval).where(
        Approval.ticket_id == approval.ticket_id,
        Approval.question_key == approval.question_key,
        Approval.state == ApprovalState.OPEN,
    )
    there = db.session.scalar(same)
    if there is not None:
        there.core_id = there.core_id or approval.core_id  # asked both ways: one decision answers both
        return RequestOutcome(there.id, was_open=True)
    return _put_open(approval, occasion="asked", heeds_consent=heeds_consent)


def _reopen(approval: Approval) -> None:
    """The core told a question no more, and tells it again; unless the same words are being asked meanwhile."""
    same = select(Approval.id).where(
        Approval.ticket_id == approval.ticket_id,
        Approval.question_key == approval.question_key,
        Approval.state == ApprovalState.OPEN,
    )
    if db.session.scalar(same) is not None:
        return
    approval.decided_at, approval.channel, approval.overdue_at = None, None, None
    approval.expires_at = max(approval.expires_at, close_after(now(), WORKING_DAYS))
    occasion = f"asked-again-{now():%Y%m%d%H%M%S%f}"
    _put_open(approval, occasion=occasion, heeds_consent=approval.rule_id is None)


def _put_open(approval: Approval, *, occasion: str, heeds_consent: bool) -> RequestOutcome:
    approval.state, approval.turn, approval.reminders_sent = ApprovalState.OPEN, Turn.MANAGER, 0
    db.session.add(approval)
    db.session.flush()
    wrote_down(approval, ApprovalStep.ASKED, by=approval.asked_by, by_id=approval.asked_by_id, text=approval.question)
    found = card(approval.id)
    consent = consents.of_employee(found.requester_id) if heeds_consent else None
    if consent is None:
        by_rule = "_by_rule" if approval.rule_id else ""
        invite(found, occasion=occasion, text=f"approval_asked{by_rule}")
        if approval.core_id is None:  # the core does not know of it, and may not invoice the ticket's time
            note = rendering.text("cs", f"told_asked{by_rule}", card=found, approval=approval)
            tell_core(found, key=f"approval-{approval.id}-asked", note=note, settled=False)
        return RequestOutcome(approval.id)
    state = ApprovalState.APPROVED if consent.allowed else ApprovalState.DECLINED
    conclude(
        approval,
        state,
        by=consent.given_by,
        by_id=consent.given_by_id,
        channel=Channel.CONSENT,
        valid_until=consent.valid_until,
    )
    return RequestOutcome(approval.id, was_answered=True)


def _from_record(ticket: Ticket, record) -> Approval:
    question = typed_text.excerpt(record.question) or "?"
    return Approval(
        company_id=ticket.company_id,
        ticket_id=ticket.id,
        core_id=record.core_id,
        question=question,
        question_key=question_key(question),
        asked_by=typed_text.line(record.asked_by.name or record.asked_by.email),
        asked_by_email=record.asked_by.email,
        asked_at=_not_later_than_now(record.asked_at),
        expires_at=close_after(now(), WORKING_DAYS),
        at_expiry=AtExpiry.STAY,
    )


def _not_later_than_now(moment: datetime) -> datetime:
    return min(moment, now())


def _turn(approval: Approval, *, to: Turn) -> None:
    turned = rows_changed(
        update(Approval)
        .where(Approval.id == approval.id, Approval.state == ApprovalState.OPEN, Approval.turn != to)
        .values(turn=to)
        .execution_options(synchronize_session=False)
    )
    if not turned:
        raise Refused(msgid("This question does not wait for you any more."))


def _tell_asker(found: ApprovalCard, *, key: str, by: str, text: str) -> None:
    """Who asked is told: staff as they wish, a technician by mail to the address the core gave, else all staff."""
    approval = found.approval
    facts: dict[str, Any] = {"card": found, "approval": approval, "by": by, "words": text}
    if approval.asked_by_id is None and approval.asked_by_email:
        subject, body = rendering.letter("cs", "approval_asked_back_by_mail", **facts)
        outbox.write(
            key=f"{key}-technician", to=approval.asked_by_email, name=approval.asked_by, subject=subject, text=body
        )
        return
    for person in preferences.staff():
        if approval.asked_by_id in {None, person.id}:
            preferences.tell(
                person,
                preferences.APPROVAL_ANSWERED,
                key=f"{key}-{person.id}",
                text="approval_asked_back",
                path=f"/staff/approvals/{approval.id}",
                **facts,
            )
