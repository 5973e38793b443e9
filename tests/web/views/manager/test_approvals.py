"""Approvals, consents and deputies on the pages of a company and of staff."""

import re

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.approvals import consents, decisions, deputies, requests
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.deputies import Deputy
from portal.domain.approvals.models import Approval, AtExpiry
from portal.domain.approvals.requests import Asking
from portal.domain.companies.reader import Reader
from portal.domain.notifications import outbox
from portal.domain.notifications.outbox import LetterChoice
from tests.actors import acting

NOTHING_WAITS = "Nic na vás nečeká"


@pytest.fixture
def viewer(world, sign_in):
    return sign_in(world.a.viewer)


@pytest.fixture
def staff(world, sign_in):
    return sign_in(world.staff)


def test_what_waits_is_counted_beside_the_page_and_before_every_title(world, manager):
    page = manager.get("/tickets").text
    assert "<title>(1) " in page
    decisions.decide(acting(world.a.manager), world.a.approval_id, Decision(approve=True))
    assert "<title>(" not in manager.get("/tickets").text


def test_a_manager_approves_with_a_note_and_a_consent(world, manager):
    answer = _post(
        manager,
        f"/approvals/{world.a.approval_id}",
        answer="approve",
        note="Ano, prosím.",
        approve_scope="always",
        decline_scope="never",
    )
    assert answer.status_code == 200 and "Ano, prosím." in answer.text and "Schváleno" in answer.text
    (row,) = consents.in_force(Reader.of(world.a.company))
    assert row.consent.allowed and row.consent.valid_until is None
    assert NOTHING_WAITS in manager.get("/approvals").text


def test_declining_for_good_takes_the_scope_of_its_own_button(world, manager):
    _post(
        manager, f"/approvals/{world.a.approval_id}", answer="decline", approve_scope="always", decline_scope="never"
    )
    (row,) = consents.in_force(Reader.of(world.a.company))
    assert not row.consent.allowed


def test_a_decision_that_comes_second_is_told_who_was_first(world, manager):
    address = f"/approvals/{world.a.approval_id}"
    token = _csrf(manager.get(address))
    decisions.decide(acting(world.a.manager), world.a.approval_id, Decision(approve=True))
    answer = manager.post(address, data={"answer": "decline", "csrf_token": token})
    assert answer.status_code == 409
    assert "Už je rozhodnuto: schváleno, Jana" in answer.text


def test_a_reader_sees_the_question_and_has_no_buttons_until_they_are_a_deputy(world, viewer):
    address = f"/approvals/{world.a.approval_id}"
    db.session.get_one(Deputy, world.a.absence_id).ended_at = clock.now()
    db.session.commit()
    page = viewer.get(address)
    assert "Smíme?" in page.text and 'value="approve"' not in page.text
    refused = viewer.post(address, data={"answer": "approve", "csrf_token": _csrf(viewer.get("/settings"))})
    assert refused.status_code == 422
    today = clock.today()
    deputies.appoint(acting(world.a.manager), world.a.company, deputy_id=world.a.viewer.id, first=today, last=today)
    assert 'value="approve"' in viewer.get(address).text
    assert "v zastoupení: Jana" in _post(viewer, address, answer="approve").text


@pytest.mark.parametrize("answer", ["", "maybe", "APPROVE"])
def test_an_answer_that_is_none_is_refused(world, manager, answer):
    refused = manager.post(
        f"/approvals/{world.a.approval_id}", data={"answer": answer, "csrf_token": _csrf(manager.get("/settings"))}
    )
    assert refused.status_code == 422
    assert db.session.get_one(Approval, world.a.approval_id).is_open


def test_asking_back_needs_words_and_goes_to_staff_who_answer(world, manager, staff):
    address = f"/approvals/{world.a.approval_id}"
    token = _csrf(manager.get(address))
    assert manager.post(address, data={"answer": "ask", "csrf_token": token}).status_code == 422
    assert "Doptali jste se" in _post(manager, address, answer="ask", note="Kolik to stojí?").text
    assert "manažer se doptává" in staff.get("/staff").text
    answer = _post(staff, f"/staff/approvals/{world.a.approval_id}/answer", "/settings", note="Tisíc korun.")
    assert "Tisíc korun." in answer.text
    assert "Tisíc korun." in manager.get(address).text


def test_staff_find_any_companys_ticket_see_a_consent_and_ask(world, staff):
    found = staff.get("/staff/tickets?q=zlutoucky").text
    assert world.a.ticket.number in found and world.b.ticket.number in found
    assert staff.get("/staff/tickets?q=").status_code == 200
    page = staff.get(f"/staff/tickets/{world.a.ticket.id}")
    assert "Otázka pro IT manažera" in page.text
    until = clock.today().isoformat()
    asked = _post(
        staff,
        f"/staff/tickets/{world.a.ticket.id}",
        "/settings",
        question="Smíme mu dát monitor?",
        reason="Nový.",
        until=until,
        at_expiry="decline",
    )
    assert "Smíme mu dát monitor?" in asked.text
    approval = db.session.scalars(select(Approval).order_by(-Approval.id)).first()
    assert (approval.at_expiry, approval.reason, approval.asked_by) == ("decline", "Nový.", "Dana Dispečerová")


