"""A child that works on strangers' input may die alone, of time, memory or a signal, and the next call goes on."""

import os
import signal
import time
from datetime import UTC, datetime

import pytest

from portal import clock
from portal.lib import text, worker_process
from portal.lib.worker_process import WorkerDied, WorkerProcess


@pytest.fixture
def worker():
    made = WorkerProcess(memory=400 << 20)
    yield made
    made.close()


def test_it_answers_what_the_function_answers(worker):
    assert worker.call(2, text.fold, "Žluťoučký KŮŇ") == "zlutoucky kun"


def test_an_exception_arrives_as_it_was_raised(worker):
    with pytest.raises(AttributeError, match="'int' object"):
        worker.call(2, text.fold, 5)


def test_its_clock_stands_where_ours_does(worker):
    with clock.set_to(datetime(2026, 11, 2, 11, 0, tzinfo=UTC)):
        assert worker.call(2, clock.now) == clock.now()


def test_one_child_takes_many_calls(worker):
    worker.call(2, text.fold, "a")
    child = worker.pid
    worker.call(2, text.fold, "b")
    assert worker.pid == child


def test_a_call_that_takes_all_the_processor_is_ended_and_the_next_one_goes_on(worker):
    with pytest.raises(WorkerDied):
        worker.call(0.1, pow, 3, 10**9)  # one instruction of the interpreter, which nothing in it could interrupt
    assert worker.call(2, text.fold, "Dál") == "dal"


def test_a_call_that_sleeps_is_ended(worker):
    with pytest.raises(WorkerDied, match="longer"):
        worker.call(0.1, time.sleep, 60)
    assert worker.call(2, text.fold, "Dál") == "dal"


def test_a_call_that_takes_all_memory_is_ended(worker):
    with pytest.raises(WorkerDied, match="memory"):
        worker.call(2, bytes, 1 << 30)
    assert worker.call(2, text.fold, "Dál") == "dal"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT], ids=lambda number: number.name)
def test_a_killed_child_is_replaced(worker, number):
    with pytest.raises(WorkerDied):
        worker.call(5, signal.raise_signal, number)
    assert worker.call(2, text.fold, "Dál") == "dal"


def test_a_child_that_died_while_nobody_called_costs_nobody_a_call(worker):
    worker.call(2, text.fold, "a")
    child = worker.pid
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert worker.call(2, text.fold, "Dál") == "dal"


def test_what_asks_it_to_end_is_for_its_parent(worker):
    worker.call(2, text.fold, "a")
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.call(2, text.fold, "Dál") == "dal"


def test_it_loads_no_web_application(worker):
    assert "portal.web" not in worker.call(2, _modules_of, "portal.desk.inbound.mime")


def test_the_shared_one_is_the_same_for_everybody():
    assert worker_process.shared() is worker_process.shared()


def _modules_of(name):  # in the child, which finds this module by its name
    import importlib
    import sys

    importlib.import_module(name)
    return sorted(sys.modules)
