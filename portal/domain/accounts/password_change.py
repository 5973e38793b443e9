"""One's own password: another one for who knows the present, and the letter that tells of every change."""

from portal import clock
from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.notifications import outbox, rendering
from portal.domain.users import models as people
from portal.domain.users import passwords
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.errors import Refused
from portal.lib import urls
from portal.lib.i18n import msgid


@unit_of_work()
def change(actor: Actor, *, present: str, new: str, session_id: int) -> None:
    """Another password for oneself; every session but this one ends. Commits. Raises Refused."""
    person = db.session.get_one(Person, actor.known.id)
    if not passwords.matches(present, person.password):
        raise Refused(msgid("This is not your present password."))
    check(person, new)
    choose(person, passwords.hash_of(new), session_id=session_id)
    audit.note(audit.PASSWORD_CHANGED, actor)


def check(person: Person, password: str) -> None:
    """Raises Refused, with the reason, for a password this person should not have."""
    about = (person.name, person.email, person.company.name if person.company else "")
    passwords.check(password, about=about)


def choose(person: Person, password_hash: str, *, session_id: int | None = None) -> None:
    """Keep a new password and tell its owner by a letter. In the caller's transaction."""
    people.keep_password(person, password_hash, session_id=session_id)
    now = clock.now()
    subject, text = rendering.letter(
        person.language, "password_changed", name=person.name, at=now, link=urls.link("/password")
    )
    outbox.write(
        key=f"password_changed:{person.id}:{now.isoformat()}",
        to=person.email,
        name=person.name,
        person=person,
        subject=subject,
        text=text,
    )
