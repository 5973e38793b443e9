"""Conditions of the ticket list: what each value of its filter asks of a ticket."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.domain.approvals.models import Approval, ApprovalState, Turn
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, MessageSide, State, Ticket
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled


class Only(Labelled):
    """What the list can be narrowed to by one tick; the value is its word in an address."""

    OVERDUE = "overdue", msgid("Overdue")
    OUR_TURN = "turn", msgid("Our turn"), "", msgid("Connectica wrote last and waits for your company.")
    APPROVAL = "approval", msgid("Waiting for approval")
    UNASSIGNED = "unassigned", msgid("Without an assignee")
    WITH_FILE = "file", msgid("With a file")


def value_of(one: Only) -> Any:
    """What its condition compares with: the moment, where it is about one."""
    return clock.now() if one is Only.OVERDUE else True


def _companys_turn() -> ColumnElement[bool]:
    """Open, and no message is newer than a technician's: the same as the overview says."""
    newer = aliased(Message)
    is_newer = (newer.ticket_id == Message.ticket_id, newer.sent_at > Message.sent_at, newer.withdrawn_at.is_(None))
    last = (
        select(Message.id)
        .where(Message.ticket_id == Ticket.id, Message.withdrawn_at.is_(None))
        .where(Message.side == MessageSide.TECHNICIAN, ~select(newer.id).where(*is_newer).exists())
    )
    return and_(Ticket.state == State.OPEN, last.exists())


def _waits_for_approval() -> ColumnElement[bool]:
    asked = select(Approval.id).where(Approval.ticket_id == Ticket.id, Approval.company_id == Ticket.company_id)
    return asked.where(Approval.state == ApprovalState.OPEN, Approval.turn == Turn.MANAGER).exists()


def has_file() -> ColumnElement[bool]:
    """Any file somebody sent with a message that is still there."""
    return (
        select(Attachment.id)
        .join(Message, Message.id == Attachment.message_id)
        .where(Message.ticket_id == Ticket.id, Message.withdrawn_at.is_(None), Attachment.withdrawn_at.is_(None))
        .exists()
    )


CONDITIONS: dict[str, Callable[[Any], ColumnElement[bool]]] = {  # a value of the filter: what it asks of a ticket
    "state": lambda value: Ticket.state == value,
    "requester": lambda value: Ticket.requester_id == value,
    "technician": lambda value: Ticket.technician_id == value,
    "since": lambda value: Ticket.opened_at >= value,
    "until": lambda value: Ticket.opened_at < value,
    "over": lambda value: Ticket.hours > value,
    "overdue": lambda value: and_(Ticket.state == State.OPEN, Ticket.due_at < value),
    "turn": lambda _: _companys_turn(),
    "approval": lambda _: _waits_for_approval(),
    "unassigned": lambda _: Ticket.technician_id.is_(None),
    "file": lambda _: has_file(),
}
OF_ITS_WORDS = {"requester", "turn", "approval", "file"}  # they tell what a stub hides
