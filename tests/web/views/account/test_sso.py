"""Single sign-on: who is let in, and what every forged answer gets: nobody is made, linked or signed in."""

import logging
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.domain.accounts import invitations, rate_limits, sso_identities, sso_providers
from portal.domain.accounts.sso_identities import Identity
from portal.domain.accounts.sso_providers import IdentityProvider, New
from portal.domain.audit.events import AuditEvent
from portal.domain.notifications import outbox
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.models import Person
from portal.domain.users.permissions import MANAGER, VIEWER
from portal.domain.users.sessions import Session
from portal.oidc import discovery
from portal.web.views.account import sso
from tests import providers
from tests.actors import acting
from tests.factories import mirror
from tests.oidc.test_flow import ANSWERS, BROKEN, JUNK, LIES
from tests.providers import OBJECT, SECRET, SUBJECT, TENANT

ADDRESS = "/sign-in/sso/vltava"


@pytest.fixture
def liar(at_a_moment):
    with providers.liar() as told:
        yield told


@pytest.fixture
def vltava(world, liar) -> IdentityProvider:
    """Company A's provider, under which manager@a.example is linked."""
    added = _add(world.a.company, liar)
    sso_identities.link(world.a.manager.id, added, SUBJECT)
    return added


def _add(company, told, slug="vltava", **more):
    said = {"name": "Microsoft 365", "client_id": "portal", "secret": SECRET, "issuer": told.issuer, **more}
    return sso_providers.add(New(slug=slug, company=company, **said))


def _out(client, address=ADDRESS):
    answer = client.get(address)
    assert answer.status_code == 302, answer.text
    return answer.location


def _sign_in(client, address=ADDRESS, **changed):
    """Out to the provider and back; changed are parameters that are forged on the way."""
    return client.get(providers.with_parameters(providers.come_back(_out(client, address)), **changed))


def _token(html):
    return re.search(r'name="csrf_token" value="([^"]+)"', html).group(1)


def _post(client, address, page="/account"):
    return client.post(address, data={"csrf_token": _token(client.get(page).text)})


def _linking(client, slug="vltava"):
    """Press "Link" on the account's page, and go where the page that follows leads."""
    answer = _post(client, f"/account/sso/{slug}")
    assert answer.status_code == 200, answer.text
    return answer.headers["Refresh"].partition("url=")[2]


def _log(what=None):
    rows = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
    return [(row.what, row.about) for row in rows if what is None or row.what == what]


@contextmanager
def _telling(told, lie):
    """The provider tells a lie for a while."""
    truth = {name: getattr(told, name) for name in lie}
    for name, value in lie.items():
        setattr(told, name, value)
    yield
    for name, value in truth.items():
        setattr(told, name, value)


def _nobody_came_of_it(client, before, what=""):
    assert client.get("/tickets").status_code == 302, what
    assert _state() == before, what


def _state():
    """How many accounts, links and sessions there are."""
    return [db.session.scalar(select(func.count()).select_from(table)) for table in (Person, Identity, Session)]


def test_somebody_linked_signs_in_and_arrives_where_they_wanted(app, world, vltava):
    client = app.test_client()
    answer = _sign_in(client, f"{ADDRESS}?next=/tickets?state=open")
    assert (answer.status_code, answer.location) == (302, "/tickets?state=open")
    assert client.get("/tickets").status_code == 200
    here = select(Session.how).where(Session.person_id == world.a.manager.id)
    assert db.session.scalars(here).all() == ["sso"]
    assert _log("signed_in") == [("signed_in", "sso")]


def test_nobody_is_sent_elsewhere_after_signing_in(app, vltava):
    assert _sign_in(app.test_client(), f"{ADDRESS}?next=//evil.example").location == "/"


def test_the_question_carries_state_nonce_and_a_challenge_and_asks_for_no_more_than_needed(app, vltava):
    asked, again = (providers.parameters(_out(app.test_client())) for _ in range(2))
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid profile"
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/sign-in/sso/vltava/answer"
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 43
        assert asked[name] != again[name]


