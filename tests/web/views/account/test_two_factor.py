"""The second factor at the door and on the account's page: asked for, not guessed, not used twice, and it holds."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.accounts import passkeys, recovery_codes, totp, two_factor
from portal.domain.accounts.rate_limits import LIMITS, AttemptKind, Sharing
from portal.domain.audit.events import AuditEvent
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.actor import OPERATOR
from portal.lib import urls
from portal.web.auth import access_control, login
from tests.device import Device
from tests.domain.accounts.test_totp import code_at, set_up
from tests.factories import mirror

ORIGIN = "http://localhost:8000"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def secret(world):
    """Of the app of A's manager, set up an hour ago."""
    return _with_app(world.a.manager)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def at_localhost(world):
    """Browsers make passkeys for this address."""
    urls.are(base_url=ORIGIN, noc="noc@connectica.cz")


def _with_app(person):
    with clock.set_to(mirror.NOW - timedelta(hours=1)):
        return set_up(person.id)


def _token(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html).group(1)


def _post(client, address, *, page, **form):
    return client.post(address, data={"csrf_token": _token(client.get(page).text), **form})


def _sign_in(client, email="manager@a.example", password=mirror.PASSWORD, **form):
    return _post(client, "/sign-in", page="/sign-in", email=email, password=password, **form)


def _type_code(client, code):
    return _post(client, "/sign-in/second", page="/sign-in/second", code=code)


def _is_inside(client):
    return client.get("/tickets").status_code == 200


def _happened():
    return list(db.session.scalars(select(AuditEvent.what).order_by(AuditEvent.id)))


# At the door.


def test_the_password_alone_opens_nothing(client, secret):
    answer = _sign_in(client)
    assert answer.location == "/sign-in/second"
    assert not _is_inside(client)
    assert "signed_in" not in _happened()


def test_the_code_of_the_app_opens_and_leads_on(client, secret):
    _sign_in(client, next="/tickets?state=open")
    answer = _type_code(client, code_at(secret, mirror.NOW))
    assert (answer.status_code, answer.location) == (302, "/tickets?state=open")
    assert _is_inside(client)
    assert _happened()[-1] == "signed_in"


def test_a_code_seen_over_the_shoulder_is_worth_nothing(app, client, secret):
    code = code_at(secret, mirror.NOW)
    _sign_in(client)
    _type_code(client, code)
    thief = app.test_client()
    _sign_in(thief)
    assert "není správný" in _type_code(thief, code).text
    assert not _is_inside(thief)


def test_a_code_of_another_account_is_refused(world, client, secret):
    other = _with_app(world.b.manager)
    _sign_in(client)
    _type_code(client, code_at(other, mirror.NOW))
    assert not _is_inside(client)


def test_a_recovery_code_opens_once_and_is_written_down(app, world, client, secret):
    code = recovery_codes.make(world.a.manager.id)[0]
    db.session.commit()
    _sign_in(client)
    assert _type_code(client, code).status_code == 302
    assert "recovery_code_used" in _happened()
    again = app.test_client()
    _sign_in(again)
    assert _type_code(again, code).status_code == 200
    assert not _is_inside(again)


def test_guessing_stops_even_for_the_right_code_and_ends_with_the_window(client, secret):
    _sign_in(client)
    limit = LIMITS[AttemptKind.CODE][Sharing.ACCOUNT_HERE]
    for _ in range(limit.tries):
        _type_code(client, "000000")
    assert _type_code(client, code_at(secret, mirror.NOW)).status_code == 429
    assert not _is_inside(client)
    assert _happened().count("proof_failed") == limit.tries
    with clock.set_to(mirror.NOW + limit.within + timedelta(seconds=1)):
        _sign_in(client)
        assert _type_code(client, code_at(secret, clock.now())).status_code == 302


def test_a_stranger_with_the_password_guesses_from_everywhere_in_vain_and_does_not_lock_out_the_owner(
    app, client, secret
):
    _sign_in(client)
    _type_code(client, code_at(secret, mirror.NOW))  # this browser is the owner's: it is known from here on
    limit = LIMITS[AttemptKind.CODE][Sharing.ACCOUNT].tries
    stranger = app.test_client()
    _sign_in(stranger)
    token = _token(stranger.get("/sign-in/second").text)
    answers = []
    for n in range(limit):
        place = {"REMOTE_ADDR": f"192.0.2.{n % 200 + 1}"}
        form = {"code": "000000", "csrf_token": token}
        answers.append(stranger.post("/sign-in/second", data=form, environ_overrides=place).status_code)
    assert answers[-1] == 429
    client.post("/sign-out", data={"csrf_token": _token(client.get("/account").text)})
    with clock.set_to(mirror.NOW + timedelta(minutes=1)):
        _sign_in(client)
        assert _type_code(client, code_at(secret, clock.now())).location == "/"


