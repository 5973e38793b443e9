"""Signing in and out: one answer for every failure, no session that outlives its end."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.accounts.rate_limits import A_WHILE, LIMITS, AttemptKind, Sharing
from portal.domain.audit.events import AuditEvent
from portal.domain.users import models as people
from portal.domain.users import passwords, sessions
from tests.factories import mirror

HERE = LIMITS[AttemptKind.SIGN_IN][Sharing.ACCOUNT_HERE].tries


def _sign_in(client, email, password, **more):
    token = _token(client.get("/sign-in").text)
    return client.post("/sign-in", data={"email": email, "password": password, "csrf_token": token, **more})


def _token(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html).group(1)


def _what_happened():
    happened = [event.what for event in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))]
    return [what for what in happened if what.startswith("sign")]


def test_a_manager_signs_in_and_arrives(app, world):
    client = app.test_client()
    answer = _sign_in(client, "Manager@A.example", mirror.PASSWORD, next="/tickets?state=open")
    assert (answer.status_code, answer.location) == (302, "/tickets?state=open")
    assert client.get("/tickets").status_code == 200
    assert _what_happened() == ["signed_in"]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\thttps://evil.example"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(app, world, elsewhere):
    answer = _sign_in(app.test_client(), "manager@a.example", mirror.PASSWORD, next=elsewhere)
    assert re.fullmatch(r"/([^/\\\\].*)?", answer.location or "/"), answer.location


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(app, world):
    client = app.test_client()
    known = _sign_in(client, "manager@a.example", "wrong password")
    unknown = _sign_in(client, "nobody@a.example", "wrong password")
    assert known.status_code == unknown.status_code
    assert _comparable(known.text) == _comparable(unknown.text)
    assert "Tuto adresu s tímto heslem neznáme" in known.text
    assert _what_happened() == ["sign_in_failed", "sign_in_failed"]


def test_a_closed_account_gets_that_answer_too(app, world):
    people.deactivate("manager@a.example")
    closed = _sign_in(app.test_client(), "manager@a.example", mirror.PASSWORD)
    wrong = _sign_in(app.test_client(), "manager@a.example", "wrong password")
    assert _comparable(closed.text) == _comparable(wrong.text)


def test_signing_out_ends_the_session_wherever_its_cookie_was_copied(app, world):
    client = app.test_client()
    _sign_in(client, "manager@a.example", mirror.PASSWORD)
    stolen = client.get_cookie("portal").value
    client.post("/sign-out", data={"csrf_token": _token(client.get("/tickets").text)})
    thief = app.test_client()
    thief.set_cookie("portal", stolen)
    assert thief.get("/tickets").status_code == 302
    assert client.get("/tickets").status_code == 302
    assert _what_happened() == ["signed_in", "signed_out"]


def test_signing_out_by_a_link_does_nothing(manager):
    assert manager.get("/sign-out").status_code == 405
    assert manager.get("/tickets").status_code == 200


def test_a_token_given_before_signing_in_is_worth_nothing_after_it(app, world):
    client = app.test_client()
    before = _token(client.get("/sign-in").text)
    _sign_in(client, "manager@a.example", mirror.PASSWORD)
    assert client.post("/settings", data={"language": "en", "theme": "", "csrf_token": before}).status_code == 400


def test_nobody_stays_signed_in_by_a_remembering_cookie(app, world):
    client = app.test_client()
    _sign_in(client, "manager@a.example", mirror.PASSWORD, remember="y")
    assert client.get_cookie("remember_token") is None


def test_a_token_in_an_address_or_a_header_signs_nobody_in(app, world):
    key = sessions.start(world.a.manager.id, how="password")
    assert app.test_client().get(f"/tickets?auth_token={key}").status_code == 302
    for name in ("Authorization", "Authentication-Token", "X-Remote-User"):
        assert app.test_client().get("/tickets", headers={name: key}).status_code == 302


def test_guessing_stops_for_a_while_and_then_a_person_may_try_again(app, world):
    client = app.test_client()
    for _ in range(HERE):
        _sign_in(client, "manager@a.example", "wrong password")
    stopped = _sign_in(client, "manager@a.example", mirror.PASSWORD)
    assert stopped.status_code == 429
    assert "Příliš mnoho pokusů" in stopped.text
    assert 0 < int(stopped.headers["Retry-After"]) <= A_WHILE.total_seconds()
    with clock.set_to(clock.now() + A_WHILE + timedelta(seconds=1)):
        assert _sign_in(client, "manager@a.example", mirror.PASSWORD).status_code == 302


def test_the_stop_says_nothing_about_which_accounts_exist(app, world):
    client = app.test_client()
    for email in ("manager@a.example", "nobody@a.example"):
        for _ in range(HERE):
            _sign_in(client, email, "wrong password")
    known, unknown = (_sign_in(client, email, "x") for email in ("manager@a.example", "nobody@a.example"))
    assert _comparable(known.text) == _comparable(unknown.text)


def test_the_passwords_are_kept_by_argon2(app):
    assert passwords.hash_of("a long enough one").startswith("$argon2id$")


def _comparable(html):
    return re.sub(r'(csrf_token" value="|name="email"[^>]*value=")[^"]*', "", html)
