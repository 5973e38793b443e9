"""Samples for approvals and questions: two companies with their people, and an open ticket of each."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.approvals import requests
from portal.domain.approvals.models import Approval, AtExpiry
from portal.domain.approvals.requests import Asking, RequestOutcome
from portal.domain.notifications.outbox import Letter
from portal.domain.sync_state import CoreNote
from portal.domain.tickets.models import Message, Ticket
from portal.domain.users.permissions import MANAGER, STAFF, VIEWER
from tests.actors import acting
from tests.factories.billing import Ledger

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # ten o'clock in Prague, a working day
SECRET = "TAJEMSTVI-TRI-LIPY"  # stands in everything of the other company


class Office:
    """Strojírny Vltava with two managers and a reader, Tři lípy as the others, and Connectica's dispatcher."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        add = self.ledger
        self.company = add.company()
        self.manager = add.person(self.company, MANAGER, name="Marie Malá", email="marie@vltava.example")
        self.other_manager = add.person(self.company, MANAGER, name="Petr Velký", email="petr@vltava.example")
        self.viewer = add.person(self.company, VIEWER, name="Vít Tichý", email="vit@vltava.example")
        self.staff = add.person(None, STAFF, name="Dana Dispečerka", email="dana@connectica.example")
        self.foreign = add.company(SECRET)
        self.foreign_manager = add.person(self.foreign, MANAGER, name=SECRET, email="cizi@lipy.example")
        self.ticket = self.new_ticket("Nový notebook pro brigádníka")
        self.foreign_ticket = add.ticket(self.foreign, state="open", subject=SECRET, employee=SECRET)
        db.session.commit()

    def new_ticket(self, subject: str = "Tiskárna netiskne", employee: str = "Eva Dvořáková") -> Ticket:
        return self.ledger.ticket(self.company, state="open", subject=subject, employee=employee)

    def ask(
        self,
        question: str = "Smíme brigádníkovi dát notebook?",
        *,
        ticket: Ticket | None = None,
        days: int = 4,
        at_expiry: AtExpiry = AtExpiry.STAY,
        reason: str = "",
    ) -> RequestOutcome:
        until = clock.today() + timedelta(days=days)
        return requests.ask(
            acting(self.staff),
            (ticket or self.ticket).id,
            Asking(question, until=until, at_expiry=at_expiry, reason=reason),
        )

    def approval(self, asked: RequestOutcome | int) -> Approval:
        number = asked if isinstance(asked, int) else asked.approval_id
        return db.session.get_one(Approval, number, populate_existing=True)

    def message(
        self,
        ticket: Ticket,
        author: str,
        body: str,
        *,
        side: str = "employee",
        quoted: str = "",
        sender_verified: bool = True,
    ) -> Message:
        """A mail that the mirror took in now."""
        number = next(self.ledger._next)
        row = Message(
            core_id=f"mail{number}",
            ticket_id=ticket.id,
            side=side,
            author_name=author.partition("@")[0],
            author_email=author,
            sent_at=clock.now(),
            body=body,
            quoted=quoted,
            sender_verified=sender_verified,
        )
        db.session.add(row)
        db.session.commit()
        return row


def letters_to(person) -> list[Letter]:
    """What was written to a person so far, in order."""
    return list(db.session.scalars(select(Letter).where(Letter.to == person.email).order_by(Letter.id)))


def told() -> list[CoreNote]:
    """What the core is to be told so far, in order, but for the marks that time is in dispute: see marked()."""
    return [note for note in _notes() if not note.key.endswith("-asked")]


def marked() -> list[tuple[str, str, bool]]:
    """Disputes that notes begin and end: name, entry, whether it is over."""
    return [(note.dispute, note.entry, note.dispute_over) for note in _notes() if note.dispute]


def _notes() -> list[CoreNote]:
    return list(db.session.scalars(select(CoreNote).order_by(CoreNote.id)))


def link_in(letter: Letter) -> str:
    """The path of the link in a letter."""
    (path,) = [row.split("//", 1)[1].partition("/")[2] for row in letter.text.splitlines() if "/decide/" in row]
    return "/" + path


def token_in(letter: Letter) -> str:
    return link_in(letter).removeprefix("/decide/")