def test_the_second_step_waits_ten_minutes_and_no_longer(client, secret):
    _sign_in(client)
    token = _token(client.get("/sign-in/second").text)
    with clock.set_to(mirror.NOW + login.PATIENCE + timedelta(seconds=1)):
        form = {"code": code_at(secret, clock.now()), "csrf_token": token}
        assert client.post("/sign-in/second", data=form).location == "/sign-in"
        assert not _is_inside(client)


@pytest.mark.parametrize(
    "change", [lambda email: people.set_password(email, mirror.PASSWORD_HASH + "x"), people.deactivate]
)
def test_a_changed_password_or_a_closed_account_voids_the_first_proof(client, secret, change):
    _sign_in(client)
    token = _token(client.get("/sign-in/second").text)
    change("manager@a.example")
    form = {"code": code_at(secret, mirror.NOW), "csrf_token": token}
    assert client.post("/sign-in/second", data=form).location == "/sign-in"
    assert not _is_inside(client)


def test_the_second_step_without_the_first_leads_to_the_first(client, world):
    token = _token(client.get("/sign-in").text)
    assert client.get("/sign-in/second").location == "/sign-in"
    for address in ("/sign-in/second", "/sign-in/second/passkey"):
        assert client.post(address, data={"code": "1", "csrf_token": token}).location == "/sign-in"
    assert client.post("/sign-in/second/challenge", data={"csrf_token": token}).status_code == 404


def test_a_waiting_second_step_is_good_for_nothing_else(client, secret):
    _sign_in(client)
    for address in ("/tickets", "/account", "/account/codes", "/settings", "/hours"):
        assert client.get(address).location.startswith("/sign-in?next="), address


def test_everybody_with_a_factor_is_told_the_same_after_the_password(app, world, secret):
    _with_app(world.b.manager)
    pages = []
    for email in ("manager@a.example", "manager@b.example"):
        client = app.test_client()
        _sign_in(client, email)
        pages.append(re.sub(r'(csrf_token" value=")[^"]+', "", client.get("/sign-in/second").text))
    assert "manager@" not in pages[0]
    assert pages[0] == pages[1]


def test_a_wrong_password_says_nothing_about_a_second_factor(app, world, secret):
    answers = []
    for email in ("manager@a.example", "viewer@a.example", "nobody@a.example"):
        answer = _sign_in(app.test_client(), email, "wrong password")
        answers.append(re.sub(r'(csrf_token" value="|name="email"[^>]*value=")[^"]*', "", answer.text))
    assert answers[0] == answers[1] == answers[2]


def test_a_cookie_from_before_the_second_step_is_dead_after_it(app, client, secret):
    _sign_in(client)
    before = client.get_cookie("portal").value
    _type_code(client, code_at(secret, mirror.NOW))
    thief = app.test_client()
    thief.set_cookie("portal", before)
    assert not _is_inside(thief)


# Who must have one.


def test_staff_without_one_get_no_further_than_making_one(client, world):
    assert _sign_in(client, "staff@connectica.example").status_code == 302
    for address in ("/", "/staff", "/settings", "/account", "/no-such-page"):
        assert client.get(address).location == "/account/second-factor", address
    for address in ("/staff", "/tickets"):
        part = client.get(address, headers=HTMX)
        assert (part.status_code, part.headers["HX-Redirect"]) == (401, "/account/second-factor")
        assert part.data == b""


def test_every_address_but_those_for_making_one_is_closed(app, client, world):
    _sign_in(client, "staff@connectica.example")
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint in access_control.PUBLIC | access_control.SIGNED.keys() | access_control.FOR_ENROLMENT:
                continue
            address = app.url_for(rule.endpoint, **dict.fromkeys(rule.arguments, 1))
            answer = client.get(address)
            assert answer.location == "/account/second-factor" or answer.status_code == 405, rule


