"""The page of approval rules: tried before it is set, for managers alone."""

import re

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.companies.reader import Reader
from portal.domain.rules import approval_rules, checks
from tests.factories import mirror
from tests.web.conftest import MARKER


def _post(client, address, **data):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/rules?unit=hours&amount=1").text)[1]
    return client.post(address, data={"csrf_token": token, **data})


def test_a_rule_is_tried_then_set_then_asks(world, manager):
    page = manager.get("/rules?unit=hours&amount=1&category=&outside=").text
    assert "Toto pravidlo by se zeptalo 1×" in page
    assert world.a.ticket.number in page
    assert len(approval_rules.in_force(Reader.of(world.a.company))) == 1
    assert _post(manager, "/rules", unit="hours", amount="1").location == "/rules"
    assert "nad 1,00" in manager.get("/rules").text
    assert checks.run() == 0  # what was worked before is not asked about
    mirror.time_entry(world.a.ticket, "2.00", first_noticed_at=clock.now())
    mirror.settle()
    assert checks.run() == 1
    page = manager.get("/approvals").text
    assert "více než 1,00 h" in page
    number = db.session.scalar(select(approval_rules.RuleRequest.approval_id))
    assert "pravidlo vaší společnosti" in manager.get(f"/approvals/{number}").text


def test_a_rule_is_ended(world, manager):
    assert _post(manager, f"/rules/{world.a.rule_id}/end").location == "/rules"
    assert approval_rules.in_force(Reader.of(world.a.company)) == []


def test_another_companys_rule_and_employees_are_not_there(world, manager):
    assert _post(manager, f"/rules/{world.b.rule_id}/end").status_code == 404
    assert MARKER not in manager.get("/rules?unit=hours&amount=0,1").text
    assert _post(manager, "/rules", unit="hours", amount="", employee=world.b.employee.id).status_code == 404


def test_a_reader_has_no_rules(world, sign_in):
    viewer = sign_in(world.a.viewer)
    assert viewer.get("/rules").status_code == 404
    assert "/rules" not in viewer.get("/approvals").text


@pytest.mark.parametrize(
    "query", ["unit=hours&amount=moc", "unit=nic&amount=5", "unit=hours", "unit=hours&amount=-5"]
)
def test_nonsense_is_answered_in_plain_words(world, manager, query):
    answer = manager.get(f"/rules?{query}")
    assert answer.status_code == 422
    assert "<h1" in answer.text


def test_a_company_without_money_is_offered_hours(world, manager):
    world.a.company.shown_live = "hours"
    db.session.commit()
    assert 'value="money"' not in manager.get("/rules").text
    assert manager.get("/rules?unit=money&amount=5").status_code == 422
