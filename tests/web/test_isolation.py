"""Company A never sees company B: every route of the URL map, with B's ids, as everybody who might try."""

import re

import pytest

from portal.domain import policy
from portal.domain.policy import STAFF
from portal.web import gate
from tests.web.conftest import MARKER

# A route's argument: its value for company B. A new route with a new argument fails the tests below until B's value,
# of a thing that B really has in `world`, stands here.
OF_B = {
    "number": lambda b: b.ticket.number,
    "attachment_id": lambda b: b.picture.id,
    "name": lambda b: "anything.png",
    "filename": lambda b: "portal.css",
    "slug": lambda b: "2026-11",  # a month: it chooses days, never a company
    "approval_id": lambda b: b.approval_id,
    "consent_id": lambda b: b.consent_id,
    "absence_id": lambda b: b.absence_id,
    "question_id": lambda b: b.question_id,
    "entry_id": lambda b: b.entry.id,
    "passkey_id": lambda b: b.passkey_id,
    "session_id": lambda b: b.session_id,
    "ticket_id": lambda b: b.ticket.id,
    "provider": lambda b: b.provider.slug,
    "person_id": lambda b: b.viewer.id,
    "invitation_id": lambda b: b.invitation_id,
}
MISSING = {name: 2_000_000_000 for name in OF_B if name.endswith("_id")} | {
    "number": "19990001",
    "name": "anything.png",
}
NOT_AN_ID = {"name", "filename", "slug"}  # arguments that choose nothing of anybody's
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _routes(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint in gate.PUBLIC | gate.SIGNED.keys():
            continue
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            yield rule, method


def _address(app, rule, values):
    unknown = rule.arguments - values.keys()
    assert not unknown, f"{rule}: say in OF_B what company B has for {', '.join(sorted(unknown))}"
    with app.test_request_context():
        return app.url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def _values(world):
    return {name: value(world.b) for name, value in OF_B.items()}


def _ask(client, method, address):
    token = ""
    if method != "GET":
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/settings").text).group(1)
    return client.open(address, method=method, headers={"X-CSRFToken": token})


def test_no_route_shows_company_b_to_company_a(app, world, sign_in):
    values = _values(world)
    for person in (world.a.manager, world.a.viewer):
        client = sign_in(person)
        for rule, method in _routes(app):
            answer = _ask(client, method, _address(app, rule, values))
            assert MARKER.encode() not in answer.data, f"{method} {rule} shows company B"
            assert answer.status_code < 500, f"{method} {rule} breaks"
            if rule.arguments - NOT_AN_ID:
                assert answer.status_code == 404, f"{method} {rule} says {answer.status} about what is B's"


def test_what_is_not_yours_and_what_is_not_there_look_the_same(app, world, manager):
    values = _values(world)
    for rule, method in _routes(app):
        if method != "GET" or not rule.arguments - NOT_AN_ID or not rule.arguments <= MISSING.keys():
            continue
        foreign, missing = (manager.get(_address(app, rule, chosen)) for chosen in (values, MISSING))
        assert foreign.status_code == missing.status_code == 404
        assert _without_token(foreign.text) == _without_token(missing.text), f"{rule} tells the two apart"


def test_nobody_gets_the_sign_in_page_and_nothing_else(app, world):
    values = _values(world)
    for rule, method in _routes(app):
        answer = app.test_client().open(_address(app, rule, values), method=method)
        assert answer.status_code == 302, f"{method} {rule} answers {answer.status} to a stranger"
        assert answer.location.startswith("/sign-in"), f"{method} {rule} leads a stranger to {answer.location}"
        assert MARKER not in answer.text


def test_staff_find_nothing_on_a_companys_own_pages(app, world, sign_in):
    client = sign_in(world.staff)
    for rule, method in _routes(app):
        if policy.allows({STAFF}, gate.right_for(rule.endpoint)):
            continue
        answer = _ask(client, method, _address(app, rule, _values(world)))
        assert answer.status_code == 404, f"{method} {rule} answers {answer.status} to staff"


@pytest.mark.parametrize("query", [MARKER, MARKER[:3].lower(), "kůň", "Kučera", ""])
def test_a_search_finds_only_what_is_ones_own(world, manager, query):
    found = manager.get("/tickets", query_string={"q": query}, headers=PART).text
    rows = found[found.index("<tbody>") :] if "<tbody>" in found else ""
    assert MARKER not in rows
    assert world.b.ticket.number not in found


def test_another_companys_filter_values_find_nothing(world, manager):
    answer = manager.get("/tickets", query_string={"requester": world.b.employee.id})
    assert "/tickets/2" not in answer.text
    assert MARKER not in answer.text


def test_a_mixed_address_is_not_found(world, manager):
    """A's own ticket with one of B's messages."""
    assert manager.get(f"/tickets/{world.a.ticket.number}?before={world.b.said.id}").status_code == 404


def _without_token(html):
    return re.sub(r'(X-CSRFToken": "|csrf_token" value=")[^"]+', "", html)