def test_the_page_for_making_one_shows_nothing_of_the_company(client, world):
    two_factor.require_of(OPERATOR, world.a.company.id, required=True)
    _sign_in(client)
    page = client.get("/account/second-factor").text
    assert world.a.company.name not in page
    assert "/tickets" not in page
    assert world.a.company.name not in client.post("/account/codes").text  # a refusal is a page, too


def test_making_one_opens_everything_and_gives_recovery_codes(client, world):
    _sign_in(client, "staff@connectica.example")
    recovery = _enrol(client, world.staff)
    assert len(recovery) == recovery_codes.HOW_MANY
    assert client.get("/staff").status_code == 200
    assert recovery_codes.use(world.staff.id, recovery[0])
    assert {"second_factor_on"} <= set(_happened())


def test_a_company_may_require_it_and_it_holds_at_the_next_request(sign_in, world):
    viewer, elsewhere = sign_in(world.a.viewer), sign_in(world.b.viewer)
    two_factor.require_of(OPERATOR, world.a.company.id, required=True)
    assert viewer.get("/tickets").location == "/account/second-factor"
    assert _is_inside(elsewhere)
    two_factor.require_of(OPERATOR, world.a.company.id, required=False)
    assert _is_inside(viewer)


def test_a_manager_switches_it_for_the_own_company_and_a_reader_does_not(sign_in, world):
    viewer, manager = sign_in(world.a.viewer), sign_in(world.a.manager)
    assert _post(viewer, "/account/company/second-factor", page="/account", required="on").status_code == 404
    _post(manager, "/account/company/second-factor", page="/account", required="on")
    db.session.expire_all()
    assert (world.a.company.requires_second_factor, world.b.company.requires_second_factor) == (True, False)
    assert "second_factor_required" in _happened()
    assert manager.get("/tickets").location == "/account/second-factor"


def test_staff_need_none_where_the_setting_says_so(app, client, world):
    app.config["STAFF_SECOND_FACTOR"] = False
    _sign_in(client, "staff@connectica.example")
    assert client.get("/staff").status_code == 200
    assert "PORTAL_STAFF_SECOND_FACTOR" in client.get("/account").text


def test_a_session_without_it_proves_the_factor_there_is_and_makes_no_other(app, client, world):
    """However such a session came to be: a password alone adds no lock to an account that has one."""
    _with_app(world.staff)
    with client.session_transaction() as session:
        session["_user_id"] = sessions.start(world.staff.id, how="password")
    assert client.get("/account/second-factor").location == "/account/prove"
    token = _token(client.get("/account/prove").text)
    for address in ("/account/codes", "/account/passkeys/challenge", "/account/passkeys", "/account/codes/confirm"):
        assert "/account/prove" in client.post(address, data={"csrf_token": token}).location
    assert 'name="password"' not in client.get("/account/prove").text
    _post(client, "/account/prove", page="/account/prove", password=mirror.PASSWORD)
    assert client.get("/staff").location == "/account/second-factor"


def test_the_last_factor_of_somebody_who_must_have_one_stays(sign_in, world):
    _with_app(world.staff)
    answer = _post(sign_in(world.staff), "/account/codes/remove", page="/account")
    assert answer.status_code == 422
    assert two_factor.of(world.staff.id).codes


# On the account's page.


def _enrol(client, person):
    """Set up an app through the pages; the recovery codes shown."""
    _post(client, "/account/codes", page="/account/second-factor")
    shown = totp.waiting_secret(person.id)
    assert shown in client.get("/account/codes").text.replace(" ", "")
    answer = _post(client, "/account/codes/confirm", page="/account/codes", code=code_at(shown, clock.now()))
    return re.findall(r"<li><code>([\w-]+)</code>", answer.text)


def test_a_factor_more_gives_this_session_a_new_key_and_ends_the_others(app, sign_in, world):
    here, elsewhere, copy = sign_in(world.a.manager), sign_in(world.a.manager), app.test_client()
    copy.set_cookie("portal", here.get_cookie("portal").value)
    assert _is_inside(copy)
    _enrol(here, world.a.manager)
    assert _is_inside(here)
    assert not _is_inside(elsewhere)
    assert not _is_inside(copy)


def test_a_factor_less_gives_this_session_a_new_key_and_ends_the_others(app, sign_in, world, secret):
    here, elsewhere, copy = sign_in(world.a.manager), sign_in(world.a.manager), app.test_client()
    copy.set_cookie("portal", here.get_cookie("portal").value)
    assert _post(here, "/account/codes/remove", page="/account").status_code == 302
    assert _is_inside(here)
    assert not _is_inside(elsewhere)
    assert not _is_inside(copy)
    assert "second_factor_off" in _happened()
    assert not two_factor.of(world.a.manager.id).any


