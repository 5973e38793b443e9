"""Deciding an approval: once, by who may, with a record both sides can rely on."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.domain.approvals import consents, decisions, deputies, link_answers, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.links import ApprovalLink
from portal.domain.approvals.models import Approval, ApprovalState, AtExpiry, Channel, Scope
from portal.domain.audit.events import AuditEvent
from portal.domain.companies.contacts import Employee
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.users import models as people
from portal.domain.users.models import Person
from portal.errors import AlreadyDecided, NotFound, Refused
from tests.actors import ADDRESS, acting
from tests.factories.approvals import MONDAY, Office, letters_to, token_in, told

YES, NO = Decision(approve=True), Decision(approve=False)


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        yield Office()


def test_a_decision_is_kept_with_who_when_how_and_why(office):
    asked = office.ask()
    decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=True, note="Je to domluvené."))
    approval = office.approval(asked)
    assert (approval.state, approval.decided_by, approval.decided_at, approval.note, approval.channel) == (
        ApprovalState.APPROVED,
        "Marie Malá",
        MONDAY,
        "Je to domluvené.",
        Channel.PORTAL,
    )
    assert [event.kind for event in approvals.history(approval)] == ["asked", "approved"]
    assert db.session.scalar(select(AuditEvent.what).where(AuditEvent.person_id == office.manager.id)) == "decided"


@pytest.mark.parametrize("way", ["portal", "link"])
def test_of_ten_decisions_at_once_exactly_one_wins_and_the_others_are_told_by_whom(office, app, way):
    asked = office.ask()
    letters = {person.id: token_in(letters_to(person)[-1]) for person in (office.manager, office.other_manager)}
    db.session.commit()
    manager_ids = [office.manager.id, office.other_manager.id]
    start = threading.Barrier(10)
    outcomes: list[str] = []

    def decide(number: int) -> None:
        with app.app_context():
            person = db.session.get_one(Person, manager_ids[number % 2])
            decision = Decision(approve=number % 3 > 0, note=f"hlas {number}")
            db.session.rollback()
            start.wait()
            try:
                if way == "portal":
                    decisions.decide(acting(person), asked.approval_id, decision)
                else:
                    link_answers.decide(letters[manager_ids[number % 2]], decision, address=ADDRESS)
                outcomes.append("won")
            except AlreadyDecided as error:
                outcomes.append(str(error))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    approval = office.approval(asked)
    losers = [outcome for outcome in outcomes if outcome != "won"]
    assert len(outcomes) == 10 and len(losers) == 9
    assert all(approval.decided_by in words and "23. 11. 2026 10:00" in words for words in losers)
    assert [row.decision for row in told()] == [approval.state]
    assert len(letters_to(office.staff)) == 1
    assert [event.kind for event in approvals.history(approval)] == ["asked", approval.state]
    assert db.session.scalar(select(func.count()).where(AuditEvent.what == "decided")) == 1


def test_the_core_is_told_the_decision_in_the_transaction_that_makes_it(office, monkeypatch):
    asked = office.ask()

    def struck(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(decisions, "_tell_people", struck)
    with pytest.raises(KeyboardInterrupt):
        decisions.decide(acting(office.manager), asked.approval_id, YES)
    db.session.rollback()
    assert office.approval(asked).is_open and told() == []
    monkeypatch.undo()
    decisions.decide(acting(office.manager), asked.approval_id, YES)
    (row,) = told()
    assert (row.decision, row.ticket_id, row.told_at) == ("approved", office.ticket.id, None)
    assert "Schváleno" in row.note and "Marie Malá" in row.note


def test_the_asker_gets_one_letter_with_the_decision(office):
    asked = office.ask()
    decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=False, note="Nejdřív smlouva."))
    (letter,) = letters_to(office.staff)
    assert letter.subject.startswith(f"[Connectica #{office.ticket.number}] Zamítnuto")
    assert "Nejdřív smlouva." in letter.text and "Marie Malá" in letter.text


@pytest.mark.parametrize("who", ["viewer", "staff"])
def test_only_a_manager_decides(office, who):
    asked = office.ask()
    with pytest.raises((Refused, NotFound)):
        decisions.decide(acting(getattr(office, who)), asked.approval_id, YES)
    assert office.approval(asked).is_open


def test_another_companys_approval_is_not_found(office):
    asked = office.ask()
    with pytest.raises(NotFound):
        decisions.decide(acting(office.foreign_manager), asked.approval_id, YES)
    with pytest.raises(NotFound):
        approvals.show(Reader.of(office.foreign), asked.approval_id)
    assert approvals.waiting(Reader.of(office.foreign)) == []


def test_a_role_that_was_taken_away_decides_nothing(office):
    asked = office.ask()
    people.deactivate(office.manager.email)
    with pytest.raises(Refused):
        decisions.decide(acting(office.manager), asked.approval_id, YES)


def test_nobody_decides_about_their_own_request(office):
    own = office.new_ticket(employee="Marie Malá")
    _requester_is(own, "MARIE@vltava.example")
    asked = office.ask(ticket=own)
    assert letters_to(office.manager) == [] and len(letters_to(office.other_manager)) == 1
    with pytest.raises(Refused, match="own request"):
        decisions.decide(acting(office.manager), asked.approval_id, YES)
    decisions.decide(acting(office.other_manager), asked.approval_id, YES)
    assert not office.approval(asked).own_request


def test_the_only_manager_may_decide_their_own_request_and_the_record_says_so(office):
    people.deactivate(office.other_manager.email)
    own = office.new_ticket(employee="Marie Malá")
    _requester_is(own, "marie@vltava.example")
    asked = office.ask(ticket=own)
    decisions.decide(acting(office.manager), asked.approval_id, YES)
    assert office.approval(asked).own_request
    assert "jediný" in told()[0].note


def test_a_deputy_decides_in_the_managers_place_and_only_on_the_days_named(office):
    today = clock.today()
    deputies.appoint(acting(office.manager), office.company, deputy_id=office.viewer.id, first=today, last=today)
    asked = office.ask()
    assert "zastupujete: Marie Malá" in letters_to(office.viewer)[0].text
    with clock.set_to(MONDAY + timedelta(days=1)), pytest.raises(Refused):
        decisions.decide(acting(office.viewer), asked.approval_id, YES)
    decisions.decide(acting(office.viewer), asked.approval_id, YES)
    approval = office.approval(asked)
    assert (approval.decided_by, approval.decided_for) == ("Vít Tichý", "Marie Malá")
    assert "zástupce; zastupuje: Marie Malá" in told()[0].note


BEYOND = {
    "always": Decision(approve=True, scope=Scope.ALWAYS),
    "until": Decision(approve=True, scope=Scope.UNTIL, valid_until=MONDAY.date() + timedelta(days=3)),
    "never": Decision(approve=False, scope=Scope.NEVER),
}


@pytest.mark.parametrize("decision", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize("way", ["portal", "link"])
def test_a_deputy_decides_single_tickets_and_never_what_holds_longer(office, decision, way):
    today = clock.today()
    deputies.appoint(acting(office.manager), office.company, deputy_id=office.viewer.id, first=today, last=today)
    asked = office.ask()
    token = token_in(letters_to(office.viewer)[-1])
    with pytest.raises(Refused, match="this ticket only"):
        if way == "portal":
            decisions.decide(acting(office.viewer), asked.approval_id, decision)
        else:
            link_answers.decide(token, decision, address=ADDRESS)
    assert office.approval(asked).is_open
    assert consents.in_force(Reader.of(office.company)) == []
    assert not link_answers.opened(token).may_consent
    decisions.decide(acting(office.viewer), asked.approval_id, YES)


def test_a_manager_who_also_stands_in_keeps_their_own_right(office):
    today = clock.today()
    deputies.appoint(
        acting(office.manager), office.company, deputy_id=office.other_manager.id, first=today, last=today
    )
    asked = office.ask()
    decisions.decide(acting(office.other_manager), asked.approval_id, BEYOND["always"])
    (row,) = consents.in_force(Reader.of(office.company))
    assert row.consent.given_by == office.other_manager.name


def test_a_deputy_cannot_decide_the_request_of_the_manager_they_stand_for(office):
    today = clock.today()
    deputies.appoint(acting(office.manager), office.company, deputy_id=office.viewer.id, first=today, last=today)
    own = office.new_ticket(employee="Marie Malá")
    _requester_is(own, office.manager.email)
    asked = office.ask(ticket=own)
    with pytest.raises(Refused):
        decisions.decide(acting(office.viewer), asked.approval_id, YES)


def test_a_dismissed_deputy_decides_no_more(office):
    today = clock.today()
    absence = deputies.appoint(
        acting(office.manager), office.company, deputy_id=office.viewer.id, first=today, last=today
    )
    asked = office.ask()
    deputies.dismiss(acting(office.manager), office.company, absence.id)
    with pytest.raises(Refused):
        decisions.decide(acting(office.viewer), asked.approval_id, YES)


def test_a_deputy_comes_from_the_same_company(office):
    today = clock.today()
    with pytest.raises(NotFound):
        deputies.appoint(
            acting(office.manager), office.company, deputy_id=office.foreign_manager.id, first=today, last=today
        )
    with pytest.raises(NotFound):
        deputies.appoint(acting(office.manager), office.company, deputy_id=office.staff.id, first=today, last=today)


@pytest.mark.parametrize(
    ("decision", "days_later", "asked_then"),
    [
        (Decision(approve=True, scope=Scope.TICKET), 1, True),
        (Decision(approve=True, scope=Scope.ALWAYS), 300, False),
        (Decision(approve=True, scope=Scope.UNTIL, valid_until=MONDAY.date() + timedelta(days=3)), 3, False),
        (Decision(approve=True, scope=Scope.UNTIL, valid_until=MONDAY.date() + timedelta(days=3)), 4, True),
        (Decision(approve=False, scope=Scope.NEVER), 300, False),
    ],
)
def test_a_standing_consent_answers_for_as_long_as_it_holds(office, decision, days_later, asked_then):
    decisions.decide(acting(office.manager), office.ask().approval_id, decision)
    with clock.set_to(MONDAY + timedelta(days=days_later)):
        asked = office.ask("A smíme mu dát i monitor?", ticket=office.new_ticket())
        approval = office.approval(asked)
        assert asked.was_answered is not asked_then
        assert approval.is_open is asked_then
        if not asked_then:
            assert (approval.state, approval.channel, approval.decided_by) == (
                decision.state,
                Channel.CONSENT,
                "Marie Malá",
            )
            assert told()[-1].decision == decision.state


def test_a_consent_is_about_one_employee(office):
    decisions.decide(acting(office.manager), office.ask().approval_id, Decision(approve=True, scope=Scope.ALWAYS))
    asked = office.ask(ticket=office.new_ticket(employee="Někdo Jiný"))
    assert not asked.was_answered


def test_a_newer_consent_takes_the_place_of_the_older(office):
    decisions.decide(acting(office.manager), office.ask().approval_id, Decision(approve=True, scope=Scope.ALWAYS))
    (first,) = consents.in_force(Reader.of(office.company))
    consents.revoke(acting(office.manager), office.company, first.consent.id)
    second = office.ask("Znovu?")
    decisions.decide(acting(office.manager), second.approval_id, Decision(approve=False, scope=Scope.NEVER))
    (row,) = consents.in_force(Reader.of(office.company))
    assert not row.consent.allowed and row.employee == "Eva Dvořáková"
    assert [row.consent.id for row in consents.over(Reader.of(office.company))] == [first.consent.id]


def test_another_companys_consent_cannot_be_revoked(office):
    decisions.decide(acting(office.manager), office.ask().approval_id, Decision(approve=True, scope=Scope.ALWAYS))
    (row,) = consents.in_force(Reader.of(office.company))
    with pytest.raises(NotFound):
        consents.revoke(acting(office.foreign_manager), office.foreign, row.consent.id)
    assert consents.in_force(Reader.of(office.foreign)) == []


@pytest.mark.parametrize(
    "decision",
    [
        Decision(approve=True, scope=Scope.NEVER),
        Decision(approve=False, scope=Scope.ALWAYS),
        Decision(approve=False, scope=Scope.UNTIL, valid_until=MONDAY.date()),
        Decision(approve=True, scope=Scope.UNTIL),
        Decision(approve=True, scope=Scope.UNTIL, valid_until=MONDAY.date() - timedelta(days=1)),
        Decision(approve=True, scope=Scope.UNTIL, valid_until=MONDAY.date() + timedelta(days=1000)),
        Decision(approve=True, note="x" * 1_000_000),
    ],
)
def test_a_decision_that_contradicts_itself_or_never_ends_is_refused(office, decision):
    asked = office.ask()
    with pytest.raises(Refused):
        decisions.decide(acting(office.manager), asked.approval_id, decision)
    assert office.approval(asked).is_open


@pytest.mark.parametrize("at_expiry", [AtExpiry.SERVE, AtExpiry.DECLINE])
def test_an_answer_after_the_deadline_comes_too_late_even_before_anybody_noticed(office, at_expiry):
    asked = office.ask(days=1, at_expiry=at_expiry)
    with (
        clock.set_to(MONDAY + timedelta(days=2)),
        pytest.raises(AlreadyDecided, match=r"over on 24\. 11\. 2026 17:00"),
    ):
        decisions.decide(acting(office.manager), asked.approval_id, YES)
    assert office.approval(asked).is_open


def test_an_answer_after_the_deadline_counts_where_it_was_promised_to_stay_open(office):
    asked = office.ask(days=1, at_expiry=AtExpiry.STAY)
    with clock.set_to(MONDAY + timedelta(days=20)):
        decisions.decide(acting(office.manager), asked.approval_id, YES)
    assert office.approval(asked).state == ApprovalState.APPROVED


@pytest.mark.parametrize("state", ["done", "error"])
def test_a_closed_ticket_takes_no_decision(office, state):
    asked = office.ask()
    office.ticket.state = state
    db.session.commit()
    with pytest.raises(Refused, match="closed"):
        decisions.decide(acting(office.manager), asked.approval_id, YES)


def test_a_withdrawn_question_takes_no_decision(office):
    asked = office.ask()
    requests.withdraw(acting(office.staff), asked.approval_id)
    with pytest.raises(AlreadyDecided, match="Dana Dispečerka withdrew"):
        decisions.decide(acting(office.manager), asked.approval_id, YES)


def test_colleagues_learn_of_a_decision_once_a_day_unless_they_chose_otherwise(office):
    decisions.decide(acting(office.manager), office.ask().approval_id, YES)
    assert len(letters_to(office.other_manager)) == 1  # the invitation alone
    assert db.session.scalar(select(func.count(Letter.id)).where(Letter.to == office.viewer.email)) == 0


def test_after_a_decision_every_link_is_used_up(office):
    asked = office.ask()
    decisions.decide(acting(office.manager), asked.approval_id, NO)
    assert db.session.scalar(select(func.count(ApprovalLink.id)).where(ApprovalLink.used_at.is_(None))) == 0
    assert db.session.scalar(select(func.count(ApprovalLink.id))) == 2
    assert db.session.scalar(select(func.count(Approval.id)).where(Approval.state == "open")) == 0


def _requester_is(ticket, email: str) -> None:
    db.session.get_one(Employee, ticket.requester_id).email = email.lower()
    db.session.commit()
