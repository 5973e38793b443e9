"""Signing in and out: what happens once somebody has proved who they are, by whichever method."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from urllib.parse import urlsplit

from flask import redirect, request, session, url_for
from flask_login import current_user, login_user
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import saved_views, two_factor
from portal.domain.audit import events as audit
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.models import Person
from portal.domain.users.sessions import FirstProof
from portal.web.auth import access_control, known_devices

PATIENCE = timedelta(minutes=10)  # between the first proof and the second


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody whose first proof is given and whose second is not: nobody is signed in yet."""

    person: Person
    how: FirstProof
    onward: str


def arrive(person: Person, *, how: FirstProof, onward: str = "", second_factor: bool = False) -> AnyResponse:
    """The first proof is given: ask for the second if there is one, else open a session and go on to our address.

    second_factor: the way in has proved both already (a passkey, or an identity provider the company trusts).
    """
    if second_factor or not _has_second_factor(person):
        return _open(person, how=how, second_factor=second_factor, onward=onward)
    session.clear()
    session["pending"] = {
        "person": person.id,
        "state": people.state_of(person),
        "how": how,
        "onward": onward,
        "until": (clock.now() + PATIENCE).isoformat(),
    }
    return redirect(url_for("second_step.show"))


def pending() -> Pending | None:
    """Who has given the first proof in this browser lately; nobody once the account or its password has changed."""
    kept = session.get("pending")
    if kept is None or clock.now() > datetime.fromisoformat(kept["until"]):
        return None
    person = people.living(kept["person"])
    if person is None or not compare_digest(people.state_of(person), kept["state"]):
        return None
    return Pending(person=person, how=FirstProof(kept["how"]), onward=kept["onward"])


def complete(waiting: Pending) -> AnyResponse:
    """The second proof is given, too."""
    return _open(waiting.person, how=waiting.how, second_factor=True, onward=waiting.onward)


def renew(*, second_factor: bool) -> None:
    """A proof was given, or what proves has changed: this session goes on under a new key, the old one is dead."""
    key = sessions.renew(current_user.session_id, second_factor=second_factor)
    session.clear()
    login_user(people.visitor(key))


def leave() -> AnyResponse:
    """End this session, wherever its cookie was copied to."""
    if current_user.is_authenticated:
        with unit_of_work():
            sessions.end(current_user.id, current_user.session_id)
            audit.note(audit.SIGNED_OUT, access_control.actor())
    session.clear()
    return redirect(url_for("sign_in.show"))


def own_address(written: str) -> str:
    """The address within the portal that somebody asks to be sent on to; "/" for any other."""
    try:
        parts = urlsplit(written)
    except ValueError:
        return "/"
    is_ours = written.startswith("/") and not (parts.scheme or parts.netloc) and not written.startswith("//")
    return written if is_ours and "\\" not in written and written.isprintable() else "/"


def _has_second_factor(person: Person) -> bool:
    return two_factor.of(person.id).any


def _open(person: Person, *, how: FirstProof, second_factor: bool, onward: str) -> AnyResponse:
    """A session under a new key: what a cookie held before, a token among it, is worth nothing from here on."""
    session.clear()
    actor = access_control.actor_for(person)
    with unit_of_work():
        people.arrived(person.id)
        key = sessions.start(
            person.id,
            how=how,
            second_factor=second_factor,
            client=request.user_agent.string,
            address=actor.address,
        )
        audit.note(audit.SIGNED_IN, actor, about=how)
    login_user(people.visitor(key))
    known_devices.recognise(person)
    return redirect(_start_of(person) if onward in ("", "/") else own_address(onward))


def _start_of(person: Person) -> str:
    """Where somebody starts who asked for no page: the view of the ticket list they chose, or the overview."""
    query = saved_views.start_of(person)
    return "/" if query is None else f"{url_for('tickets.index')}?{query}"
