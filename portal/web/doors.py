"""Doors: what happens once somebody has proved who they are, whichever way they came in, and when they leave."""

from urllib.parse import urlsplit

from flask import redirect, request, session, url_for
from flask_login import current_user, login_user
from werkzeug.wrappers import Response as AnyResponse

from portal.domain import audit, people, sessions
from portal.domain.people import Person
from portal.web import devices

PASSWORD, INVITATION = "password", "invitation"


def arrive(person: Person, *, how: str, onward: str = "") -> AnyResponse:
    """The first proof is given: open a session and go on to an address of ours."""
    return _open(person, how=how, second_factor=False, onward=onward)


def leave() -> AnyResponse:
    """End this session, wherever its cookie was copied to."""
    if current_user.is_authenticated:
        sessions.end(current_user.id, current_user.session_id)
        audit.note(audit.SIGNED_OUT, **_who(current_user))
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


def _open(person: Person, *, how: str, second_factor: bool, onward: str) -> AnyResponse:
    """A session under a new key: what a cookie held before, a token among it, is worth nothing from here on."""
    session.clear()
    people.arrived(person.id)
    key = sessions.start(
        person.id,
        how=how,
        second_factor=second_factor,
        client=request.user_agent.string,
        address=request.remote_addr or "",
    )
    login_user(people.visitor(key))
    devices.recognise(person.email)
    audit.note(audit.SIGNED_IN, **_who(person))
    return redirect(own_address(onward))


def _who(person) -> dict:
    return {"company_id": person.company_id, "person_id": person.id, "address": request.remote_addr or ""}
