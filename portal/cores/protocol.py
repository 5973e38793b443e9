"""What the portal needs of a core store: five questions, one it may leave open, and one answer back.

A further core is one module that keeps these promises and passes tests/cores/contract.py; a store that serves Core
API v1 by itself needs none: docs/core.md, and `connectica-portal core check`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from portal.cores.records import AsideRecord, ChangesPage, CompanyRecord, IssuedInvoices, PriceRecord


@dataclass(frozen=True, slots=True)
class Mark:
    """What a note says to a program: a dispute of this name begins (is_over: ends), about an entry or a ticket."""

    dispute: str = ""  # the portal's name of it, as "question-12"; empty: the note is for people only
    entry: str = ""  # core_id of the time entry in dispute; empty: all time of the ticket
    is_over: bool = False


NO_MARK = Mark()


class Core(Protocol):
    """A store of tickets. Every call may raise CoreAway, CoreRefused or CoreLied, and nothing else."""

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        """Pages of changed tickets, oldest change first; everything for no cursor.

        Inclusive: the change a cursor stands on is told again, so that a run may stop anywhere. A ticket appears
        once, whole, at its newest change. Deleted, merged and moved tickets appear as tombstones. Internal notes
        are left out; the time written in them is not.
        """
        ...

    def companies(self) -> list[CompanyRecord]:
        """All client companies."""
        ...

    def price_list(self) -> list[PriceRecord] | None:
        """All rates ever valid, or None when this core keeps no prices."""
        ...

    def invoices(self) -> IssuedInvoices | None:
        """The documents issued for what was invoiced, and who issued them; None when this core tells none."""
        ...

    def aside(self) -> list[AsideRecord]:
        """What the core set aside for a person to look at, for staff; empty when it tells none."""
        ...

    def attachment(self, core_id: str) -> Iterator[bytes]:
        """The bytes of an attachment, in pieces. Raises CoreRefused when there is no such attachment."""
        ...

    def tell(
        self, ticket: str, note: str, key: str, *, approval: str = "", decision: str = "", mark: Mark = NO_MARK
    ) -> None:
        """Write an internal note on a ticket: once, however often it is told with the same key.

        approval is the core_id of the approval question it speaks of, decision one of approved, declined, expired
        and withdrawn; without a decision it asks back, and the question stays open. Any other note has neither. mark
        says, for a program, that time is disputed, or is so no more; a core that invoices by itself leaves disputed
        time out. Raises CoreRefused when there is no such ticket.
        """
        ...
