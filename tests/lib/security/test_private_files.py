"""What the product writes is its own alone, whatever the umask of the process says."""

import os
import sqlite3
from pathlib import Path

import pytest

from portal import config, create_app
from portal.db import db
from portal.desk.database import Store
from portal.desk.outbound.outbox import OutboxFolder
from portal.domain.tickets import previews
from portal.lib.security import private_files
from portal.lib.smtp import MailFolder
from portal.sync import attachment_fetch
from tests.web.conftest import PNG


@pytest.fixture(params=[0o000, 0o002, 0o022])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def _database(folder: Path) -> None:
    app = create_app(INSTANCE=folder / "instance", DATABASE_URL="")
    with app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE y (z)")
            assert (folder / "instance" / "portal.db-wal").exists()
            _nobody_else_reads(folder / "instance")
        db.session.remove()
        db.engine.dispose()


def _desk(folder: Path) -> None:
    store = Store(folder / "desk" / "desk.db")
    with store.write() as kept:
        kept.execute("INSERT INTO fact VALUES ('x', 'y')")
    assert (folder / "desk" / "desk.db-wal").exists()
    _nobody_else_reads(folder / "desk")
    store.close()


def _attachment(folder: Path) -> None:
    sha256 = attachment_fetch._keep([PNG], folder / "attachments", 10_000)
    assert previews.drawn(folder / "attachments", sha256) is not None


WRITERS = {
    "the portal's database and secrets": _database,
    "the desk's database": _desk,
    "letters": lambda folder: MailFolder(folder / "out" / "box").put("a.eml", b"x"),
    "the desk's outbox": lambda folder: OutboxFolder(folder / "desk" / "outbox"),
    "attachments and pictures": _attachment,
    "a secret": lambda folder: config.secret({"X": "", "INSTANCE": folder / "instance"}, "X"),
}


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_nobody_else_reads_what_we_write(tmp_path, write):
    write(tmp_path / "new")
    _nobody_else_reads(tmp_path / "new")


def test_what_was_open_to_others_is_closed(tmp_path):
    folder = tmp_path / "instance"
    folder.mkdir()
    with sqlite3.connect(folder / "portal.db") as made:
        made.execute("CREATE TABLE x (y)")
    made.close()
    folder.chmod(0o755)
    (folder / "portal.db").chmod(0o644)
    _database(tmp_path)
    _nobody_else_reads(folder)


def test_a_file_that_must_be_new_follows_no_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        private_files.touch(tmp_path / "link", is_new=True)
    assert not (tmp_path / "elsewhere").exists()


def _nobody_else_reads(folder: Path) -> None:
    open_to_others = [str(path) for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []
