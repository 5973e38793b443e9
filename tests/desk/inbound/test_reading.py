"""A mail that kills its reader is set aside and named; the next one goes on, and nothing is begun for ever."""

import os
import signal
import sqlite3
import threading
from contextlib import closing

import pytest

from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.inbound import auto_replies, intake, mail_commands, message_text, mime
from portal.desk.inbound.delivery import reports
from portal.desk.inbound.senders import copies, forwards
from portal.lib.worker_process import WorkerProcess


@pytest.fixture
def worker():
    made = WorkerProcess()
    yield made
    made.close()


@pytest.fixture
def confined(store, worker):
    """The desk of the other tests, its mail read by a worker."""
    store.worker = worker
    return store


@pytest.fixture
def deadly(store, monkeypatch):
    """A desk whose reader dies of every mail that says so, as of one nobody has thought of yet."""
    store.worker = _Mortal()
    return store


class _Mortal:
    """A worker in this process that ends as a real one does when a mail is deadly."""

    def call(self, seconds, function, path, house, kept):
        store = Store(path, house)
        try:
            if b"deadly" in intake.raw_mail(store, kept):
                with _WORKER as real:
                    real.call(1, signal.raise_signal, signal.SIGKILL)
            return intake._read_and_sorted(store, kept)
        finally:
            store.close()


class _Fresh:
    def __enter__(self):
        self._made = WorkerProcess()
        return self._made

    def __exit__(self, *error):
        self._made.close()


_WORKER = _Fresh()


def begun(store, kept):
    with store.read() as db:
        return db.execute("SELECT begun FROM mail WHERE id = ?", (kept,)).fetchone()["begun"]


def test_a_mail_is_read_by_the_worker(confined, compose):
    assert intake.receive(confined, compose()).outcome == "opened"
    assert confined.worker.pid


def test_what_the_worker_finds_unreadable_is_set_aside(confined):
    assert intake.receive(confined, b"Subject: x\r\n\r\ny").outcome == "aside"


def test_a_mail_that_kills_its_reader_waits_and_then_is_set_aside_while_others_go_on(deadly, compose):
    kept = intake.keep(deadly, compose("deadly"))
    intake.keep(deadly, compose("Ahoj"))
    assert [each.outcome for each in intake.settle_waiting(deadly)] == ["waiting", "opened"]
    assert [each.outcome for each in intake.settle_waiting(deadly)] == ["aside"]
    assert list(intake.settle_waiting(deadly)) == []
    [listed] = intake.kept_mails(deadly, "aside")
    assert listed.id == kept
    assert "killed" in listed.reason


def test_one_that_is_taken_again_may_be_begun_again(deadly, compose):
    kept = intake.keep(deadly, compose("deadly"))
    for _ in range(2):
        list(intake.settle_waiting(deadly))
    deadly.worker = None
    assert intake.take_again(deadly, kept, trusted=False).outcome == "opened"


def test_that_reading_began_is_written_down_before_it_begins(store, compose, monkeypatch):
    seen = []
    read = mime.read
    monkeypatch.setattr(mime, "read", lambda raw: (seen.append(begun(store, 1)), read(raw))[1])
    intake.receive(store, compose())
    assert seen == [1]


def test_what_was_begun_twice_without_an_end_is_set_aside_and_not_first_again(store, compose):
    kept, later = intake.keep(store, compose("deadly")), intake.keep(store, compose("Ahoj"))
    with store.write() as db:  # as a desk leaves it that was killed twice over the same mail
        db.execute("UPDATE mail SET begun = 2 WHERE id = ?", (kept,))
    assert [each.outcome for each in intake.settle_waiting(store)] == ["opened", "aside"]
    [listed] = intake.kept_mails(store, "aside")
    assert "never ended" in listed.reason
    assert begun(store, later) == 1


def test_a_locked_store_is_no_fault_of_the_mail(store, compose, monkeypatch):
    def locked(raw):
        raise sqlite3.OperationalError("database is locked")

    kept = intake.keep(store, compose())
    with monkeypatch.context() as patch:
        patch.setattr(mime, "read", locked)
        for _ in range(4):
            with pytest.raises(sqlite3.OperationalError):
                intake.settle(store, kept)
    assert begun(store, kept) == 0
    assert intake.settle(store, kept).outcome == "opened"


