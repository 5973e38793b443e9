"""Questions about a time entry: asked, answered, corrected, upheld, taken back."""

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.questions import models as questions
from portal.domain.questions import workflow
from portal.domain.questions.models import Question, QuestionState
from portal.domain.users.models import Person
from portal.errors import NotFound, PortalError, Refused
from tests.actors import acting
from tests.factories.approvals import MONDAY, SECRET, Office, letters_to


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        office = Office()
        office.technician = office.ledger.technician("Radek Vymazal")
        office.entry = office.ledger.entry(office.ticket, "3.00", at="2026-11-20T10:00")
        office.foreign_entry = office.ledger.entry(office.foreign_ticket, "1.00", at="2026-11-20T10:00")
        db.session.commit()
        yield office


@pytest.fixture
def asked(office) -> int:
    return workflow.ask(acting(office.manager), office.company, office.entry.id, "Proč tři hodiny?")


def test_a_question_keeps_the_entry_as_it_was_and_tells_staff_and_the_technician(office, asked):
    question = questions.show(Reader.of(office.company), asked).question
    assert (question.was_category, str(question.was_hours), question.was_day) == (
        "PROGP85",
        "3.00",
        date(2026, 11, 20),
    )
    assert question.state is QuestionState.ASKED
    assert "Proč tři hodiny?" in letters_to(office.staff)[0].text
    (mail,) = letters_to(office.technician)
    assert question.reference in mail.text and mail.subject.startswith(f"[Connectica #{office.ticket.number}]")


def test_the_entry_is_marked_while_its_question_is_open(office, asked):
    assert questions.by_entry(Reader.of(office.company)) == {office.entry.id: asked}
    workflow.take_back(acting(office.manager), office.company, asked)
    assert questions.by_entry(Reader.of(office.company)) == {}


def test_an_answer_waits_for_the_manager_and_reaches_them_by_mail(office, asked):
    workflow.answer(acting(office.staff), asked, "Bylo to na místě, i s cestou.")
    assert [card.question.id for card in questions.answered(Reader.of(office.company))] == [asked]
    assert "i s cestou" in letters_to(office.manager)[0].text
    workflow.reply(acting(office.manager), office.company, asked, "Cesta se nemá účtovat.")
    assert questions.answered_count(Reader.of(office.company)) == 0
    said = [(row.side, row.by) for row in questions.thread(questions.show(Reader.of(office.company), asked).question)]
    assert said == [("manager", "Marie Malá"), ("staff", "Dana Dispečerka"), ("manager", "Marie Malá")]


def test_a_correction_arrives_by_the_sync_and_is_linked(office, asked):
    with clock.set_to(MONDAY + timedelta(hours=1)):
        office.ledger.change(office.entry, at=clock.now(), hours="2.00")
        db.session.commit()
        assert [workflow.run() for _ in range(2)] == [1, 0]
    card = questions.show(Reader.of(office.company), asked)
    assert card.question.state is QuestionState.CORRECTED
    assert str(questions.replaced(card.question).hours) == "3.00" and str(card.entry.hours) == "2.00"
    assert "2,00 h" in letters_to(office.manager)[-1].text


def test_an_entry_that_was_cancelled_is_a_correction_too(office, asked):
    office.ledger.change(office.entry, at=clock.now() + timedelta(minutes=1), withdrawn=True)
    db.session.commit()
    workflow.run()
    assert questions.show(Reader.of(office.company), asked).question.state is QuestionState.CORRECTED
    assert "zrušený" in letters_to(office.manager)[-1].text


def test_being_invoiced_is_no_correction(office, asked):
    office.entry.invoiced_on = date(2026, 11, 30)
    db.session.commit()
    assert workflow.run() == 0
    assert questions.show(Reader.of(office.company), asked).question.state is QuestionState.ASKED


def test_an_entry_that_stays_is_upheld_with_a_reason(office, asked):
    with pytest.raises(Refused):
        workflow.uphold(acting(office.staff), asked, "  ")
    workflow.uphold(acting(office.staff), asked, "Odpovídá předávacímu protokolu.")
    assert questions.show(Reader.of(office.company), asked).question.state is QuestionState.UPHELD
    assert "předávacímu protokolu" in letters_to(office.manager)[0].text


@pytest.mark.parametrize("verb", ["answer", "uphold", "reply", "take_back"])
def test_a_question_that_is_over_stays_over(office, asked, verb):
    workflow.take_back(acting(office.manager), office.company, asked)
    calls = {
        "answer": lambda: workflow.answer(acting(office.staff), asked, "Pozdě."),
        "uphold": lambda: workflow.uphold(acting(office.staff), asked, "Pozdě."),
        "reply": lambda: workflow.reply(acting(office.manager), office.company, asked, "Pozdě."),
        "take_back": lambda: workflow.take_back(acting(office.manager), office.company, asked),
    }
    with pytest.raises(Refused):
        calls[verb]()
    assert len(questions.thread(questions.show(Reader.of(office.company), asked).question)) == 1


