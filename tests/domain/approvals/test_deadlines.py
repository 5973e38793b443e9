"""What happens to approvals by itself, at the right time and once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.approvals import deadlines, decisions, deputies, requests
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import ApprovalState, AtExpiry
from portal.domain.notifications.outbox import Letter
from tests.actors import acting
from tests.factories.approvals import MONDAY, Office, letters_to, told


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        yield Office()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 on a clock in Prague."""
    return datetime(2026, 11, day, hour, minute, tzinfo=clock.PRAGUE)


@pytest.mark.parametrize(
    ("at_expiry", "serves", "words"),
    [(AtExpiry.SERVE, True, "požadavek podle dohody vyřídíme"), (AtExpiry.DECLINE, False, "nevyřídíme")],
)
def test_a_promise_is_kept_when_nobody_decides(office, at_expiry, serves, words):
    asked = office.ask(days=1, at_expiry=at_expiry)
    with clock.set_to(at(24, 16, 59)):
        deadlines.run()
        assert office.approval(asked).is_open
    with clock.set_to(at(24, 17)):
        assert [deadlines.run() for _ in range(3)] == [1, 0, 0]
    approval = office.approval(asked)
    assert approval.state == ApprovalState.EXPIRED and approval.may_be_served is serves
    (row,) = told()
    assert row.decision == "expired" and words in row.note
    assert len([letter for letter in letters_to(office.staff) if words in letter.subject]) == 1


def test_a_question_promised_to_stay_open_stays_open_and_is_asked_for_once_more(office):
    asked = office.ask(days=1, at_expiry=AtExpiry.STAY)
    letters_before = len(letters_to(office.manager))
    with clock.set_to(at(24, 18)):
        deadlines.run()
        deadlines.run()
        assert office.approval(asked).is_open and office.approval(asked).is_overdue
        assert "zůstává otevřená" in letters_to(office.manager)[-1].text
    assert len(letters_to(office.manager)) == letters_before + 1
    assert told() == []


def test_reminders_go_at_half_the_time_and_a_day_before_each_once(office):
    asked = office.ask(days=4)  # from Monday 10:00 to Friday 17:00
    sent = []
    for hours in range(0, 103):
        with clock.set_to(MONDAY + timedelta(hours=hours)):
            before = len(letters_to(office.manager))
            deadlines.run()
            deadlines.run()
            if len(letters_to(office.manager)) > before:
                sent.append(clock.prague(clock.now()).strftime("%a %H"))
    assert sent == ["Wed 14", "Thu 17"]  # half is Wednesday 13:30
    assert [event.kind for event in approvals.history(office.approval(asked))] == ["asked", "reminded", "reminded"]


def test_after_a_long_silence_one_reminder_is_enough(office):
    office.ask(days=4)
    with clock.set_to(at(27, 9)):
        assert deadlines.run() == 1
        assert deadlines.run() == 0
    assert len(letters_to(office.manager)) == 2


@pytest.mark.parametrize("moment", [at(25, 22), at(26, 5)])
def test_nobody_is_reminded_outside_working_hours(office, moment):
    office.ask(days=4)
    with clock.set_to(moment):
        assert deadlines.run() == 0


def test_a_decided_question_reminds_nobody(office):
    decisions.decide(acting(office.manager), office.ask(days=4).approval_id, Decision(approve=True))
    with clock.set_to(at(26, 12)):
        assert deadlines.run() == 0


def test_a_deputy_who_starts_later_is_reminded_too(office):
    office.ask(days=4)
    deputies.appoint(
        acting(office.manager),
        office.company,
        deputy_id=office.viewer.id,
        first=at(25, 0).date(),
        last=at(27, 0).date(),
    )
    assert letters_to(office.viewer) == []
    with clock.set_to(at(25, 14)):
        deadlines.run()
    (letter,) = letters_to(office.viewer)
    assert "zastupujete: Marie Malá" in letter.text and "/decide/" in letter.text


def test_a_closed_ticket_takes_its_questions_with_it(office):
    asked = office.ask()
    office.ticket.state = "done"
    db.session.commit()
    deadlines.run()
    assert office.approval(asked).state == ApprovalState.WITHDRAWN


def test_a_clock_that_stands_still_for_staff_lets_no_promise_come_true(office):
    asked = office.ask(days=1, at_expiry=AtExpiry.SERVE)
    requests.ask_back(acting(office.manager), asked.approval_id, "Proč?")
    with clock.set_to(at(30, 12)):
        assert deadlines.run() == 0
        decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=False))
    assert office.approval(asked).state == ApprovalState.DECLINED


def test_a_death_between_writing_a_reminder_and_its_letters_leaves_neither(office, monkeypatch):
    office.ask(days=4)

    def struck(*_, **__):
        raise KeyboardInterrupt

    with clock.set_to(at(26, 12)):
        monkeypatch.setattr(requests, "invite", struck)
        with pytest.raises(KeyboardInterrupt):
            deadlines.run()
        db.session.rollback()
        monkeypatch.undo()
        assert deadlines.run() == 1
    assert len(list(db.session.scalars(select(Letter).where(Letter.to == office.manager.email)))) == 2


def test_moments_are_of_one_zone():
    assert at(23, 10) == MONDAY == datetime(2026, 11, 23, 9, tzinfo=UTC)
