"""An accountant reads and takes away hours and invoices; every other route of the company is not there."""

import re

import pytest

from portal.db import db
from portal.domain.approvals import deputies
from portal.domain.users import permissions
from portal.domain.users.permissions import ACCOUNTANT, Right
from portal.web.auth import access_control
from tests.factories import mirror
from tests.web.test_isolation import OF_B, PART, _address, _ask, _routes

SAID = ("Tiskárna nejede", "Starší text", "snímek", 'href="/tickets', 'href="/approvals', 'href="/questions')
MAY = {Right.HAVE_ACCOUNT, Right.READ_MONEY, Right.EXPORT}


@pytest.fixture
def accountant(world, sign_in):
    person = mirror.person(world.a.company, role=ACCOUNTANT, email="ucetni@a.example", name="Alena Účetní")
    db.session.commit()
    return sign_in(person)


def test_an_accountant_reaches_money_and_their_own_account_and_nothing_else(app, world, accountant):
    values = {name: value(world.a) for name, value in OF_B.items()}
    for rule, method in _routes(app):
        answer = _ask(accountant, method, _address(app, rule, values))
        if access_control.right_for(rule.endpoint) not in MAY:
            assert answer.status_code == 404, f"{method} {rule} answers {answer.status} to an accountant"


@pytest.mark.parametrize("headers", [{}, PART])
def test_no_page_of_an_accountant_holds_a_conversation_or_leads_to_one(app, world, accountant, headers):
    values = {name: value(world.a) for name, value in OF_B.items()}
    pages = [rule for rule, method in _routes(app) if method == "GET"]
    for rule in pages:
        answer = accountant.get(_address(app, rule, values), headers=headers)
        if answer.status_code == 200 and answer.mimetype.startswith("text/"):
            for said in SAID:
                assert said not in answer.text, f"{rule} shows {said} to an accountant"


def test_an_accountant_starts_at_the_invoice_and_sees_hours_with_what_was_done(world, accountant):
    assert accountant.get("/").location == "/invoices/upcoming"
    page = accountant.get("/hours").text
    assert world.a.ticket.number in page and "/hours/2026-11.xlsx" in page
    doors = re.findall(r'<a href="([^"]+)" class="(\w+)"', page)
    assert [section for _, section in doors] == ["hours", "invoices"]
    assert accountant.get("/hours/2026-11.csv").status_code == 200
    assert accountant.get("/invoices/upcoming.xlsx").get_data()[:2] == b"PK"
    assert accountant.get("/invoices").status_code == 200


def test_a_manager_invites_an_accountant(app, world, manager):
    page = manager.get("/people").text
    assert f'<option value="{ACCOUNTANT}">Účetní</option>' in page


def test_an_accountant_stands_in_for_nobody(world, accountant):
    offered = deputies.colleagues(world.a.company, world.a.manager)
    assert [person.name for person in offered] == [world.a.viewer.name]


def test_what_is_confidential_is_a_stub_to_an_accountant(world):
    assert not permissions.reader(world.a.company, {ACCOUNTANT}).reads_confidential
