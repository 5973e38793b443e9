"""Each broken core is found by the promise it breaks, and by the words of it."""

import pytest

from portal.cores.conformance import suite
from portal.cores.conformance.promises import PROMISES
from portal.cores.conformance.suite import Verdict
from portal.desk.api import create_api
from tests.cores.conformance.desk_stage import DeskStage, furnished
from tests.cores.conformance.mutants import MUTANTS, application
from tests.cores.conformance.serving import served

TOKEN = "a token of the tests, long enough"


@pytest.fixture
def store(tmp_path):
    store = furnished(tmp_path / "desk.db")
    yield store
    store.close()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_core_that(store, name):
    promise, mutant = MUTANTS[name]
    broken = application(create_api(store, TOKEN), store, TOKEN, mutant)
    with served(broken) as url:
        (outcome,) = suite.run(url, TOKEN, stage=DeskStage(store), only=[promise])
    assert outcome.verdict is Verdict.BROKEN, outcome.why
    assert outcome.why
    assert outcome.exchanges


def test_there_are_forty_of_them_and_each_breaks_a_promise_there_is():
    assert len(MUTANTS) >= 40
    assert {promise for promise, _ in MUTANTS.values()} <= set(PROMISES)
