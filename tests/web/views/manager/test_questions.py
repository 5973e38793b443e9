"""Questions about time entries on the pages of a company and of staff, and their marks wherever the entry stands."""

import re
from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.companies.reader import Reader
from portal.domain.questions import models as questions
from portal.domain.questions import workflow
from portal.domain.tickets.time_entries import TimeEntry
from tests.actors import acting


@pytest.fixture
def staff(world, sign_in):
    return sign_in(world.staff)


@pytest.fixture
def other_entry(world) -> TimeEntry:
    """The entry of company A that nobody asked about yet."""
    wanted = select(TimeEntry).where(TimeEntry.company_id == world.a.company.id, TimeEntry.id != world.a.entry.id)
    return db.session.scalars(wanted).one()


def test_a_manager_asks_and_staff_answer_and_the_manager_closes(world, manager, staff, other_entry):
    address = f"/entries/{other_entry.id}/question"
    assert "KONZ95" in manager.get(address).text
    asked = _post(manager, address, text="Co to bylo za konzultaci?")
    assert "Dotaz je odeslán Connectice." in asked.text
    question_id = questions.by_entry(Reader.of(world.a.company))[other_entry.id]
    assert "KONZ95" in staff.get("/staff").text
    answered = _post(
        staff, f"/staff/questions/{question_id}/answer", "/settings", text="Nastavení záloh po telefonu."
    )
    assert "Nastavení záloh po telefonu." in answered.text
    assert "Odpověď na váš dotaz" in manager.get("/").text
    assert "<title>(2) " in manager.get("/questions").text  # this answer and an approval
    closed = _post(manager, f"/questions/{question_id}/take-back", "/settings")
    assert "Dotaz je uzavřený." in closed.text


def test_staff_uphold_an_entry_only_with_a_reason(world, staff, manager):
    address = f"/staff/questions/{world.a.question_id}/uphold"
    assert staff.post(address, data={"csrf_token": _csrf(staff.get("/settings"))}).status_code == 422
    _post(staff, address, "/settings", text="Odpovídá protokolu.")
    page = manager.get(f"/questions/{world.a.question_id}").text
    assert "Odpovídá protokolu." in page and "Beze změny" in page and "<textarea" not in page


def test_a_question_that_is_over_refuses_more_words(world, manager):
    token = _csrf(manager.get("/settings"))
    workflow.take_back(acting(world.a.manager), world.a.company, world.a.question_id)
    refused = manager.post(f"/questions/{world.a.question_id}/reply", data={"text": "Ještě?", "csrf_token": token})
    assert refused.status_code == 422 and "Tento dotaz je uzavřený." in refused.text


def test_a_question_marks_its_entry_wherever_it_stands(world, manager):
    world.a.ticket.state = "to_be_invoiced"
    db.session.commit()
    mark = f'href="/questions/{world.a.question_id}"'
    for address in (f"/tickets/{world.a.ticket.number}", "/hours", "/invoices/upcoming?unfold=all", "/questions"):
        assert mark in manager.get(address).text, f"{address} does not mark the entry"
    assert "Otevřený dotaz: 1\N{NO-BREAK SPACE}zásah" in manager.get("/invoices/upcoming").text
    for address in (f"/hours/{clock.today():%Y-%m}.xlsx", "/invoices/upcoming.xlsx"):
        assert "K zásahu je otevřený dotaz." in _words(manager.get(address).data), f"{address} does not mark it"
    workflow.take_back(acting(world.a.manager), world.a.company, world.a.question_id)
    assert mark not in manager.get("/hours").text


def test_managers_may_ask_beside_every_entry_and_readers_may_not(world, manager, sign_in, other_entry):
    way = f"/entries/{other_entry.id}/question"
    reader = sign_in(world.a.viewer)
    assert way in manager.get("/hours").text and way in manager.get(f"/tickets/{world.a.ticket.number}").text
    assert way not in reader.get("/hours").text
    assert reader.get(way).status_code == 404


def test_an_invoiced_entry_says_so_where_it_is_questioned(world, manager, other_entry):
    other_entry.invoiced_on = date(2026, 10, 31)
    db.session.commit()
    address = f"/entries/{other_entry.id}/question"
    assert "31. 10. 2026" in manager.get(address).text.replace("\xa0", " ")
    assert "už je vyfakturovaný" in _post(manager, address, text="Proč?").text


def test_what_may_not_be_seen_may_not_be_questioned(world, manager, other_entry):
    world.a.company.shown_live = "nothing"
    db.session.commit()
    assert manager.get(f"/entries/{other_entry.id}/question").status_code == 404
    assert manager.get(f"/questions/{world.a.question_id}").status_code == 404


def test_words_of_people_stay_words(world, manager, staff):
    evil = "<script>alert(1)</script>"
    workflow.reply(acting(world.a.manager), world.a.company, world.a.question_id, evil)
    for client, address in (
        (manager, f"/questions/{world.a.question_id}"),
        (staff, f"/staff/questions/{world.a.question_id}"),
    ):
        page = client.get(address).text
        assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def _words(workbook: bytes) -> str:
    book = CalamineWorkbook.from_filelike(BytesIO(workbook))
    return str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])


def _post(client, address, page=None, **data):
    token = _csrf(client.get(page or address))
    return client.post(address, data=data | {"csrf_token": token}, follow_redirects=True)


def _csrf(answer) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', answer.text).group(1)


def test_the_form_says_what_was_done_and_the_same_hours_as_every_list(world, manager):
    page = manager.get(f"/entries/{world.a.entry.id}/question").text
    assert "PROGP85" in page and "1,00" in page
