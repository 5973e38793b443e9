"""Hours and invoices without employees' names: pages to print and files, by initials or by pseudonym."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_snapshots
from portal.domain.companies.contacts import Employee
from tests.factories.billing import Ledger
from tests.web.test_hours_and_invoices import FILES, sheets, sum_on

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PAGES = [
    "/hours?month=all",
    "/hours?month=all&by=ticket",
    "/hours?month=all&by=employee",
    "/invoices/upcoming?unfold=all",
    "/invoices/2026-10?unfold=all",
]
TRACES = re.compile(r"Novák|jana\.n|Dvořák", re.IGNORECASE)


@pytest.fixture
def manager(app, sign_in):
    with clock.set_to(NOW):
        ledger = Ledger()
        ledger.price("PROGP85", "850.50")
        company = ledger.company("Strojírny A")
        for state, day in (("open", "2026-11-03"), ("to_be_invoiced", "2026-11-04"), ("done", "2026-10-05")):
            for employee, subject, what in (
                ("Jana Nováková", "Notebook pro Janu Novákovou", "Paní Nováková má jana.n@a.example"),
                ("Petr Dvořák", "Jana Nováková nemůže tisknout", "Domluveno s Dvořákem a Petrem Dvořákem"),
            ):
                ticket = ledger.ticket(company, state=state, subject=subject, employee=employee)
                ledger.entry(
                    ticket,
                    "1.50",
                    at=f"{day}T10:00",
                    what=what,
                    invoiced_on=date(2026, 10, 31) if state == "done" else None,
                )
        jana = db.session.scalars(select(Employee).where(Employee.name == "Jana Nováková")).one()
        jana.email = "jana.n@a.example"
        person = ledger.person(company, language="en", name="Karel Správný", email="karel@a.example")
        invoice_snapshots.freeze()
        db.session.commit()
        yield sign_in(person)


def asked(address: str, people: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}people={people}"


@pytest.mark.parametrize("people", ["initials", "pseudonyms"])
@pytest.mark.parametrize("address", PAGES)
def test_no_page_names_an_employee(manager, address, people):
    assert TRACES.search(manager.get(address).text)
    page = manager.get(asked(address, people)).text
    assert not TRACES.search(page), TRACES.search(page)
    assert ("J. N." if people == "initials" else "N. N. ") in page


@pytest.mark.parametrize("people", ["initials", "pseudonyms"])
@pytest.mark.parametrize("address", FILES)
def test_no_file_names_an_employee_and_its_sum_stays(manager, address, people):
    if address.endswith(".csv"):
        named, unnamed = manager.get(address).text, manager.get(asked(address, people)).text
        assert TRACES.search(named) and not TRACES.search(unnamed)
        assert len(named.splitlines()) == len(unnamed.splitlines())
        return
    named, unnamed = sheets(manager.get(address)), sheets(manager.get(asked(address, people)))
    assert TRACES.search(str(named)) and not TRACES.search(str(unnamed))
    says = {row[0]: row[1] for row in unnamed["Summary"]}
    assert says["Sum"] == {row[0]: row[1] for row in named["Summary"]}["Sum"]
    assert says["Employees"] == ("by initials" if people == "initials" else "by pseudonym")


def test_a_pseudonym_is_the_same_in_every_file(manager):
    def called(address: str) -> set[str]:
        return {row[0] for row in sheets(manager.get(asked(address, "pseudonyms")))["By employee"][1:] if row[0]}

    assert called("/hours/all.xlsx") == called("/invoices/2026-10.xlsx") == called("/invoices/upcoming.xlsx")
    assert len(called("/hours/all.xlsx")) == 3  # two people and the foot


def test_files_offered_on_a_page_follow_its_naming(manager):
    for address in (
        "/hours?people=initials",
        "/invoices/upcoming?people=initials",
        "/invoices/2026-10?people=initials",
    ):
        files = re.findall(r'href="([^"]+\.(?:xlsx|csv)[^"]*)"', manager.get(address).text)
        assert len(files) == 2 and all("people=initials" in file for file in files)


@pytest.mark.parametrize("nonsense", ["", "NAMES", "x", "initials "])
def test_nonsense_is_not_asked_for(manager, nonsense):
    assert "Jana Nováková" in manager.get(asked("/hours?month=all", nonsense)).text
    assert sum_on(manager.get(asked("/hours?month=all", nonsense)).text, "hours-sum").startswith("6 entries")
