"""Decisions between the portal and the real desk: asked by mail, decided once, told once, whatever happens."""

import re

import pytest
from sqlalchemy import select

from portal.db import db
from portal.domain.approvals import decisions, link_answers, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Approval, AtExpiry
from portal.domain.approvals.requests import Asking
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.sync_state import CoreNote
from portal.domain.tickets.models import Ticket
from portal.domain.users import models as people
from portal.errors import CoreAway, NotFound
from portal.sync.note_delivery import deliver
from tests.actors import ADDRESS, acting
from tests.whole_system import EMPLOYEE, MANAGER_ADDRESS, STAFF_ADDRESS, TECHNICIAN, WholeSystem

QUESTION = "Smíme objednat disk za 4200 Kč?"


@pytest.fixture
def system(app, tmp_path):
    made = WholeSystem(app, tmp_path)
    yield made
    made.close()


@pytest.fixture
def number(system) -> str:
    """A ticket on which the technician asked by mail, and the manager was written to."""
    opened = system.send(EMPLOYEE, "Pomalý počítač", "Dobrý den, počítač je velmi pomalý.")
    system.beat()
    system.hire()
    system.send(TECHNICIAN, f"Re: [Connectica #{opened}] Pomalý počítač", f"Podívám se.\n\nSCHVALIT: {QUESTION}\n")
    system.beat()
    return opened


@pytest.fixture
def manager(system, number):
    return people.by_email(MANAGER_ADDRESS)


def test_a_technicians_line_asks_the_manager_and_the_decision_comes_back_by_mail(system, number, manager):
    (letter,) = system.letters_to(MANAGER_ADDRESS)
    assert QUESTION in letter.get_content() and f"[Connectica #{number}-" in letter["Subject"]
    assert "SCHVALIT" not in letter.get_content()
    link_answers.decide(_token(letter), Decision(approve=True, note="Objednejte ho."), address=ADDRESS)
    system.beat()
    system.beat()
    ((decision, note),) = system.desk_notes(number)
    assert decision == "approved" and "Marie Malá" in note and "Objednejte ho." in note
    (mail,) = system.desk_wrote(number, "decided")
    assert "radek@connectica.cz" in mail["To"] and "Objednejte ho." in mail.get_content()
    assert approvals.waiting(Reader.of(manager.company)) == []
    db.session.expire_all()
    kept = db.session.scalars(select(Letter).where(Letter.to == MANAGER_ADDRESS)).one()
    assert "/decide/…" in kept.text and _token(letter) not in kept.text


def test_a_decision_survives_a_core_that_is_away_and_arrives_once(system, number, manager):
    (open_one,) = approvals.waiting(Reader.of(manager.company))
    with system.core_is_away():
        decisions.decide(acting(manager), open_one.approval.id, Decision(approve=False))
        for _ in range(3):
            with pytest.raises(CoreAway):
                system.beat()
            deliver(system.core)
    assert system.desk_notes(number) == []
    _forget_the_pause()
    system.beat()
    system.beat()
    assert [decision for decision, _ in system.desk_notes(number)] == ["declined"]
    assert len(system.desk_wrote(number, "decided")) == 1


def test_a_process_killed_after_the_core_was_told_tells_it_no_second_time(system, number, manager):
    (open_one,) = approvals.waiting(Reader.of(manager.company))
    decisions.decide(acting(manager), open_one.approval.id, Decision(approve=True))
    row = db.session.scalars(select(CoreNote)).one()
    ticket = db.session.get_one(Ticket, row.ticket_id).core_id
    system.core.tell(
        ticket, row.note, row.key, approval=row.approval, decision=row.decision
    )  # and dies before marking
    system.beat()
    assert len(system.desk_notes(number)) == 1 and len(system.desk_wrote(number, "decided")) == 1
    db.session.expire_all()
    assert db.session.scalars(select(CoreNote)).one().told_at is not None


def test_a_reply_by_mail_decides_nothing_and_its_quoted_link_is_dead(system, number, manager):
    (letter,) = system.letters_to(MANAGER_ADDRESS)
    system.send(f"Marie Malá <{MANAGER_ADDRESS}>", f"Re: {letter['Subject']}", "Ano, schvaluji.", answers=letter)
    system.beat()
    system.beat()
    (open_one,) = approvals.waiting(Reader.of(manager.company))
    assert [event.kind for event in approvals.history(open_one.approval)] == ["asked", "mail"]
    assert system.desk_notes(number) == []
    _, again = system.letters_to(MANAGER_ADDRESS)
    with pytest.raises(NotFound):
        link_answers.decide(_token(letter), Decision(approve=True), address=ADDRESS)
    link_answers.decide(_token(again), Decision(approve=True), address=ADDRESS)


def test_what_staff_ask_in_the_portal_reaches_the_technician_decided(system, number, manager):
    staff = people.by_email(STAFF_ADDRESS)
    ticket = db.session.scalars(select(Ticket)).one()
    until = requests.default_until()
    asked = requests.ask(
        acting(staff), ticket.id, Asking("A smíme prodloužit záruku?", until=until, at_expiry=AtExpiry.STAY)
    )
    decisions.decide(acting(manager), asked.approval_id, Decision(approve=True))
    system.beat()
    assert [decision for decision, _ in system.desk_notes(number)] == ["", "approved"]
    assert len(system.desk_wrote(number, "decided")) == 1
    assert "Schváleno" in system.letters_to(STAFF_ADDRESS)[0]["Subject"]


def test_a_technicians_mail_answers_what_the_manager_asked_back(system, number, manager):
    (open_one,) = approvals.waiting(Reader.of(manager.company))
    requests.ask_back(acting(manager), open_one.approval.id, "Proč nestačí ten starý?")
    system.beat()
    (asked_back,) = system.letters_to("radek@connectica.cz")
    assert "Proč nestačí ten starý?" in asked_back.get_content()
    assert [decision for decision, _ in system.desk_notes(number)] == [""]
    system.send(TECHNICIAN, f"Re: {asked_back['Subject']}", "Má vadné sektory.", answers=asked_back)
    system.beat()
    system.beat()
    assert db.session.scalars(select(Approval.turn)).one() == "manager"
    assert "Má vadné sektory." in system.letters_to(MANAGER_ADDRESS)[-1].get_content()


def _token(letter) -> str:
    return re.search(r"/decide/([A-Za-z0-9_-]{43})", letter.get_content()).group(1)


def _forget_the_pause() -> None:
    db.session.expire_all()
    for row in db.session.scalars(select(CoreNote)):
        row.try_after = None
    db.session.commit()
