"""Identities: whom an account of ours is at an identity provider; bound to what never changes, not to an address."""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import passkeys, sso_providers
from portal.domain.accounts.sso_providers import IdentityProvider, IdentityProviderDomain
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.domain.users.permissions import VIEWER
from portal.domain.users.sessions import FirstProof
from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid

LONGEST_NAME = 100  # characters of a name somebody else wrote
TAKEN = msgid("One of the two is linked already: with another account here, or there.")


class Identity(Base):
    """A person of ours is that subject of that tenant of that issuer: by their own act or an administrator's."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("issuer", "tenant", "subject"),
        UniqueConstraint("person_id", "provider_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("identity_provider.id"), index=True)
    issuer: Mapped[str]
    tenant: Mapped[str]
    subject: Mapped[str]
    linked_at: Mapped[datetime]


def person_of(provider: IdentityProvider, subject: str) -> Person | None:
    """The living account of a subject, if it is one of the people this provider is for."""
    wanted = (
        select(Person)
        .join(Identity, Identity.person_id == Person.id)
        .where(
            Identity.provider_id == provider.id,
            *_is(provider, subject),
            Person.company_id.is_not_distinct_from(provider.company_id),
            Person.active,
        )
    )
    return db.session.scalar(wanted)


def linked(person_id: int) -> dict[int, Identity]:
    """A person's identities, by their provider's id."""
    theirs = select(Identity).where(Identity.person_id == person_id)
    return {one.provider_id: one for one in db.session.scalars(theirs)}


def counts(provider: IdentityProvider) -> tuple[int, int]:
    """How many of a provider's people are linked, and how many accounts they have in all: for an administrator."""
    theirs = select(func.count()).where(Person.company_id.is_not_distinct_from(provider.company_id), Person.active)
    both = theirs.where(Person.id.in_(select(Identity.person_id).where(Identity.provider_id == provider.id)))
    return db.session.scalar(both) or 0, db.session.scalar(theirs) or 0


def link(person_id: int, provider: IdentityProvider, subject: str) -> None:
    """From now on this subject is that person. Commits. Raises Refused when either is linked already.

    An account put out of use holds nobody: who was invited anew links with the new one.
    """
    theirs = db.session.scalar(select(Person).where(Person.id == person_id, Person.active))
    if theirs is None or theirs.company_id != provider.company_id:
        raise NotFound
    former = select(Person.id).where(Person.active.is_(False))
    new = Identity(
        person_id=person_id,
        provider_id=provider.id,
        issuer=provider.issuer,
        tenant=provider.tenant,
        subject=subject,
        linked_at=clock.now(),
    )
    try:
        with unit_of_work():
            db.session.execute(delete(Identity).where(*_is(provider, subject), Identity.person_id.in_(former)))
            db.session.add(new)
    except IntegrityError as error:
        raise Refused(TAKEN) from error


@unit_of_work()
def unlink(person_id: int, provider: IdentityProvider, *, but_session: int | None = None) -> None:
    """The subject is nobody again; every other session of the person ends. Commits.

    Raises NotFound when there is no such link, Refused when the person would have no way in (by themself only).
    """
    person = db.session.get(Person, person_id)
    if person is None or provider.id not in linked(person_id):
        raise NotFound
    by_themself = but_session is not None
    by_password = person.password and sso_providers.allow_password(person.company_id)
    if by_themself and not by_password and not passkeys.count(person_id):
        raise Refused(msgid("This is your only way in. Connectica can take it away for you."))
    db.session.execute(delete(Identity).where(Identity.person_id == person_id, Identity.provider_id == provider.id))
    sessions.end_all(person_id, but=but_session)


@unit_of_work()
def remove(provider: IdentityProvider) -> None:
    """Nobody signs in by this provider any more: the links go, and the sessions begun by them end. Commits."""
    theirs = db.session.scalars(select(Identity.person_id).where(Identity.provider_id == provider.id))
    sessions.end_begun_by({FirstProof.SSO}, list(theirs))
    for table in (Identity, IdentityProviderDomain):
        db.session.execute(delete(table).where(table.provider_id == provider.id))
    db.session.execute(delete(IdentityProvider).where(IdentityProvider.id == provider.id))


def make_viewer(provider: IdentityProvider, subject: str, *, email: str, name: str, address: str) -> Person | None:
    """An account that reads, for somebody we do not know, where the administrator wanted that. Commits.

    None where that is not wanted, or the address is not of the provider's domains, or is somebody's already: an
    address never leads to an account that exists.
    """
    domains = {domain.name for domain in provider.domains}
    if not provider.makes_viewers or email.rpartition("@")[2] not in domains or is_anybodys(provider, subject):
        return None
    company = db.session.get(Company, provider.company_id)
    if company is None:
        return None
    name = name[:LONGEST_NAME] or email.partition("@")[0]
    try:
        return _made(provider, subject, email=email, name=name, company=company, address=address)
    except Refused:
        return None


@unit_of_work()
def _made(
    provider: IdentityProvider, subject: str, *, email: str, name: str, company: Company, address: str
) -> Person:
    person = people.add(
        email=email, name=name, company=company, role=VIEWER, language=company.language, password_hash=None
    )
    link(person.id, provider, subject)
    audit.note(audit.ACCOUNT_MADE, Actor.of(person, address=address), about=provider.slug)
    return person


def is_anybodys(provider: IdentityProvider, subject: str, *, living: bool = False) -> bool:
    """Whether the subject is linked with any account, of whatever company; living: one that is in use."""
    wanted = select(Identity.id).join(Person, Person.id == Identity.person_id).where(*_is(provider, subject))
    return db.session.scalar(wanted.where(Person.active) if living else wanted) is not None


def _is(provider: IdentityProvider, subject: str) -> tuple[ColumnElement[bool], ...]:
    return Identity.issuer == provider.issuer, Identity.tenant == provider.tenant, Identity.subject == subject