def test_no_forged_token_signs_anybody_in(app, vltava, liar):
    for lie in LIES:
        with _telling(liar, LIES[lie]):
            client, before = app.test_client(), _state()
            answer = _sign_in(client)
        assert answer.status_code == 403, lie
        assert "Této odpovědi nelze věřit" in answer.text
        _nobody_came_of_it(client, before, lie)
    assert len(_log("sso_refused")) == len(LIES)


def test_no_forged_answer_signs_anybody_in(app, vltava):
    for change, parameters in ANSWERS.items():
        client, before = app.test_client(), _state()
        assert _sign_in(client, **parameters).status_code == 403, change
        _nobody_came_of_it(client, before, change)


def test_a_provider_that_describes_itself_wrongly_gets_a_plain_page(app, vltava, liar):
    for fault in BROKEN:
        discovery.forget(liar.issuer)
        with _telling(liar, BROKEN[fault]):
            assert app.test_client().get(ADDRESS).status_code in (403, 503), fault


def test_an_answer_is_good_once(app, vltava):
    client = app.test_client()
    back = providers.come_back(_out(client))
    assert client.get(back).status_code == 302
    client.post("/sign-out", data={"csrf_token": _token(client.get("/account").text)})
    before = _state()
    assert client.get(back).status_code == 403
    _nobody_came_of_it(client, before)


def test_another_browsers_answer_signs_nobody_in(app, vltava):
    """Whoever gets a victim to open the address of their own answer does not sign the victim in as themself."""
    attacker, victim = app.test_client(), app.test_client()
    back = providers.come_back(_out(attacker))
    before = _state()
    assert victim.get(back).status_code == 403
    _out(victim)
    assert victim.get(back).status_code == 403
    _nobody_came_of_it(victim, before)


def test_a_stolen_code_opens_nothing_in_another_browser(app, vltava):
    thief = app.test_client()
    stolen = providers.parameters(providers.come_back(_out(app.test_client())))["code"]
    before = _state()
    assert _sign_in(thief, code=stolen).status_code == 403
    _nobody_came_of_it(thief, before)


def test_an_answer_comes_back_within_ten_minutes_or_not_at_all(app, vltava):
    client = app.test_client()
    back = providers.come_back(_out(client))
    with clock.set_to(clock.now() + sso.PATIENCE + timedelta(seconds=1)):
        assert client.get(back).status_code == 403
    _nobody_came_of_it(client, _state())


def test_an_answer_of_one_provider_is_none_of_another(app, world, vltava):
    """Mix-up: each has an address of its own to come back to, and says who it is."""
    with providers.liar() as other:
        _add(world.b.company, other, slug="povodi")
        sso_identities.link(world.b.manager.id, sso_providers.by_slug("povodi"), SUBJECT)
        client, before = app.test_client(), _state()
        back = providers.come_back(_out(client, "/sign-in/sso/povodi"))
        assert client.get(back.replace("povodi", "vltava")).status_code == 403
        assert _sign_in(client, "/sign-in/sso/povodi", iss=vltava.issuer).status_code == 403
        _nobody_came_of_it(client, before)


def test_a_subject_is_somebody_only_at_its_own_provider(app, world, vltava):
    with providers.liar() as other:
        _add(world.b.company, other, slug="povodi")
        client, before = app.test_client(), _state()
        assert _sign_in(client, "/sign-in/sso/povodi").status_code == 403
        _nobody_came_of_it(client, before)


def test_a_mail_address_makes_nobody_somebody(app, world, vltava, liar):
    """Another subject says it has the manager's address, verified and all: it stays unknown."""
    liar.claims = {"sub": "mallory", "email": "manager@a.example", "email_verified": True}
    client, before = app.test_client(), _state()
    answer = _sign_in(client)
    assert answer.status_code == 403
    assert "není propojen" in answer.text
    _nobody_came_of_it(client, before)


