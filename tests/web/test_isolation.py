"""Company A never sees company B: every route of the URL map, with B's ids, as everybody who might try."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from portal.db import db
from portal.domain.users import permissions, sessions
from portal.domain.users.permissions import STAFF
from portal.web.auth import access_control
from tests.factories import mirror
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
    "rule_id": lambda b: b.rule_id,
    "view_id": lambda b: b.view_id,
    "company_id": lambda b: b.company.id,
    "agreement_id": lambda b: 1,  # staff's alone
}
MISSING = {name: 2_000_000_000 for name in OF_B if name.endswith("_id")} | {
    "number": "19990001",
    "name": "anything.png",
}
NOT_AN_ID = {"name", "filename", "slug"}  # arguments that choose nothing of anybody's
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _routes(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint in access_control.PUBLIC | access_control.SIGNED.keys():
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
        if permissions.allows({STAFF}, access_control.right_for(rule.endpoint)):
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


ODD_METHODS = ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"]
WAYS_TO_ASK = [  # for the whole page, for parts of it, for what a cache has, for a piece of a file
    {},
    PART,
    PART | {"HX-Target": "list"},
    {"HX-Request": "true", "HX-Boosted": "true"},
    {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    {"If-None-Match": "*"},
    {"Range": "bytes=0-9"},
    {"Sec-Fetch-Dest": "image"},
    {"X-HTTP-Method-Override": "GET"},
]
FORM = {  # something good for every field, so that it is the id alone that is refused
    "text": "Proč?",
    "note": "Ano.",
    "answer": "approve",
    "approve_scope": "ticket",
    "question": "Smíme?",
    "until": "2026-11-24",
    "at_expiry": "stay",
    "role": "viewer",
    "email": "new@a.example",
    "name": "Nová",
}


def _of_somebody(app):
    """Routes with an id in their address, and every method they have."""
    return [(rule, method) for rule, method in _routes(app) if rule.arguments - NOT_AN_ID]


def _seen(client, method, address, headers, token):
    """Everything a visitor learns of an answer."""
    form = FORM | {"csrf_token": token} if method in ("POST", "PUT", "PATCH", "DELETE") else None
    answer = client.open(address, method=method, headers=headers, data=form)
    assert MARKER.encode() not in answer.data, f"{method} {address} shows company B"
    told = {
        name: value for name, value in answer.headers if name not in ("Set-Cookie", "Content-Length", "X-Request-ID")
    }
    return answer.status_code, _without_token(answer.get_data(as_text=True)).replace(address, ""), told


@contextmanager
def _work():
    """The statements sent to the database meanwhile, in their order: a measure no busy machine changes."""
    sent = []

    def note(connection, cursor, statement, *rest):
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("who", ["manager", "viewer", "staff"])
def test_words_headers_and_work_are_the_same_for_what_is_not_yours_and_what_is_not_there(app, world, sign_in, who):
    """Every route with an id, every way to ask, every method: B's id and one that nobody has."""
    person = world.staff if who == "staff" else getattr(world.a, who)
    client, values = sign_in(person), _values(world)
    token = _token(client)

    def learned(method, chosen, headers):
        with _work() as statements:
            seen = _seen(client, method, _address(app, rule, values | chosen), headers, token)
        return *seen, statements

    for rule, method in _of_somebody(app):
        if who == "staff" and permissions.allows({STAFF}, access_control.right_for(rule.endpoint)):
            continue  # they serve every company
        for asked, headers in [*((method, one) for one in WAYS_TO_ASK), *((one, {}) for one in ODD_METHODS)]:
            theirs, nobodys = (learned(asked, chosen, headers) for chosen in ({}, MISSING))
            assert theirs == nobodys, f"{asked} {rule} with {headers} tells the two apart"
            allowed = {200, 404, 405} if asked in ODD_METHODS else {404}
            assert theirs[0] in allowed, f"{asked} {rule} with {headers} answers {theirs[0]}"


@pytest.mark.parametrize("who", ["stranger", "expired", "closed"])
def test_without_a_session_every_address_leads_to_the_sign_in_page_whatever_is_behind_it(app, world, sign_in, who):
    client = app.test_client() if who == "stranger" else sign_in(world.a.manager)
    own_values = {name: value(world.a) for name, value in OF_B.items()}
    if who == "expired":
        (own,) = sessions.of(world.a.manager.id)
        sessions.end(world.a.manager.id, own.id)
    if who == "closed":
        world.a.manager.active = False
        db.session.commit()
    for rule, method in _routes(app):
        for chosen in (_values(world), _values(world) | MISSING, own_values):
            for asked in {method, *ODD_METHODS}:
                answer = client.open(_address(app, rule, chosen), method=asked)
                assert answer.status_code in (302, 400), f"{asked} {rule} answers {answer.status}"
                assert answer.status_code == 400 or answer.location.startswith("/sign-in"), f"{asked} {rule}"
                assert MARKER.encode() not in answer.data
                assert b"kucera" not in answer.data.lower()


