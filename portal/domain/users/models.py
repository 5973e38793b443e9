"""People: who signs in to the portal, and what they may do there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ForeignKey, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.db import Base, db
from portal.db.prepared import Prepared
from portal.db.unit_of_work import unit_of_work
from portal.domain.companies.models import Company
from portal.domain.users import passwords, permissions, sessions
from portal.domain.users.permissions import MANAGER, OF_CONNECTICA, ROLES, Right
from portal.domain.users.sessions import Session
from portal.errors import NotFound, Refused
from portal.lib import text
from portal.lib.i18n import msgid

LONGEST_ADDRESS = 254  # characters of an e-mail address
THEMES = ("", "light", "dark")  # empty: as the reader's system says


class PersonRole(Base):
    __tablename__ = "person_role"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)


class Role(Base):
    """One row a role of policy.ROLES that somebody has."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")


class Person(Base):
    """A portal account: a company's manager or viewer, or Connectica's staff (no company)."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password: Mapped[str | None]  # its argon2 hash; None: this account has another way in, or none yet
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str | None] = mapped_column(unique=True)  # of the release before: the next one drops it
    language: Mapped[str] = mapped_column(default="cs")
    theme: Mapped[str] = mapped_column(default="")  # light | dark | empty: as the system says
    created_at: Mapped[datetime]
    last_signed_in_at: Mapped[datetime | None]
    password_set_at: Mapped[datetime | None]  # keys sent before open nothing

    company = relationship("Company")
    roles = relationship("Role", secondary="person_role")

    @property
    def role_names(self) -> frozenset[str]:
        return frozenset(role.name for role in self.roles)


@dataclass(slots=True, eq=False)
class Visitor:
    """The person behind a request, read with one cheap query; company is a copy, not a row of the session."""

    id: int
    name: str
    email: str
    language: str
    theme: str
    company_id: int | None
    company: Company | None
    role_names: frozenset[str]
    session_id: int
    session_key: str
    session_seen_at: datetime
    has_second_factor: bool  # given in this session
    session_proved_at: datetime

    is_authenticated = is_active = True  # what Flask-Login asks of whoever is signed in
    is_anonymous = False

    def get_id(self) -> str:
        return self.session_key

    def may(self, right: Right | str) -> bool:
        """Whether the policy gives this person a right; a name that is no right raises ValueError."""
        return permissions.allows(self.role_names, Right(right))

    @property
    def initials(self) -> str:
        return initials(self.name)


def initials(name: str) -> str:
    """The first letters of the first and the last name, for the round mark beside a person."""
    words = [word for word in name.split() if word[0].isalnum()] or [name or "?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


_COMPANY_COLUMNS = tuple(column for column in Company.__table__.columns)
_WHO = {
    "id": Person.id,
    "name": Person.name,
    "email": Person.email,
    "language": Person.language,
    "theme": Person.theme,
    "company_id": Person.company_id,
    "role": Role.name,
    "session_id": Session.id,
    "started_at": Session.started_at,
    "session_seen_at": Session.seen_at,
    "has_second_factor": Session.has_second_factor,
    "session_proved_at": Session.proved_at,
}
_VISITOR = Prepared(
    select(*_WHO.values(), *_COMPANY_COLUMNS)
    .select_from(Session)
    .join(Person, Person.id == Session.person_id)
    .outerjoin(Company, Company.id == Person.company_id)
    .outerjoin(PersonRole, PersonRole.person_id == Person.id)
    .outerjoin(Role, Role.id == PersonRole.role_id)
    .where(Session.key_hash == bindparam("key"), Person.active)
)


def visitor(session_key: str) -> Visitor | None:
    """Whose session this is, as they are allowed now; None for an ended session or an account put out of use."""
    rows = _VISITOR(key=sessions.hash_of(session_key))
    if not rows:
        return None
    who = dict(zip(_WHO, rows[0], strict=False))  # a row for each role, and the company's columns after these
    if sessions.is_over(started_at=who["started_at"], seen_at=who["session_seen_at"]):
        return None
    names = (dict(zip(_WHO, row, strict=False))["role"] for row in rows)
    known = {column.key: value for column, value in zip(_COMPANY_COLUMNS, rows[0][len(_WHO) :], strict=True)}
    return Visitor(
        id=who["id"],
        name=who["name"],
        email=who["email"],
        language=who["language"],
        theme=who["theme"],
        company_id=who["company_id"],
        company=Company(**known) if who["company_id"] is not None else None,
        role_names=frozenset(name for name in names if name),
        session_id=who["session_id"],
        session_key=session_key,
        session_seen_at=who["session_seen_at"],
        has_second_factor=bool(who["has_second_factor"]),
        session_proved_at=who["session_proved_at"],
    )


def by_email(email: str) -> Person | None:
    """The account of an address, whatever its case."""
    return db.session.scalar(select(Person).where(Person.email == folded(email)))


def folded(email: str) -> str:
    """An address as accounts are found by it; whatever was typed."""
    return text.line(email, longest=LONGEST_ADDRESS).lower()


def address(written: str) -> str:
    """An address that a letter could reach. Raises Refused."""
    try:
        return validate_email(written.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise Refused(msgid("This is not an e-mail address.")) from error


def living(person_id: int) -> Person | None:
    """The account of that id, unless it was put out of use."""
    return db.session.scalar(select(Person).where(Person.id == person_id, Person.active))


def has_password(person_id: int) -> bool:
    """Whether the account can be proved by a password at all."""
    return db.session.scalar(select(Person.password.is_not(None)).where(Person.id == person_id)) or False


def state_of(person: Person) -> str:
    """What changes when the account's password or address does, and tells neither."""
    return sha256(f"{person.id}\n{person.email}\n{person.password}".encode()).hexdigest()


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
    now = clock.now()
    person = Person(
        email=email.strip().lower(),
        name=name.strip(),
        company_id=company.id if company else None,
        language=language,
        password=password_hash,
        created_at=now,
        password_set_at=now if password_hash else None,
        roles=_roles(role),
    )
    try:
        with unit_of_work():
            db.session.add(person)
    except IntegrityError as error:
        raise Refused(msgid("%(email)s has an account already."), email=email) from error
    return person