def test_a_changed_mail_address_changes_nothing(app, vltava, liar):
    liar.claims = {"email": "boss@b.example", "email_verified": True}
    assert _sign_in(app.test_client()).status_code == 302


@pytest.mark.parametrize("name", ["X-Remote-User", "Remote-User", "X-Forwarded-User", "X-MS-Client-Principal-Name"])
def test_a_header_is_nobodys_identity(app, world, vltava, name):
    client, before = app.test_client(), _state()
    for value in ("manager@a.example", SUBJECT):
        assert client.get("/tickets", headers={name: value}).status_code == 302
        assert client.get(f"{ADDRESS}/answer", headers={name: value}).status_code == 403
    _nobody_came_of_it(client, before)


@pytest.mark.parametrize(
    ("claims", "comes_in"),
    [
        ({}, True),
        ({"tid": "ffffffff-4b5a-6978-8796-a5b4c3d2e1f0"}, False),
        ({"oid": SUBJECT}, False),
        ({"oid": None, "sub": OBJECT}, False),
    ],
)
def test_entra_is_believed_for_its_tenant_and_object_id_alone(app, world, claims, comes_in):
    with providers.liar(path=f"/{TENANT}/v2.0") as told:
        _add(world.a.company, told, tenant=TENANT)
        sso_identities.link(world.a.manager.id, sso_providers.by_slug("vltava"), OBJECT)
        told.claims = providers.entra(**claims)
        client = app.test_client()
        assert _sign_in(client).status_code == (302 if comes_in else 403)
        assert client.get("/tickets").status_code == (200 if comes_in else 302)


def test_a_closed_account_stays_closed(app, vltava):
    client = app.test_client()
    _sign_in(client)
    people.deactivate("manager@a.example")
    assert client.get("/tickets").status_code == 302
    assert _sign_in(app.test_client()).status_code == 403


def test_a_second_factor_of_the_provider_counts_where_the_administrator_says_so(app, vltava, liar):
    liar.claims = {"amr": ["pwd", "mfa"]}
    _sign_in(app.test_client())
    sso_providers.change(vltava, second_factor=["mfa"])
    _sign_in(app.test_client())
    liar.claims = {"amr": ["pwd"]}
    _sign_in(app.test_client())
    by_sso = select(Session.has_second_factor).where(Session.how == "sso").order_by(Session.id)
    assert db.session.scalars(by_sso).all() == [False, True, False]


def test_whom_we_do_not_know_gets_no_account(app, world, liar):
    _add(world.a.company, liar, domains=["a.example"])
    liar.claims = {"email": "nova@a.example", "email_verified": True}
    before = _state()
    assert _sign_in(app.test_client()).status_code == 403
    assert _state() == before


def test_where_it_is_wanted_whom_we_do_not_know_becomes_a_reader(app, world, liar):
    _add(world.a.company, liar, domains=["a.example"], makes_viewers=True)
    liar.claims = {"email": "nova@a.example", "email_verified": True}
    client = app.test_client()
    assert _sign_in(client).status_code == 302
    made = people.by_email("nova@a.example")
    assert (made.role_names, made.company_id, made.password) == ({VIEWER}, world.a.company.id, None)
    assert _log("account_made") == [("account_made", "vltava")]
    assert client.get("/tickets").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nova@a.example"},
        {"email": "nova@a.example", "email_verified": False},
        {"email": "nova@b.example", "email_verified": True},
        {"email": "nova@evil.a.example", "email_verified": True},
        {"email": "manager@a.example", "email_verified": True},
        {"email": "", "email_verified": True},
    ],
)
def test_no_account_is_made_of_an_address_that_is_not_proven_or_somebodys(app, world, liar, claims):
    _add(world.a.company, liar, domains=["a.example"], makes_viewers=True)
    liar.claims, before = claims, _state()
    assert _sign_in(app.test_client()).status_code == 403
    assert _state() == before


