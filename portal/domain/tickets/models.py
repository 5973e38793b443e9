"""Tickets: their states, their messages, and what a company's manager may know of them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, bindparam, false, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Hours, db
from portal.db.enums import EnumText
from portal.db.prepared import Prepared
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled

MOST_CHOICES = 500  # people offered in a filter; more than that nobody picks from, they search


class State(Labelled):
    """Labels as Connectica writes them, in every language."""

    OPEN = "open", "Otevřené", "info"
    TO_BE_INVOICED = "to_be_invoiced", "Be invoiced", "warn", msgid("Solved; they wait for the invoice of the month.")
    ERROR = "error", "Error", "bad", msgid("A state of Connectica's system; you need do nothing about it.")
    DONE = "done", "Dokončené", "ok"


class MessageSide(StrEnum):
    """Who wrote a message."""

    EMPLOYEE = "employee"
    TECHNICIAN = "technician"


class TicketEventKind(StrEnum):
    """What of a ticket an event changed, or that an answer to it did not arrive."""

    STATE = "state"
    TECHNICIAN = "technician"
    DUE = "due"
    UNDELIVERED = "undelivered"


class Ticket(Base):
    """One request, as the core last told it. Withdrawn, never deleted."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_listed", "company_id", "changed_at", "id"),
        Index("ix_ticket_opened", "company_id", "opened_at"),
        Index("ix_ticket_served", "company_id", "technician_id"),
        Index("ix_ticket_listed_by_state", "company_id", "state", "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    number: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(default="IT")
    subject: Mapped[str]
    state: Mapped[State] = mapped_column(EnumText(State))
    requester_id: Mapped[int] = mapped_column(ForeignKey("employee.id"), index=True)
    technician_id: Mapped[int | None] = mapped_column(ForeignKey("technician.id"))
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    is_confidential: Mapped[bool] = mapped_column(default=False, server_default=false())  # see confidential.py
    hours: Mapped[Decimal] = mapped_column(Hours, default=Decimal(0))  # of all its time entries that exist
    version: Mapped[int] = mapped_column(default=1)  # grows with every change a list row could show
    record_hash: Mapped[str] = mapped_column(default="")  # of the record it was made from
    tag: Mapped[str] = mapped_column(default="", server_default="")  # as the core writes it; empty where it has none
    withdrawn_at: Mapped[datetime | None]

    @property
    def mail_tag(self) -> str:
        """What leads subjects of mails about it, so that answers find it."""
        return self.tag or f"[Connectica #{self.number}]"


class Message(Base):
    """One contribution; body and quoted are clean HTML, safe to show as they are."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    side: Mapped[MessageSide] = mapped_column(EnumText(MessageSide))
    author_name: Mapped[str]
    author_email: Mapped[str]
    sent_at: Mapped[datetime]
    sender_verified: Mapped[bool] = mapped_column(default=True)
    proved_by: Mapped[str] = mapped_column(default="")  # the domain that vouched for the author's address
    from_outside: Mapped[bool] = mapped_column(default=False)  # the author's address is not of the company
    body: Mapped[str]
    quoted: Mapped[str] = mapped_column(default="")  # folded history and signature; never dropped
    excerpt: Mapped[str] = mapped_column(default="")  # the first words, plain: what was done
    withdrawn_at: Mapped[datetime | None]


class TicketEvent(Base):
    """A change of a ticket's field, shown as a quiet line of the conversation."""

    __tablename__ = "ticket_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[TicketEventKind] = mapped_column(EnumText(TicketEventKind))
    at: Mapped[datetime]
    old: Mapped[str]
    new: Mapped[str]
    by: Mapped[str]


class TicketCount(Base):
    """How many tickets of a company are in a state; kept in the mirror's own transaction."""

    __tablename__ = "ticket_count"

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), primary_key=True)
    state: Mapped[State] = mapped_column(EnumText(State), primary_key=True)
    tickets: Mapped[int] = mapped_column(default=0)


class TicketText(Base):
    """Everything a ticket can be found by, folded: no case, no diacritics. Indexed by trigrams on both databases."""

    __tablename__ = "ticket_text"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    company_id: Mapped[int] = mapped_column(default=0, server_default="0")  # the ticket's: the index begins with it
    text: Mapped[str]


_COUNTS = Prepared(
    select(TicketCount.state, TicketCount.tickets).where(TicketCount.company_id == bindparam("company"))
)


def counts(reader: Reader) -> dict[State, int]:
    """How many tickets are in each state, from the counter the mirror keeps."""
    kept = dict(_COUNTS(company=reader.company_id))
    return {state: kept.get(state, 0) for state in State}


def counts_by_company() -> list[tuple[str, dict[State, int]]]:
    """For staff alone: every company's name with its counts, by name."""
    found: dict[int, tuple[str, dict[State, int]]] = {}
    query = select(Company.id, Company.name, TicketCount.state, TicketCount.tickets).outerjoin(
        TicketCount, TicketCount.company_id == Company.id
    )
    for id_, name, state, many in db.session.execute(query.order_by(Company.name, Company.id)):
        _, counted = found.setdefault(id_, (name, dict.fromkeys(State, 0)))
        if state in set(State):
            counted[State(state)] = many
    return list(found.values())


def requesters(reader: Reader) -> list[tuple[int, str]]:
    """The employees of the company as (id, name), by name: whom a list can be narrowed to."""
    wanted = select(Employee.id, Employee.name).where(Employee.company_id == reader.company_id)
    if not reader.reads_confidential:  # whoever wrote in confidence alone is not offered
        told = _visible_to(reader).where(Ticket.requester_id == Employee.id, Ticket.is_confidential.is_(False))
        wanted = wanted.where(told.exists())
    by_name = wanted.order_by(Employee.name, Employee.id).limit(MOST_CHOICES)
    return [(row.id, row.name) for row in db.session.execute(by_name)]


def technicians(reader: Reader) -> list[tuple[int, str]]:
    """The technicians who are responsible for any ticket of the company, as (id, name), by name."""
    serves = _visible_to(reader).where(Ticket.technician_id == Technician.id).exists()
    wanted = select(Technician.id, Technician.name).where(serves).order_by(Technician.name, Technician.id)
    return [(row.id, row.name) for row in db.session.execute(wanted.limit(MOST_CHOICES))]


def _visible_to(reader: Reader) -> Select[Any]:
    """Where every read starts: the company's own tickets that still exist."""
    return select(Ticket).where(Ticket.company_id == reader.company_id, Ticket.withdrawn_at.is_(None))
