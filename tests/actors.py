"""Who acts in tests, and from where."""

from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person, Visitor

ADDRESS = "192.0.2.7"


def acting(person: Person | Visitor) -> Actor:
    return Actor.of(person, address=ADDRESS)


@unit_of_work()
def noted(
    what: str, *, company_id: int | None = None, person_id: int | None = None, about: str = "", name: str = ""
) -> None:
    """An event of the log, in a transaction of its own."""
    person = db.session.get_one(Person, person_id) if person_id else None
    audit.note(what, Actor(person, None, ""), company_id=company_id, about=about, name=name)
