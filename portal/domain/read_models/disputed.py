"""Disputed time: entries in question, and those of tickets that the company has not agreed to."""

from collections.abc import Collection

from sqlalchemy import select

from portal.db import db
from portal.domain.approvals.models import Approval, ApprovalState
from portal.domain.billing.anomalies import Disputes
from portal.domain.companies.reader import Reader
from portal.domain.questions import models as questions
from portal.domain.tickets.models import Ticket

_RULES = {  # what the newest answer to a ticket's questions makes of its time
    ApprovalState.OPEN: "approval_open",
    ApprovalState.DECLINED: "approval_declined",
    ApprovalState.EXPIRED: "approval_expired",
}


def of(reader: Reader, in_question: Collection[int] | None = None) -> Disputes:
    """What is in dispute in a company: rules of anomalies by ticket number, and entries in question.

    A page that knows the entries in question already gives them.
    """
    entries = questions.by_entry(reader) if in_question is None else in_question
    return Disputes(by_ticket=_by_ticket(reader), in_question=frozenset(entries))


def _by_ticket(reader: Reader) -> dict[str, str]:
    """An open question counts before any answer; else the newest answer counts, as a later yes overrules a no."""
    wanted = (
        select(Ticket.number, Approval)
        .join(Ticket, Ticket.id == Approval.ticket_id)
        .where(Approval.company_id == reader.company_id, Ticket.company_id == reader.company_id)
        .where(Approval.state != ApprovalState.WITHDRAWN)
        .order_by(Approval.state == ApprovalState.OPEN, Approval.decided_at, Approval.id)
    )
    newest = {row.number: row.Approval for row in db.session.execute(wanted)}
    return {
        number: _RULES[approval.state]
        for number, approval in newest.items()
        if approval.is_open or approval.may_be_served is False
    }