def test_somebody_whose_access_ended_makes_no_new_account(app, world, vltava, liar):
    sso_providers.change(vltava, makes_viewers=False)
    people.deactivate("manager@a.example")
    db.session.add(sso_providers.IdentityProviderDomain(name="a.example", provider_id=vltava.id))
    db.session.commit()
    sso_providers.change(vltava, makes_viewers=True)
    liar.claims, before = {"email": "other@a.example", "email_verified": True}, _state()
    assert _sign_in(app.test_client()).status_code == 403
    assert _state() == before


def test_a_person_links_and_unlinks_their_own_account(app, world, liar, sign_in):
    _add(world.a.company, liar)
    client, elsewhere = sign_in(world.a.manager), sign_in(world.a.manager)
    back = client.get(providers.come_back(_linking(client)), follow_redirects=True)
    assert "Propojeno" in back.text
    assert sso_identities.person_of(sso_providers.by_slug("vltava"), SUBJECT).id == world.a.manager.id
    assert _sign_in(app.test_client()).status_code == 302
    assert "Odpojeno" in _followed(client, _post(client, "/account/sso/vltava/unlink"))
    assert _sign_in(app.test_client()).status_code == 403
    assert client.get("/tickets").status_code == 200
    assert elsewhere.get("/tickets").status_code == 302
    assert _log("sso_linked") == [("sso_linked", "vltava")]
    assert _log("sso_unlinked") == [("sso_unlinked", "vltava")]


def test_linking_needs_a_proof_given_lately(world, liar, sign_in):
    _add(world.a.company, liar)
    client = sign_in(world.a.manager)
    with clock.set_to(clock.now() + sessions.FRESH + timedelta(seconds=1)):
        for path in ("/account/sso/vltava", "/account/sso/vltava/unlink"):
            assert _post(client, path).location == "/account/prove?next=/account"
    assert liar.asked == []


def test_linking_by_a_strangers_form_does_nothing(world, liar, sign_in):
    _add(world.a.company, liar)
    assert sign_in(world.a.manager).post("/account/sso/vltava").status_code == 400
    assert sign_in(world.a.manager).get("/account/sso/vltava").status_code == 405


def test_whoever_went_out_to_link_has_to_come_back(app, world, liar, sign_in):
    """Signing out or in as another in between links nobody."""
    _add(world.a.company, liar)
    client = sign_in(world.a.manager)
    back, before = providers.come_back(_linking(client)), _state()
    with client.session_transaction() as session:
        session["_user_id"] = sessions.start(world.a.viewer.id, how="password")
    assert client.get(back).status_code == 403
    assert _state()[:2] == before[:2]


def test_a_subject_linked_with_somebody_is_linked_with_nobody_else(world, vltava, sign_in):
    client = sign_in(world.a.viewer)
    assert client.get(providers.come_back(_linking(client))).status_code == 422
    assert sso_identities.linked(world.a.viewer.id) == {}


def test_nobody_links_with_the_provider_of_another_company(world, vltava, sign_in):
    client = sign_in(world.b.manager)
    assert _post(client, "/account/sso/vltava").status_code == 404
    assert _post(client, "/account/sso/vltava/unlink").status_code == 404
    assert "/account/sso/vltava" not in client.get("/account").text


def test_the_only_way_in_is_not_taken_away_by_oneself(world, vltava, sign_in):
    client = sign_in(world.a.manager)
    sso_providers.change(vltava, allows_password=False)
    client = sign_in(world.a.manager)
    assert _post(client, "/account/sso/vltava/unlink").status_code == 422
    assert sso_identities.linked(world.a.manager.id)


def test_where_passwords_do_not_count_a_right_one_is_answered_like_a_wrong_one(app, world, vltava, sign_in):
    open_already = sign_in(world.a.manager)
    sso_providers.change(vltava, allows_password=False)
    assert open_already.get("/tickets").status_code == 302
    right, wrong = (_by_password(app.test_client(), "manager@a.example", said) for said in (mirror.PASSWORD, "x"))
    assert right.status_code == wrong.status_code == 200
    assert _without_tokens(right.text) == _without_tokens(wrong.text)
    assert _by_password(app.test_client(), "manager@b.example", mirror.PASSWORD).status_code == 302


