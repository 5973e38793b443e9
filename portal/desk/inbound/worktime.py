"""When a mail's time was worked: the day it names, else when it was sent, else when it came; not when it is read."""

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from portal import clock
from portal.desk.database import written
from portal.desk.inbound import mime
from portal.desk.inbound.mime import Mail
from portal.desk.ticketing import entries, tickets
from portal.desk.ticketing.tickets import DeskTicket


@dataclass(frozen=True, slots=True)
class Posting:
    """A mail on its way to a ticket. received_at: when it came in, however late it is read."""

    db: sqlite3.Connection
    ticket: DeskTicket
    said: Mail
    opens_ticket: bool
    received_at: datetime | None

    def worked_at(self, day: date | None) -> datetime:
        """The moment of the time in it; day is what it says of that, in Prague."""
        dated = mime.dated(self.said)
        sent = dated if dated and self._is_plausible(dated) else self.received_at or clock.now()
        return sent if day in (None, clock.prague_day(sent)) else entries.at_noon(day)

    @property
    def is_misdated(self) -> bool:
        """Whether it says a date that does not count, and is of another day than the one that does."""
        dated = mime.dated(self.said)
        if dated and clock.prague_day(dated) == clock.prague_day(self.received_at or clock.now()):
            return False
        return bool(self.said.header("Date")) and not (dated and self._is_plausible(dated))

    def _is_plausible(self, dated: datetime) -> bool:
        """Not before the ticket or the last invoicing; mime.dated has left out the future and what is a week old."""
        opened = "" if self.opens_ticket else tickets.opened_at(self.db, self.ticket)
        last = "SELECT max(made_at) AS last FROM document WHERE company = ?"
        invoiced = self.db.execute(last, (self.ticket.company,)).fetchone()["last"] or ""
        return written(dated) >= max(opened, invoiced)
