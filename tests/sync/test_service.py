"""The service: it follows the core through outages, wakes at a poke, and ends when it is told to."""

import threading
import time
from contextlib import contextmanager

from portal.domain import sync_state as memory
from portal.sync import lease, service
from portal.sync.engine import Sync
from portal.sync.service import Errand
from tests.sync.conftest import counts, ticket


@contextmanager
def following(app, core, *, pause: float):
    """The service, in a thread of its own as in a process of its own."""
    stop = threading.Event()

    def work() -> None:
        with app.app_context():
            service.follow(Sync(core), pause=pause, stopping=stop.is_set)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def until(true, *, seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def test_a_poke_brings_a_change_within_seconds_of_a_long_pause(app, core):
    core.put(ticket(1))
    with following(app, core, pause=600):
        until(lambda: counts() == {("vltava", "open"): 1})
        core.put(ticket(2))
        memory.wake()
        until(lambda: counts() == {("vltava", "open"): 2})


def test_an_outage_ends_no_service(app, core):
    core.is_away = True
    with following(app, core, pause=0.1):
        until(lambda: memory.age().is_troubled)
        core.put(ticket(1))
        core.is_away = False
        until(lambda: counts() == {("vltava", "open"): 1} and not memory.age().is_troubled)
    assert lease.take(service.SYNC, "the next one") is not None, "the lead was not given back"


def test_a_fault_of_ours_is_said_and_ends_no_service(app, core, monkeypatch):
    def faulty():
        raise KeyError("oh")

    with monkeypatch.context() as patched:
        patched.setattr(core, "companies", faulty)
        with following(app, core, pause=0.1):
            until(lambda: memory.age().trouble == "a fault of the portal: KeyError")
            patched.undo()
            core.put(ticket(1))
            until(lambda: counts() == {("vltava", "open"): 1} and not memory.age().is_troubled)


def test_an_errand_that_fails_keeps_no_other_from_being_done(app):
    done, stop = [], threading.Event()

    def fail() -> None:
        done.append("failing")
        raise RuntimeError("as an errand may")

    def succeed() -> None:
        done.append("succeeding")
        if done.count("succeeding") == 2:
            stop.set()

    service.run_errands(
        service.ERRANDS, [Errand("failing", 0, fail), Errand("succeeding", 0, succeed)], stopping=stop.is_set
    )
    assert done == ["failing", "succeeding"] * 2


def test_a_file_that_takes_for_ever_delays_no_letter(app):
    letters_left, stop = threading.Event(), threading.Event()

    def bring_file() -> None:
        assert letters_left.wait(20), "the letters waited for the file"
        stop.set()

    def beside() -> None:
        with app.app_context():
            service.run_errands(service.FILES, [Errand("files", 0, bring_file)], stopping=stop.is_set)

    files = threading.Thread(target=beside)
    files.start()
    letters = Errand("letters", 0, letters_left.set)
    service.run_errands(service.ERRANDS, [letters], stopping=stop.is_set)
    files.join()
    assert letters_left.is_set()


def test_pokes_are_counted_however_many_come(app):
    for _ in range(3):
        before = memory.pokes()
        memory.wake()
        assert memory.pokes() > before
