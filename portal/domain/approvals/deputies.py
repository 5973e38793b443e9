"""Deputies: who decides while a manager is away, from one day to another; and so, who may decide at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, ForeignKey, Select, and_, select, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from portal.clock import now, today
from portal.db import Base, db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.users import permissions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, PersonRole, Role, Visitor
from portal.domain.users.permissions import MANAGER, Right
from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid


class Deputy(Base):
    """One absence of one manager; first and last are Prague days, both included."""

    __tablename__ = "deputy"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    manager_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first: Mapped[date]
    last: Mapped[date]
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who may decide: a manager, or a deputy in the place of one."""

    person: Person
    stands_for: Person | None = None
    is_manager: bool = True  # in their own right; whoever is only lent it decides single tickets

    @property
    def right_of(self) -> Person:
        """Whose right to decide it is."""
        return self.stands_for or self.person


@dataclass(frozen=True, slots=True)
class Deciders:
    """A company's approvers of today: asked for once in a decision."""

    approvers: tuple[Approver, ...]
    has_one_manager: bool


@dataclass(frozen=True, slots=True)
class Absence:
    deputy: Deputy
    manager: Person
    stand_in: Person

    @property
    def is_now(self) -> bool:
        return self.deputy.first <= today() <= self.deputy.last


def deciders(company_id: int) -> Deciders:
    """Everybody who may decide for a company today, each once: deputies first as deputies, then managers."""
    own, absences = _managers_and_absences(company_id)
    standing_in: dict[int, Approver] = {}
    for absence in absences:
        approver = Approver(absence.stand_in, absence.manager, is_manager=absence.stand_in in own)
        standing_in.setdefault(absence.stand_in.id, approver)
    own_right = [Approver(person) for person in own if person.id not in standing_in]
    return Deciders((*own_right, *standing_in.values()), has_one_manager=len(own) == 1)


def reading(person: Person | Visitor, reader: Reader) -> Reader:
    """The company as a person reads what they may have to decide.

    Whoever stands in for a manager today reads the questions about confidential tickets, too: nobody can answer what
    they may not read. The tickets themselves stay stubs to them.
    """
    if reader.reads_confidential:
        return reader
    stands_in = person.id in reader.once(_standing_in)
    return reader.with_confidential() if stands_in else reader


def colleagues(company: Company, person: Person | Visitor) -> Sequence[Person]:
    """Who could stand in for a person: the others of the company with a living account that may read requests."""
    others = select(Person).where(Person.company_id == company.id, Person.active.is_(True), Person.id != person.id)
    found = db.session.scalars(others.order_by(Person.name)).all()
    return [other for other in found if permissions.allows(other.role_names, Right.READ)]


def planned(company: Company) -> list[Absence]:
    """Absences of the company's managers that last or are to come."""
    return _absences(company.id, until_after=today())


@unit_of_work()
def appoint(actor: Actor, company: Company, *, deputy_id: int, first: date, last: date) -> Deputy:
    """From the first day to the last the deputy is asked too and may decide in the person's place. Commits."""
    if last < first:
        raise Refused(msgid("The last day is before the first."))
    if last < today():
        raise Refused(msgid("These days are over."))
    person = actor.known
    names = {colleague.id: colleague.name for colleague in colleagues(company, person)}
    if deputy_id not in names:
        raise NotFound
    deputy = Deputy(
        company_id=company.id, manager_id=person.id, deputy_id=deputy_id, first=first, last=last, set_at=now()
    )
    db.session.add(deputy)
    db.session.flush()
    audit.note(audit.APPOINTED_DEPUTY, actor, company_id=company.id, name=names[deputy_id])
    return deputy


@unit_of_work()
def dismiss(actor: Actor, company: Company, absence_id: int) -> None:
    """The manager is back, the deputy decides no more. Commits. Raises NotFound for an absence not theirs."""
    ended = rows_changed(
        update(Deputy)
        .where(Deputy.id == absence_id, Deputy.company_id == company.id, Deputy.manager_id == actor.known.id)
        .where(Deputy.ended_at.is_(None))
        .values(ended_at=now())
    )
    if not ended:
        raise NotFound
    named = select(Person.name).join(Deputy, Deputy.deputy_id == Person.id).where(Deputy.id == absence_id)
    name = db.session.scalar(named) or ""
    audit.note(audit.DISMISSED_DEPUTY, actor, company_id=company.id, name=name)


def _managers_and_absences(company_id: int) -> tuple[list[Person], list[Absence]]:
    """The company's managers by their ids and who is away today by its first day, in one question to the database."""
    stand_in = aliased(Person, name="stand_in")
    today_away = and_(Deputy.manager_id == Person.id, Deputy.company_id == company_id, _lasts(today()))
    living = and_(stand_in.id == Deputy.deputy_id, stand_in.company_id == company_id, stand_in.active.is_(True))
    wanted = (
        select(Person, Deputy, stand_in)
        .outerjoin(Deputy, today_away)
        .outerjoin(stand_in, living)
        .where(Person.company_id == company_id, _is_manager(Person))
        .order_by(Person.id, Deputy.first, Deputy.id)
    )
    rows = db.session.execute(cast(Select[Any], wanted)).all()
    absences = [Absence(row.Deputy, row.Person, row.stand_in) for row in rows if row.stand_in is not None]
    by_day = sorted(absences, key=lambda absence: (absence.deputy.first, absence.deputy.id))
    return list(dict.fromkeys(row.Person for row in rows)), by_day


def _lasts(day: date) -> ColumnElement[bool]:
    return and_(Deputy.ended_at.is_(None), Deputy.first <= day, Deputy.last >= day)


def _standing_in(reader: Reader) -> set[int]:
    """Who stands in for a manager of the company today."""
    return {absence.stand_in.id for absence in _absences(reader.company_id, on=today())}


def _absences(company_id: int, *, on: date | None = None, until_after: date | None = None) -> list[Absence]:
    manager, stand_in = aliased(Person, name="manager"), aliased(Person, name="stand_in")
    wanted: Select = (
        select(Deputy, manager, stand_in)
        .join(manager, manager.id == Deputy.manager_id)
        .join(stand_in, stand_in.id == Deputy.deputy_id)
        .where(Deputy.company_id == company_id, Deputy.ended_at.is_(None))
        .where(manager.company_id == company_id, stand_in.company_id == company_id, stand_in.active.is_(True))
        .where(_is_manager(manager))
        .order_by(Deputy.first, Deputy.id)
    )
    if on is not None:
        wanted = wanted.where(_lasts(on))
    if until_after is not None:
        wanted = wanted.where(Deputy.last >= until_after)
    return [Absence(row.Deputy, row.manager, row.stand_in) for row in db.session.execute(wanted)]


def _is_manager(person):
    """A right that was taken away cannot be lent: the manager still is one."""
    roles = select(PersonRole.person_id).join(Role, Role.id == PersonRole.role_id).where(Role.name == MANAGER)
    return person.active.is_(True) & person.id.in_(roles)
