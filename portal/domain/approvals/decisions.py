"""Deciding an approval: who may, once and for all, and everybody who is told, in one transaction."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, true, update

from portal.clock import now, prague, today
from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.approvals import consents, links
from portal.domain.approvals.deputies import Approver, Deciders, deciders
from portal.domain.approvals.models import (
    Approval,
    ApprovalCard,
    ApprovalState,
    ApprovalStep,
    AtExpiry,
    Channel,
    Scope,
    Turn,
    card,
    is_closed,
    show,
    wrote_down,
)
from portal.domain.audit import events as audit
from portal.domain.companies.reader import Reader
from portal.domain.notifications import preferences, rendering
from portal.domain.sync_state import CoreNote
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, Visitor
from portal.errors import AlreadyDecided, NotFound, Refused
from portal.lib import text
from portal.lib.i18n import msgid

LONGEST_CONSENT = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a manager says: yes or no, why, and how far it reaches."""

    approve: bool
    note: str = ""
    scope: Scope = Scope.TICKET
    valid_until: date | None = None  # of a consent until a date: its last Prague day

    @property
    def state(self) -> ApprovalState:
        return ApprovalState.APPROVED if self.approve else ApprovalState.DECLINED


REACHES = {  # answer: how far it may reach
    True: (Scope.TICKET, Scope.UNTIL, Scope.ALWAYS),
    False: (Scope.TICKET, Scope.NEVER),
}


@unit_of_work()
def decide(
    actor: Actor,
    approval_id: int,
    decision: Decision,
    *,
    channel: Channel = Channel.PORTAL,
    read: Reader | None = None,
) -> None:
    """Approve or decline, for good. Commits.

    read: the company as the actor reads it, where they came by its pages; what it hides is not found.
    Raises NotFound for another company's approval, Refused for somebody who may not decide it, and AlreadyDecided,
    saying who decided what and when, to everybody but the first.
    """
    person = actor.known
    found, approver, among = right_to_decide(person, approval_id, read)
    decision, approval = _sensible(decision), found.approval
    if decision.scope != Scope.TICKET and not approver.is_manager:
        raise Refused(msgid("A deputy decides this ticket only; what holds for the future waits for the manager."))
    conclude(
        approval,
        decision.state,
        by=person.name,
        by_id=person.id,
        channel=channel,
        note=decision.note,
        scope=decision.scope,
        valid_until=decision.valid_until,
        decided_for=approver.stands_for,
        own_request=_is_requester(approver.right_of, found),
        among=among,
        found=found,
    )
    if decision.scope != Scope.TICKET:
        consents.give(
            person,
            company_id=found.company_id,
            employee_id=found.requester_id,
            allowed=decision.approve,
            valid_until=decision.valid_until,
            approval_id=approval.id,
        )
    audit.note(audit.DECIDED, actor, company_id=found.company_id, about=found.ticket_number)


def conclude(
    approval: Approval,
    state: ApprovalState,
    *,
    by: str,
    by_id: int | None = None,
    channel: Channel,
    note: str = "",
    scope: Scope | None = None,
    valid_until: date | None = None,
    decided_for: Person | None = None,
    own_request: bool = False,
    tells_core: bool = True,
    among: Deciders | None = None,
    found: ApprovalCard | None = None,
) -> None:
    """End an open approval, in the caller's transaction: its state, its record, the core's note and the letters.

    One UPDATE that only an open approval satisfies: of any number of callers at once exactly one wins. The others get
    AlreadyDecided, and their unit of work is rolled back.
    """
    won = db.session.scalars(
        update(Approval)
        .where(Approval.id == approval.id, Approval.state == ApprovalState.OPEN)
        .where(_in_time() if state in {ApprovalState.APPROVED, ApprovalState.DECLINED} else true())
        .values(
            state=state,
            decided_at=now(),
            decided_by=by,
            decided_by_id=by_id,
            channel=channel,
            note=note,
            scope=scope,
            valid_until=valid_until,
            own_request=own_request,
            decided_for=decided_for.name if decided_for else "",
            decided_for_id=decided_for.id if decided_for else None,
        )
        .returning(Approval)
        .execution_options(synchronize_session=False, populate_existing=True)  # approval says how it is now
    ).first()
    if won is None:
        db.session.rollback()
        raise already_decided(card(approval.id).approval)
    found = found or card(approval.id)
    wrote_down(approval, ApprovalStep(state), by=by, by_id=by_id, text=note)
    links.kill_all(approval.id)
    if tells_core:
        tell_core(
            found,
            key=f"approval-{approval.id}-{state}",
            decision=state,
            settled=approval.may_be_served is not False,
            note=rendering.text("cs", "told_decision", card=found, approval=approval),
        )
    _tell_people(found, among or deciders(found.company_id))


