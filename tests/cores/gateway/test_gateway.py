"""The gateway over a helpdesk without a sequence of changes keeps the promises of Core API v1."""

import copy
from datetime import timedelta

import pytest

from portal import clock
from portal.cores.conformance import suite
from portal.cores.conformance.suite import Verdict
from portal.cores.core_api import DeskCore
from portal.cores.gateway import source
from portal.cores.gateway.app import Gateway
from portal.cores.gateway.follow import Follower
from portal.cores.gateway.ledger import Ledger
from portal.cores.records import Tombstone
from portal.errors import CoreAway, CursorUnknown, Misconfigured
from tests.cores.conformance.serving import served
from tests.cores.gateway.helpdesk import Helpdesk

TOKEN = "a token of the tests, long enough"


@pytest.fixture
def helpdesk():
    return Helpdesk()


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "gateway.db")
    yield ledger
    ledger.close()


@pytest.fixture
def follower(helpdesk, ledger):
    return Follower(helpdesk, ledger, sweep=timedelta(0))


@pytest.fixture
def url(helpdesk, ledger, follower):
    with served(Gateway(helpdesk, ledger, follower, TOKEN, looks=True)) as url:
        yield url


@pytest.fixture
def core(url):
    return DeskCore(url, TOKEN, page=5, pause=0.01)


def told(core, cursor=None):
    return {change.core_id: change for page in core.changes(cursor) for change in page.changes}


def end(core):
    return list(core.changes(None))[-1].cursor


def opened(helpdesk, subject="Tiskárna"):
    return helpdesk.play("mail_in", sender="Jana <Jana@acme.example>", subject=subject, text="Nejde.")


def test_every_promise_is_kept_but_those_of_a_backup_that_the_store_cannot_play(helpdesk, url):
    outcomes = suite.run(url, TOKEN, stage=helpdesk)
    left = {one.promise.name: one.verdict for one in outcomes if one.verdict is not Verdict.KEPT}
    assert left == dict.fromkeys(("newer_cursors_are_400", "outgrown_cursors_are_400"), Verdict.LEFT_OUT)


def test_a_look_at_what_did_not_change_is_no_change(helpdesk, follower, core):
    ticket = opened(helpdesk)
    cursor = end(core)
    assert [follower.look() for _ in range(3)] == [0, 0, 0]
    assert list(told(core, cursor)) == [ticket]
    assert end(core) == cursor


def test_what_the_store_changes_without_saying_so_is_found_once_a_day(helpdesk, core):
    ticket = opened(helpdesk)
    assert told(core)
    with clock.set_to(clock.now() + timedelta(hours=1)):
        assert told(core)
    with clock.set_to(clock.now() + timedelta(hours=2)):
        helpdesk.rows[ticket]["subject"] = "Přepsáno"  # by SQL: changed_at stays
        assert told(core)[ticket].subject == "Tiskárna"
    with clock.set_to(clock.now() + timedelta(hours=25)):
        assert told(core)[ticket].subject == "Přepsáno"


def test_what_is_deleted_is_a_tombstone_and_an_empty_list_is_believed_by_nobody(helpdesk, core):
    gone, kept = opened(helpdesk), opened(helpdesk)
    cursor = end(core)
    del helpdesk.rows[gone]
    assert isinstance(told(core, cursor)[gone], Tombstone)
    helpdesk.rows.clear()
    assert not isinstance(told(core)[kept], Tombstone)


def test_a_store_put_back_from_a_backup_is_told_as_it_is_now(helpdesk, core):
    ticket = opened(helpdesk)
    end(core)
    before = copy.deepcopy(helpdesk.rows)
    helpdesk.play("answer", ticket=ticket, text="Ztracená odpověď.")
    lost = opened(helpdesk, "Ztracený")
    cursor = end(core)
    helpdesk.rows = before
    with clock.set_to(clock.now() + timedelta(hours=25)):
        now = told(core, cursor)
    assert (len(now[ticket].messages), isinstance(now[lost], Tombstone)) == (1, True)


def test_a_ledger_that_was_put_back_refuses_older_cursors(helpdesk, ledger, core):
    opened(helpdesk)
    cursor = end(core)
    ledger.rename()
    with pytest.raises(CursorUnknown):
        told(core, cursor)


def test_a_store_that_is_down_is_said_in_its_own_words(helpdesk, core):
    opened(helpdesk)
    helpdesk.is_down = True
    with pytest.raises(CoreAway, match="503"):
        told(core)
    helpdesk.is_down = False
    assert told(core)


def test_a_ledger_remembers_what_it_told(helpdesk, ledger, tmp_path, core):
    opened(helpdesk)
    core.tell("h1", "Poznámka.", "k1")
    cursor = end(core)
    again = Ledger(tmp_path / "gateway.db")
    with served(Gateway(helpdesk, again, Follower(helpdesk, again), TOKEN, looks=True)) as url:
        other = DeskCore(url, TOKEN)
        assert list(told(other, cursor)) == ["h1"]
        other.tell("h1", "Poznámka.", "k1")
    again.close()
    assert helpdesk.play("notes_of", ticket="h1") == ["Poznámka."]


def test_a_source_is_a_file_with_five_functions(tmp_path):
    path = tmp_path / "source.py"
    path.write_text("def all_ids(): return []\ndef companies(): return []\n")
    with pytest.raises(Misconfigured, match="lacks changed_since, ticket, file, write_note"):
        source.load(path)
    path.write_text("".join(f"def {name}(*_): return []\n" for name in (*source.FUNCTIONS, "companies")))
    assert (source.load(path).companies(), source.load(path).prices()) == ([], None)
    with pytest.raises(Misconfigured, match="no Python file"):
        source.load(tmp_path / "none.py")
