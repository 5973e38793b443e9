"""The pages of access: invitations, roles, its end, forgotten passwords, another address."""

import re

import pytest
from sqlalchemy import select

from portal.db import db
from portal.domain.accounts import password_resets
from portal.domain.accounts.rate_limits import LIMITS, AttemptKind, Sharing
from portal.domain.notifications.outbox import Letter
from portal.domain.users import models as people
from portal.domain.users import passwords
from portal.domain.users.permissions import STAFF_ADMIN
from tests.factories import mirror
from tests.web.conftest import MARKER

PASSWORD = "modrý kůň skáče přes plot"


def _token(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html).group(1)


def _post(client, address, page=None, **data):
    return client.post(address, data={"csrf_token": _token(client.get(page or address).text), **data})


def _link(kind):
    texts = db.session.scalars(select(Letter.text).order_by(Letter.id.desc()))
    return next(found.group(0) for text in texts if (found := re.search(rf"/{kind}/[\w-]{{43}}", text)))


def test_a_manager_invites_and_the_colleague_arrives(app, world, manager):
    answer = _post(manager, "/people", email="new@a.example", name="Karel", role="viewer", language="cs")
    assert answer.location == "/people"
    assert "new@a.example" in manager.get("/people").text
    client, link = app.test_client(), _link("invitation")
    page = client.get(link)
    assert "Strojírny A" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert _post(client, link, name="Karel Nový", password=PASSWORD).location == "/"
    assert client.get("/tickets").status_code == 200
    assert client.get("/people").status_code == 404


def test_a_weak_password_is_refused_in_plain_words(app, world, manager):
    _post(manager, "/people", email="new@a.example", name="Karel", role="viewer", language="cs")
    answer = _post(app.test_client(), _link("invitation"), name="Karel Nový", password="heslo heslo heslo")
    assert answer.status_code == 422
    assert "snadno uhodne" in answer.text


def test_looking_at_an_invitation_accepts_nothing(app, world, manager):
    _post(manager, "/people", email="new@a.example", name="Karel", role="viewer", language="cs")
    link = _link("invitation")
    for _ in range(10):
        app.test_client().get(link)
        app.test_client().head(link)
    assert people.by_email("new@a.example") is None


@pytest.mark.parametrize("key", ["x", "A" * 43, "A" * 44])
@pytest.mark.parametrize("kind", ["invitation", "password", "address"])
def test_every_other_key_gets_the_same_page(app, world, kind, key):
    answer = app.test_client().get(f"/{kind}/{key}")
    missing = app.test_client().get(f"/{kind}/{'B' * 43}")
    assert (answer.status_code, answer.text) == (404, missing.text)


@pytest.mark.parametrize("address", ["/invitation/", "/password/", "/address/", "/password/%00"])
def test_no_key_opens_nothing(app, world, address):
    assert app.test_client().get(address).status_code in {302, 404}
    assert 'type="password"' not in app.test_client().get(address).text


def test_a_colleague_whose_access_ends_is_out_at_the_next_click(world, manager, sign_in):
    viewer = sign_in(world.a.viewer)
    assert viewer.get("/tickets").status_code == 200
    _post(manager, f"/people/{world.a.viewer.id}/end", page=f"/people/{world.a.viewer.id}")
    assert viewer.get("/tickets").status_code == 302
    assert viewer.get("/tickets", headers={"HX-Request": "true"}).status_code == 401


def test_a_role_taken_away_acts_at_the_next_click(world, manager, sign_in):
    other = mirror.person(world.a.company, role="manager", email="second@a.example")
    client = sign_in(other)
    assert client.get("/people").status_code == 200
    _post(manager, f"/people/{other.id}/role", page=f"/people/{other.id}", role="viewer")
    assert client.get("/people").status_code == 302


def test_the_page_shows_the_companys_people_alone(world, manager):
    page = manager.get("/people").text
    assert "viewer@a.example" in page
    assert "b.example" not in page
    assert MARKER not in page


def test_an_administrator_of_connectica_sees_every_company(world, sign_in):
    admin = sign_in(mirror.person(None, role=STAFF_ADMIN, email="admin@connectica.example", name="Iva Správná"))
    assert "staff@connectica.example" in admin.get("/staff/people").text
    assert "viewer@b.example" in admin.get(f"/staff/people?company={world.b.company.id}").text
    answer = _post(
        admin,
        "/staff/people",
        email="boss@b.example",
        name="",
        role="manager",
        language="cs",
        company=world.b.company.id,
    )
    assert answer.location == f"/staff/people?company={world.b.company.id}"
    assert sign_in(world.staff).get("/staff/people").status_code == 404


def test_a_forgotten_password_gets_one_answer_whoever_asks(app, world):
    client = app.test_client()
    answers = [
        _post(client, "/password/forgotten", email=email) for email in ("manager@a.example", "nobody@a.example")
    ]
    assert answers[0].data == answers[1].data
    assert password_resets.write_due() == 1


