"""Being told at once, once a day or not at all."""

from datetime import datetime, timedelta

import pytest

from portal import clock
from portal.domain.approvals import deadlines, decisions
from portal.domain.approvals.decisions import Decision
from portal.domain.notifications import outbox, preferences
from portal.domain.users import models as people
from portal.errors import Refused
from tests.actors import acting
from tests.factories.approvals import MONDAY, Office, letters_to

TUESDAY_8 = datetime(2026, 11, 24, 8, tzinfo=clock.PRAGUE)


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        yield Office()


def test_a_digest_comes_once_on_the_morning_of_a_working_day(office):
    preferences.choose(office.manager, {"approval_asked": outbox.Delivery.DAILY})
    asked = [office.ask("První?"), office.ask("Druhá?")]
    assert letters_to(office.manager) == []
    for moment, letters_so_far in [
        (MONDAY + timedelta(hours=8), 0),
        (TUESDAY_8 - timedelta(minutes=1), 0),
        (TUESDAY_8, 1),
        (TUESDAY_8 + timedelta(hours=3), 1),
    ]:
        with clock.set_to(moment):
            preferences.send_digests()
            assert len(letters_to(office.manager)) == letters_so_far
    (digest,) = letters_to(office.manager)
    for one in asked:
        assert f"http://127.0.0.1:8000/approvals/{one.approval_id}" in digest.text
    assert "První?" in digest.text and "/decide/" not in digest.text


def test_a_digest_waits_over_a_weekend(office):
    preferences.choose(office.manager, {"approval_asked": outbox.Delivery.DAILY})
    with clock.set_to(datetime(2026, 11, 27, 12, tzinfo=clock.PRAGUE)):
        office.ask()
    for day, sent in ((28, 0), (29, 0), (30, 1)):
        with clock.set_to(datetime(2026, 11, day, 9, tzinfo=clock.PRAGUE)):
            assert preferences.send_digests() == sent


def test_who_wants_no_letters_gets_none_and_others_do(office):
    preferences.choose(office.manager, {"approval_asked": outbox.Delivery.NEVER})
    office.ask()
    with clock.set_to(MONDAY + timedelta(days=3)):
        deadlines.run()
        preferences.send_digests()
    assert letters_to(office.manager) == []
    assert len(letters_to(office.other_manager)) == 2


def test_a_choice_is_about_one_kind(office):
    preferences.choose(office.other_manager, {"approval_over": outbox.Delivery.AT_ONCE})
    asked = office.ask()
    decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=True))
    assert [letter.subject.partition("] ")[2][:9] for letter in letters_to(office.other_manager)] == [
        "Smíme to ",
        "Schváleno",
    ]
    chosen = dict(preferences.choices(office.other_manager.id, frozenset({"manager"})))
    assert (
        chosen[preferences.APPROVAL_OVER] == outbox.Delivery.AT_ONCE
        and chosen[preferences.QUESTION_ANSWERED] == outbox.Delivery.AT_ONCE
    )


def test_a_way_there_is_not_is_refused(office):
    with pytest.raises(Refused):
        preferences.choose(office.manager, {"approval_asked": "by_pigeon"})


def test_a_closed_account_gets_no_digest(office):
    preferences.choose(office.manager, {"approval_asked": outbox.Delivery.DAILY})
    office.ask()
    people.deactivate(office.manager.email)
    with clock.set_to(TUESDAY_8):
        assert preferences.send_digests() == 0
