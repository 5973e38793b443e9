"""Reassignment: rows that follow a ticket to another company, and rows that name a person who was renamed."""

from typing import Any

from sqlalchemy import select, update

from portal import clock
from portal.cores.records import TicketRecord
from portal.db import db
from portal.domain.approvals.models import Approval
from portal.domain.billing.invoice_snapshots import InvoicedEntry
from portal.domain.questions.models import Question
from portal.domain.tickets.models import Ticket, TicketText
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryVersion
from portal.lib.text import fold


def take_along(ticket: Ticket, company_id: int) -> None:
    """The ticket is another company's: everything below it goes along, so that the former one sees no more of it.

    What was invoiced to the former company stays with it, as do corrections of it and questions about it.
    """
    entry_ids = select(TimeEntry.id).where(
        TimeEntry.ticket_id == ticket.id, TimeEntry.id.not_in(select(InvoicedEntry.time_entry_id))
    )
    for table, theirs in (
        (TimeEntryVersion, TimeEntryVersion.time_entry_id.in_(entry_ids)),
        (Question, Question.time_entry_id.in_(entry_ids)),
        (Approval, Approval.ticket_id == ticket.id),
    ):
        db.session.execute(update(table).where(theirs).values(company_id=company_id))
    for entry in db.session.scalars(select(TimeEntry).where(TimeEntry.id.in_(entry_ids))):
        bring_entry(entry, company_id)


def bring_entry(entry: TimeEntry, company_id: int) -> None:
    """To its company it is a new one, whatever the former company noticed."""
    entry.company_id, entry.first_noticed_at = company_id, clock.now()


def bring_approvals(ticket: Ticket, record: TicketRecord) -> None:
    """A question that was another ticket's, before the two were merged, is this one's now."""
    names = [approval.core_id for approval in record.approvals]
    if not names:
        return
    asked_here = select(Approval.question_key).where(Approval.ticket_id == ticket.id)
    theirs = update(Approval).where(
        Approval.core_id.in_(names), Approval.ticket_id != ticket.id, Approval.question_key.not_in(asked_here)
    )
    db.session.execute(theirs.values(ticket_id=ticket.id, company_id=ticket.company_id))


def renamed(column: Any, person_id: int, name: str) -> None:
    """Rows of lists that show the person look different, and can be found by the new name as by the old one."""
    theirs = select(Ticket.id).where(column == person_id)
    db.session.execute(
        update(Ticket).where(column == person_id).values(version=Ticket.version + 1),
        execution_options={"synchronize_session": "fetch"},
    )
    folded = fold(name)
    db.session.execute(
        update(TicketText)
        .where(TicketText.ticket_id.in_(theirs), ~TicketText.text.contains(folded, autoescape=True))
        .values(text=TicketText.text + "\n" + folded),
        execution_options={"synchronize_session": False},
    )