def test_the_link_of_the_letter_gives_a_new_password(app, world):
    _post(app.test_client(), "/password/forgotten", email="manager@a.example")
    password_resets.write_due()
    client, link = app.test_client(), _link("password")
    assert _post(client, link, password=PASSWORD).location == "/sign-in"
    assert client.get(link).status_code == 404
    answer = _post(client, "/sign-in", email="manager@a.example", password=PASSWORD)
    assert answer.location == "/"


def test_ones_own_password_is_changed_by_who_knows_the_present_one(world, manager):
    assert _post(manager, "/password", present="wrong", password=PASSWORD).status_code == 422
    assert _post(manager, "/password", present=mirror.PASSWORD, password=PASSWORD).location == "/account"
    assert manager.get("/tickets").status_code == 200


def test_the_address_moves_after_both_letters_are_answered(app, world, manager):
    _post(manager, "/address", email="jana@new.example", password=mirror.PASSWORD)
    assert "jana@new.example" in manager.get("/address").text
    texts = db.session.scalars(select(Letter.text).order_by(Letter.id.desc()).limit(2)).all()
    client = app.test_client()
    for text in texts:
        link = re.search(r"/address/[\w-]{43}", text).group(0)
        assert _post(client, link, answer="confirm").status_code == 200
    assert people.by_email("jana@new.example").id == world.a.manager.id


def test_letters_link_to_the_configured_address_whatever_host_was_asked(app, world):
    client = app.test_client()
    token = _token(client.get("/password/forgotten").text)
    client.post(
        "/password/forgotten",
        data={"email": "manager@a.example", "csrf_token": token},
        headers={"Host": "localhost", "X-Forwarded-Host": "evil.example"},
    )
    password_resets.write_due()
    links = re.findall(
        r"https?://[^/\s]+", db.session.scalars(select(Letter.text).order_by(Letter.id.desc())).first()
    )
    assert set(links) == {app.config["BASE_URL"]}


def test_the_owner_gets_in_from_a_known_browser_while_strangers_guess(app, world):
    known, stranger = app.test_client(), app.test_client()
    _post(known, "/sign-in", email="manager@a.example", password=mirror.PASSWORD)
    known.post("/sign-out", data={"csrf_token": _token(known.get("/tickets").text)})
    for n in range(LIMITS[AttemptKind.SIGN_IN][Sharing.ACCOUNT].tries + 1):
        stranger.environ_base = {**stranger.environ_base, "REMOTE_ADDR": f"10.1.{n}.1"}
        stopped = _post(stranger, "/sign-in", email="manager@a.example", password="x")
    assert stopped.status_code == 429
    assert _post(known, "/sign-in", email="manager@a.example", password=mirror.PASSWORD).location == "/"


def test_strangers_who_guess_do_not_keep_the_owner_from_a_new_password(app, world):
    known, stranger = app.test_client(), app.test_client()
    _post(known, "/sign-in", email="manager@a.example", password=mirror.PASSWORD)
    for n in range(LIMITS[AttemptKind.SIGN_IN][Sharing.ACCOUNT].tries + 1):
        stranger.environ_base = {**stranger.environ_base, "REMOTE_ADDR": f"10.1.{n}.1"}
        _post(stranger, "/sign-in", email="manager@a.example", password="x")
    assert _post(known, "/password", present=mirror.PASSWORD, password=PASSWORD).location == "/account"


def _known_browser(app):
    client = app.test_client()
    _post(client, "/sign-in", email="manager@a.example", password=mirror.PASSWORD)
    client.post("/sign-out", data={"csrf_token": _token(client.get("/tickets").text)})
    return client


def _statuses(clients, times):
    """What wrong passwords get, one browser after the other, each from a place of its own."""
    found = []
    for n in range(times):
        client = clients[n % len(clients)]
        client.environ_base = {**client.environ_base, "REMOTE_ADDR": f"10.2.{n}.1"}
        found.append(_post(client, "/sign-in", email="manager@a.example", password="x").status_code)
    return found


def test_four_known_browsers_guess_no_more_than_one(app, world):
    browsers = [_known_browser(app) for _ in range(4)]
    tries = LIMITS[AttemptKind.SIGN_IN][Sharing.BROWSER].tries
    assert _statuses(browsers, tries + 4).count(429) == 4


def test_a_browser_is_known_no_more_once_the_password_is_another(app, world):
    """Whoever copied its cookie is a stranger then: under the limits of strangers, and beside none of the owner's."""
    copied = _known_browser(app)
    people.set_password("manager@a.example", passwords.hash_of(PASSWORD))
    owner = app.test_client()
    _post(owner, "/sign-in", email="manager@a.example", password=PASSWORD)
    owner.post("/sign-out", data={"csrf_token": _token(owner.get("/tickets").text)})
    tries = LIMITS[AttemptKind.SIGN_IN][Sharing.BROWSER].tries
    assert set(_statuses([copied], tries + 2)) == {200}
    assert _post(owner, "/sign-in", email="manager@a.example", password=PASSWORD).location == "/"


def test_the_browser_that_chose_another_password_stays_known(app, world, manager):
    before = manager.get_cookie("device")
    _post(manager, "/password", present=mirror.PASSWORD, password=PASSWORD)
    after = manager.get_cookie("device")
    assert after is not None and after.value != (before.value if before else "")
