"""Service consents: a manager's standing answer for one employee, shown to whoever asks next, and revocable."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Select, or_, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now, today
from portal.db import Base, db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.approvals.models import Approval
from portal.domain.audit import events as audit
from portal.domain.companies.contacts import Employee
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import Ticket
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, Visitor
from portal.errors import NotFound


class ServiceConsent(Base):
    """Serve this employee without asking (allowed), or never serve them (not allowed), until revoked."""

    __tablename__ = "service_consent"
    __table_args__ = (
        Index(
            "uq_service_consent_in_force",
            "employee_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id"))
    allowed: Mapped[bool]
    valid_until: Mapped[date | None]  # the last Prague day; None has no end
    given_by: Mapped[str]
    given_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"))  # the decision it came with
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(default="")

    @property
    def is_over(self) -> bool:
        return self.valid_until is not None and self.valid_until < today()


@dataclass(frozen=True, slots=True)
class ConsentRow:
    consent: ServiceConsent
    employee: str
    employee_email: str


def in_force(reader: Reader) -> list[ConsentRow]:
    """Consents of the company that answer questions today, by the employee's name."""
    wanted = _visible_to(reader).where(ServiceConsent.revoked_at.is_(None), _not_over())
    return [_row(*row) for row in db.session.execute(wanted.order_by(Employee.name, Employee.email))]


def over(reader: Reader, *, limit: int = 20) -> Sequence[ConsentRow]:
    """Consents revoked or ended, the newest first."""
    ended = or_(ServiceConsent.revoked_at.is_not(None), ServiceConsent.valid_until < today())
    rows = db.session.execute(_visible_to(reader).where(ended).order_by(ServiceConsent.id.desc()).limit(limit))
    return [_row(*row) for row in rows]


def of_employee(employee_id: int) -> ServiceConsent | None:
    """The standing answer for an employee, if there is one today: staff see it before they ask."""
    return db.session.scalar(
        select(ServiceConsent).where(
            ServiceConsent.employee_id == employee_id, ServiceConsent.revoked_at.is_(None), _not_over()
        )
    )


def give(
    person: Person | Visitor,
    *,
    company_id: int,
    employee_id: int,
    allowed: bool,
    valid_until: date | None,
    approval_id: int,
) -> ServiceConsent:
    """Write a consent into the caller's transaction; it takes the place of an earlier one."""
    db.session.execute(select(Employee.id).where(Employee.id == employee_id).with_for_update())  # one at a time
    _revoke(ServiceConsent.employee_id == employee_id, by=person)
    consent = ServiceConsent(
        company_id=company_id,
        employee_id=employee_id,
        allowed=allowed,
        valid_until=valid_until,
        given_by=person.name,
        given_by_id=person.id,
        given_at=now(),
        approval_id=approval_id,
    )
    db.session.add(consent)
    db.session.flush()
    return consent


@unit_of_work()
def revoke(actor: Actor, company: Company, consent_id: int) -> None:
    """From now on the question is asked again. Commits. Raises NotFound when it is not in force."""
    if not _revoke(ServiceConsent.id == consent_id, ServiceConsent.company_id == company.id, by=actor.known):
        raise NotFound
    asks = select(Employee.name).join(ServiceConsent, ServiceConsent.employee_id == Employee.id)
    name = db.session.scalar(asks.where(ServiceConsent.id == consent_id)) or ""
    audit.note(audit.REVOKED_CONSENT, actor, company_id=company.id, name=name)


def _visible_to(reader: Reader) -> Select:
    """One that came with the decision about a confidential ticket names who wrote it."""
    joined = (
        select(ServiceConsent, Employee)
        .join(Employee, Employee.id == ServiceConsent.employee_id)
        .join(Approval, Approval.id == ServiceConsent.approval_id)
        .join(Ticket, Ticket.id == Approval.ticket_id)
    )
    return joined.where(ServiceConsent.company_id == reader.company_id, confidentiality.tells(reader))


def _row(consent: ServiceConsent, employee: Employee) -> ConsentRow:
    return ConsentRow(consent, employee.name or employee.email, employee.email)


def _not_over():
    return or_(ServiceConsent.valid_until.is_(None), ServiceConsent.valid_until >= today())


def _revoke(*which, by: Person | Visitor) -> bool:
    return bool(
        rows_changed(
            update(ServiceConsent)
            .where(*which, ServiceConsent.revoked_at.is_(None))
            .values(revoked_at=now(), revoked_by=by.name)
        )
    )
