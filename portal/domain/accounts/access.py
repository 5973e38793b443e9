"""Access: who of a company may sign in, as its managers see and change it. No company is Connectica itself."""

from collections.abc import Sequence

from sqlalchemy import func, select, update

from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import open_invitations
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, PersonRole, Role, give_role
from portal.domain.users.permissions import ACCOUNTANT, MANAGER, STAFF, STAFF_ADMIN, VIEWER
from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid


def roles_in(company: Company | None) -> tuple[str, ...]:
    """The roles its people can have; the first one looks after the others' access."""
    return (MANAGER, ACCOUNTANT, VIEWER) if company else (STAFF_ADMIN, STAFF)


def role_of(company: Company | None, person: Person) -> str:
    """The role a person has; the wider one of those that include another."""
    return next(role for role in roles_in(company) if role in person.role_names)


def of(company: Company | None) -> Sequence[Person]:
    """Everybody who may sign in, by name."""
    return db.session.scalars(_living(company).order_by(Person.name, Person.id)).unique().all()


def show(company: Company | None, person_id: int) -> Person:
    """One of them. Raises NotFound."""
    found = db.session.scalar(_living(company).where(Person.id == person_id))
    if found is None:
        raise NotFound
    return found


def company_of(person_id: int) -> Company | None:
    """Whose person somebody is, for Connectica's administrators. Raises NotFound."""
    person = db.session.get(Person, person_id)
    if person is None:
        raise NotFound
    return person.company


@unit_of_work()
def change_role(actor: Actor, company: Company | None, person_id: int, role: str) -> None:
    """Another role from the very next request on; their sessions and their open invitations end. Commits."""
    person = show(company, person_id)
    if role not in roles_in(company):
        raise Refused(msgid("There is no role called %(role)s."), role=role)
    if role in person.role_names and role != STAFF:  # an administrator is staff, too
        return
    _keep_one(company, person, unless=role)
    give_role(person, role)
    _end_what_hangs_on_it(person)
    audit.note(audit.ROLE_CHANGED, actor, company_id=person.company_id, about=f"{person.email}: {role}")


@unit_of_work()
def end(actor: Actor, company: Company | None, person_id: int) -> None:
    """They cannot sign in any more; their sessions and their open invitations end now. Commits."""
    person = show(company, person_id)
    if person.id == actor.known.id:
        raise Refused(msgid("Your own access is ended by a colleague."))
    _keep_one(company, person)
    person.active = False
    _end_what_hangs_on_it(person)
    audit.note(audit.ACCESS_ENDED, actor, company_id=person.company_id, about=person.email)


@unit_of_work()
def deactivate(actor: Actor, email: str) -> Person:
    """The same at the server, for whoever has the address. Commits.

    Raises NotFound, and Refused for the last administrator: nobody could give access to Connectica's own people.
    """
    person = _of_address(email)
    keep_administrator(person)
    people.deactivate(email)
    open_invitations.end_of(person)
    audit.note(audit.ACCESS_ENDED, actor, company_id=person.company_id, about=person.email)
    return person


@unit_of_work()
def activate(actor: Actor, email: str) -> Person:
    """An account that was put out of use may sign in again, with the role and the proofs it had. Commits.

    Raises NotFound, and Refused for an account that is in use.
    """
    person = _of_address(email)
    if person.active:
        raise Refused(msgid("%(email)s may sign in already."), email=person.email)
    person.active = True
    audit.note(audit.ACCESS_RESTORED, actor, company_id=person.company_id, about=person.email)
    return person


def keep_administrator(person: Person) -> None:
    """Raises Refused for the last one of Connectica, until the caller's transaction ends."""
    if person.company_id is None and person.active:
        _keep_one(None, person)


def _of_address(email: str) -> Person:
    person = people.by_email(email)
    if person is None:
        raise NotFound
    return person


def _end_what_hangs_on_it(person: Person) -> None:
    sessions.end_all(person.id)
    open_invitations.end_of(person)


def _whose(company: Company | None):
    return Person.company_id.is_(None) if company is None else Person.company_id == company.id


def _living(company: Company | None):
    return select(Person).where(_whose(company), Person.active.is_(True))


def _keep_one(company: Company | None, person: Person, *, unless: str = "") -> None:
    """Somebody has to be left who can give access. Whoever else wants to change that waits until we are done."""
    keeper = roles_in(company)[0]
    if keeper not in person.role_names or keeper == unless:
        return
    same = update(Person).where(_whose(company)).values(active=Person.active)  # a lock that SQLite has, too
    db.session.execute(same.execution_options(synchronize_session=False))
    everybody = _living(company).with_only_columns(Person.id)
    keepers = (
        select(func.count(PersonRole.person_id))
        .join(Role, Role.id == PersonRole.role_id)
        .where(Role.name == keeper, PersonRole.person_id.in_(everybody), PersonRole.person_id != person.id)
    )
    if not db.session.scalar(keepers):
        raise Refused(msgid("Somebody has to look after access. Give a colleague that role first."))