def test_where_passwords_do_not_count_one_proves_nothing_either(world, vltava, sign_in):
    sso_providers.change(vltava, allows_password=False)
    client = sign_in(world.a.manager)
    page = client.get("/account/prove")
    assert 'type="password"' not in page.text
    form = {"csrf_token": _token(page.text), "password": mirror.PASSWORD}
    answer = client.post("/account/prove", data=form)
    assert answer.status_code == 200 and not answer.headers.get("Set-Cookie", "").count("portal=")


def test_an_invitation_is_accepted_by_the_companys_own_account(app, world, liar, sign_in):
    added = _add(world.a.company, liar, allows_password=False)
    token = _invited(world)
    client = app.test_client()
    page = client.get(f"/invitation/{token}").text
    assert 'type="password"' not in page
    answer = _post(client, f"/invitation/{token}/sso/vltava", page=f"/invitation/{token}")
    arrived = client.get(providers.come_back(answer.headers["Refresh"].partition("url=")[2]))
    assert arrived.status_code == 302
    assert client.get("/tickets").status_code == 200
    made = sso_identities.person_of(added, SUBJECT)
    assert (made.email, made.role_names, made.password) == ("nova@a.example", {MANAGER}, None)


def test_an_invitation_is_not_accepted_by_a_password_where_passwords_do_not_count(app, world, liar):
    _add(world.a.company, liar, allows_password=False)
    token, client = _invited(world), app.test_client()
    form = {"name": "Nová", "password": "a sentence nobody would guess"}
    csrf = _token(client.get(f"/invitation/{token}").text)
    assert client.post(f"/invitation/{token}", data=form | {"csrf_token": csrf}).status_code == 422
    assert people.by_email("nova@a.example") is None


def test_an_invitation_is_not_accepted_by_somebody_who_has_an_account(app, world, vltava):
    token, client, before = _invited(world), app.test_client(), _state()
    answer = _post(client, f"/invitation/{token}/sso/vltava", page=f"/invitation/{token}")
    assert client.get(providers.come_back(answer.headers["Refresh"].partition("url=")[2])).status_code == 422
    _nobody_came_of_it(client, before)
    assert client.get(f"/invitation/{token}").status_code == 200


def test_an_invitation_leads_to_no_other_companys_provider(app, world, liar):
    _add(world.b.company, liar, slug="povodi")
    token, client = _invited(world), app.test_client()
    assert _post(client, f"/invitation/{token}/sso/povodi", page=f"/invitation/{token}").status_code == 404
    assert _post(client, "/invitation/nonsense/sso/povodi", page=f"/invitation/{token}").status_code == 404


def test_who_was_invited_anew_links_with_the_new_account(app, world, vltava):
    colleague = mirror.person(world.a.company, role=MANAGER, email="kolegyne@a.example", name="Kolegyně")
    token, client = _invited(world, by=colleague), app.test_client()
    people.deactivate("manager@a.example")
    answer = _post(client, f"/invitation/{token}/sso/vltava", page=f"/invitation/{token}")
    assert client.get(providers.come_back(answer.headers["Refresh"].partition("url=")[2])).status_code == 302
    assert sso_identities.person_of(vltava, SUBJECT).email == "nova@a.example"


def test_a_domain_leads_on_by_a_page_because_no_form_may_lead_to_a_foreign_host(app, world, liar):
    _add(world.a.company, liar, domains=["a.example"])
    for written in ("a.example", " A.Example ", "jana@a.example"):
        answer = app.test_client().get("/sign-in/sso", query_string={"domain": written, "next": "/hours"})
        assert (answer.status_code, answer.headers["Refresh"]) == (200, f"0; url={ADDRESS}?next=/hours")
    assert liar.asked == []


