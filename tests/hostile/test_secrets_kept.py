"""What opens something is in no backup and in no log once it was handed out: keys, passwords, cookies."""

import io
import logging
import re
import tarfile

import pytest

from portal import backup, logs
from portal.backup import BackupPlace
from portal.domain.accounts import password_resets
from portal.domain.users import sessions
from portal.mailer import worker
from portal.mailer.postman import FolderPostman
from tests.factories import mirror
from tests.hostile.walk import token_of

NEW = "modrý kůň skáče přes plot"


@pytest.fixture
def log():
    """Everything written to the log meanwhile, as the product writes it."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logs.written_to(stream, "text"), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_what_was_handed_out_opens_nothing_from_a_backup_or_a_log(app, world, manager, tmp_path_factory, log):
    sent, kept = tmp_path_factory.mktemp("sent"), tmp_path_factory.mktemp("kept")
    form = {"email": "new@a.example", "name": "Iva", "role": "viewer", "language": "cs"}
    manager.post("/people", data=form | {"csrf_token": token_of(manager, "/people")})
    client = app.test_client()
    token = token_of(client, "/password/forgotten")
    client.post("/password/forgotten", data={"email": "viewer@a.example", "csrf_token": token})
    password_resets.write_due()
    worker.deliver(FolderPostman(sent), sender="noc@connectica.example")
    letters = (
        b"\n".join(path.read_bytes() for path in sent.iterdir()).replace(b"=\r\n", b"").decode("utf-8", "replace")
    )
    secrets = set(re.findall(r"/(?:invitation|password|decide|address)/([\w-]{43})", letters))
    assert len(secrets) >= 3
    cookie = sessions.start(world.a.manager.id, how="password")
    client.post(
        "/sign-in",
        data={"email": "manager@a.example", "password": mirror.PASSWORD, "csrf_token": token_of(client, "/sign-in")},
    )
    client.get(f"/password/{next(iter(secrets))}?x={NEW}")
    secrets |= {cookie, mirror.PASSWORD, NEW}
    place = BackupPlace(
        database=app.config["SQLALCHEMY_DATABASE_URI"], instance=tmp_path_factory.mktemp("x"), desk=kept / "none"
    )
    backup.make(place, kept / "portal.tar")
    with tarfile.open(kept / "portal.tar") as archive:
        stored = b"".join(archive.extractfile(member).read() for member in archive)
    for secret in secrets:
        assert secret.encode() not in stored, "a backup has it"
        assert secret not in log.getvalue(), "the log has it"