def test_a_proof_gives_this_session_a_new_key(app, sign_in, world):
    here, copy = sign_in(world.a.manager), app.test_client()
    copy.set_cookie("portal", here.get_cookie("portal").value)
    _post(here, "/account/prove", page="/account/prove", password=mirror.PASSWORD)
    assert _is_inside(here)
    assert not _is_inside(copy)


def test_a_wrong_first_code_sets_nothing_up(manager, world):
    _post(manager, "/account/codes", page="/account/second-factor")
    answer = _post(manager, "/account/codes/confirm", page="/account/codes", code="000000")
    assert "není správný" in answer.text
    assert not two_factor.of(world.a.manager.id).any


def test_new_recovery_codes_kill_the_old_ones_and_the_page_counts_them(sign_in, world, secret):
    client, old = sign_in(world.a.manager), recovery_codes.make(world.a.manager.id)
    db.session.commit()
    recovery_codes.use(world.a.manager.id, old[0])
    assert "zbývá 9" in client.get("/account").text
    answer = _post(client, "/account/recovery-codes", page="/account")
    new = re.findall(r"<li><code>([\w-]+)</code>", answer.text)
    assert len(new) == 10
    assert answer.headers["Cache-Control"] == "no-store"
    assert not recovery_codes.use(world.a.manager.id, old[1])
    assert recovery_codes.use(world.a.manager.id, new[1])


LOCKS = [
    "/account/codes",
    "/account/codes/confirm",
    "/account/codes/remove",
    "/account/passkeys/challenge",
    "/account/passkeys",
    "/account/recovery-codes",
    "/account/company/second-factor",
]


def test_what_locks_an_account_changes_only_right_after_a_proof(sign_in, world, secret):
    client = sign_in(world.a.manager)
    with clock.set_to(mirror.NOW + sessions.FRESH + timedelta(seconds=1)):
        for address in LOCKS:
            assert "/account/prove" in _post(client, address, page="/account").location, address
        assert two_factor.of(world.a.manager.id).codes
        answer = _post(client, "/account/prove", page="/account/prove", code=code_at(secret, clock.now()), next="/x")
        assert answer.location == "/x"
        assert _post(client, "/account/codes/remove", page="/account").location == "/account"


def test_a_wrong_proof_is_none_and_guessing_stops(sign_in, world):
    client = sign_in(world.a.manager)
    for _ in range(LIMITS[AttemptKind.SIGN_IN][Sharing.ACCOUNT_HERE].tries):
        answer = _post(client, "/account/prove", page="/account/prove", password="wrong")
        assert "Tohle není vaše heslo" in answer.text
    stopped = _post(client, "/account/prove", page="/account/prove", password=mirror.PASSWORD)
    assert stopped.status_code == 429


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_after_a_proof(manager, elsewhere):
    answer = _post(manager, "/account/prove", page="/account/prove", password=mirror.PASSWORD, next=elsewhere)
    assert answer.location == "/"


def test_sessions_are_listed_and_one_of_them_ended(app, sign_in, world):
    here = sign_in(world.a.manager)
    words = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
    elsewhere = sessions.start(world.a.manager.id, how="password", client=words, address="192.0.2.7")
    page = here.get("/account").text
    assert "Safari, iPhone" in page
    assert "192.0.2.7" in page
    _post(here, f"/account/sessions/{people.visitor(elsewhere).session_id}/end", page="/account")
    assert people.visitor(elsewhere) is None
    assert _is_inside(here)
    assert "sessions_ended" in _happened()


def test_everywhere_else_is_signed_out_at_once(sign_in, world):
    here, others = sign_in(world.a.manager), [sign_in(world.a.manager) for _ in range(3)]
    stranger = sign_in(world.b.manager)
    _post(here, "/account/sessions/end-others", page="/account")
    assert _is_inside(here)
    assert not any(_is_inside(other) for other in others)
    assert _is_inside(stranger)


# Passkeys through the pages.


def _challenge(client, address, page):
    return client.post(address, headers={"X-CSRFToken": _token(client.get(page).text)}).text


