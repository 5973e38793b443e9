"""Notices: what people want to be told, at once, once a day or not at all, person by person and kind by kind."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import PRAGUE, now, prague, today
from portal.db import Base, db, insert_once
from portal.db.unit_of_work import unit_of_work
from portal.domain.notifications import outbox, rendering
from portal.domain.notifications.outbox import Delivery, LetterChoice
from portal.domain.users.models import Person, PersonRole, Role
from portal.domain.users.permissions import MANAGER, STAFF, VIEWER
from portal.errors import Refused
from portal.lib import urls
from portal.lib.business_hours import OPENS, is_working_day
from portal.lib.i18n import msgid


@dataclass(frozen=True, slots=True)
class NoticeKind:
    name: str
    label: str
    default: Delivery
    roles: frozenset[str]  # whom it concerns


APPROVAL_ASKED = NoticeKind(
    "approval_asked",
    msgid("Connectica asks for an approval, reminders"),
    Delivery.AT_ONCE,
    frozenset({MANAGER, VIEWER}),
)
APPROVAL_OVER = NoticeKind(
    "approval_over", msgid("A colleague decided, or time ran out"), Delivery.DAILY, frozenset({MANAGER})
)
QUESTION_ANSWERED = NoticeKind(
    "question_answered",
    msgid("Your question about an entry is answered"),
    Delivery.AT_ONCE,
    frozenset({MANAGER}),
)
APPROVAL_ANSWERED = NoticeKind(
    "approval_answered", msgid("A manager decided or asks back"), Delivery.AT_ONCE, frozenset({STAFF})
)
QUESTION_ASKED = NoticeKind(
    "question_asked", msgid("A manager asks about a time entry"), Delivery.AT_ONCE, frozenset({STAFF})
)
BUDGET_REACHED = NoticeKind(
    outbox.BUDGET_ALERT,
    msgid("A budget or what is prepaid is used to a half, four fifths or all of it"),
    Delivery.AT_ONCE,
    frozenset({MANAGER}),
)
KINDS = (APPROVAL_ASKED, APPROVAL_OVER, QUESTION_ANSWERED, BUDGET_REACHED, APPROVAL_ANSWERED, QUESTION_ASKED)


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody and the ways they chose, by the names of kinds; of the others the default holds."""

    person: Person
    ways: dict[str, Delivery]


class Notice(Base):
    """A line for somebody's next daily digest."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime]
    subject: Mapped[str]
    path: Mapped[str]  # of the page it is about
    digested_at: Mapped[datetime | None]


def choices(person_id: int, roles: frozenset[str]) -> list[tuple[NoticeKind, Delivery]]:
    """Every kind of notice that concerns a person, with what they chose."""
    return [(kind, outbox.choice(person_id, kind.name, kind.default)) for kind in KINDS if kind.roles & roles]


@unit_of_work()
def choose(person: Any, chosen: dict[str, str]) -> None:
    """Remember how a person wants to be told. Commits. Raises Refused for a way there is not."""
    for kind in KINDS:
        how = chosen.get(kind.name)
        if how is None:
            continue
        if how not in set(Delivery):
            raise Refused(msgid("There is no such choice."))
        outbox.choose(person, kind.name, Delivery(how))


def wants_letter(person: Person, kind: NoticeKind) -> bool:
    """At once, by a letter of its own."""
    return outbox.choice(person.id, kind.name, kind.default) == Delivery.AT_ONCE


def wishes_of(person_ids: Collection[int | None]) -> dict[int, Wish]:
    """People with how each wants to be told, in one question to the database, by their ids."""
    found: dict[int, Wish] = {}
    chosen = select(Person, LetterChoice.kind, LetterChoice.how).outerjoin(
        LetterChoice, LetterChoice.person_id == Person.id
    )
    for row in db.session.execute(chosen.where(Person.id.in_(person_ids))) if person_ids else ():
        wish = found.setdefault(row.Person.id, Wish(row.Person, {}))
        if row.kind is not None:
            wish.ways[row.kind] = row.how
    return found


def tell(
    person: Person, kind: NoticeKind, *, key: str, text: str, path: str, wish: Wish | None = None, **facts: Any
) -> None:
    """Let a person know as they wish, once a key, in the caller's transaction.

    text names the wording; its facts get reader and link besides those given here. wish is theirs from wishes_of(),
    where it is known.
    """
    how = wish.ways.get(kind.name, kind.default) if wish else outbox.choice(person.id, kind.name, kind.default)
    if how == Delivery.NEVER:
        return
    subject, body = rendering.letter(person.language, text, reader=person, link=urls.link(path), **facts)
    if how == Delivery.AT_ONCE:
        outbox.write(key=key, to=person.email, name=person.name, subject=subject, text=body, person=person)
    else:
        insert_once(Notice, key=key, person_id=person.id, at=now(), subject=subject, path=path)


def staff() -> Sequence[Person]:
    """Everybody of Connectica with a living account."""
    return db.session.scalars(
        select(Person)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .join(Role, Role.id == PersonRole.role_id)
        .where(Person.company_id.is_(None), Person.active.is_(True), Role.name == STAFF)
        .order_by(Person.id)
    ).all()


def send_digests() -> int:
    """On the morning of a working day, one letter to everybody who has lines waiting. Commits person by person."""
    if not is_working_day(today()) or prague(now()).time() < OPENS:
        return 0
    waiting = select(Notice.person_id).where(Notice.digested_at.is_(None), Notice.at < _this_morning()).distinct()
    people = db.session.scalars(select(Person).where(Person.id.in_(waiting), Person.active.is_(True))).all()
    for person in people:
        _digest(person)
    return len(people)


@unit_of_work()
def _digest(person: Person) -> None:
    lines = db.session.scalars(
        select(Notice)
        .where(Notice.person_id == person.id, Notice.digested_at.is_(None), Notice.at < _this_morning())
        .order_by(Notice.id)
    ).all()
    shown = [(line.subject, urls.link(line.path)) for line in lines]
    subject, body = rendering.letter(person.language, "digest", reader=person, lines=shown, day=today())
    outbox.write(
        key=f"digest-{person.id}-{today():%Y-%m-%d}",
        to=person.email,
        name=person.name,
        subject=subject,
        text=body,
        person=person,
    )
    for line in lines:
        line.digested_at = now()


def _this_morning() -> datetime:
    """When the office opened today: what comes later waits for the next working day."""
    return datetime.combine(today(), OPENS, PRAGUE)
