"""Saved views: filters of the ticket list that a person gave a name, one of them where they start."""

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.domain.users.models import Person, Visitor
from portal.errors import NotFound, Refused
from portal.lib import text
from portal.lib.i18n import msgid

MOST = 12  # of one person: more than that is no short list any more
LONGEST_NAME = 40  # characters
LONGEST_QUERY = 1_000


class SavedView(Base):
    """What an address of the list says after its question mark, under a name."""

    __tablename__ = "saved_view"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str]
    query: Mapped[str]
    is_start: Mapped[bool] = mapped_column(default=False)


def of(person: Person | Visitor) -> list[SavedView]:
    """A person's own, in the order they were saved."""
    mine = select(SavedView).where(SavedView.person_id == person.id).order_by(SavedView.id)
    return list(db.session.scalars(mine))


def start_of(person: Person | Visitor) -> str | None:
    """The query of the view a person starts with; None: they start with the overview."""
    mine = select(SavedView.query).where(SavedView.person_id == person.id, SavedView.is_start)
    return db.session.scalar(mine.limit(1))


@unit_of_work()
def save(person: Person | Visitor, *, name: str, query: str, starts: bool) -> None:
    """A name for a filter; the same name once more replaces what it meant. Commits. Raises Refused."""
    name = text.line(name, longest=LONGEST_NAME)
    if not name:
        raise Refused(msgid("Give the view a name."))
    if not query or len(query) > LONGEST_QUERY:
        raise Refused(msgid("Narrow the list first."))
    mine = SavedView.person_id == person.id
    db.session.execute(delete(SavedView).where(mine, SavedView.name == name))
    if (db.session.scalar(select(func.count(SavedView.id)).where(mine)) or 0) >= MOST:
        raise Refused(msgid("You have %(most)s views already: remove one first."), most=MOST)
    made = SavedView(person_id=person.id, name=name, query=query, is_start=False)
    db.session.add(made)
    db.session.flush()
    if starts:
        _start_with(person, made.id)


@unit_of_work()
def start_with(person: Person | Visitor, view_id: int | None) -> None:
    """That view is where they start; None: the overview again. Commits. Raises NotFound."""
    _start_with(person, view_id)


@unit_of_work()
def remove(person: Person | Visitor, view_id: int) -> None:
    """Commits. Raises NotFound."""
    if not rows_changed(delete(SavedView).where(SavedView.id == view_id, SavedView.person_id == person.id)):
        raise NotFound


def _start_with(person: Person | Visitor, view_id: int | None) -> None:
    mine = SavedView.person_id == person.id
    db.session.execute(update(SavedView).where(mine, SavedView.is_start).values(is_start=False))
    if view_id is not None and not rows_changed(
        update(SavedView).where(mine, SavedView.id == view_id).values(is_start=True)
    ):
        raise NotFound