def _add_passkey(client):
    device = Device(ORIGIN)
    options = _challenge(client, "/account/passkeys/challenge", "/account/second-factor")
    made = device.make(options)
    answer = _post(client, "/account/passkeys", page="/account/second-factor", name="Telefon", credential=made)
    assert answer.status_code in (200, 302), answer.text
    return device


def test_a_passkey_signs_in_alone_and_counts_as_both_proofs(app, client, at_localhost, sign_in, world):
    two_factor.require_of(OPERATOR, world.a.company.id, required=True)
    device = _add_passkey(sign_in(world.a.manager))
    signed = device.show(_challenge(client, "/sign-in/challenge", "/sign-in"))
    answer = _post(client, "/sign-in/passkey", page="/sign-in", credential=signed, next="/hours")
    assert answer.location == "/hours"
    assert _is_inside(client)
    assert "passkey_added" in _happened()


def test_a_passkey_is_a_second_step(client, at_localhost, sign_in, world):
    device = _add_passkey(sign_in(world.a.manager))
    assert _sign_in(client).location == "/sign-in/second"
    signed = device.show(_challenge(client, "/sign-in/second/challenge", "/sign-in/second"), verified=False)
    assert _post(client, "/sign-in/second/passkey", page="/sign-in/second", credential=signed).location == "/"
    assert _is_inside(client)


def test_a_passkey_of_somebody_else_is_no_second_step(client, at_localhost, sign_in, world, secret):
    device = _add_passkey(sign_in(world.b.viewer))
    _sign_in(client)
    signed = device.show(_challenge(client, "/sign-in/second/challenge", "/sign-in/second"))
    assert _post(client, "/sign-in/second/passkey", page="/sign-in/second", credential=signed).status_code == 200
    assert not _is_inside(client)
    assert "proof_failed" in _happened()


def test_a_challenge_serves_its_own_purpose_in_its_own_browser(app, at_localhost, sign_in, world):
    device = _add_passkey(sign_in(world.a.manager))
    one, other = app.test_client(), app.test_client()
    signed = device.show(_challenge(one, "/sign-in/challenge", "/sign-in"))
    _post(other, "/sign-in/passkey", page="/sign-in", credential=signed)
    assert not _is_inside(other)
    _sign_in(one)
    signed = device.show(_challenge(one, "/sign-in/second/challenge", "/sign-in/second"))
    _post(one, "/sign-in/passkey", page="/sign-in", credential=signed)
    assert not _is_inside(one)


def test_a_closed_accounts_passkey_opens_nothing(client, at_localhost, sign_in, world):
    device = _add_passkey(sign_in(world.a.manager))
    people.deactivate("manager@a.example")
    signed = device.show(_challenge(client, "/sign-in/challenge", "/sign-in"))
    _post(client, "/sign-in/passkey", page="/sign-in", credential=signed)
    assert not _is_inside(client)


def test_trying_passkeys_stops_for_a_while(client, at_localhost, sign_in, world):
    device = _add_passkey(sign_in(world.a.manager))
    tries = LIMITS[AttemptKind.PASSKEY][Sharing.PLACE].tries
    for _ in range(tries):
        assert "nepoznali" in _post(client, "/sign-in/passkey", page=_asked(client), credential="{}").text
    signed = device.show(_challenge(client, "/sign-in/challenge", "/sign-in"))
    assert _post(client, "/sign-in/passkey", page="/sign-in", credential=signed).status_code == 429
    assert _happened().count("sign_in_failed") == tries


def _asked(client):
    _challenge(client, "/sign-in/challenge", "/sign-in")
    return "/sign-in"


def test_a_removed_passkey_ends_every_other_session(app, at_localhost, sign_in, world):
    here = sign_in(world.a.manager)
    _add_passkey(here)
    elsewhere = sign_in(world.a.manager)
    passkey_id = passkeys.of(world.a.manager.id)[0].id
    _post(here, f"/account/passkeys/{passkey_id}/remove", page="/account")
    assert passkeys.count(world.a.manager.id) == 0
    assert _is_inside(here)
    assert not _is_inside(elsewhere)
    assert "passkey_removed" in _happened()


def test_where_browsers_make_no_passkeys_none_is_offered(client, manager):
    assert "data-passkey" not in client.get("/sign-in").text
    assert "data-passkey" not in manager.get("/account/second-factor").text
    token = _token(client.get("/sign-in").text)
    assert client.post("/sign-in/challenge", data={"csrf_token": token}).status_code == 404
