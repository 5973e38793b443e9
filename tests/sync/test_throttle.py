"""Pages come first: a run rests while people are there, and keeps the database from nobody while it thinks."""

import threading
from datetime import timedelta

import pytest

from portal import clock
from portal.domain import sync_state as memory
from portal.domain.users import sessions
from portal.sync import lease, throttle
from portal.sync.engine import RunSummary, Sync
from portal.sync.html import message_body
from portal.sync.throttle import Courtesy
from tests.factories import mirror
from tests.sync.conftest import NOON, counts, ticket


@pytest.fixture
def rests(monkeypatch) -> list[float]:
    """Seconds of each rest; time stands still but for them."""
    rested: list[float] = []
    monkeypatch.setattr(throttle.time, "sleep", rested.append)
    monkeypatch.setattr(throttle.time, "monotonic", lambda: 7.0)
    return rested


def after(seconds: float) -> RunSummary:
    return RunSummary(began_at=clock.now() - timedelta(seconds=seconds))


def test_a_run_rests_after_each_page_for_a_part_of_the_time_it_took_while_people_are_there(app, rests):
    person = mirror.person(mirror.company("Vltava"), role="manager", email="jana@vltava.example")
    with clock.set_to(NOON):
        sessions.start(person.id, how="password")
        gives_way = Courtesy()
        for seconds in (0.5, 60):
            gives_way(after(seconds))
    assert rests == [0.25, throttle.LONGEST_REST]


def test_a_run_does_not_rest_when_nobody_was_there_lately(app, rests):
    person = mirror.person(mirror.company("Vltava"), role="manager", email="jana@vltava.example")
    with clock.set_to(NOON):
        sessions.start(person.id, how="password")
    with clock.set_to(NOON + timedelta(minutes=11)):
        Courtesy()(after(0.5))
    assert rests == []


def test_others_may_write_while_a_page_is_thought_about(app, core, monkeypatch):
    """SQLite has one writer at a time: opening a ticket is written down, and would wait for the whole page."""
    whole, waited = message_body.of, []

    def write() -> None:
        with app.app_context():
            memory.wake()

    def slowly(told, about):
        other = threading.Thread(target=write)
        other.start()
        other.join(3)
        waited.append(other.is_alive())
        return whole(told, about)

    monkeypatch.setattr(message_body, "of", slowly)
    core.put(ticket(1), ticket(2))
    Sync(core).run(lease.take("sync", "me"))
    assert (waited, counts()) == ([False, False], {("vltava", "open"): 2})
