"""What was backed up while everything ran comes back whole; what is not whole does not come back at all."""

import sqlite3
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import MetaData, select

from portal import backup, create_app, schema
from portal.backup import BackupPlace, NotArchived, NotRestored
from portal.db import db
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.permissions import MANAGER
from tests import disks
from tests.conftest import _postgres_command
from tests.factories import mirror


@pytest.fixture
def place(app, tmp_path):
    """A portal with a company, people, a file and a desk."""
    company = mirror.company("Strojírny")
    mirror.person(company, role=MANAGER, email="jana@a.example")
    ticket = mirror.ticket(company, "Tiskárna nejede")
    message = mirror.message(ticket, "<p>Nejede.</p>")
    mirror.attachment(message, "foto.png", data=b"x" * 3_000_000, folder=tmp_path / "attachments")
    db.session.commit()
    desk = tmp_path / "desk"
    desk.mkdir()
    with sqlite3.connect(desk / "desk.db") as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, raw BLOB)")
        file.executemany("INSERT INTO mail (raw) VALUES (?)", [(b"mail %d" % n,) for n in range(500)])
    (desk / "outbox").mkdir()
    (desk / "outbox" / "one.eml").write_bytes(b"Subject: x\n\ny")
    return BackupPlace(database=app.config["SQLALCHEMY_DATABASE_URI"], instance=tmp_path, desk=desk)


@pytest.fixture
def elsewhere(request, app, tmp_path_factory):
    """An empty place of the same kind, and the portal that will live there."""
    folder = tmp_path_factory.mktemp("elsewhere")
    url = f"sqlite:///{folder / 'portal.db'}"
    if db.engine.dialect.name == "postgresql":
        address = request.getfixturevalue("postgres")
        _postgres_command(address, f"DROP DATABASE IF EXISTS restored_{folder.name.replace('-', '_')}")
        _postgres_command(address, f"CREATE DATABASE restored_{folder.name.replace('-', '_')}")
        url = address.format(f"restored_{folder.name.replace('-', '_')}")
    return BackupPlace(database=url, instance=folder, desk=folder / "desk")


def _restore(file, place):
    other = create_app(INSTANCE=place.instance / "unused", DATABASE_URL=place.database)
    with other.app_context():
        backup.restore(file, place)
        told = _rows()
        db.session.remove()
        db.engine.dispose()
    return told


def _rows():
    tables = MetaData()
    tables.reflect(db.engine)
    found = {}
    with db.engine.connect() as connection:
        for name, table in sorted(tables.tables.items()):
            if not name.startswith("ticket_fts"):
                found[name] = sorted(map(str, connection.execute(select(table)).all()))
    return found


def test_every_row_and_every_byte_comes_back(place, elsewhere, tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "portal.tar"
    before = _rows()
    manifest = backup.make(place, file)
    assert manifest["schema"] == schema.head()
    assert file.stat().st_mode & 0o077 == 0
    assert _restore(file, elsewhere) == before
    for path in [path for path in place.instance.rglob("*") if path.is_file()]:
        if not path.name.startswith(("portal.db", "desk.db")):
            assert (elsewhere.instance / path.relative_to(place.instance)).read_bytes() == path.read_bytes()
    with sqlite3.connect(elsewhere.desk / "desk.db") as desk:
        assert desk.execute("SELECT count(*) FROM mail").fetchone() == (500,)


def test_a_backup_made_while_others_write_is_true_to_one_moment(app, place, elsewhere, tmp_path_factory):
    """Each session comes with the one before it: a copy of two moments would have a gap."""
    file, stop, person_id = (
        tmp_path_factory.mktemp("kept") / "portal.tar",
        threading.Event(),
        people.everybody()[0].id,
    )

    def write():
        with app.app_context():
            while not stop.is_set():
                sessions.start(person_id, how="password")
            db.session.remove()

    writer = threading.Thread(target=write)
    writer.start()
    while len(sessions.of(person_id)) < 5:
        db.session.rollback()
    try:
        backup.make(place, file)
    finally:
        stop.set()
        writer.join()
    told = _restore(file, elsewhere)
    ids = sorted(int(row.split(",")[0].strip("( ")) for row in told["session"])
    assert len(ids) >= 5
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert told["company"]


def test_a_damaged_archive_is_not_restored(place, elsewhere, tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "portal.tar"
    backup.make(place, file)
    whole = file.read_bytes()
    at = whole.index(b"x" * 1000) + 500
    file.write_bytes(whole[:at] + b"y" + whole[at + 1 :])
    with pytest.raises(NotRestored, match="damaged"):
        backup.verify(file)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotRestored):
        backup.verify(file)
    assert not (elsewhere.desk / "desk.db").exists()


def test_what_is_there_is_never_overwritten(place, tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "portal.tar"
    backup.make(place, file)
    with pytest.raises(NotRestored, match="tables already"):
        backup.restore(file, place)


def test_a_file_that_leads_out_of_the_place_is_not_written(place, elsewhere, tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "portal.tar"
    backup.make(place, file)
    with tarfile.open(file, "a") as appended:
        appended.add(__file__, arcname="../../outside")
    with pytest.raises(NotRestored, match="damaged"):
        backup.restore(file, elsewhere)


def test_a_full_disk_is_said_and_leaves_nothing_behind(place, tmp_path_factory):
    with disks.small(tmp_path_factory.mktemp("small"), megabytes=1) as folder:
        with pytest.raises(NotArchived, match="no room left"):
            backup.make(place, folder / "portal.tar")
        assert list(folder.iterdir()) == []


def test_a_backup_killed_in_the_middle_leaves_no_archive(place, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    script = (
        "import os, signal, tarfile\n"
        "from portal import backup, create_app\n"
        "from pathlib import Path\n"
        "tarfile.TarFile.addfile = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"with create_app(INSTANCE=Path({str(place.instance)!r}), DATABASE_URL={place.database!r}).app_context():\n"
        f"    backup.make(backup.Place(database={place.database!r}, instance=Path({str(place.instance)!r}),\n"
        f"                 desk=Path({str(place.desk)!r})), Path({str(folder)!r}) / 'portal.tar')\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[1], capture_output=True)
    assert killed.returncode == -9, killed.stderr
    assert not (folder / "portal.tar").exists()


def test_the_other_kind_of_database_is_said(app, place, tmp_path, tmp_path_factory):
    file = tmp_path_factory.mktemp("kept") / "portal.tar"
    backup.make(place, file)
    is_sqlite = db.engine.dialect.name == "sqlite"
    other = "postgresql:///nowhere" if is_sqlite else f"sqlite:///{tmp_path / 'other.db'}"
    with pytest.raises(NotRestored, match="other kind"):
        backup.restore(file, BackupPlace(database=other, instance=tmp_path / "x", desk=tmp_path / "y"))
