"""Every route, with a value for each of its arguments: what attacks that go across all pages walk along."""

import re

from tests.web.test_isolation import OF_B

PARTS = (
    {"HX-Request": "true", "HX-Request-Type": "partial"},
    {"HX-Request": "true", "HX-Boosted": "true"},
    {"HX-Request": "true", "HX-History-Restore-Request": "true"},
)


def routes(app):
    """Every route there is, the public ones too."""
    return sorted(app.url_map.iter_rules(), key=str)


def values_of(company):
    return {name: value(company) for name, value in OF_B.items()} | {"token": "A" * 43}


def address(app, rule, values):
    with app.test_request_context():
        return app.url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def token_of(client, page="/settings"):
    """The token of a session's forms; a stranger has one, too."""
    text = client.get(page).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    return found.group(1) if found else token_of(client, "/sign-in")