@pytest.mark.parametrize("role", ["manager", "viewer"])
@pytest.mark.parametrize("gone", ["ticket", "said"])
def test_what_was_withdrawn_is_not_there(app, world, sign_in, role, gone):
    """A withdrawn ticket takes along all that belongs to it; a withdrawn message its place in the conversation."""
    client, values = sign_in(getattr(world.a, role)), {name: value(world.a) for name, value in OF_B.items()}
    row = getattr(world.a, gone)
    db.session.get(type(row), row.id).withdrawn_at = mirror.NOW
    db.session.commit()
    if gone == "said":
        page = client.get(f"/tickets/{world.a.ticket.number}").text
        assert "Opraveno." not in page
        return
    of_the_ticket = {"number", "attachment_id", "entry_id", "question_id", "approval_id"}
    for rule, method in _of_somebody(app):
        if rule.arguments & of_the_ticket:
            answer = _ask(client, method, _address(app, rule, values))
            assert answer.status_code == 404, f"{method} {rule} answers {answer.status} about what was withdrawn"
    for rule, method in _routes(app):
        if method == "GET" and not rule.arguments - NOT_AN_ID:
            answer = client.get(_address(app, rule, values), headers=PART)
            assert world.a.ticket.number.encode() not in answer.data or rule.endpoint.startswith("log."), (
                f"{rule} tells of it"
            )


NONSENSE = ["0", "-1", "1.0", "1e3", "9" * 20, "١", "x", "%00", "1%00", "1;", "1'", "../1", "+1", "%201"]


def test_what_is_no_id_is_no_address(app, world, manager):
    token = _token(manager)
    for nonsense in NONSENSE:
        for rule, method in _of_somebody(app):
            address = re.sub(r"<[^>]*>", nonsense, str(rule))
            answer = manager.open(address, method=method, headers={"X-CSRFToken": token})
            assert answer.status_code in (308, 404, 405), f"{method} {address} answers {answer.status}"
            assert MARKER.encode() not in answer.data, f"{method} {address} shows company B"


def test_ids_of_b_in_queries_and_forms_choose_as_little_as_ids_of_nobody(app, world, manager):
    """A's own pages, with something of B's in a filter, a cursor or a field."""
    b, nobody = world.b, 999_999_999
    chosen = [
        ("/tickets", "requester", b.employee.id),
        ("/tickets", "technician", b.technician.id),
        ("/tickets", "after", f"{b.ticket.id}"),
        ("/hours", "employee", b.employee.id),
        ("/hours", "ticket", b.ticket.number),
        ("/hours", "after", b.entry.id),
        ("/hours/2026-11.csv", "employee", b.employee.id),
        ("/hours/all.csv", "ticket", b.ticket.number),
        ("/approvals", "before", b.approval_id),
        (f"/tickets/{world.a.ticket.number}", "before", b.said.id),
    ]
    for path, name, value in chosen:
        if value == world.a.technician.id:
            continue  # technicians serve everybody: theirs is no secret
        absent = "19990001" if name == "ticket" else nobody
        for headers in ({}, PART):
            theirs, nobodys = (
                manager.get(path, query_string={name: one}, headers=headers, buffered=True) for one in (value, absent)
            )
            assert MARKER.encode() not in theirs.data, f"{path}?{name}="
            assert theirs.status_code == nobodys.status_code, f"{path}?{name}="
            same = [_without_token(one.text).replace(str(absent), "?") for one in (theirs, nobodys)]
            same[0] = same[0].replace(str(value), "?")
            same[1] = same[1].replace(str(value), "?")
            assert same[0] == same[1], f"{path}?{name}= tells B's from nobody's"
    token = _token(manager)
    days = {"first": "2026-11-23", "last": "2026-11-24", "csrf_token": token}
    refused = [manager.post("/deputies", data=days | {"deputy": one}) for one in (b.viewer.id, b.manager.id, nobody)]
    assert len({(answer.status_code, _without_token(answer.text)) for answer in refused}) == 1
    assert refused[0].status_code in (404, 422)


def test_as_hooks_nobody_learns_what_there_is(app, world, manager):
    for client in (manager, app.test_client()):
        answers = {client.open("/hooks/core", method=method).status_code for method in ("GET", "POST", *ODD_METHODS)}
        assert answers <= {200, 302, 404, 405}
        assert client.post("/hooks/core", data={"company": world.b.company.id}).status_code == 404


def _token(client):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get("/settings").text).group(1)


def _without_token(html):
    return re.sub(r'(X-CSRFToken": "|csrf_token" value=")[^"]+', "", html)