def test_staff_see_that_they_need_not_ask(world, staff):
    always = Decision(approve=True, scope="until", valid_until=clock.today())
    decisions.decide(acting(world.a.manager), world.a.approval_id, always)
    page = staff.get(f"/staff/tickets/{world.a.ticket.id}").text
    assert "Už schváleno do 23. 11. 2026: Jana" in page.replace("\xa0", " ")
    asked = _post(
        staff,
        f"/staff/tickets/{world.a.ticket.id}",
        "/settings",
        question="A tablet?",
        until=clock.today(),
        at_expiry="stay",
    )
    assert "Odpověděl na to hned trvalý souhlas." in asked.text


@pytest.mark.parametrize(
    "form",
    [
        {"question": "", "until": "2026-11-23", "at_expiry": "stay"},
        {"question": "Smíme?", "until": "včera", "at_expiry": "stay"},
        {"question": "Smíme?", "until": "2020-01-01", "at_expiry": "stay"},
        {"question": "Smíme?", "until": "2026-11-23", "at_expiry": "explode"},
        {},
    ],
)
def test_a_question_without_its_parts_is_refused(world, staff, form):
    token = _csrf(staff.get("/settings"))
    refused = staff.post(f"/staff/tickets/{world.a.ticket.id}", data=form | {"csrf_token": token})
    assert refused.status_code == 422


def test_staff_withdraw_a_question_and_come_second_like_everybody(world, staff):
    address = f"/staff/approvals/{world.a.approval_id}/withdraw"
    assert "Žádost je odvolaná." in _post(staff, address, "/settings").text
    token = _csrf(staff.get("/settings"))
    assert staff.post(address, data={"csrf_token": token}).status_code == 409


def test_a_consent_is_revoked_by_a_manager_and_by_no_reader(world, manager, viewer):
    decisions.decide(acting(world.a.manager), world.a.approval_id, Decision(approve=True, scope="always"))
    (row,) = consents.in_force(Reader.of(world.a.company))
    assert "vždy" in viewer.get("/consents").text
    address = f"/consents/{row.consent.id}/revoke"
    assert viewer.post(address, data={"csrf_token": _csrf(viewer.get("/settings"))}).status_code == 404
    assert "Connectica se bude znovu ptát" in _post(manager, address, "/settings").text
    assert consents.in_force(Reader.of(world.a.company)) == []


def test_a_manager_appoints_and_dismisses_a_deputy(world, manager):
    today = clock.today().isoformat()
    page = _post(manager, "/deputies", deputy=world.a.viewer.id, first=today, last=today)
    assert "Karel Čtenář" in page.text
    assert "Zástupce už nerozhoduje." in _post(manager, f"/deputies/{world.a.absence_id}/end", "/settings").text


@pytest.mark.parametrize("person", ["b", "staff", "self"])
def test_a_deputy_is_a_colleague(world, manager, person):
    chosen = {"b": world.b.viewer, "staff": world.staff, "self": world.a.manager}[person]
    today = clock.today().isoformat()
    data = {"deputy": chosen.id, "first": today, "last": today, "csrf_token": _csrf(manager.get("/settings"))}
    assert manager.post("/deputies", data=data).status_code == 404


def test_the_conversation_tells_of_an_approval_in_quiet_lines(world, manager):
    decisions.decide(acting(world.a.manager), world.a.approval_id, Decision(approve=False))
    page = manager.get(f"/tickets/{world.a.ticket.number}").text
    assert page.count("žádá vaši společnost o schválení") == 2
    assert "<b>Zamítnuto</b> · Jana" in page


def test_everybody_chooses_how_they_are_written_to(world, manager):
    _post(manager, "/settings/notices", "/settings", approval_asked="daily")
    chosen = db.session.scalar(select(LetterChoice.how).where(LetterChoice.kind == "approval_asked"))
    assert chosen == outbox.Delivery.DAILY
    refused = manager.post(
        "/settings/notices", data={"approval_asked": "hourly", "csrf_token": _csrf(manager.get("/settings"))}
    )
    assert refused.status_code == 422


def test_words_of_people_stay_words_on_every_page(world, manager, staff):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    asked = requests.ask(
        acting(world.staff),
        world.a.ticket.id,
        Asking(evil, until=clock.today(), at_expiry=AtExpiry.STAY, reason=evil),
    )
    _post(manager, f"/approvals/{asked.approval_id}", answer="ask", note=evil)
    for client, address in (
        (manager, "/"),
        (manager, "/approvals"),
        (manager, f"/approvals/{asked.approval_id}"),
        (staff, "/staff"),
        (staff, f"/staff/approvals/{asked.approval_id}"),
        (staff, f"/staff/tickets/{world.a.ticket.id}"),
    ):
        page = client.get(address).text
        assert "<script>alert" not in page and "<img src=x" not in page


def test_decided_approvals_are_turned_page_by_page(world, manager):
    for number in range(32):
        asked = requests.ask(
            acting(world.staff),
            world.a.ticket.id,
            Asking(f"Otázka {number}?", until=clock.today(), at_expiry=AtExpiry.STAY),
        )
        decisions.decide(acting(world.a.manager), asked.approval_id, Decision(approve=True))
    page = manager.get("/approvals").text
    older = re.search(r'href="(/approvals\?before=\d+)"', page).group(1)
    assert "Otázka 31?" in page and "Otázka 0?" not in page
    assert "Otázka 0?" in manager.get(older).text


def _post(client, address, page=None, **data):
    token = _csrf(client.get(page or address))
    return client.post(address, data=data | {"csrf_token": token}, follow_redirects=True)


def _csrf(answer) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', answer.text).group(1)
