"""The start page of a manager and its staff counterpart."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal import clock
from portal.db import db
from portal.domain.approvals import decisions
from portal.domain.approvals.decisions import Decision
from portal.domain.billing.prices import Price
from portal.domain.notifications import outbox
from portal.domain.questions import workflow
from tests.actors import acting
from tests.factories import mirror


def test_the_start_page_says_what_waits(world, manager):
    workflow.answer(acting(world.staff), world.a.question_id, "Byla v tom i cesta.")
    page = manager.get("/").text
    assert f"/approvals/{world.a.approval_id}" in page
    assert f"/questions/{world.a.question_id}" in page
    assert "na řadě je Řehoř Kučera" in page


def test_the_start_page_of_who_has_nothing_to_do_says_so(world, manager):
    decisions.decide(acting(world.a.manager), world.a.approval_id, Decision(approve=True))
    mirror.message(world.a.ticket, sent_at=clock.now())
    db.session.commit()
    assert "Nic na vás nečeká" in manager.get("/").text


def test_a_second_visit_tells_what_happened_since_the_first(world, manager):
    assert "Vítejte" in manager.get("/").text
    with clock.set_to(mirror.NOW + timedelta(hours=3)):
        mirror.ticket(world.a.company, "Nový požadavek", opened_at=clock.now())
        mirror.settle()
    with clock.set_to(mirror.NOW + timedelta(hours=4)):
        page = manager.get("/").text
        assert "Od vaší poslední návštěvy" in page and "<b>1</b> nový požadavek" in page


@pytest.mark.parametrize(
    ("shown", "tells_hours", "tells_money"), [("money", 1, 1), ("hours", 1, 0), ("nothing", 0, 0)]
)
def test_the_month_tells_only_what_the_company_may_see(world, manager, shown, tells_hours, tells_money):
    world.a.company.shown_live = shown
    world.a.ticket.state = "to_be_invoiced"
    db.session.add(_price())
    db.session.commit()
    page = manager.get("/").text.replace("\xa0", " ")
    assert ("1,25 h" in page) is bool(tells_hours)
    assert ("850,00 Kč" in page) is bool(tells_money)


def test_staff_are_led_to_their_own_page_with_what_waits_there(world, sign_in):
    staff = sign_in(world.staff)
    assert staff.get("/").location == "/staff"
    page = staff.get("/staff").text
    for company in (world.a, world.b):
        assert f"/staff/approvals/{company.approval_id}" in page
        assert f"/staff/questions/{company.question_id}" in page
    assert "<title>(2) " in page  # two questions wait for an answer


def test_staff_see_letters_that_do_not_leave(world, sign_in):
    with clock.set_to(mirror.NOW - timedelta(hours=2)):
        outbox.write(key="stuck", to="nikdo@vltava.example", subject="Uvízlý dopis", text="…")
        db.session.commit()
    assert "Uvízlý dopis" in sign_in(world.staff).get("/staff").text


def test_a_reader_has_the_same_start_page(world, sign_in):
    assert sign_in(world.a.viewer).get("/").status_code == 200


def _price() -> Price:
    return Price(category="PROGP85", name="Práce", rate=Decimal(850), valid_from=date(2020, 1, 1))