def test_no_page_tells_which_companies_or_people_exist(app, world, vltava):
    client = app.test_client()
    known, unknown = (
        client.get("/sign-in/sso", query_string={"domain": said}).text
        for said in ("manager@b.example", "x@nowhere.example")
    )
    assert _without_tokens(known).replace("manager@b.example", "") == _without_tokens(unknown).replace(
        "x@nowhere.example", ""
    )
    assert client.get("/sign-in/sso/povodi").status_code == 404
    assert vltava.name not in client.get("/sign-in").text + client.get("/sign-in/sso").text


def test_the_sign_in_page_speaks_of_it_only_where_somebody_uses_it(app):
    assert "/sign-in/sso" not in app.test_client().get("/sign-in").text
    with providers.liar() as told:
        _add(mirror.company("Strojírny"), told)
    assert "/sign-in/sso" in app.test_client().get("/sign-in").text


def test_who_is_signed_in_goes_straight_on(world, vltava, manager):
    assert manager.get(f"{ADDRESS}?next=/hours").location == "/hours"


@pytest.mark.parametrize(
    ("error", "language", "words"),
    [
        ("access_denied", "cs", "Přihlášení vaší společnosti vás odmítlo"),
        ("access_denied", "en", "said no"),
        ("<script>alert(1)</script>", "en", "said no"),
        ("x" * 5000, "en", "said no"),
    ],
)
def test_a_refusal_of_the_provider_is_a_plain_page(app, vltava, error, language, words):
    client = app.test_client()
    back = providers.with_parameters(providers.come_back(_out(client)), code=None, error=error)
    answer = client.get(back, headers={"Accept-Language": language})
    assert answer.status_code == 403
    assert words in answer.text
    assert "alert(1)" not in answer.text
    assert "xxxx" not in answer.text
    assert len(_log("sso_refused")[0][1]) < 200


def test_a_broken_provider_is_a_plain_page(app, vltava, liar):
    for page in ("/.well-known/openid-configuration", "/keys", "/token"):
        for junk, broken in JUNK.items():
            discovery.forget(liar.issuer)
            liar.answers = {page: broken}
            client, before = app.test_client(), _state()
            first = client.get(ADDRESS)
            shown = client.get(providers.come_back(first.location)) if first.status_code == 302 else first
            assert shown.status_code in (403, 503), (page, junk)
            assert "<h1>" in shown.text
            assert "Sign in!" not in shown.text
            _nobody_came_of_it(client, before, (page, junk))


def test_a_secret_sealed_under_another_key_is_a_plain_page(app, vltava):
    vltava.sealed_secret = "gAAAAA"
    db.session.commit()
    assert app.test_client().get(ADDRESS).status_code == 500
    assert "give it anew" in _log("sso_refused")[0][1]


def test_too_many_answers_are_not_even_looked_at(app, vltava, liar):
    limit = rate_limits.LIMITS[rate_limits.AttemptKind.ELSEWHERE][rate_limits.Sharing.PLACE].tries
    for _ in range(limit):
        rate_limits.count(rate_limits.AttemptKind.ELSEWHERE, address="127.0.0.1")
    assert _sign_in(app.test_client()).status_code == 429
    assert "/token" not in liar.asked


def test_no_secret_is_in_a_log(app, vltava, liar, caplog):
    caplog.set_level(logging.INFO)
    codes = []
    for lie in ({}, {"claims": {"aud": "another"}}, {"parameters": {"state": "of another"}}, {"parameters": {}}):
        for name, value in lie.items():
            setattr(liar, name, value)
        back = providers.come_back(_out(client := app.test_client()))
        codes.append(providers.parameters(back)["code"])
        client.get(back)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")
    written = ours + "\n".join(about for _, about in _log())
    assert "single sign-on by vltava" in written
    for secret in (SECRET, SECRET.replace(" ", "+"), "an access token", *codes, *liar.tokens):
        assert secret not in written


