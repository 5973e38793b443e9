"""The whole map of addresses again: with sessions that are over by themselves, and as Connectica's administrator."""

import re
import threading
from datetime import timedelta

import pytest

from portal import clock
from portal.db import db
from portal.domain.approvals import decisions, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Approval, ApprovalState, Scope
from portal.domain.users import permissions, sessions
from portal.domain.users.permissions import MANAGER, STAFF_ADMIN
from portal.errors import PortalError
from portal.web.auth import access_control
from tests.actors import acting
from tests.factories import mirror
from tests.web.conftest import MARKER
from tests.web.test_isolation import OF_B, _address, _ask, _routes


@pytest.mark.parametrize("after", [sessions.IDLE, sessions.LONGEST], ids=["idle", "old"])
def test_a_session_that_is_over_opens_no_address(app, world, sign_in, after):
    values = {name: value(world.a) for name, value in OF_B.items()}
    clients = [sign_in(person) for person in (world.a.manager, world.staff, world.admin)]
    with clock.set_to(mirror.NOW + after + timedelta(seconds=1)):
        for client in clients:
            for rule, method in _routes(app):
                answer = client.open(_address(app, rule, values), method=method)
                assert answer.status_code == 302, f"{method} {rule} answers {answer.status}"
                assert answer.location.startswith("/sign-in")
                assert b"kucera" not in answer.data.lower()


def test_an_administrator_finds_nothing_on_a_companys_own_pages(app, world, sign_in):
    client = sign_in(world.admin)
    roles = permissions.with_included(STAFF_ADMIN)
    for rule, method in _routes(app):
        if permissions.allows(roles, access_control.right_for(rule.endpoint)):
            continue
        answer = _ask(client, method, _address(app, rule, {name: value(world.b) for name, value in OF_B.items()}))
        assert answer.status_code == 404, f"{method} {rule} answers {answer.status} to an administrator"
        assert MARKER.encode() not in answer.data


def test_an_administrator_breaks_no_page_of_their_own(app, world, sign_in):
    client = sign_in(world.admin)
    values = {name: value(world.b) for name, value in OF_B.items()}
    for rule, method in _routes(app):
        if method == "GET" and access_control.right_for(rule.endpoint) in ("serve", "administer"):
            assert client.get(_address(app, rule, values)).status_code in (200, 302, 404), rule


def test_of_answers_of_every_kind_at_once_one_counts(app, world):
    """Approved, declined, approved for ever, withdrawn by who asked: whoever was first, the row says only that."""
    more = (mirror.person(world.a.company, role=MANAGER, email=f"m{n}@a.example") for n in range(3))
    managers = [world.a.manager, *more]
    staff = db.session.get_one(Approval, world.a.approval_id).asked_by_id
    asker = db.session.get_one(type(world.a.manager), staff)
    db.session.commit()
    acts = [
        lambda: decisions.decide(acting(managers[0]), world.a.approval_id, Decision(approve=True)),
        lambda: decisions.decide(acting(managers[1]), world.a.approval_id, Decision(approve=False)),
        lambda: decisions.decide(
            acting(managers[2]), world.a.approval_id, Decision(approve=True, scope=Scope.ALWAYS)
        ),
        lambda: decisions.decide(
            acting(managers[3]), world.a.approval_id, Decision(approve=False, scope=Scope.NEVER)
        ),
        lambda: requests.withdraw(acting(asker), world.a.approval_id),
    ]
    for person in (*managers, asker):
        assert person.email and person.name  # loaded: threads have sessions of their own
        _ = person.company and person.company.name
    done, start = [], threading.Barrier(len(acts))

    def act(number):
        with app.app_context():
            start.wait(20)
            try:
                acts[number]()
                done.append(number)
            except PortalError:
                pass
            finally:
                db.session.remove()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 1
    db.session.expire_all()
    kept = db.session.get_one(Approval, world.a.approval_id)
    said = [ApprovalState.APPROVED, ApprovalState.DECLINED, ApprovalState.APPROVED, ApprovalState.DECLINED]
    assert kept.state == [*said, ApprovalState.WITHDRAWN][done[0]]
    ends = [one.kind for one in approvals.history(kept) if one.kind in {"approved", "declined", "withdrawn"}]
    assert ends == [kept.state]


POLYGLOTS = {
    "a PDF with script": (
        "a.pdf",
        "application/pdf",
        b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
    ),
    "a page that says it is a PDF": ("a.pdf", "application/pdf", b"<html><script>alert(1)</script>%PDF-1.4"),
    "a PDF that is a page, too": ("a.pdf", "application/pdf", b"%PDF-1.4 <!--\n--><script>alert(1)</script>"),
    "a GIF that is a script": ("a.gif", "image/gif", b"GIF89a/*\x00\x00*/=1;alert(1)//"),
    "a GIF that is a page": ("a.gif", "image/gif", b"GIF89a<html><script>alert(1)</script>"),
    "a PNG with a page behind it": ("a.png", "image/png", b"\x89PNG\r\n\x1a\n<svg onload=alert(1)>"),
    "a text that is a page": ("a.txt", "text/plain", b"<!doctype html><script>alert(1)</script>"),
    "a page under the name of a PDF": ("a.pdf", "text/html", b"<script>alert(1)</script>"),
    "a drawing under the name of a picture": ("a.png", "image/svg+xml", b"<svg onload='alert(1)'/>"),
    "a page with an archive behind it": ("a.zip", "application/zip", b"<script>alert(1)</script>PK\x03\x04"),
    "a type with a parameter": ("a.pdf", "application/pdf; x=text/html", b"<script>alert(1)</script>"),
    "two types": ("a.pdf", "application/pdf, text/html", b"<script>alert(1)</script>"),
}


@pytest.mark.parametrize("file", POLYGLOTS.values(), ids=POLYGLOTS)
def test_a_file_of_two_kinds_runs_as_neither(world, manager, tmp_path, file):
    """Its type is said and not guessed; what is shown may load and run nothing; what could run is only saved."""
    name, media_type, data = file
    made = mirror.attachment(world.a.asked, name, media_type=media_type, data=data, folder=tmp_path / "attachments")
    db.session.commit()
    for way in ("", f"/{name}", f"/original/{name}"):
        answer = manager.get(f"/attachments/{made.id}{way}")
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert policy.startswith("default-src 'none'") and "script" not in policy
        assert answer.mimetype not in ("text/html", "image/svg+xml")
        shown = answer.headers["Content-Disposition"].startswith("inline")
        assert not shown or answer.mimetype in ("application/pdf", "text/plain", "image/webp")
        assert not shown or answer.mimetype == "application/pdf" or re.search(r"; sandbox$", policy)