def test_no_worker_to_be_had_is_no_fault_of_the_mail(store, compose):
    class Absent:
        def call(self, *_):
            raise OSError("cannot fork")

    store.worker = Absent()
    kept = intake.keep(store, compose())
    for _ in range(4):
        with pytest.raises(OSError, match="fork"):
            intake.settle(store, kept)
    assert begun(store, kept) == 0


def test_a_worker_killed_in_the_middle_leaves_nothing_half_done(confined, compose):
    confined.worker.start()
    kept = intake.keep(confined, compose("Ahoj " * 100_000))
    killer = threading.Timer(0.01, os.kill, (confined.worker.pid, signal.SIGKILL))
    killer.start()
    outcomes = [intake.settle(confined, kept).outcome]
    killer.join()
    outcomes += [each.outcome for each in intake.settle_waiting(confined)]
    assert outcomes[-1] in ("opened", "waiting")
    with confined.read() as db:
        assert db.execute("SELECT count(*) FROM ticket").fetchone()[0] == (outcomes[-1] == "opened")


def test_the_list_of_what_is_aside_reads_heads_only(deadly, compose):
    intake.keep(deadly, compose("deadly", subject="Tisk"))
    for _ in range(2):
        list(intake.settle_waiting(deadly))
    [listed] = intake.kept_mails(deadly, "aside")
    assert (listed.sender, listed.subject) == ("jan@strojirny-vltava.example", "Tisk")


def test_what_is_aside_is_counted_for_whoever_has_the_token(deadly, compose):
    intake.keep(deadly, compose("deadly"))
    for _ in range(2):
        list(intake.settle_waiting(deadly))
    intake.keep(deadly, compose("Ahoj"))
    client = create_api(deadly, "t" * 40).test_client()
    told = client.get("/metrics", headers={"Authorization": f"Bearer {'t' * 40}"}).text.splitlines()
    assert 'desk_mails{outcome="aside"} 1' in told
    assert 'desk_mails{outcome="waiting"} 1' in told
    assert client.get("/metrics").status_code == 401


LONG_WORK = (
    (message_text, "of"),
    (mail_commands, "read"),
    (reports, "read"),
    (auto_replies, "reason"),
    (forwards, "original_sender"),
    (copies, "_is_copy"),
)


@pytest.fixture
def locks_met(store, monkeypatch):
    """For each piece of long work that was done: whether somebody else could write meanwhile."""
    met = []

    def watched(module, name):
        work = getattr(module, name)

        def watching(*args, **named):
            with closing(sqlite3.connect(store.path, timeout=0, isolation_level=None)) as other:
                try:
                    other.execute("BEGIN IMMEDIATE")
                    met.append((module.__name__, name, "free"))
                except sqlite3.OperationalError:
                    met.append((module.__name__, name, "locked"))
            return work(*args, **named)

        monkeypatch.setattr(module, name, watching)

    for module, name in LONG_WORK:
        watched(module, name)
    return met


def test_nobody_waits_for_the_store_while_a_mail_is_understood(store, compose, technician_writes, locks_met):
    raw = compose("Nejde tisk.", html="<p>Nejde tisk.</p>")
    number = intake.receive(store, raw).ticket
    intake.receive(store, b"Received: by another way\r\n" + raw.replace(b"Nejde", b"Nejde ", 1))
    technician_writes(number, "Hotovo.\nPROGP85:1,00\n", html="<p>Hotovo.</p><p>PROGP85:1,00</p>")
    forward = compose(
        "ZA: jan@strojirny-vltava.example\nPROGP85:1,00", sender="radek@connectica.cz", subject="Fwd: x"
    )
    assert intake.receive(store, forward, trusted=True).outcome == "opened"
    assert {(module, name) for module, name, _ in locks_met} >= {
        (module.__name__, name) for module, name in LONG_WORK
    }
    assert [what for what in locks_met if what[2] == "locked"] == []
