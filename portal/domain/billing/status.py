"""Billing: where a time entry stands between being written and being invoiced. Pure, and the same said in SQL."""

from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, and_

from portal.domain.tickets.models import State, Ticket
from portal.domain.tickets.time_entries import TimeEntry
from portal.lib.i18n import msgid


class Billing(StrEnum):
    """One of these for every entry. An invoiced entry stays invoiced, whatever happens to its ticket."""

    RUNNING = "running"
    TO_BE_INVOICED = "to_be_invoiced"
    INVOICED = "invoiced"
    ENDED = "ended"

    @property
    def label(self) -> str:
        return _FACTS[self][0]

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _FACTS[self][1]

    @property
    def meaning(self) -> str:
        return _FACTS[self][2]

    @property
    def condition(self) -> ColumnElement[bool]:
        """The same over TimeEntry joined with Ticket."""
        if self is Billing.INVOICED:
            return TimeEntry.invoiced_on.is_not(None)
        states = [state.value for state, billing in _BY_STATE.items() if billing is self]
        return and_(TimeEntry.invoiced_on.is_(None), Ticket.state.in_(states))


_FACTS = {
    Billing.RUNNING: (msgid("Running"), "info", msgid("The ticket is still open.")),
    Billing.TO_BE_INVOICED: (
        msgid("To be invoiced"),
        "warn",
        msgid("The ticket is solved; the next invoice has it."),
    ),
    Billing.INVOICED: (msgid("Invoiced"), "ok", msgid("An invoice has it.")),
    Billing.ENDED: (msgid("Ended without an invoice"), "muted", msgid("The ticket ended and no invoice has it.")),
}
_BY_STATE = {
    State.OPEN: Billing.RUNNING,
    State.TO_BE_INVOICED: Billing.TO_BE_INVOICED,
    State.ERROR: Billing.ENDED,
    State.DONE: Billing.ENDED,
}


def standing(state: str, invoiced_on: date | None) -> Billing:
    """Where an entry of a ticket in this state stands."""
    return Billing.INVOICED if invoiced_on else _BY_STATE[State(state)]
