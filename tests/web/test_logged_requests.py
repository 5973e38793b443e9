"""Requests that are logged: every event has the address it came from, and none is parted from what it tells of."""

import re

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import Base, db
from portal.domain.approvals.models import Approval
from portal.domain.audit.events import AuditEvent
from portal.domain.users import models as people
from tests.dying import MOMENTS, died_at_the_log
from tests.factories import mirror

ADDRESS = "198.51.100.9"


def _post(client, address, *, page="/settings", **form):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text).group(1)
    answer = client.post(address, data=form | {"csrf_token": token})
    assert answer.status_code < 400, f"{address}: {answer.status_code}"
    return answer


@pytest.fixture
def at_home(world, sign_in):
    """Somebody's signed-in browser, at ADDRESS."""

    def signed_in(person):
        client = sign_in(person)
        client.environ_base["REMOTE_ADDR"] = ADDRESS
        return client

    return signed_in


def test_every_event_of_a_browsing_session_has_its_address(world, at_home, app):
    before = _newest()
    a, today = world.a, clock.today().isoformat()
    staff = at_home(world.staff)
    staff.get(f"/staff/tickets/{a.ticket.id}")
    staff.get(f"/staff/approvals/{a.approval_id}")
    staff.get(f"/staff/questions/{a.question_id}")
    _post(staff, f"/staff/questions/{a.question_id}/answer", text="I s cestou.")
    asking = {"question": "Smíme vyměnit disk?", "until": today, "at_expiry": "stay", "reason": ""}
    _post(staff, f"/staff/tickets/{a.ticket.id}", **asking)
    newest = db.session.scalars(select(Approval.id).order_by(Approval.id.desc())).first()
    _post(staff, f"/staff/approvals/{newest}/withdraw")

    manager = at_home(a.manager)
    manager.get(f"/tickets/{a.ticket.number}")
    manager.get(f"/attachments/{a.picture.id}/original/a.png")
    manager.get("/hours.csv?month=2026-11")
    manager.get("/log/log.csv")
    _post(manager, f"/questions/{a.question_id}/reply", text="A ještě něco.")
    _post(manager, f"/questions/{a.question_id}/take-back")
    _post(manager, f"/approvals/{a.approval_id}", answer="ask", note="Proč?")
    _post(staff, f"/staff/approvals/{a.approval_id}/answer", note="Protože.")
    _post(manager, f"/approvals/{a.approval_id}", answer="approve", approve_scope="ticket")
    _post(manager, f"/consents/{a.consent_id}/revoke")
    _post(manager, f"/deputies/{a.absence_id}/end")
    _post(manager, "/deputies", deputy=a.viewer.id, first=today, last=today)
    _post(manager, "/invoices/budget", unit="hours", amount="20")
    _post(manager, "/settings", language="cs", theme="dark")
    _post(manager, "/settings/notices", approval_asked="daily")
    _post(manager, "/account/company/second-factor", page="/account")
    _post(manager, "/account/sessions/end-others", page="/account")
    _post(manager, "/address", email="nova@a.example", password=mirror.PASSWORD)
    _post(manager, "/people", email="x@a.example", name="X", role="viewer", language="cs")
    _post(manager, f"/people/invitations/{a.invitation_id}/withdraw")
    _post(manager, f"/people/{a.viewer.id}/role", role="manager")
    _post(manager, f"/people/{a.viewer.id}/end")
    _post(manager, "/password", present=mirror.PASSWORD, password="modrý kůň skáče přes plot")
    _post(manager, "/sign-out")

    stranger = app.test_client()
    stranger.environ_base["REMOTE_ADDR"] = ADDRESS
    _post(stranger, "/sign-in", page="/sign-in", email=a.manager.email, password="wrong")
    _post(stranger, "/sign-in", page="/sign-in", email=a.manager.email, password="modrý kůň skáče přes plot")

    events = db.session.execute(select(AuditEvent.what, AuditEvent.address).where(AuditEvent.id > before)).all()
    assert {what for what, address in events if address != ADDRESS} == set()
    assert {what for what, _address in events} == {
        *("opened_ticket", "opened_approval", "opened_question", "downloaded", "exported_log"),
        *("asked_approval", "answered_approval", "withdrew_approval", "asked_back", "decided", "revoked_consent"),
        *("appointed_deputy", "dismissed_deputy"),
        *("answered_question", "asked_question", "took_question_back"),
        *("invited", "invitation_withdrawn", "role_changed", "access_ended", "password_changed", "address_wished"),
        *("settings_changed", "budget_set", "second_factor_not_required", "sessions_ended"),
        *("signed_in", "signed_out", "sign_in_failed"),
    }


LOGGED_BY_VIEWS = {  # a change of the accounts' floor, which knows no log: the form and the page it stands on
    "/settings": ({"language": "en", "theme": "dark"}, "/settings"),
    "/settings/notices": ({"approval_asked": "daily"}, "/settings"),
    "/account/sessions/end-others": ({}, "/account"),
    "/sign-out": ({}, "/settings"),
    "/sign-in": ({"email": "manager@a.example", "password": mirror.PASSWORD}, "/sign-in"),
}


@pytest.mark.parametrize("address", LOGGED_BY_VIEWS)
def test_a_view_that_dies_beside_its_log_row_has_changed_nothing(world, manager, sign_in, app, address):
    form, page = LOGGED_BY_VIEWS[address]
    client = app.test_client() if address == "/sign-in" else manager
    sign_in(world.a.manager)  # another session, for those that end others
    people.refresh_password(world.a.manager, mirror.PASSWORD)  # signing in does that before, and tells nobody
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text).group(1)
    before = _saved()
    for moment in MOMENTS:
        assert died_at_the_log(lambda: client.post(address, data=form | {"csrf_token": token}), moment)
        assert _saved() == before, f"{address} saves its change before its row of the log: use one unit of work"
    assert client.post(address, data=form | {"csrf_token": token}).status_code < 400
    assert _saved() != before


def _saved():
    """What another connection sees: every row but the log's, and but what is counted whatever comes after."""
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in Base.metadata.sorted_tables
            if table.name not in {"audit_event", "audit_name", "attempt"}
        }


def _newest() -> int:
    return db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).first() or 0