def test_the_client_secret_lies_sealed_in_the_database(app, vltava):
    for kept in db.session.scalars(select(IdentityProvider.sealed_secret)):
        assert SECRET not in kept
    assert vltava.secret == SECRET


def test_no_page_on_the_way_is_kept_or_tells_its_address(app, world, vltava):
    client = app.test_client()
    back = providers.come_back(_out(client))
    for answer in (client.get(ADDRESS), client.get(back), client.get("/sign-in/sso")):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]


def test_connecticas_own_people_have_a_provider_of_their_own(app, world, liar):
    """They need a second factor: the provider's, if the administrator says that it counts, or one of ours."""
    added = _add(None, liar, slug="connectica")
    sso_identities.link(world.staff.id, added, SUBJECT)
    liar.claims = {"amr": ["pwd", "mfa"]}
    client = app.test_client()
    assert _sign_in(client, "/sign-in/sso/connectica").status_code == 302
    assert client.get("/staff").location == "/account/second-factor"
    sso_providers.change(added, second_factor=["mfa"])
    client = app.test_client()
    _sign_in(client, "/sign-in/sso/connectica")
    assert client.get("/staff").status_code == 200


def test_who_has_a_second_factor_here_is_asked_for_it_unless_the_providers_counts(app, world, vltava, liar):
    mirror.passkey(world.a.manager)
    db.session.commit()
    liar.claims = {"amr": ["mfa"]}
    client = app.test_client()
    assert _sign_in(client, f"{ADDRESS}?next=/hours").location == "/sign-in/second"
    assert client.get("/tickets").status_code == 302
    sso_providers.change(vltava, second_factor=["mfa"])
    assert _sign_in(app.test_client(), f"{ADDRESS}?next=/hours").location == "/hours"


def test_a_real_provider_signs_somebody_in_from_the_first_link_on(app, canaille):
    """Canaille, forms and all: linked by the person themself, then in without a password."""
    company = mirror.company("Strojírny Vltava, a. s.")
    person = mirror.person(company, role=MANAGER, email="manager@a.example")
    mirror.settle()
    client_id, secret = providers.register(canaille, "http://127.0.0.1:8000/sign-in/sso/vltava/answer")
    sso_providers.add(
        New(
            slug="vltava",
            name="Canaille",
            company=company,
            client_id=client_id,
            secret=secret,
            issuer=canaille,
            second_factor=["otp", "mfa"],
        )
    )
    declined = app.test_client()
    assert declined.get(providers.signed_in_at(_out(declined), "ivan", consent="deny")).status_code == 403
    client = app.test_client()
    _by_password(client, person.email, mirror.PASSWORD)
    assert client.get(providers.signed_in_at(_linking(client), "jana")).status_code == 302
    later = app.test_client()
    assert later.get(providers.signed_in_at(_out(later), "jana")).status_code == 302
    assert later.get("/account").status_code == 200
    stranger = app.test_client()
    assert stranger.get(providers.signed_in_at(_out(stranger), "petr")).status_code == 403
    assert [about for _, about in _log("sso_refused")] == ["vltava: access_denied", "vltava: unknown petr"]
    assert [how for _, how in _log("signed_in")] == ["password", "sso"]


def _invited(world, *, by=None):
    author = by or world.a.manager
    visitor = people.visitor(sessions.start(author.id, how="password"))
    invitations.invite(
        acting(visitor), world.a.company, email="nova@a.example", name="Nová", role=MANAGER, language="cs"
    )
    text = db.session.scalars(select(outbox.Letter.text).order_by(outbox.Letter.id.desc())).first()
    db.session.query(Session).delete()
    db.session.commit()
    return re.search(r"/invitation/(\S+)", text).group(1)


def _by_password(client, email, password):
    form = {"email": email, "password": password, "csrf_token": _token(client.get("/sign-in").text)}
    return client.post("/sign-in", data=form)


def _followed(client, answer):
    return client.get(answer.location).text


def _without_tokens(html):
    return re.sub(r'(csrf_token" value=")[^"]*', "", html)
