"""The log on its page and in its files: managers of the company read it, staff who opened something stand in it."""

import csv
import re
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from python_calamine import CalamineWorkbook

from portal import clock
from portal.domain.accounts import access
from portal.domain.audit import events as audit
from portal.domain.audit import report
from portal.domain.audit.report import LogFilter
from portal.domain.billing import budgets
from portal.domain.billing.agreements import entering
from portal.domain.companies.reader import Reader
from portal.domain.rules import approval_rules
from portal.domain.rules.approval_rules import Terms
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.lib import periods
from tests.actors import acting, noted
from tests.web.conftest import MARKER


def _lines(company):
    return [(line.what, line.by, line.about) for line in report.everything(Reader.of(company), LogFilter())]


def _csv(answer):
    return list(csv.reader(StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))


def test_a_manager_reads_who_opened_what(world, manager):
    manager.get(f"/tickets/{world.a.ticket.number}")
    page = manager.get("/log").text
    assert "otevření požadavku" in page
    assert world.a.ticket.number in page
    assert MARKER not in page


def test_limits_are_logged_in_figures_and_read_in_the_readers_language(world, manager):
    """Rules, budgets and agreements alike: the log keeps codes, the page and the files say them."""
    terms = Terms(
        amount=Decimal(5), category="PROGP85", outside_hours=True, employees=frozenset({world.a.employee.id})
    )
    approval_rules.end(acting(world.a.manager), world.a.company, _rule_of(world, terms))
    for unit, every in (("hours", "month"), ("money", "year")):
        month = periods.month_of(clock.today())
        budgets.choose(acting(world.a.manager), world.a.company, month, unit=unit, amount="20", every=every)
        entering.choose(acting(world.staff), world.a.company, month, {"unit": unit, "every": every, "amount": "7"})
    about = {row[4] for row in _csv(manager.get("/log/log.csv"))[1:]}
    assert {"20: hodiny: za měsíc", "20: částka bez DPH: za rok", "5.00: hodiny"} <= about
    assert "5: hodiny: PROGP85: mimo pracovní dobu: zaměstnanci: 1" in about
    page = manager.get("/log").text
    assert "7.00: hodiny: za měsíc" in page and "7.00: částka bez DPH: za rok" in page
    assert not re.search(r"<small>[^<]*(hours|money|month|year|employees)", page)


def _rule_of(world, terms):
    return approval_rules.choose(acting(world.a.manager), world.a.company, terms)


def test_a_viewer_and_staff_do_not_read_it(world, sign_in):
    for person in (world.a.viewer, world.staff):
        client = sign_in(person)
        for address in ("/log", "/log/log.xlsx", "/log/log.csv"):
            assert client.get(address).status_code == 404
    assert "/log" not in sign_in(world.a.viewer).get("/tickets").text


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("/staff/tickets/{ticket}", "opened_ticket"),
        ("/staff/approvals/{approval}", "opened_approval"),
        ("/staff/questions/{question}", "opened_question"),
    ],
)
def test_staff_who_open_a_companys_thing_stand_in_its_log(world, sign_in, address, what):
    a = world.a
    sign_in(world.staff).get(address.format(ticket=a.ticket.id, approval=a.approval_id, question=a.question_id))
    assert _lines(a.company)[0] == (what, world.staff.name, a.ticket.number)
    assert what not in {said for said, _by, _about in _lines(world.b.company)}


def test_the_page_says_whether_somebody_is_of_connectica(world, sign_in, manager):
    sign_in(world.staff).get(f"/staff/tickets/{world.a.ticket.id}")
    page = manager.get("/log", query_string={"group": "opened"}).text
    assert '<span class="badge accent">Connectica</span> Dana Dispečerová' in page


def test_the_files_have_the_lines_of_the_page_and_who_took_them(world, manager):
    manager.get(f"/tickets/{world.a.ticket.number}")
    wanted = {"group": "opened"}
    book = CalamineWorkbook.from_object(BytesIO(manager.get("/log/log.xlsx", query_string=wanted).data))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    rows = list(
        csv.reader(StringIO(manager.get("/log/log.csv", query_string=wanted).data.decode("utf-8-sig")), delimiter=";")
    )
    assert [row[2:5] for row in rows[1:]] == [["Jana", "otevření požadavku", world.a.ticket.number]]
    assert [row[2:5] for row in sheets["Auditní záznam"][1:]] == [row[2:5] for row in rows[1:]]
    assert any(str(row[1]).startswith("Jana, ") for row in sheets["O souboru"] if len(row) > 1)
    assert [what for what, _by, _about in _lines(world.a.company)[:2]] == ["exported_log", "exported_log"]


def test_taking_the_log_away_is_its_newest_line(world, manager):
    rows = _csv(manager.get("/log/log.csv"))
    assert rows[1][2:4] == ["Jana", "export auditního záznamu"]


def test_older_lines_are_a_page_away(world, manager, monkeypatch):
    monkeypatch.setattr(report, "ON_A_PAGE", 2)
    for _ in range(3):
        manager.get(f"/tickets/{world.a.ticket.number}")
    page = manager.get("/log").text
    assert page.count("otevření požadavku") == 2
    assert 'rel="next"' in page


def test_ways_in_and_roles_are_said_in_the_readers_words(world, sign_in):
    client = sign_in(world.a.manager)
    access.change_role(
        acting(people.visitor(sessions.start(world.a.manager.id, how="password"))),
        world.a.company,
        world.a.viewer.id,
        "manager",
    )
    noted(audit.SIGNED_IN, about="passkey", company_id=world.a.company.id, person_id=world.a.manager.id)
    page = client.get("/log").text
    assert "viewer@a.example: IT manažer" in page
    assert "přístupovým klíčem" in page
