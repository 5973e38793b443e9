"""A session is a row: it ends when told to, when nobody uses it, and when it is old; its key is nowhere kept."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.db import db
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.permissions import MANAGER
from tests.factories import mirror


@pytest.fixture
def jana(app):
    person = mirror.person(mirror.company("Strojírny"), role=MANAGER, email="jana@a.example")
    with clock.set_to(mirror.NOW):
        yield person


def test_a_key_opens_its_own_persons_session(jana):
    assert people.visitor(sessions.start(jana.id, how="password")).id == jana.id
    assert people.visitor("no such key") is None


def test_a_copy_of_the_database_opens_no_session(jana):
    key = sessions.start(jana.id, how="password")
    kept = " ".join(str(value) for row in db.session.execute(text("SELECT * FROM session")) for value in row)
    assert key not in kept
    assert people.visitor(db.session.scalar(select(sessions.Session.key_hash))) is None


def test_a_session_nobody_uses_ends_by_itself(jana):
    key = sessions.start(jana.id, how="password")
    with clock.set_to(mirror.NOW + sessions.IDLE + timedelta(seconds=1)):
        assert people.visitor(key) is None
        assert sessions.of(jana.id) == []


def test_a_session_in_use_lasts_but_not_for_ever(jana):
    key, moment = sessions.start(jana.id, how="password"), mirror.NOW
    while moment < mirror.NOW + sessions.LONGEST:
        with clock.set_to(moment):
            visitor = people.visitor(key)
            sessions.notice(visitor.session_id, visitor.session_seen_at)
        moment += sessions.IDLE
    with clock.set_to(mirror.NOW + sessions.LONGEST + timedelta(seconds=1)):
        assert people.visitor(key) is None


def test_not_every_page_writes_when_a_session_was_used(jana):
    key = sessions.start(jana.id, how="password")
    visitor = people.visitor(key)
    with clock.set_to(mirror.NOW + sessions.NOTICED):
        sessions.notice(visitor.session_id, visitor.session_seen_at)
    assert people.visitor(key).session_seen_at == mirror.NOW


def test_one_session_ends_and_the_others_go_on(jana):
    here, elsewhere = sessions.start(jana.id, how="password"), sessions.start(jana.id, how="password")
    assert sessions.end(jana.id, people.visitor(elsewhere).session_id)
    assert people.visitor(elsewhere) is None
    assert people.visitor(here) is not None


def test_nobody_ends_a_session_of_somebody_else(jana):
    other = mirror.person(mirror.company("Vodárny"), role=MANAGER, email="petr@b.example")
    key = sessions.start(jana.id, how="password")
    assert not sessions.end(other.id, people.visitor(key).session_id)
    assert people.visitor(key) is not None


@pytest.mark.parametrize("change", [people.deactivate, lambda email: people.set_password(email, "other")])
def test_a_closed_account_and_a_new_password_end_every_session(jana, change):
    key = sessions.start(jana.id, how="password")
    change("jana@a.example")
    assert people.visitor(key) is None
    assert sessions.of(jana.id) == []