def test_an_entry_may_be_questioned_again_after_a_question_is_over(office, asked):
    workflow.take_back(acting(office.manager), office.company, asked)
    again = workflow.ask(acting(office.manager), office.company, office.entry.id, "Přece jen: proč?")
    assert again != asked
    assert [card.question.id for card in questions.of_entry(Reader.of(office.company), office.entry.id)] == [
        again,
        asked,
    ]


def test_asking_about_a_questioned_entry_adds_to_its_thread(office, asked):
    assert (
        workflow.ask(acting(office.other_manager), office.company, office.entry.id, "To by mě taky zajímalo.")
        == asked
    )
    assert len(questions.thread(questions.show(Reader.of(office.company), asked).question)) == 2


def test_an_invoiced_entry_can_be_questioned_and_says_so(office):
    office.entry.invoiced_on = date(2026, 10, 31)
    db.session.commit()
    asked = workflow.ask(acting(office.manager), office.company, office.entry.id, "Proč?")
    assert questions.show(Reader.of(office.company), asked).question.was_invoiced_on == date(2026, 10, 31)
    assert "už je vyfakturovaný" in letters_to(office.staff)[0].text


def test_another_companys_entries_and_questions_are_not_found(office, asked):
    foreign = workflow.ask(acting(office.foreign_manager), office.foreign, office.foreign_entry.id, SECRET)
    with pytest.raises(NotFound):
        workflow.ask(acting(office.manager), office.company, office.foreign_entry.id, "Cizí?")
    with pytest.raises(NotFound):
        questions.show(Reader.of(office.company), foreign)
    with pytest.raises(NotFound):
        workflow.take_back(acting(office.manager), office.company, foreign)
    with pytest.raises(NotFound):
        workflow.reply(acting(office.manager), office.company, foreign, "Cizí?")
    assert [card.question.id for card in questions.listed(Reader.of(office.company))] == [asked]
    assert questions.by_entry(Reader.of(office.company)) == {office.entry.id: asked}
    assert SECRET not in str(questions.listed(Reader.of(office.company)))


def test_a_technicians_mail_that_quotes_the_letter_is_the_answer(office, asked):
    reference = questions.show(Reader.of(office.company), asked).question.reference
    with clock.set_to(MONDAY + timedelta(hours=1)):
        office.message(office.ticket, "radek@connectica.example", "<p>Hotovo.</p>", side="technician")
        office.message(office.ticket, "eva@vltava.example", f"<p>{reference}</p>")
        office.message(
            office.ticket, "radek@connectica.example", f"<p>{reference}</p>", side="technician", sender_verified=False
        )
        assert workflow.run() == 0
        office.message(
            office.ticket,
            "radek@connectica.example",
            "<p>Byla to i cesta &amp; montáž.</p>",
            side="technician",
            quoted=f"<p>{reference}</p>",
        )
        assert [workflow.run() for _ in range(2)] == [1, 0]
    card = questions.show(Reader.of(office.company), asked)
    assert card.question.state is QuestionState.ANSWERED
    assert questions.thread(card.question)[-1].text == "Byla to i cesta & montáž."


@pytest.mark.parametrize("text", ["", " \n ", "x" * 1_000_000])
def test_empty_and_endless_words_are_refused(office, text):
    with pytest.raises(Refused):
        workflow.ask(acting(office.manager), office.company, office.entry.id, text)
    assert db.session.scalar(select(func.count(Question.id))) == 0


def test_markup_and_headers_in_a_question_stay_words(office):
    workflow.ask(acting(office.manager), office.company, office.entry.id, "<b>Proč</b>?\r\nBcc: x@zly.example\x00")
    for letter in db.session.scalars(select(Letter)):
        assert "\r" not in letter.text and "\x00" not in letter.text and "\n" not in letter.subject
        assert "    <b>Proč</b>?\n    Bcc: x@zly.example" in letter.text


def test_two_who_ask_at_once_open_one_question(office, app):
    start, ids = threading.Barrier(4), [office.manager.id, office.other_manager.id]
    entry, company = office.entry.id, office.company.id
    outcomes = []

    def ask(number):
        with app.app_context():
            person, own = db.session.get_one(Person, ids[number % 2]), db.session.get_one(Company, company)
            start.wait()
            try:
                outcomes.append(workflow.ask(acting(person), own, entry, f"Proč? {number}"))
            except PortalError as error:
                outcomes.append(error)
            db.session.remove()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert db.session.scalar(select(func.count(Question.id))) == 1
