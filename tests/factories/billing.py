"""Samples for money tests: companies, prices, tickets and entries written as the mirror would have written them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.billing.prices import Price
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.tickets.models import Message, Ticket
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryVersion
from portal.domain.users.models import Person, Role

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


class Ledger:
    """One open session in which rows are added; nothing is committed until somebody does."""

    def __init__(self) -> None:
        self._next = numbers()

    def company(self, name: str = "Strojírny Vltava, a. s.", shown_live: str = "money") -> Company:
        return self._added(Company(core_id=f"c{next(self._next)}", name=name, shown_live=shown_live))

    def price(
        self,
        category: str,
        rate: str | int,
        since: str = "2020-01-01",
        *,
        company: Company | None = None,
        name: str = "",
        currency: str = "CZK",
    ) -> Price:
        return self._added(
            Price(
                company_id=company.id if company else None,
                category=category,
                name=name or f"Práce {category}",
                rate=Decimal(rate),
                currency=currency,
                valid_from=date.fromisoformat(since),
            )
        )

    def ticket(
        self,
        company: Company,
        *,
        state: str = "to_be_invoiced",
        subject: str = "Tiskárna netiskne",
        employee: str = "Jana Dvořáková",
        done_at: datetime | None = None,
    ) -> Ticket:
        number = next(self._next)
        return self._added(
            Ticket(
                core_id=f"t{number}",
                company_id=company.id,
                number=f"2026{number:04}",
                subject=subject,
                state=state,
                requester_id=self.employee(company, employee).id,
                opened_at=LONG_AGO,
                changed_at=LONG_AGO,
                done_at=done_at,
            )
        )

    def entry(
        self,
        ticket: Ticket,
        hours: str | Decimal = "1.00",
        category: str = "PROGP85",
        at: str | datetime = "2026-11-10T10:00",
        *,
        what: str | None = None,
        technician: str = "Radek Vymazal",
        invoiced_on: date | None = None,
        noticed_at: datetime = LONG_AGO,
    ) -> TimeEntry:
        """`at` is a moment, or a time on a clock in Prague."""
        if isinstance(at, str):
            at = datetime.fromisoformat(at).replace(tzinfo=clock.PRAGUE)
        number = next(self._next)
        message = None
        if what is not None:
            message = self._added(
                Message(
                    core_id=f"m{number}",
                    ticket_id=ticket.id,
                    side="technician",
                    author_name=technician,
                    author_email="r@connectica.example",
                    sent_at=at,
                    body=f"<p>{number}</p>",
                    excerpt=what,
                )
            )
        return self._added(
            TimeEntry(
                core_id=f"e{number}",
                company_id=ticket.company_id,
                ticket_id=ticket.id,
                message_id=message.id if message else None,
                technician_id=self.technician(technician).id,
                category=category,
                hours=Decimal(hours),
                worked_at=at,
                worked_day=clock.prague_day(at),
                invoiced_on=invoiced_on,
                first_noticed_at=noticed_at,
            )
        )

    def change(
        self,
        entry: TimeEntry,
        *,
        at: datetime,
        hours: str | None = None,
        category: str | None = None,
        withdrawn: bool | None = None,
    ) -> None:
        """Change an entry as the mirror does it: the earlier version is kept."""
        self._added(
            TimeEntryVersion(
                time_entry_id=entry.id,
                company_id=entry.company_id,
                category=entry.category,
                hours=entry.hours,
                worked_at=entry.worked_at,
                worked_day=entry.worked_day,
                invoiced_on=entry.invoiced_on,
                was_withdrawn=entry.withdrawn_at is not None,
                replaced_at=at,
            )
        )
        entry.hours = Decimal(hours) if hours else entry.hours
        entry.category = category or entry.category
        if withdrawn is not None:
            entry.withdrawn_at = at if withdrawn else None
        db.session.flush()

    def employee(self, company: Company, name: str) -> Employee:
        found = db.session.scalar(select(Employee).where(Employee.company_id == company.id, Employee.name == name))
        return found or self._added(
            Employee(company_id=company.id, email=f"e{next(self._next)}@example.cz", name=name)
        )

    def technician(self, name: str) -> Technician:
        found = db.session.scalar(select(Technician).where(Technician.name == name))
        return found or self._added(Technician(email=f"t{next(self._next)}@connectica.example", name=name))

    def person(
        self,
        company: Company | None,
        role: str = "manager",
        *,
        language: str = "cs",
        name: str = "Petr Malý",
        email: str = "",
    ) -> Person:
        number = next(self._next)
        the_role = db.session.scalar(select(Role).where(Role.name == role)) or self._added(Role(name=role))
        return self._added(
            Person(
                company_id=company.id if company else None,
                email=email or f"p{number}@example.cz",
                name=name,
                language=language,
                created_at=LONG_AGO,
                roles=[the_role],
            )
        )

    def _added(self, row):
        db.session.add(row)
        db.session.flush()
        return row


def midnight(day: str, *, minutes: int = 0) -> datetime:
    """So many minutes after (or before) the first moment of a Prague day."""
    return clock.start_of(date.fromisoformat(day)) + timedelta(minutes=minutes)
