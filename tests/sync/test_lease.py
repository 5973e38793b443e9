"""Leading: one process at a time, on both databases, and the next one when the leader dies."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from portal import clock
from portal.db import db
from portal.domain.sync_state import Lease
from portal.sync import lease, service
from portal.sync.lease import LASTS, LostLead
from tests.sync.conftest import NOON


def test_one_leads_and_the_next_one_only_after_it_ended_or_died(app):
    with clock.set_to(NOON):
        first = lease.take("sync", "a")
        assert lease.take("sync", "b") is None
        assert lease.take("other job", "b") is not None
        assert lease.take("sync", "a") == first, "who leads leads on, with the same fence"
        lease.give_back(first)
        second = lease.take("sync", "b")
        assert second.fence == first.fence + 1
    with clock.set_to(NOON + LASTS / 2):
        assert lease.take("sync", "a") is None
    with clock.set_to(NOON + 2 * LASTS):
        assert lease.take("sync", "a").fence == second.fence + 1


def test_only_who_leads_can_commit(app):
    with clock.set_to(NOON):
        old = lease.take("sync", "a")
    with clock.set_to(NOON + 2 * LASTS):
        new = lease.take("sync", "b")
        with pytest.raises(LostLead):
            lease.hold(old)
        db.session.rollback()
        lease.give_back(old)
        lease.hold(new)
        db.session.commit()


def test_of_ten_that_try_at_once_one_leads(app):
    def attempt(number: int) -> bool:
        with app.app_context():
            return lease.take("sync", f"process {number}") is not None

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(attempt, range(10))) == 1


def test_a_leader_that_is_busy_for_long_keeps_the_lead(app, monkeypatch):
    monkeypatch.setattr(lease, "RENEWED", 0.02)
    first = lease.take("sync", "a")
    with lease.kept(first):
        db.session.execute(update(Lease).values(expires_at=lease.FREE))  # as if all of its time had passed
        db.session.commit()
        time.sleep(0.5)
        assert lease.take("sync", "b") is None
    db.session.execute(update(Lease).values(expires_at=lease.FREE))
    db.session.commit()
    assert lease.take("sync", "b").fence == first.fence + 1


def test_a_dead_leader_is_replaced_within_half_a_minute():
    assert LASTS.total_seconds() + service.LOOKS_FOR_LEAD <= 30
    assert LASTS.total_seconds() > lease.RENEWED * 3, "a renewal that is late twice must not cost the lead"


def test_no_two_processes_have_one_name():
    assert lease.new_holder() != lease.new_holder()
