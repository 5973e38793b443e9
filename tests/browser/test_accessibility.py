"""WCAG 2.2 AA on every page, in light and in dark, checked by axe in a real browser."""

import pytest

from tests.browser.conftest import VENDOR

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "manager@a.example": [
        "/",
        "/tickets",
        "/tickets?state=open&q=kůň",
        "/tickets?q=nic",
        "/tickets?overdue=1&over=1&q=opraveno",
        "/tickets/views?overdue=1",
        "/questions",
        "/tickets/20261471",
        "/settings",
        "/people",
        "/password",
        "/address",
        "/hours",
        "/invoices",
        "/invoices/upcoming",
        "/approvals",
        "/tickets/19990001",
        "/account",
        "/account/second-factor",
        "/account/prove",
    ],
    "staff@connectica.example": ["/staff", "/settings", "/account"],
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_to_complain_about(visit, enter, theme, width):
    """In a window so high that the bar at a phone's bottom covers nothing: a reader scrolls, axe does not."""
    axe = (VENDOR / "axe.min.js").read_text()
    found = []
    for person, addresses in PAGES.items():
        with visit(color_scheme=theme, viewport={"width": width, "height": 12_000}, expects=("404",)) as page:
            page.goto("/sign-in")
            found += _violations(page, axe, "/sign-in")
            enter(page, person)
            for address in addresses:
                page.goto(address)
                found += _violations(page, axe, address)
    assert not found, "\n".join(found)


def _violations(page, axe, address):
    page.evaluate(axe)
    answer = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{address}: {violation['id']}: {violation['help']}: {node['html'][:200]} {node['any'][:1]}"
        for violation in answer["violations"]
        for node in violation["nodes"]
    ]
