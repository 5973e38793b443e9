"""Billing: where a time entry stands between being written and being invoiced. Pure, and the same said in SQL."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, and_, or_

from portal.domain.tickets.models import State, Ticket
from portal.domain.tickets.time_entries import TimeEntry
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled


class Billing(Labelled):
    """One of these for every entry. An invoiced entry stays invoiced, whatever happens to its ticket."""

    RUNNING = "running", msgid("Running"), "info", msgid("The ticket is still open.")
    TO_BE_INVOICED = (
        "to_be_invoiced",
        msgid("To be invoiced"),
        "warn",
        msgid("The ticket is solved; the next invoice has it."),
    )
    INVOICED = "invoiced", msgid("Invoiced"), "ok", msgid("An invoice has it.")
    ENDED = "ended", msgid("Ended without an invoice"), "muted", msgid("The ticket ended and no invoice has it.")

    @property
    def condition(self) -> ColumnElement[bool]:
        """The same over TimeEntry joined with Ticket."""
        return any_of([self])


_BY_STATE = {
    State.OPEN: Billing.RUNNING,
    State.TO_BE_INVOICED: Billing.TO_BE_INVOICED,
    State.ERROR: Billing.ENDED,
    State.DONE: Billing.ENDED,
}


def any_of(billings: Collection[Billing]) -> ColumnElement[bool]:
    """Entries that stand at one of these, over TimeEntry joined with Ticket."""
    states = [state.value for state, billing in _BY_STATE.items() if billing in billings]
    waiting = and_(TimeEntry.invoiced_on.is_(None), Ticket.state.in_(states))
    if Billing.INVOICED not in billings:
        return waiting
    invoiced = TimeEntry.invoiced_on.is_not(None)
    return or_(invoiced, waiting) if states else invoiced


WORKED = (Billing.RUNNING, Billing.TO_BE_INVOICED, Billing.INVOICED)  # what is or will be on an invoice


def billing_of(state: State, invoiced_on: date | None) -> Billing:
    """Where an entry of a ticket in this state stands."""
    return Billing.INVOICED if invoiced_on else _BY_STATE[state]