def right_to_decide(
    person: Person | Visitor, approval_id: int, read: Reader | None = None
) -> tuple[ApprovalCard, Approver, Deciders]:
    """The approval, a person's right to decide it, and all who have one. Raises NotFound, Refused, AlreadyDecided."""
    found = show(read, approval_id) if read else card(approval_id)
    if found.company_id != person.company_id:
        raise NotFound
    if not found.approval.is_open:
        raise already_decided(found.approval)
    if is_closed(found.ticket_state, None):
        raise Refused(msgid("This ticket is closed, there is nothing to approve."))
    among = deciders(found.company_id)
    for approver in among.approvers:
        if approver.person.id == person.id:
            if approver not in who_decides(found, among):
                raise Refused(msgid("This is your own request: a colleague has to decide it."))
            return found, approver, among
    raise Refused(msgid("Only an IT manager, or a deputy while they are away, decides this."))


def may_decide(person: Person | Visitor, found: ApprovalCard) -> Approver | None:
    """By which right the approval's form is shown to a person: what decide() checks of them, asked beforehand."""
    if is_closed(found.ticket_state, None) or found.approval.is_too_late:
        return None
    return next((approver for approver in who_decides(found) if approver.person.id == person.id), None)


def who_decides(found: ApprovalCard, among: Deciders | None = None) -> list[Approver]:
    """Everybody who may decide this approval today: nobody their own request, unless there is no other manager."""
    among = among or deciders(found.company_id)
    return [
        approver
        for approver in among.approvers
        if not _concerns_themselves(approver, found) or (among.has_one_manager and approver.stands_for is None)
    ]


def already_decided(approval: Approval) -> AlreadyDecided:
    """The words for whoever comes second."""
    state = ApprovalState.EXPIRED if approval.is_too_late else approval.state
    when = approval.expires_at if state == ApprovalState.EXPIRED else approval.decided_at or now()
    return AlreadyDecided(
        _WORDS_FOR_THE_SECOND[state],
        who=approval.decided_by or "Connectica",
        when=f"{prague(when):%-d. %-m. %Y %-H:%M}",
    )


def tell_core(found: ApprovalCard, *, key: str, note: str, decision: str = "", settled: bool | None = None) -> None:
    """Leave a note for the core, in the caller's transaction; the sync delivers it once.

    settled says, for a program, whether the ticket's time is to be invoiced: False while it is not agreed to.
    """
    approval = found.approval
    db.session.add(
        CoreNote(
            key=key,
            ticket_id=approval.ticket_id,
            note=note,
            written_at=now(),
            approval=approval.core_id or "",
            decision=decision,
            dispute="" if settled is None else f"approval-{approval.id}",
            dispute_over=bool(settled),
        )
    )


_WORDS_FOR_THE_SECOND = {
    ApprovalState.OPEN: msgid("This question does not wait for you any more."),
    ApprovalState.APPROVED: msgid("Already approved by %(who)s on %(when)s."),
    ApprovalState.DECLINED: msgid("Already declined by %(who)s on %(when)s."),
    ApprovalState.EXPIRED: msgid("The time to decide was over on %(when)s."),
    ApprovalState.WITHDRAWN: msgid("%(who)s withdrew the question on %(when)s."),
}


def _sensible(decision: Decision) -> Decision:
    """The same decision with its note made harmless. Raises Refused when its parts contradict each other."""
    note = text.paragraph(decision.note)
    if decision.scope not in REACHES[decision.approve]:
        raise Refused(msgid("This answer cannot reach that far."))
    if decision.scope != Scope.UNTIL:
        return Decision(approve=decision.approve, note=note, scope=decision.scope)
    if decision.valid_until is None or not today() <= decision.valid_until <= today() + LONGEST_CONSENT:
        raise Refused(msgid("Say until which day the consent holds: from today on, within two years."))
    return Decision(approve=decision.approve, note=note, scope=decision.scope, valid_until=decision.valid_until)


def _in_time():
    return or_(Approval.expires_at > now(), Approval.at_expiry == AtExpiry.STAY, Approval.turn == Turn.STAFF)


def _concerns_themselves(approver: Approver, found: ApprovalCard) -> bool:
    return _is_requester(approver.person, found) or _is_requester(approver.right_of, found)


def _is_requester(person: Person, found: ApprovalCard) -> bool:
    return person.email.strip().lower() == found.requester_email.strip().lower()


def _tell_people(found: ApprovalCard, among: Deciders) -> None:
    """Staff who asked, and the other approvers; a standing consent was seen by whoever asked."""
    approval = found.approval
    if approval.channel == Channel.CONSENT:
        return
    others = [one.person for one in who_decides(found, among) if one.person.id != approval.decided_by_id]
    asked_by = [approval.asked_by_id] if approval.asked_by_id not in {None, approval.decided_by_id} else []
    wishes = preferences.wishes_of([*(person.id for person in others), *asked_by])
    for person_id in asked_by:
        asker = wishes[person_id].person
        if asker.active:
            preferences.tell(
                asker,
                preferences.APPROVAL_ANSWERED,
                wish=wishes[person_id],
                key=f"approval-{approval.id}-{approval.state}-asker",
                text="approval_over",
                path=f"/staff/approvals/{approval.id}",
                card=found,
                approval=approval,
            )
    for person in others:
        preferences.tell(
            person,
            preferences.APPROVAL_OVER,
            wish=wishes[person.id],
            key=f"approval-{approval.id}-{approval.state}-{person.id}",
            text="approval_over",
            path=f"/approvals/{approval.id}",
            card=found,
            approval=approval,
        )
