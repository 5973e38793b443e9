"""The audit log: nobody changes it, it is kept as long as was said, and its names are those of the time."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from portal import clock
from portal.db import db
from portal.domain.audit import events as audit
from portal.domain.audit import report
from portal.domain.audit.events import WORDS, AuditEvent, AuditName, Group
from portal.domain.audit.report import LogFilter
from portal.domain.companies.reader import Reader
from tests.actors import noted
from tests.factories.approvals import Office

ROOT = Path(__file__).parents[3]


@pytest.fixture
def office(app):
    return Office()


def _all(company, wanted=None):
    return list(report.everything(Reader.of(company), wanted or LogFilter()))


def _old(company, *, days):
    """An event of so many days ago by the database's own clock, which nobody's settings move."""
    at = db.session.scalar(select(func.current_timestamp())).replace(tzinfo=None)
    at = at.astimezone(clock.UTC) if at.tzinfo else at.replace(tzinfo=clock.UTC)
    at -= timedelta(days=days)
    db.session.execute(
        insert(AuditEvent).values(
            company_id=company.id, at=at, what=audit.DECIDED, about="old", keep_until=at + timedelta(days=730)
        )
    )
    db.session.commit()


def test_every_word_that_is_written_down_has_a_row():
    for module in (ROOT / "portal").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name("audit"), attr="note"), args=[ast.Constant(), *_]):
                    pytest.fail(
                        f"{module.name}: give the word a line beside the others in audit.py, and its name here"
                    )
                case ast.Attribute(value=ast.Name("audit"), attr=name) if name.isupper() and name != "WORDS":
                    assert getattr(audit, name) in WORDS, f"{module.name}: {name} has no line in audit.py"


def test_every_group_has_words():
    assert {word.group for word in WORDS.values()} == set(Group)


@pytest.mark.parametrize(
    "change",
    [
        update(AuditEvent).values(what="nothing"),
        update(AuditEvent).values(at=AuditEvent.at, keep_until=AuditEvent.at),
        delete(AuditEvent),
        text(
            "INSERT OR REPLACE INTO audit_event (id, at, what, about, address, keep_until) "
            "VALUES (1, '2020-01-01', 'x', '', '', '2020-01-01')"
        ),
        text("TRUNCATE audit_event CASCADE"),
    ],
    ids=["update", "shorten", "delete", "replace", "truncate"],
)
def test_the_database_refuses_to_change_what_happened(office, change):
    noted(audit.OPENED_TICKET, company_id=office.company.id, person_id=office.manager.id, about="20260001")
    with pytest.raises(DBAPIError):
        db.session.execute(change)
    db.session.rollback()
    assert [(line.what, line.about) for line in _all(office.company)] == [("opened_ticket", "20260001")]


def test_the_sweep_deletes_what_is_over_and_nothing_younger(office):
    _old(office.company, days=731)
    _old(office.company, days=729)
    assert audit.sweep() == 1
    assert len(_all(office.company)) == 1


def test_a_wrong_clock_of_the_portal_deletes_nothing(office):
    _old(office.company, days=10)
    with clock.set_to(clock.now() + timedelta(days=5000)), pytest.raises(DBAPIError):
        audit.sweep()
    db.session.rollback()
    assert len(_all(office.company)) == 1


def test_a_longer_time_holds_for_what_was_written_before(office):
    _old(office.company, days=800)
    audit.keep(days=1000)
    try:
        assert audit.sweep() == 0
    finally:
        audit.keep(days=730)
    assert audit.sweep() == 1


def test_names_nobody_needs_go_with_the_events(office):
    now = clock.now()
    db.session.execute(insert(AuditName).values(text="jana@a.example", folded="jana@a.example"))
    named = db.session.scalar(select(AuditName.id))
    db.session.execute(
        insert(AuditEvent).values(
            company_id=office.company.id,
            at=now - timedelta(days=900),
            what=audit.INVITED,
            name_id=named,
            keep_until=now - timedelta(days=170),
        )
    )
    db.session.commit()
    audit.sweep()
    assert db.session.scalar(select(func.count(AuditName.id))) == 0


def test_an_event_keeps_the_name_of_its_time(office):
    noted(audit.DECIDED, company_id=office.company.id, person_id=office.manager.id)
    office.manager.name = "Marie Nová"
    db.session.commit()
    noted(audit.DECIDED, company_id=office.company.id, person_id=office.manager.id)
    assert [line.by for line in _all(office.company)] == ["Marie Nová", "Marie Malá"]


def test_addresses_and_file_names_stand_beside_the_event(office):
    noted(audit.ROLE_CHANGED, company_id=office.company.id, about="vit@vltava.example: manager")
    noted(audit.DOWNLOADED, company_id=office.company.id, about="20260001", name="smlouva \ufffc.pdf")
    assert [event.about for event in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))] == [
        "\ufffc: manager",
        "20260001 \ufffc",
    ]
    assert [line.about for line in _all(office.company)] == [
        "20260001 smlouva \ufffc.pdf",
        "vit@vltava.example: manager",
    ]


def test_what_was_typed_names_nobody_elses_word(office):
    noted(audit.SIGN_IN_FAILED, company_id=office.company.id, name="secret@lipy.example")
    noted(audit.DECIDED, company_id=office.company.id, about="\ufffc \ufffc")
    assert _all(office.company)[0].about == " "


def test_a_company_reads_its_own_log_alone(office):
    noted(audit.DECIDED, company_id=office.foreign.id, person_id=office.foreign_manager.id)
    noted(audit.SIGN_IN_FAILED, name="nobody@nowhere.example")
    assert _all(office.company) == []
    assert report.people(Reader.of(office.company)) == []


def test_connecticas_people_are_named_as_such(office):
    asked = office.ask()
    line = _all(office.company)[0]
    assert (line.what, line.by, line.is_connecticas) == ("asked_approval", "Dana Dispečerka", True)
    noted(audit.ACCESS_ENDED, company_id=office.company.id, about="vit@vltava.example")
    assert (_all(office.company)[0].by, _all(office.company)[0].is_connecticas) == ("", True)
    assert report.people(Reader.of(office.company)) == [(office.staff.id, "Dana Dispečerka", True)]
    assert asked.approval_id


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ({}, 4),
        ({"group": "approvals"}, 1),
        ({"group": "nonsense", "person": "x", "since": "yesterday"}, 4),
        ({"q": "SMLOUVA"}, 1),
        ({"q": "mala"}, 3),
        ({"q": "mala smlouva"}, 1),
        ({"q": "20260001"}, 2),
        ({"q": "%"}, 0),
        ({"since": "2026-11-24"}, 1),
        ({"until": "2026-11-23"}, 3),
    ],
)
def test_the_log_is_narrowed(office, args, found):
    from tests.factories.approvals import MONDAY

    who = {"company_id": office.company.id, "person_id": office.manager.id}
    with clock.set_to(MONDAY):
        noted(audit.DOWNLOADED, about="20260001", name="Smlouva.pdf", **who)
        noted(audit.OPENED_TICKET, about="20260001", **who)
        noted(audit.SIGN_IN_FAILED, company_id=office.company.id, name="vit@vltava.example")
    with clock.set_to(MONDAY + timedelta(days=1)):
        noted(audit.DECIDED, about="20260002", **who)
    wanted = LogFilter.parse(args)
    assert len(_all(office.company, wanted)) == found
    assert LogFilter.parse(wanted.as_args()) == wanted


def test_pages_follow_one_another_without_gaps(office, monkeypatch):
    monkeypatch.setattr(report, "ON_A_PAGE", 3)
    monkeypatch.setattr(report, "AT_ONCE", 2)
    for number in range(8):
        noted(audit.OPENED_TICKET, company_id=office.company.id, about=str(number))
    seen, before = [], None
    while True:
        page, before = report.find(Reader.of(office.company), LogFilter(), before=before)
        seen += [line.about for line in page]
        if before is None:
            break
    assert seen == [line.about for line in _all(office.company)] == list("76543210")
