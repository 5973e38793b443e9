"""Files come in the background, whole and durable or not at all, whatever the core or the disk does."""

import errno
import hashlib
import os
import time
from datetime import timedelta

from sqlalchemy import delete, select

from portal import clock
from portal.db import db
from portal.domain.tickets.attachments import Attachment, path_of
from portal.errors import CoreAway
from portal.sync import attachment_fetch
from tests.sync.conftest import NOON, file, message, ticket

BYTES = b"%PDF-1.7 a file"
HASH = hashlib.sha256(BYTES).hexdigest()


def told(core, *names: str, **facts) -> None:
    files = tuple(file(name, **facts) for name in names)
    core.put(ticket(1, messages=(message("m1", attachments=files),)))
    for name in names:
        core.files.setdefault(name, BYTES)


def fetch(core, folder, **options) -> int:
    return attachment_fetch.fetch_due(core, folder, **{"most_bytes": 1000, **options})


def rows() -> dict[str, Attachment]:
    db.session.expire_all()
    return {row.core_id: row for row in db.session.scalars(select(Attachment))}


def test_a_file_is_kept_under_the_hash_of_its_bytes_once(core, sync, tmp_path):
    told(core, "a1", "a2")
    sync()
    assert (fetch(core, tmp_path), fetch(core, tmp_path), attachment_fetch.waiting_count()) == (2, 0, 0)
    assert {row.sha256 for row in rows().values()} == {HASH}
    assert path_of(tmp_path, HASH).read_bytes() == BYTES
    assert list((tmp_path / attachment_fetch.ARRIVING).iterdir()) == []


def test_a_file_the_core_refuses_is_tried_later_and_the_others_come(core, sync, tmp_path):
    told(core, "a1", "a2")
    del core.files["a2"]
    sync()
    with clock.set_to(NOON):
        assert (fetch(core, tmp_path), fetch(core, tmp_path)) == (1, 0)
        row = rows()["a2"]
        assert (row.fetch_tries, "no such attachment" in row.fetch_error) == (1, True)
        assert row.fetch_after > NOON
    core.files["a2"] = BYTES
    with clock.set_to(NOON + timedelta(days=2)):
        assert fetch(core, tmp_path) == 1
    assert (rows()["a2"].sha256, rows()["a2"].fetch_error) == (HASH, None)


def test_a_core_that_goes_away_in_the_middle_leaves_nothing_behind(core, sync, tmp_path, monkeypatch):
    def breaking(core_id):
        yield BYTES[:5]
        raise CoreAway("gone")

    told(core, "a1", "a2")
    sync()
    monkeypatch.setattr(core, "attachment", breaking)
    assert fetch(core, tmp_path) == 0
    assert sorted(row.fetch_tries for row in rows().values()) == [0, 1], "the second one waits for the core, too"
    assert list((tmp_path / attachment_fetch.ARRIVING).iterdir()) == []


def test_a_full_disk_is_survived_and_tried_again(core, sync, tmp_path, monkeypatch):
    told(core, "a1")
    sync()

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with clock.set_to(NOON), monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert fetch(core, tmp_path) == 0
        assert "No space left" in rows()["a1"].fetch_error
        assert list((tmp_path / attachment_fetch.ARRIVING).iterdir()) == []
    with clock.set_to(NOON + timedelta(minutes=5)):
        assert fetch(core, tmp_path) == 1


def test_a_file_too_long_is_not_kept_whether_it_says_so_or_not(core, sync, tmp_path):
    told(core, "a1", "a2", size=7)
    core.files["a1"] = b"x" * 1001
    core.put(ticket(2, messages=(message("m2", attachments=(file("a3", size=5_000),)),)))
    sync()
    before = core.asked
    assert fetch(core, tmp_path) == 1
    assert core.asked == before + 2, "the one that says how long it is is not even asked for"
    assert ["TooLong" in (row.fetch_error or "") for _, row in sorted(rows().items())] == [True, False, True]


def test_the_bytes_come_anew_when_the_core_says_the_file_is_another(core, sync, tmp_path):
    told(core, "a1")
    sync()
    fetch(core, tmp_path)
    core.files["a1"] = b"other bytes"
    told(core, "a1", size=11)
    sync()
    assert (fetch(core, tmp_path), rows()["a1"].sha256) == (1, hashlib.sha256(b"other bytes").hexdigest())


def test_a_withdrawn_file_is_not_fetched(core, sync, tmp_path):
    told(core, "a1")
    sync()
    core.put(ticket(1))
    sync()
    assert (fetch(core, tmp_path), attachment_fetch.waiting_count()) == (0, 0)


def test_what_dead_processes_left_is_swept_and_what_arrives_now_is_not(tmp_path):
    arriving = tmp_path / attachment_fetch.ARRIVING
    arriving.mkdir()
    (arriving / "old").write_bytes(b"x")
    (arriving / "new").write_bytes(b"x")
    os.utime(arriving / "old", (0, time.time() - 2 * attachment_fetch.LEFT_BEHIND))
    attachment_fetch.sweep(tmp_path)
    attachment_fetch.sweep(tmp_path / "not there")
    assert [path.name for path in arriving.iterdir()] == ["new"]


def test_a_file_that_nobody_needs_any_more_when_it_comes_is_not_kept(core, sync, tmp_path):
    told(core, "f1")
    sync()
    brought = core.attachment

    def meanwhile_forgotten(core_id):
        db.session.execute(delete(Attachment))
        db.session.commit()
        return brought(core_id)

    core.attachment = meanwhile_forgotten
    fetch(core, tmp_path)
    assert rows() == {} and not path_of(tmp_path, HASH).exists()
