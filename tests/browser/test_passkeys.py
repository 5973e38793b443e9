"""Passkeys in a real Chromium with a virtual authenticator: made, shown as the second proof, and as the only one."""

import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator

import pytest
from werkzeug.serving import make_server

from portal.domain.accounts import two_factor
from portal.domain.users import sessions
from portal.lib import urls
from tests.factories import mirror


@pytest.fixture
def address(app) -> Iterator[str]:
    """Browsers make passkeys for a name only, never for an IP address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    there = f"http://localhost:{server.server_port}"
    urls.are(base_url=there, noc="noc@connectica.cz")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield there
    server.shutdown()
    thread.join()
    server.server_close()


class Authenticator:
    """Chromium's virtual device, plugged into one page."""

    def __init__(self, page, *, recognises_owner: bool = True) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": recognises_owner,
            "automaticPresenceSimulation": True,
        }
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    @property
    def keys(self) -> list[dict]:
        return self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def hold(self, key: dict) -> None:
        self.session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})


@pytest.fixture
def with_passkey(visit, enter) -> Callable[[], dict]:
    """Make a passkey on the account's page, as the manager does; the key as the device keeps it."""

    def made() -> dict:
        with visit() as page:
            device = Authenticator(page)
            enter(page)
            page.goto("/account/second-factor")
            page.get_by_label("Název klíče").fill("Notebook")
            page.get_by_role("button", name="Přidat přístupový klíč").click()
            page.get_by_role("heading", name="Záložní kódy").wait_for()
            assert page.locator(".recovery li").count() == 10
            with page.expect_download() as download:
                page.get_by_role("link", name="Stáhnout").click()
            assert len(download.value.path().read_text().split()) == 11  # what they are of, and the codes
            page.get_by_role("link", name="Mám je uložené").click()
            page.get_by_role("rowheader", name="Notebook").wait_for()
            (key,) = device.keys
            return key

    return made


def test_a_passkey_signs_in_without_a_password(visit, world, with_passkey):
    key = with_passkey()
    assert key["isResidentCredential"]
    with visit() as page:
        Authenticator(page).hold(key)
        page.goto("/sign-in?next=/hours")
        page.get_by_role("button", name="Přihlásit se přístupovým klíčem").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        assert page.url.endswith("/hours")
    assert sessions.of(world.manager.id)[0].how == "passkey"


def test_a_device_that_does_not_recognise_its_owner_signs_nobody_in(visit, with_passkey):
    key = with_passkey()
    with visit() as page:
        Authenticator(page, recognises_owner=False).hold(key)
        page.goto("/sign-in")
        page.get_by_role("button", name="Přihlásit se přístupovým klíčem").click()
        page.get_by_text("Zařízení přístupový klíč nevydalo").wait_for()
        page.goto("/tickets")
        assert "/sign-in" in page.url


def test_a_passkey_is_the_second_step_after_the_password(visit, with_passkey):
    key = with_passkey()
    with visit() as page:
        Authenticator(page).hold(key)
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill("manager@a.example")
        page.get_by_label("Heslo").fill(mirror.PASSWORD)
        page.get_by_role("button", name="Přihlásit se", exact=True).click()
        page.get_by_role("button", name="Použít přístupový klíč").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto("/tickets")
        assert "/sign-in" not in page.url


def test_a_device_that_was_wound_back_is_refused(visit, with_passkey):
    """A copy has signed less often than the portal saw."""
    key = with_passkey()
    with visit() as page:
        Authenticator(page).hold(key)
        page.goto("/sign-in")
        page.get_by_role("button", name="Přihlásit se přístupovým klíčem").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
    with visit() as page:
        Authenticator(page).hold(key)
        page.goto("/sign-in")
        page.get_by_role("button", name="Přihlásit se přístupovým klíčem").click()
        page.get_by_text("Přístupový klíč jsme nepoznali").wait_for()


def test_a_key_the_portal_does_not_know_signs_nobody_in(visit, with_passkey):
    key = with_passkey()
    foreign = key | {"credentialId": b64encode(b64decode(key["credentialId"])[::-1]).decode()}
    with visit() as page:
        Authenticator(page).hold(foreign)
        page.goto("/sign-in")
        page.get_by_role("button", name="Přihlásit se přístupovým klíčem").click()
        page.get_by_text("Přístupový klíč jsme nepoznali").wait_for()


def test_without_scripts_password_and_code_remain(visit, world, with_passkey):
    with_passkey()
    assert two_factor.of(world.manager.id).passkeys == 1
    with visit(java_script_enabled=False) as page:
        page.goto("/sign-in")
        assert not page.get_by_role("button", name="Přihlásit se přístupovým klíčem").is_visible()
        page.get_by_label("E-mail").fill("manager@a.example")
        page.get_by_label("Heslo").fill(mirror.PASSWORD)
        page.get_by_role("button", name="Přihlásit se", exact=True).click()
        assert page.get_by_label("Záložní kód").is_visible()
        assert not page.get_by_role("button", name="Použít přístupový klíč").is_visible()
