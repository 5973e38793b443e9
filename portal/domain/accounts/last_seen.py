"""Visits: when a person last looked at a page or took a file, so that what is new since then can be said."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, if_possible
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


class Visits:
    """Every place a person has been to, asked for once."""

    def __init__(self, person: Person) -> None:
        found = db.session.execute(select(Visit.place, Visit.at, Visit.before).where(Visit.person_id == person.id))
        self._by_place = {visit.place: visit for visit in found}

    def previous(self, place: str) -> datetime | None:
        """When the person's last finished visit ended; None when there was none."""
        visit = self._by_place.get(place)
        if visit is None:
            return None
        return visit.at if clock.now() - visit.at > SAME_VISIT else visit.before

    def last(self, place: str) -> datetime | None:
        """When the person was last there, be it a moment ago."""
        visit = self._by_place.get(place)
        return visit.at if visit else None


def note(person: Person, place: str) -> datetime | None:
    """The person is there now: when the visit before this one ended, if there was one. Commits."""
    now = clock.now()
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[db.engine.dialect.name]
    ended = case((Visit.at < now - SAME_VISIT, Visit.at), else_=Visit.before)
    new = insert(Visit).values(person_id=person.id, place=place, at=now)
    noted = new.on_conflict_do_update(index_elements=["person_id", "place"], set_={"before": ended, "at": now})
    with if_possible(), unit_of_work():
        return db.session.execute(noted.returning(Visit.before)).scalar_one()
    return Visits(person).previous(place)  # a database that takes nothing can still be read
