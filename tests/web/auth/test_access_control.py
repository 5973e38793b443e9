"""The gate: closed by default, the same headers on everything, only hosts we know."""

import pytest

from portal import create_app
from portal.web.auth import access_control


def test_every_endpoint_says_who_may_reach_it(app):
    for rule in app.url_map.iter_rules():
        known = (
            rule.endpoint in access_control.PUBLIC
            or {rule.endpoint, rule.endpoint.rpartition(".")[0]} & access_control.NEEDS.keys()
        )
        assert known, (
            f"{rule.endpoint}: give it a row in gate.NEEDS, with the right of domain/users/permissions.py it needs"
        )


def test_an_endpoint_nobody_spoke_of_is_closed(app, world, sign_in):
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert sign_in(world.a.manager).get("/forgotten").status_code == 404
    assert sign_in(world.a.manager).get("/verify").status_code == 404


def test_every_public_endpoint_exists(app):
    """A name left in the list would open whatever takes that name later."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert {name for name in access_control.PUBLIC if not name.startswith("demo.")} <= endpoints


@pytest.mark.parametrize("address", ["/sign-in", "/tickets", "/static/portal.css", "/healthz", "/nowhere"])
def test_every_answer_carries_the_headers(app, manager, address):
    headers = manager.get(address).headers
    for name, value in access_control.HEADERS.items():
        assert headers[name] == value


def test_the_policy_allows_nothing_inline(app):
    policy = access_control.HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("address", ["/sign-in", "/tickets", "/no-such-page", "/static/portal.css", "/healthz"])
def test_every_answer_has_the_headers(app, address):
    answer = app.test_client().get(address)
    assert {name: answer.headers.get(name) for name in access_control.HEADERS} == access_control.HEADERS


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8000@evil.example", "localhost.evil.example"])
def test_an_unknown_host_is_refused(app, host):
    assert app.test_client().get("/sign-in", headers={"Host": host}).status_code == 400


def test_the_host_comes_from_the_base_address(app, tmp_path):
    other = create_app(
        INSTANCE=tmp_path, DATABASE_URL=app.config["DATABASE_URL"], BASE_URL="https://portal.connectica.example"
    )
    client = other.test_client()
    assert client.get("/healthz", headers={"Host": "portal.connectica.example"}).status_code == 200
    assert client.get("/sign-in", headers={"Host": "localhost"}).status_code == 400
    cookie = client.get("/sign-in", headers={"Host": "portal.connectica.example"}).headers["Set-Cookie"]
    assert cookie.startswith("__Host-portal=")
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_body_larger_than_any_form_is_refused(manager):
    assert manager.post("/settings", data={"language": "x" * access_control.LARGEST_BODY}).status_code == 413


def test_a_post_without_a_token_is_refused_in_plain_words(manager):
    answer = manager.post("/settings", data={"language": "en", "theme": ""})
    assert answer.status_code == 400
    assert "Stránka už neplatí" in answer.text


def test_htmx_is_sent_to_the_sign_in_page_by_a_header(app):
    answer = app.test_client().get("/tickets", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/sign-in")


def test_a_role_taken_away_is_gone_at_the_next_request(app, world, sign_in):
    from portal.db import db

    client = sign_in(world.a.manager)
    assert client.get("/tickets").status_code == 200
    world.a.manager.roles.clear()
    db.session.commit()
    assert client.get("/tickets").status_code == 404
