"""What was backed up while everything ran comes back whole; what is not whole does not come back at all."""

import gzip
import hashlib
import io
import json
import os
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
        file.execute("CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT)")
        file.execute("INSERT INTO fact VALUES ('store', '0123abcd')")
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
        renamed = desk.execute("SELECT value FROM fact WHERE name = 'store'").fetchone()
    with sqlite3.connect(place.desk / "desk.db") as desk:
        assert desk.execute("SELECT value FROM fact WHERE name = 'store'").fetchone() != renamed


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


def _crafted(place, file, *, add=(), change=None):
    """An archive as the portal makes it, with members and a manifest of somebody else's making."""
    backup.make(place, file)
    with tarfile.open(file) as archive:
        members = [(member, archive.extractfile(member).read()) for member in archive]
    manifest = json.loads(members.pop()[1])
    members += add
    for member, data in add:
        if member.isreg():
            manifest["files"][member.name] = hashlib.sha256(data).hexdigest()
        else:
            manifest["files"][member.name] = ""
    if change:
        manifest = change(manifest)
    written = json.dumps(manifest).encode() if not isinstance(manifest, bytes) else manifest
    with tarfile.open(file, "w") as archive:
        for member, data in [*members, (tarfile.TarInfo("manifest.json"), written)]:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file


def _member(name, kind=tarfile.REGTYPE, link="", data=b"harm"):
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, link, 0o4777
    return [(made, data if kind == tarfile.REGTYPE else b"")]


HARM = {
    "a path upwards": _member("instance/../../outside"),
    "an absolute path": _member("/tmp/outside"),
    "a path of no folder of ours": _member("outside"),
    "a path with an empty step": _member("instance//outside"),
    "a name with a line end": _member("instance/a\nb"),
    "a symbolic link": _member("instance/link", tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": _member("instance/link", tarfile.LNKTYPE, "/etc/passwd"),
    "a link and a file below it": [*_member("desk/x", tarfile.SYMTYPE, "/tmp"), *_member("desk/x/outside")],
    "a device": _member("instance/device", tarfile.CHRTYPE),
    "a pipe": _member("instance/pipe", tarfile.FIFOTYPE),
    "a folder": _member("instance/folder", tarfile.DIRTYPE),
    "the same name twice": [*_member("instance/a"), *_member("instance/a")],
    "a file that is a folder, too": [*_member("instance/a"), *_member("instance/a/b")],
    "a name no disk takes": _member(f"instance/{'a' * 300}"),
}


@pytest.mark.parametrize("add", HARM.values(), ids=HARM)
def test_a_crafted_archive_is_refused_plainly_and_writes_nothing(place, elsewhere, tmp_path_factory, add):
    file = _crafted(
        place, tmp_path_factory.mktemp("kept") / "portal.tar", add=[(_copy(one), data) for one, data in add]
    )
    with pytest.raises(NotRestored):
        _restore(file, elsewhere)
    assert not (elsewhere.desk / "desk.db").exists()
    assert not list(elsewhere.instance.glob("attachments"))


def _copy(member):
    made = tarfile.TarInfo(member.name)
    made.type, made.linkname, made.mode = member.type, member.linkname, member.mode
    return made


LIES = {
    "no files": lambda told: {**told, "files": []},
    "files without hashes": lambda told: {**told, "files": dict.fromkeys(told["files"], 1)},
    "a schema that is a number": lambda told: {**told, "schema": 7},
    "no time": lambda told: {**told, "made_at": None},
    "no object": lambda told: [told],
    "no JSON": lambda told: b"{",
    "too deep": lambda told: b"[" * 200_000,
    "bytes of no text": lambda told: b"\xff\xfe\x00",
}


@pytest.mark.parametrize("change", LIES.values(), ids=LIES)
def test_a_crafted_manifest_is_refused_plainly(place, elsewhere, tmp_path_factory, change):
    file = _crafted(place, tmp_path_factory.mktemp("kept") / "portal.tar", change=change)
    with pytest.raises(NotRestored):
        _restore(file, elsewhere)


def test_a_packed_archive_is_none_of_ours(place, elsewhere, tmp_path_factory):
    """It could unpack to more than any disk has."""
    file = tmp_path_factory.mktemp("kept") / "portal.tar"
    backup.make(place, file)
    file.write_bytes(gzip.compress(file.read_bytes()))
    with pytest.raises(NotRestored, match="cannot be read"):
        _restore(file, elsewhere)


@pytest.mark.parametrize("name", ["portal.db", "desk/desk.db"])
def test_what_only_bears_the_name_of_a_database_is_not_restored(place, elsewhere, tmp_path_factory, name):
    if name == "portal.db" and db.engine.dialect.name != "sqlite":
        name = "desk/desk.db"
    file = tmp_path_factory.mktemp("kept") / "portal.tar"
    backup.make(place, file)
    with tarfile.open(file) as archive:
        members = [(member, archive.extractfile(member).read()) for member in archive]
    manifest = json.loads(members.pop()[1])
    manifest["files"][name] = hashlib.sha256(b"harm").hexdigest()
    members = [(member, b"harm" if member.name == name else data) for member, data in members]
    with tarfile.open(file, "w") as archive:
        for member, data in [*members, (tarfile.TarInfo("manifest.json"), json.dumps(manifest).encode())]:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    with pytest.raises(NotRestored, match="no database"):
        _restore(file, elsewhere)


def test_what_is_backed_up_and_restored_is_ours_alone_whatever_the_umask(place, elsewhere, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    before = os.umask(0)
    try:
        backup.make(place, folder / "deep" / "portal.tar")
        _restore(folder / "deep" / "portal.tar", elsewhere)
    finally:
        os.umask(before)
    kept = [*folder.rglob("*"), *elsewhere.desk.rglob("*"), *(elsewhere.instance / "attachments").rglob("*")]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


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
        f"    backup.make(backup.BackupPlace(database={place.database!r}, instance=Path({str(place.instance)!r}),\n"
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
