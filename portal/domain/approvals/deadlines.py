"""What happens to approvals by itself: reminders, deadlines with their promise, and mail that decides nothing."""

from sqlalchemy import Select, select, update

from portal.clock import now
from portal.db import db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.approvals import links, requests
from portal.domain.approvals.decisions import conclude, who_decides
from portal.domain.approvals.models import (
    Approval,
    ApprovalEvent,
    ApprovalState,
    ApprovalStep,
    AtExpiry,
    Channel,
    Turn,
    card,
    is_closed,
    wrote_down,
)
from portal.domain.tickets.models import Message, MessageSide, Ticket
from portal.errors import AlreadyDecided
from portal.lib import text as typed_text
from portal.lib.business_hours import is_working, reminders


def run() -> int:
    """Everything whose time has come, each in its own transaction; how much was done. Idempotent."""
    return sum(one() for one in (_withdraw_closed, _hear_mail, _expire, _remind))


def _withdraw_closed() -> int:
    """A ticket that is done, in error or gone needs no approval any more."""
    done = 0
    for approval, ticket in db.session.execute(_open().add_columns(Ticket)).all():
        if is_closed(ticket.state, ticket.withdrawn_at):
            done += _concluded(approval, ApprovalState.WITHDRAWN, channel=Channel.CORE, by="Connectica")
    return done


def _expire() -> int:
    """Keep the promise made for the case that nobody decides."""
    done = 0
    late = _open().where(Approval.turn == Turn.MANAGER, Approval.expires_at <= now())
    for approval in db.session.scalars(late.where(Approval.at_expiry != AtExpiry.STAY)).all():
        done += _concluded(approval, ApprovalState.EXPIRED, channel=Channel.EXPIRY, by="")
    stays = late.where(Approval.at_expiry == AtExpiry.STAY, Approval.overdue_at.is_(None))
    for approval in db.session.scalars(stays).all():
        done += _overdue(approval)
    return done


def _remind() -> int:
    """At half the time and a day before the deadline, in working hours; after a long silence only once."""
    if not is_working(now()):
        return 0
    done = 0
    waiting = _open().where(Approval.turn == Turn.MANAGER, Approval.expires_at > now())
    for approval in db.session.scalars(waiting).all():
        due = sum(1 for moment in reminders(approval.asked_at, approval.expires_at) if moment <= now())
        if due > approval.reminders_sent:
            done += _reminded(approval, due)
    return done


def _hear_mail() -> int:
    """Mail about an open approval: an approver's decides nothing, a technician's answers what was asked back."""
    done = 0
    wanted = (
        _open()
        .add_columns(Message)
        .join(Message, Message.ticket_id == Approval.ticket_id)
        .outerjoin(
            ApprovalEvent, (ApprovalEvent.approval_id == Approval.id) & (ApprovalEvent.message_id == Message.id)
        )
        .where(Message.sent_at > Approval.asked_at, Message.withdrawn_at.is_(None), ApprovalEvent.id.is_(None))
        .order_by(Message.sent_at, Message.id)
    )
    for approval, message in db.session.execute(wanted).all():
        done += _heard(approval, message)
    return done


@unit_of_work()
def _heard(approval: Approval, message: Message) -> int:
    found = card(approval.id)
    text = typed_text.excerpt(typed_text.of_html(message.body))
    if message.side == MessageSide.TECHNICIAN:
        if approval.turn != Turn.STAFF or not message.sender_verified:
            return 0
        if approval.reference not in message.body + message.quoted:
            return 0
        requests.answered(found, by=message.author_name, text=text, message_id=message.id)
        return 1
    for approver in who_decides(found):
        if approver.person.email == message.author_email.lower():
            wrote_down(approval, ApprovalStep.MAIL, by=message.author_name, text=text, message_id=message.id)
            links.revoke(approval.id, approver.person.id)  # the reply may have quoted it to others
            requests.invite(found, occasion=f"mail-{message.id}", text="approval_by_mail", only=approver.person)
            return 1
    return 0


@unit_of_work()
def _reminded(approval: Approval, due: int) -> int:
    mine = rows_changed(
        update(Approval)
        .where(Approval.id == approval.id, Approval.state == ApprovalState.OPEN, Approval.reminders_sent < due)
        .values(reminders_sent=due)
        .execution_options(synchronize_session=False)
    )
    if not mine:
        return 0
    wrote_down(approval, ApprovalStep.REMINDED)
    requests.invite(card(approval.id), occasion=f"reminder-{due}", text="approval_reminder")
    return 1


@unit_of_work()
def _overdue(approval: Approval) -> int:
    mine = rows_changed(
        update(Approval)
        .where(Approval.id == approval.id, Approval.state == ApprovalState.OPEN, Approval.overdue_at.is_(None))
        .values(overdue_at=now())
        .execution_options(synchronize_session=False)
    )
    if not mine:
        return 0
    wrote_down(approval, ApprovalStep.OVERDUE)
    requests.invite(card(approval.id), occasion="overdue", text="approval_reminder")
    return 1


def _concluded(approval: Approval, state: ApprovalState, *, channel: Channel, by: str) -> int:
    try:
        with unit_of_work():
            conclude(approval, state, by=by, channel=channel)
    except AlreadyDecided:  # somebody decided at this very moment: that is all we wanted
        return 0
    return 1


def _open() -> Select:
    return select(Approval).join(Ticket, Ticket.id == Approval.ticket_id).where(Approval.state == ApprovalState.OPEN)
