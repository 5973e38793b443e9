"""Visits: when a person last looked at a page or took a file, so that what is new since then can be said."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, if_possible, insert_once
from portal.db.unit_of_work import unit_of_work
from portal.domain.users.models import Person

HOURS, EXPORT, OVERVIEW = "hours", "export", "overview"

SAME_VISIT = timedelta(minutes=30)  # who turns pages for a while is on one visit: news must not vanish at a reload


class Visit(Base):
    """The last time a person was at a place, and when the visit before that one ended."""

    __tablename__ = "visit"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    before: Mapped[datetime | None]  # None: this is the first visit


def previous(person: Person, place: str) -> datetime | None:
    """When the person's last finished visit ended; None when there was none."""
    visit = _visit(person, place)
    if visit is None:
        return None
    return visit.at if clock.now() - visit.at > SAME_VISIT else visit.before


def last(person: Person, place: str) -> datetime | None:
    """When the person was last there, be it a moment ago."""
    visit = _visit(person, place)
    return visit.at if visit else None


def note(person: Person, place: str) -> None:
    """The person is there now. Commits."""
    with if_possible(), unit_of_work():
        _note(person, place)


def _note(person: Person, place: str) -> None:
    now = clock.now()
    if not insert_once(Visit, person_id=person.id, place=place, at=now):
        visit = _visit(person, place)
        assert visit is not None
        if now - visit.at > SAME_VISIT:
            visit.before = visit.at
        visit.at = now


def _visit(person: Person, place: str) -> Visit | None:
    return db.session.scalar(select(Visit).where(Visit.person_id == person.id, Visit.place == place))
