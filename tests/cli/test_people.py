"""Accounts from the command line."""

import pytest
from sqlalchemy import select

from portal.db import db
from portal.domain.accounts import two_factor
from portal.domain.audit import events as audit
from portal.domain.audit.events import AuditEvent, AuditName
from portal.domain.users import models as people
from portal.domain.users import sessions
from tests.domain.accounts.test_totp import set_up
from tests.factories import mirror


@pytest.fixture
def run(app):
    mirror.company("Strojírny Vltava, a. s.")
    db.session.commit()
    runner = app.test_cli_runner()

    def run(*words, **options):
        return runner.invoke(args=["people", *words], **options)

    return run


ADD = (
    "add",
    "Jana@A.example",
    "--name",
    "Jana Nováková",
    "--company",
    "Strojírny Vltava, a. s.",
    "--role",
    "manager",
)


def test_an_account_is_made_and_its_password_said_once(run):
    answer = run(*ADD)
    assert answer.exit_code == 0
    assert "Password: " in answer.output
    assert people.by_email("jana@a.example").role_names == {"manager"}


def test_a_password_may_come_from_standard_input_and_is_not_repeated(run):
    answer = run(*ADD, "--password-stdin", input="correct horse battery\n")
    assert answer.exit_code == 0
    assert "correct horse" not in answer.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([*ADD, "--password-stdin"], "at least 12 characters"),
        ([*ADD[:-3], "Nikdo, s. r. o.", "--role", "manager"], "no company called"),
        ([*ADD[:-1], "staff"], "Staff belong to no company"),
        (["add", "x@y.example", "--name", "X", "--role", "viewer"], "everybody else to exactly one"),
        (["deactivate", "nobody@a.example"], "Nobody has the address"),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(run, words, reason):
    answer = run(*words, input="short\n")
    assert answer.exit_code == 1
    assert reason in answer.output


def test_an_address_has_one_account(run):
    run(*ADD)
    assert "has an account already" in run(*ADD).output


def test_a_closed_account_is_listed_as_such_and_its_sessions_end(run):
    run(*ADD)
    session_key = sessions.start(people.by_email("jana@a.example").id, how="password")
    assert run("deactivate", "jana@a.example").exit_code == 0
    assert "inactive" in run("list").output
    assert people.visitor(session_key) is None


def test_a_closed_account_is_opened_again_as_it_was(run):
    run(*ADD)
    run("deactivate", "jana@a.example")
    assert "may sign in again" in run("activate", "Jana@A.example").output
    person = people.by_email("jana@a.example")
    assert person.active and person.role_names == {"manager"}
    assert "may sign in already" in run("activate", "jana@a.example").output
    assert run("activate", "nobody@a.example").exit_code == 1
    said = db.session.scalars(select(AuditEvent.what).order_by(AuditEvent.id)).all()
    assert said[-2:] == [audit.ACCESS_ENDED, audit.ACCESS_RESTORED]


@pytest.mark.parametrize("words", [["deactivate"], ["forget", "--yes"]])
def test_the_last_administrator_stays(run, words):
    for name in ("iva", "ota"):
        run("add", f"{name}@connectica.cz", "--name", name.title(), "--role", "staff_admin")
    assert run(*words, "iva@connectica.cz").exit_code == 0
    refused = run(*words, "ota@connectica.cz")
    assert refused.exit_code == 1
    assert "Somebody has to look after access" in refused.output
    assert people.by_email("ota@connectica.cz").active


def test_a_new_password_ends_every_session(run):
    run(*ADD)
    session_key = sessions.start(people.by_email("jana@a.example").id, how="password")
    assert run("password", "jana@a.example").exit_code == 0
    assert people.visitor(session_key) is None


def test_who_lost_everything_loses_the_second_factor_and_every_session(run):
    run(*ADD)
    person = people.by_email("jana@a.example")
    set_up(person.id)
    session_key = sessions.start(person.id, how="password", second_factor=True)
    assert run("second-factor", "jana@a.example", "off").exit_code == 0
    assert not two_factor.of(person.id).any
    assert people.visitor(session_key) is None
    noted = db.session.scalars(select(AuditEvent).where(AuditEvent.what == audit.SECOND_FACTOR_RESET)).one()
    assert noted.company_id == person.company_id
    assert db.session.get_one(AuditName, noted.name_id).text == "jana@a.example"


def test_nobodys_second_factor_is_not_taken_away(run):
    assert "Nobody has the address" in run("second-factor", "nobody@a.example", "off").output
