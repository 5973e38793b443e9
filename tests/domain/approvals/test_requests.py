"""Asking for an approval, by staff and through the core, and the talk until it is decided."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.domain.approvals import deadlines, decisions, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Approval, ApprovalState, AtExpiry
from portal.domain.approvals.requests import Asking
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.users.models import Person
from portal.errors import Refused
from tests.actors import acting
from tests.factories.approvals import MONDAY, SECRET, Office, letters_to, link_in, told


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        yield Office()


def test_every_manager_is_asked_by_a_letter_with_a_link_of_their_own(office):
    office.ask("Smíme mu dát notebook?", reason="Není v seznamu zaměstnanců.", at_expiry=AtExpiry.SERVE)
    first, second = letters_to(office.manager)[0], letters_to(office.other_manager)[0]
    assert link_in(first) != link_in(second)
    assert first.subject == f"[Connectica #{office.ticket.number}] Smíme to vyřídit? Smíme mu dát notebook?"
    for words in (
        "Smíme mu dát notebook?",
        "Není v seznamu",
        "27. 11. 2026 17:00",
        "požadavek vyřídíme",
        "Eva Dvořáková",
    ):
        assert words in first.text
    assert "http://127.0.0.1:8000/decide/" in first.text
    assert letters_to(office.viewer) == letters_to(office.foreign_manager) == []


def test_a_letter_is_in_its_readers_language(office):
    db.session.get_one(Person, office.manager.id).language = "en"
    db.session.commit()
    office.ask()
    assert "May we serve this?" in letters_to(office.manager)[0].subject
    assert "works once" in letters_to(office.manager)[0].text


def test_the_same_question_about_a_ticket_is_asked_once(office):
    first = office.ask("Smíme mu dát notebook?")
    again = office.ask("  smime mu DÁT   notebook? ")
    other = office.ask("Smíme mu dát telefon?")
    assert again.approval_id == first.approval_id and again.was_open
    assert other.approval_id != first.approval_id
    assert len(letters_to(office.manager)) == 2


def test_the_same_question_asked_by_two_at_once_is_one(office, app):
    start = threading.Barrier(4)
    asked = []

    def ask():
        with app.app_context():
            staff = db.session.get_one(Person, office_staff)
            start.wait()
            asked.append(
                requests.ask(acting(staff), ticket, Asking("Smíme?", until=clock.today(), at_expiry=AtExpiry.STAY))
            )
            db.session.remove()

    office_staff, ticket = office.staff.id, office.ticket.id
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.approval_id for one in asked}) == 1 and len(asked) == 4
    assert db.session.scalar(select(func.count(Approval.id))) == 1
    assert len(letters_to(office.manager)) == 1


def test_a_decided_question_may_be_asked_again(office):
    first = office.ask()
    decisions.decide(acting(office.manager), first.approval_id, Decision(approve=False))
    assert office.ask().approval_id != first.approval_id


@pytest.mark.parametrize("days", [-1, 400])
def test_a_deadline_is_a_day_to_come_within_a_year(office, days):
    with pytest.raises(Refused):
        office.ask(days=days)


@pytest.mark.parametrize("question", ["", "   \n ", "\x00\x01", "x" * 6000])
def test_an_empty_or_endless_question_is_refused(office, question):
    with pytest.raises(Refused):
        office.ask(question)


def test_nothing_is_asked_about_a_closed_ticket(office):
    office.ticket.state = "done"
    db.session.commit()
    with pytest.raises(Refused):
        office.ask()


def test_hostile_words_stay_words_and_no_header_is_added(office):
    office.ticket.subject = "Ahoj\r\nBcc: vsichni@vltava.example"
    db.session.commit()
    office.ask("Smíme?\r\nBcc: nekdo@zly.example\r\n\r\n<script>alert(1)</script>{{7*7}}\u202e\x00")
    letter = letters_to(office.manager)[0]
    assert "\n" not in letter.subject and "\r" not in letter.subject
    assert "\r" not in letter.text and "\x00" not in letter.text and "\u202e" not in letter.text
    assert not [row for row in letter.text.splitlines() if row.startswith("Bcc:")]
    assert "{{7*7}}" in letter.text and "49" not in letter.text.replace(office.ticket.number, "")


def test_a_question_through_the_core_is_noticed_once_and_answered_to_the_core(office):
    record = _record("a1", "Smíme objednat disk?")
    for _ in range(2):
        requests.noticed(office.ticket, [record])
        db.session.commit()
    (card,) = approvals.waiting(Reader.of(office.company))
    assert (card.approval.asked_by, card.approval.core_id) == ("Radek Vymazal", "a1")
    assert card.approval.expires_at == clock.start_of(MONDAY.date() + timedelta(days=3)) + timedelta(hours=17)
    assert len(letters_to(office.manager)) == 1
    decisions.decide(acting(office.manager), card.approval.id, Decision(approve=True))
    (row,) = told()
    assert (row.approval, row.decision) == ("a1", "approved")


def test_a_question_that_the_core_has_no_more_is_closed_by_nobody_and_opens_again_when_it_is_told(office):
    record = _record("a1", "Smíme?")
    requests.noticed(office.ticket, [record])
    db.session.commit()
    requests.noticed(office.ticket, [])
    db.session.commit()
    closed = db.session.scalars(select(Approval)).one()
    assert (closed.state, closed.decided_by) == (ApprovalState.WITHDRAWN, "")
    assert [event.by for event in approvals.history(closed)] == ["Radek Vymazal", ""]
    assert told() == []
    with clock.set_to(MONDAY + timedelta(days=30)):
        for _ in range(2):
            requests.noticed(office.ticket, [record])
            db.session.commit()
    (card,) = approvals.waiting(Reader.of(office.company))
    assert (card.approval.id, card.approval.decided_at, card.approval.channel) == (closed.id, None, None)
    assert card.approval.expires_at > MONDAY + timedelta(days=30)
    with clock.set_to(MONDAY + timedelta(days=30, hours=1)):
        decisions.decide(acting(office.manager), card.approval.id, Decision(approve=True))
        db.session.commit()
        requests.noticed(office.ticket, [record])
        db.session.commit()
    assert [row.decision for row in told()] == ["approved"]
    assert db.session.scalar(select(Approval.state)) == ApprovalState.APPROVED


def test_a_question_that_staff_took_back_in_the_portal_stays_so(office):
    asked = office.ask("Smíme?")
    requests.noticed(office.ticket, [_record("a1", "Smíme?")])
    db.session.commit()
    requests.withdraw(acting(office.staff), asked.approval_id)
    requests.noticed(office.ticket, [_record("a1", "Smíme?")])
    db.session.commit()
    assert not office.approval(asked).is_open


def test_asked_in_the_portal_and_through_the_core_is_one_question_with_one_answer(office):
    asked = office.ask("Smíme objednat disk?")
    requests.noticed(office.ticket, [_record("a1", "Smíme objednat disk?")])
    db.session.commit()
    decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=True))
    assert [row.approval for row in told()] == ["a1"]
    requests.noticed(office.ticket, [_record("a1", "Smíme objednat disk?")])
    db.session.commit()
    assert db.session.scalar(select(func.count(Approval.id))) == 1


def test_a_record_of_a_ticket_that_is_not_open_asks_nobody(office):
    office.ticket.state = "done"
    requests.noticed(office.ticket, [_record("a1", "Smíme?")])
    db.session.commit()
    assert db.session.scalar(select(func.count(Letter.id))) == 0


def test_asking_back_keeps_the_question_open_and_stops_its_clock(office):
    asked = office.ask(days=1, at_expiry=AtExpiry.SERVE)
    requests.ask_back(acting(office.manager), asked.approval_id, "Kolik to bude stát?")
    assert approvals.waiting(Reader.of(office.company)) == []
    assert [card.approval.id for card in approvals.asked_back(Reader.of(office.company))] == [asked.approval_id]
    assert "Kolik to bude stát?" in letters_to(office.staff)[0].text
    assert (told()[0].decision, "Kolik to bude stát?" in told()[0].note) == ("", True)
    with clock.set_to(MONDAY + timedelta(days=3)):
        deadlines.run()
        assert office.approval(asked).is_open
        requests.answer(acting(office.staff), asked.approval_id, "Dvacet tisíc.")
        approval = office.approval(asked)
        assert approval.waits_for_manager and approval.expires_at > clock.now() + timedelta(hours=20)
    letter = letters_to(office.manager)[-1]
    assert "Dvacet tisíc." in letter.text and "/decide/" in letter.text
    kinds = [event.kind for event in approvals.history(approval)]
    assert kinds == ["asked", "asked_back", "answered"]


def test_a_technicians_question_is_asked_back_by_mail_and_answered_by_mail(office):
    requests.noticed(office.ticket, [_record("a1", "Smíme objednat disk?")])
    db.session.commit()
    (card,) = approvals.waiting(Reader.of(office.company))
    requests.ask_back(acting(office.manager), card.approval.id, "Jaký disk?")
    letter = db.session.scalar(select(Letter).where(Letter.to == "radek@connectica.example"))
    assert card.approval.reference in letter.text
    with clock.set_to(MONDAY + timedelta(hours=1)):
        office.message(office.ticket, "radek@connectica.example", "<p>Jdu na to.</p>", side="technician")
        forged = {"side": "technician", "quoted": card.approval.reference, "sender_verified": False}
        office.message(office.ticket, "radek@connectica.example", "<p>Falešná.</p>", **forged)
        deadlines.run()
        assert not office.approval(card.approval.id).waits_for_manager
        office.message(
            office.ticket,
            "radek@connectica.example",
            "<p>SSD 1 TB.</p>",
            side="technician",
            quoted=f"<p>… {card.approval.reference} …</p>",
        )
        assert deadlines.run() == 1
        assert deadlines.run() == 0
    assert office.approval(card.approval.id).waits_for_manager
    assert "SSD 1 TB." in letters_to(office.manager)[-1].text


def test_staff_see_every_companys_open_questions_oldest_first(office):
    first = office.ask()
    with clock.set_to(MONDAY + timedelta(minutes=1)):
        second = office.ask(ticket=office.foreign_ticket)
    assert [card.approval.id for card in approvals.open_everywhere()] == [first.approval_id, second.approval_id]
    assert SECRET not in str(approvals.waiting(Reader.of(office.company)))


def _record(core_id: str, question: str) -> SimpleNamespace:
    person = SimpleNamespace(name="Radek Vymazal", email="radek@connectica.example")
    return SimpleNamespace(core_id=core_id, question=question, asked_by=person, asked_at=MONDAY)
