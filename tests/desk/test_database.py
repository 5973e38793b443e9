"""The desk's file: safe for threads, unmoving for readers, honest about its version."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from portal.desk.database import Store, fact, moment, remember, written
from portal.desk.ticketing import tickets
from portal.errors import Misconfigured


def test_many_writers_in_many_threads_lose_nothing(store):
    def count_up(_):
        with store.write() as db:
            remember(db, "count", str(int(fact(db, "count") or 0) + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(80)))
    with store.read() as db:
        assert fact(db, "count") == "80"


def test_two_stores_on_one_file_are_as_safe_as_one(store):
    other = Store(store.path)
    with store.write() as db:
        remember(db, "who", "first")
    with other.write() as db:
        assert fact(db, "who") == "first"
        remember(db, "who", "second")
    with store.read() as db:
        assert fact(db, "who") == "second"
    other.close()


def test_a_reader_sees_one_moment_and_a_failed_write_leaves_nothing(store):
    def change():
        with store.write() as db:
            remember(db, "who", "later")

    with store.read() as db:
        assert fact(db, "who") == ""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(change).result()
        assert fact(db, "who") == ""
    with pytest.raises(ZeroDivisionError), store.write() as db:
        remember(db, "who", "never")
        1 / 0  # noqa: B018
    with store.read() as db:
        assert fact(db, "who") == "later"


def test_a_store_can_be_used_again_after_it_was_closed(store):
    store.close()
    with store.read() as db:
        assert fact(db, "store")


def test_a_file_of_a_newer_desk_is_not_touched(tmp_path):
    connection = sqlite3.connect(tmp_path / "new.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Misconfigured, match="newer"):
        Store(tmp_path / "new.db")


def test_a_file_of_an_older_desk_is_brought_up_to_date(store, opened):
    with store.write() as db:
        db.execute("ALTER TABLE ticket DROP COLUMN confidential")
        for table, column in (
            ("ticket", "key"),
            ("participant", "announced"),
            ("message", "proved_by"),
            ("domain", "alone"),
            ("mail", "begun"),
            ("company", "ico"),
            ("company", "dic"),
            ("time_entry", "document"),
            ("time_entry", "company"),
            ("time_entry", "removed_at"),
        ):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in ("agreement", "correction", "dispute", "document"):
            db.execute(f"DROP TABLE {table}")
        db.execute(
            "INSERT INTO time_entry (ticket, category, hundredths, technician_name, technician_email, worked_at,"
            " invoiced_on) SELECT id, 'PROGP85', 100, 'Radek', 'r@connectica.cz', opened_at, '2026-10-31' FROM ticket"
        )
        before = db.execute("SELECT max(position) FROM change").fetchone()[0]
        db.execute("PRAGMA user_version = 1")
    later = Store(store.path)
    with later.read() as db:
        ticket = tickets.by_number(db, opened)
        assert ticket.confidential is False
        assert len(ticket.key) == 8
        (document,) = db.execute("SELECT * FROM document").fetchall()
        assert (document["company"], document["period_end"]) == (ticket.company, "2026-10-31")
        entry = db.execute("SELECT document, company FROM time_entry").fetchone()
        assert tuple(entry) == (document["id"], ticket.company)
        assert db.execute("PRAGMA user_version").fetchone()[0] == 6
        assert db.execute("SELECT max(position) FROM change").fetchone()[0] > before
    later.close()


def test_a_moment_is_kept_in_utc_and_sorts_as_text():
    early = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    late = datetime(2026, 1, 1, tzinfo=UTC)
    assert moment(written(early)) == early
    assert written(early) < written(late)
    assert written(late).endswith("Z")
