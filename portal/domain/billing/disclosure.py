"""Disclosure: what of a company's time its people see before it is invoiced. The one place that decides it.

Connectica chooses it for each company. Pages, their parts, workbooks, search, mails and the ticket's time strip all
ask here: `entries` goes into every query that reads time entries, `tells_money` stands before every amount of one.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, true, update

from portal.db import rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company, Shown
from portal.domain.companies.reader import Reader
from portal.domain.tickets.time_entries import TimeEntry
from portal.domain.users.actor import Actor
from portal.errors import NotFound


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The choice for one company, and what follows from it."""

    shown: Shown

    @property
    def entries(self) -> ColumnElement[bool]:
        """Which time entries exist for this company's people."""
        return TimeEntry.invoiced_on.is_not(None) if self.shown is Shown.NOTHING else true()

    def tells_money(self, invoiced_on: date | None) -> bool:
        return invoiced_on is not None or self.shown is Shown.MONEY

    @property
    def hides_hours(self) -> bool:
        return self.shown is Shown.NOTHING

    @property
    def hides_money(self) -> bool:
        return self.shown is not Shown.MONEY


def of(reader: Reader) -> Disclosure:
    """What this company is shown. Whatever is written there that we do not know shows nothing."""
    return Disclosure(Shown(reader.shown_live) if reader.shown_live in set(Shown) else Shown.NOTHING)


@unit_of_work()
def choose(actor: Actor, company: Company, shown: Shown) -> None:
    """Connectica's choice for a company. Commits."""
    if not rows_changed(update(Company).where(Company.id == company.id).values(shown_live=shown.value)):
        raise NotFound
    audit.note(audit.DISCLOSURE_CHOSEN, actor, company_id=company.id, about=shown.value)
