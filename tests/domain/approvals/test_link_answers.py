"""Links in letters: bound to one approver and one approval, single use, expiring, and silent to everybody else."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.domain.approvals import deadlines, decisions, link_answers, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.links import ApprovalLink
from portal.domain.approvals.models import AtExpiry, Channel
from portal.domain.users import models as people
from portal.domain.users.models import Person
from portal.errors import AlreadyDecided, NotFound, Refused
from tests.actors import ADDRESS, acting
from tests.factories.approvals import MONDAY, Office, letters_to, token_in


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        yield Office()


def test_a_link_decides_as_the_person_it_was_written_to(office):
    asked = office.ask()
    link_answers.decide(token_in(letters_to(office.other_manager)[0]), Decision(approve=True), address=ADDRESS)
    approval = office.approval(asked)
    assert (approval.decided_by, approval.channel) == ("Petr Velký", Channel.LINK)


def test_opening_a_link_any_number_of_times_changes_nothing(office):
    asked = office.ask()
    token = token_in(letters_to(office.manager)[0])
    for _ in range(10):
        opened = link_answers.opened(token)
    assert opened.may_answer and opened.person.name == "Marie Malá"
    assert office.approval(asked).is_open
    assert db.session.scalar(select(func.count(ApprovalLink.id)).where(ApprovalLink.used_at.is_not(None))) == 0


def test_no_token_is_kept_as_it_is(office):
    office.ask()
    token = token_in(letters_to(office.manager)[0])
    for link in db.session.scalars(select(ApprovalLink)):
        assert token not in repr(vars(link))


def test_whoever_opens_a_link_after_the_decision_learns_who_decided_what_and_when(office):
    asked = office.ask()
    token = token_in(letters_to(office.manager)[0])
    decisions.decide(acting(office.other_manager), asked.approval_id, Decision(approve=False))
    opened = link_answers.opened(token)
    assert not opened.may_answer and opened.card.approval.decided_by == "Petr Velký"
    with pytest.raises(AlreadyDecided, match=r"declined by Petr Velký on 23\. 11\. 2026 10:00"):
        link_answers.decide(token, Decision(approve=True), address=ADDRESS)


@pytest.mark.parametrize(
    "mangle",
    [
        lambda token: "",
        lambda token: " ",
        lambda token: f" {token}",
        lambda token: f"{token} ",
        lambda token: f"{token}\n",
        lambda token: token.swapcase(),
        lambda token: token[:-1],
        lambda token: f"{token}A",
        lambda token: "A" * 43,
        lambda token: "\x00" * 43,
        lambda token: "é" * 43,
        lambda token: "%",
    ],
)
def test_a_token_that_is_not_exactly_ours_is_not_found(office, mangle):
    asked = office.ask()
    token = mangle(token_in(letters_to(office.manager)[0]))
    with pytest.raises(NotFound):
        link_answers.opened(token)
    with pytest.raises(NotFound):
        link_answers.decide(token, Decision(approve=True), address=ADDRESS)
    assert office.approval(asked).is_open


def test_an_expired_link_decides_and_reveals_nothing(office):
    asked = office.ask(days=1, at_expiry=AtExpiry.STAY)
    token = token_in(letters_to(office.manager)[0])
    with clock.set_to(MONDAY + timedelta(days=60)):
        with pytest.raises(NotFound):
            link_answers.opened(token)
        with pytest.raises(NotFound):
            link_answers.decide(token, Decision(approve=True), address=ADDRESS)
    assert office.approval(asked).is_open


def test_a_link_cannot_answer_another_approval(office):
    office.ask("První otázka?")
    token = token_in(letters_to(office.manager)[0])
    second = office.ask("Druhá otázka?")
    link_answers.decide(token, Decision(approve=True), address=ADDRESS)
    assert office.approval(second).is_open


def test_a_link_dies_with_the_right_it_was_made_for(office):
    asked = office.ask()
    token = token_in(letters_to(office.manager)[0])
    db.session.get_one(Person, office.manager.id).roles = list(office.viewer.roles)
    db.session.commit()
    with pytest.raises(NotFound):
        link_answers.opened(token)
    with pytest.raises(NotFound):
        link_answers.decide(token, Decision(approve=True), address=ADDRESS)
    assert office.approval(asked).is_open


def test_a_link_of_a_closed_account_is_not_found(office):
    office.ask()
    token = token_in(letters_to(office.manager)[0])
    people.deactivate(office.manager.email)
    with pytest.raises(NotFound):
        link_answers.opened(token)


def test_asking_back_uses_the_link_up_and_the_answer_brings_another(office):
    asked = office.ask()
    token = token_in(letters_to(office.manager)[0])
    link_answers.ask_back(token, "Kolik?", address=ADDRESS)
    assert not link_answers.opened(token).may_answer
    with pytest.raises(Refused, match="used already"):
        link_answers.decide(token, Decision(approve=True), address=ADDRESS)
    requests.answer(acting(office.staff), asked.approval_id, "Tisíc.")
    assert not link_answers.opened(token).may_answer
    link_answers.decide(token_in(letters_to(office.manager)[-1]), Decision(approve=True), address=ADDRESS)
    assert office.approval(asked).decided_by == "Marie Malá"


def test_a_reply_by_mail_decides_nothing_is_kept_as_a_note_and_brings_a_new_link_once(office):
    asked = office.ask()
    old = token_in(letters_to(office.manager)[0])
    with clock.set_to(MONDAY + timedelta(minutes=5)):
        office.message(office.ticket, "MARIE@vltava.example", "<p>Ano,<br>schvaluji.</p>", quoted=f"/decide/{old}")
        assert deadlines.run() == 1
        assert deadlines.run() == 0
    assert office.approval(asked).is_open
    (note,) = [event for event in _history(office, asked) if event.kind == "mail"]
    assert note.text == "Ano,\nschvaluji."
    assert len(letters_to(office.manager)) == 2 and len(letters_to(office.other_manager)) == 1
    new = token_in(letters_to(office.manager)[-1])
    with pytest.raises(NotFound):  # the reply may have shown it to others
        link_answers.opened(old)
    assert link_answers.opened(new).may_answer


def test_mail_of_others_about_the_ticket_is_no_note(office):
    asked = office.ask()
    with clock.set_to(MONDAY + timedelta(minutes=5)):
        office.message(office.ticket, "eva@vltava.example", "<p>Už to prosím schvalte.</p>")
        office.message(office.foreign_ticket, "marie@vltava.example", "<p>Cizí požadavek.</p>")
        assert deadlines.run() == 0
    assert [event.kind for event in _history(office, asked)] == ["asked"]


def _history(office, asked):
    return approvals.history(office.approval(asked))