def join(**account: Any) -> Person:
    """add() for somebody whose former access was ended: that account keeps its history and gives up its address."""
    with unit_of_work():
        former = by_email(account["email"])
        if former is not None and not former.active:
            former.email = f"{former.email} (ended {former.id})"
            db.session.flush()
        return add(**account)


def give_role(person: Person, role: str) -> None:
    """This role, and those that come with it, instead of what they had. In the caller's transaction."""
    person.roles = _roles(role)


def arrived(person_id: int) -> None:
    """They have just signed in. In the caller's transaction."""
    db.session.execute(update(Person).where(Person.id == person_id).values(last_signed_in_at=clock.now()))


@unit_of_work()
def deactivate(email: str) -> Person:
    """Nobody can sign in with this account any more, and its sessions end now. Commits. Raises NotFound."""
    person = by_email(email)
    if person is None:
        raise NotFound
    person.active = False
    sessions.end_all(person.id)
    return person


@unit_of_work()
def set_password(email: str, password_hash: str) -> Person:
    """A new password; every open session of the account ends. Commits. Raises NotFound."""
    person = by_email(email)
    if person is None:
        raise NotFound
    keep_password(person, password_hash)
    return person


def keep_password(person: Person, password_hash: str, *, session_id: int | None = None) -> None:
    """A new password; every session of the account ends but the one that chose it. In the caller's transaction."""
    person.password, person.password_set_at = password_hash, clock.now()
    sessions.end_all(person.id, but=session_id)


def refresh_password(person: Person, password: str) -> None:
    """Hash a password anew that was hashed more cheaply than passwords are now. Commits when it was."""
    if person.password and passwords.is_outdated(person.password):
        with unit_of_work():
            person.password = passwords.hash_of(password)


@unit_of_work()
def prefer(person_id: int, *, language: str, theme: str) -> None:
    """The language and the look a person wants. Commits."""
    if theme not in THEMES:
        raise Refused(msgid("There is no such theme."))
    db.session.execute(update(Person).where(Person.id == person_id).values(language=language, theme=theme))


def _roles(role: str) -> list[Role]:
    return [_role(name) for name in sorted(permissions.with_included(role))]


def _role(name: str) -> Role:
    found = db.session.scalar(select(Role).where(Role.name == name))
    return found or Role(name=name, description=ROLES[name])


def managers(company_id: int) -> Sequence[Person]:
    """The company's managers with a living account."""
    return db.session.scalars(
        select(Person)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .join(Role, Role.id == PersonRole.role_id)
        .where(Person.company_id == company_id, Person.active.is_(True), Role.name == MANAGER)
        .order_by(Person.id)
    ).all()
