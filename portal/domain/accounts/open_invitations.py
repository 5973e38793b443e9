"""Open invitations: the table, which of them can still be accepted, and how they end with their author's right."""

from datetime import datetime

from sqlalchemy import ForeignKey, Select, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.db import Base, db
from portal.domain.companies.models import Company
from portal.domain.users.models import Person, PersonRole, Role
from portal.domain.users.permissions import RIGHTS, Right


class Invitation(Base):
    """Open until it is accepted, withdrawn or over. No company: to Connectica itself."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    language: Mapped[str]
    invited_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
    token_hash: Mapped[str] = mapped_column(unique=True)
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    company = relationship("Company")


def of(company: Company | None) -> Select:
    """Those into a company, or into Connectica itself."""
    own = Invitation.company_id.is_(None) if company is None else Invitation.company_id == company.id
    return alive().where(own)


def alive() -> Select:
    """Those that can be accepted: whoever wrote one may still invite there."""
    return select(Invitation).where(
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > clock.now(),
        _author_may_invite(),
    )


def ids(wanted: Select) -> Select:
    return wanted.with_only_columns(Invitation.id)


def end_of(person: Person) -> None:
    """A right that was lost and given back later revives no letter. In the caller's transaction."""
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.invited_by == person.id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
        )
        .values(withdrawn_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _author_may_invite():
    """A manager into the own company, an administrator of Connectica everywhere: asked anew each time."""
    administers = Role.name.in_(RIGHTS[Right.ADMINISTER]) & Person.company_id.is_(None)
    gives_access = Role.name.in_(RIGHTS[Right.GIVE_ACCESS]) & (Person.company_id == Invitation.company_id)
    return (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .join(Role, Role.id == PersonRole.role_id)
        .where(Person.id == Invitation.invited_by, Person.active.is_(True), administers | gives_access)
        .correlate(Invitation)
        .exists()
    )
