"""Single sign-on in Chromium, at a provider from PyPI: from the account's page to coming in without a password."""

import re

import pytest

from portal.domain.accounts import sso_providers
from portal.domain.accounts.sso_providers import New
from portal.lib import urls
from tests import providers
from tests.browser.conftest import VENDOR
from tests.browser.test_accessibility import RULES
from tests.canaille_server import PEOPLE

THEIRS = (  # of canaille's own pages: its content policy, which they break (ours begins otherwise), and missing files
    "default-src 'self'",
    "404",
)


@pytest.fixture
def vltava(world, address, canaille):
    """A provider of the company, which knows the very address this portal has here."""
    urls.are(base_url=address, noc="noc@connectica.example")
    client_id, secret = providers.register(canaille, f"{address}/sign-in/sso/vltava/answer")
    return sso_providers.add(
        New(
            slug="vltava",
            name="Canaille",
            company=world.company,
            client_id=client_id,
            secret=secret,
            issuer=canaille,
            domains=["a.example"],
        )
    )


def _identify(page, name):
    page.wait_for_url(re.compile("/login"))
    page.locator("#login").fill(name)
    page.get_by_role("button", name=re.compile("continue|sign in|log in", re.I)).first.click()
    page.locator("#password").fill(PEOPLE[name])
    page.get_by_role("button", name=re.compile("sign in|log in|continue", re.I)).first.click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_manager_links_and_then_comes_in_without_a_password(vltava, visit, enter, scripts):
    with visit(java_script_enabled=scripts, expects=THEIRS) as page:
        enter(page)
        page.goto("/account")
        page.get_by_role("button", name="Propojit").click()
        _identify(page, "jana")
        consent, done = page.locator("#accept"), page.get_by_text("Propojeno. Odteď")
        consent.or_(done).first.wait_for()
        if consent.is_visible():  # it may remember one given before
            consent.click()
        done.wait_for()
    with visit(java_script_enabled=scripts, expects=THEIRS) as page:
        page.goto("/tickets?state=open")
        page.get_by_role("link", name="Přihlásit se firemním účtem").click()
        page.get_by_label("E-mailová doména").fill("a.example")
        page.get_by_role("button", name="Pokračovat").click()
        _identify(page, "jana")
        page.wait_for_url("**/tickets?state=open")
        assert page.get_by_role("heading", level=1).is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_to_complain_about(vltava, visit, enter, theme, width):
    axe, found = (VENDOR / "axe.min.js").read_text(), []
    with visit(color_scheme=theme, viewport={"width": width, "height": 12_000}, expects=("403",)) as page:
        for path in ("/sign-in", "/sign-in/sso", "/sign-in/sso?domain=nowhere.example", "/sign-in/sso/vltava/answer"):
            found += _violations(page, axe, path)
        enter(page)
        found += _violations(page, axe, "/account")
    assert not found, "\n".join(found)


def _violations(page, axe, path):
    page.goto(path)
    page.evaluate(axe)
    answer = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{path}: {one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in answer["violations"]]
