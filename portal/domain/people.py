"""People: who signs in to the portal, and what they may do there."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import ForeignKey, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.db import Base, db
from portal.domain import policy
from portal.domain.companies import Company
from portal.domain.policy import OF_CONNECTICA, ROLES, Right
from portal.domain.prepared import Prepared
from portal.domain.words import msgid
from portal.errors import NotFound, Refused

THEMES = ("", "light", "dark")  # empty: as the reader's system says


class PersonRole(Base):
    __tablename__ = "person_role"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)


class Role(Base, RoleMixin):
    """One row a role of policy.ROLES that somebody has."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")


class Person(Base, UserMixin):
    """A portal account: a company's manager or viewer, or Connectica's staff (no company)."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str] = mapped_column(default="cs")
    theme: Mapped[str] = mapped_column(default="")  # light | dark | empty: as the system says
    created_at: Mapped[datetime]

    company = relationship("Company")
    roles = relationship("Role", secondary="person_role")

    @property
    def role_names(self) -> frozenset[str]:
        return frozenset(role.name for role in self.roles)


@dataclass(slots=True, eq=False)
class Visitor(UserMixin):
    """The person behind a request, read with one cheap query; company is a copy, not a row of the session."""

    id: int
    name: str
    email: str
    fs_uniquifier: str
    language: str
    theme: str
    company_id: int | None
    company: Company | None
    role_names: frozenset[str]
    active: bool = True

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        return [Role(name=name) for name in sorted(self.role_names)]

    def has_role(self, role: str | RoleMixin) -> bool:
        return (role if isinstance(role, str) else role.name) in self.role_names

    def may(self, right: Right | str) -> bool:
        """Whether the policy gives this person a right; a name that is no right raises ValueError."""
        return policy.allows(self.role_names, Right(right))

    @property
    def initials(self) -> str:
        return initials(self.name)


def initials(name: str) -> str:
    """The first letters of the first and the last name, for the round mark beside a person."""
    words = [word for word in name.split() if word[0].isalnum()] or [name or "?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


_PERSON_COLUMNS = (Person.id, Person.name, Person.email, Person.fs_uniquifier, Person.language, Person.theme)
_COMPANY_COLUMNS = tuple(column for column in Company.__table__.columns)
_VISITOR = Prepared(
    select(*_PERSON_COLUMNS, Person.company_id, Role.name, *_COMPANY_COLUMNS)
    .outerjoin(Company, Company.id == Person.company_id)
    .outerjoin(PersonRole, PersonRole.person_id == Person.id)
    .outerjoin(Role, Role.id == PersonRole.role_id)
    .where(Person.fs_uniquifier == bindparam("key"), Person.active)
)


def visitor(session_key: str) -> Visitor | None:
    """Whose session this is, as they are allowed now; None for an ended session or an account put out of use."""
    rows = _VISITOR(key=session_key)
    if not rows:
        return None
    first = rows[0]
    company_id = first[6]
    known = {column.key: value for column, value in zip(_COMPANY_COLUMNS, first[8:], strict=True)}
    columns = dict(zip((column.key for column in _PERSON_COLUMNS), first, strict=False))
    return Visitor(
        **columns,
        company_id=company_id,
        company=Company(**known) if company_id is not None else None,
        role_names=frozenset(row[7] for row in rows if row[7]),
    )


def by_email(email: str) -> Person | None:
    """The account of an address, whatever its case."""
    return db.session.scalar(select(Person).where(Person.email == email.strip().lower()))


def by_session_key(session_key: str) -> Person | None:
    """The account a session belongs to."""
    return db.session.scalar(select(Person).where(Person.fs_uniquifier == session_key))


def everybody() -> list[Person]:
    """All accounts, by company and address: for an administrator's eyes only."""
    return list(db.session.scalars(select(Person).order_by(Person.company_id, Person.email)).unique())


def add(
    *, email: str, name: str, company: Company | None, role: str, language: str, password_hash: str | None
) -> Person:
    """A new account. Commits. Raises Refused when the address has one, or the role and the company disagree."""
    if role not in ROLES:
        raise Refused(msgid("There is no role called %(role)s."), role=role)
    if (company is None) != (role in OF_CONNECTICA):
        raise Refused(msgid("Staff belong to no company, everybody else to exactly one."))
    person = Person(
        email=email.strip().lower(), name=name.strip(), company_id=company.id if company else None, language=language,
        password=password_hash, fs_uniquifier=_new_session_key(), created_at=clock.now(),
        roles=[_role(name) for name in sorted(policy.with_included(role))],
    )  # fmt: skip
    db.session.add(person)
    try:
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise Refused(msgid("%(email)s has an account already."), email=email) from error
    return person


def deactivate(email: str) -> Person:
    """Nobody can sign in with this account any more, and its sessions end now. Commits."""
    person = by_email(email)
    if person is None:
        raise NotFound
    person.active = False
    person.fs_uniquifier = _new_session_key()
    db.session.commit()
    return person


def set_password(email: str, password_hash: str) -> Person:
    """A new password; every open session of the account ends. Commits."""
    person = by_email(email)
    if person is None:
        raise NotFound
    person.password = password_hash
    person.fs_uniquifier = _new_session_key()
    db.session.commit()
    return person


def keep() -> None:
    """Commit what was changed on accounts read in this request."""
    db.session.commit()


def end_sessions(person_id: int) -> None:
    """Every session of the person ends, wherever its cookie was copied to. Commits."""
    db.session.execute(update(Person).where(Person.id == person_id).values(fs_uniquifier=_new_session_key()))
    db.session.commit()


def prefer(person_id: int, *, language: str, theme: str) -> None:
    """The language and the look a person wants. Commits."""
    if theme not in THEMES:
        raise Refused(msgid("There is no such theme."))
    db.session.execute(update(Person).where(Person.id == person_id).values(language=language, theme=theme))
    db.session.commit()


def _role(name: str) -> Role:
    found = db.session.scalar(select(Role).where(Role.name == name))
    return found or Role(name=name, description=ROLES[name])


def _new_session_key() -> str:
    return secrets.token_hex(32)
