"""A full disk loses no mail: its sender is told to come again, and when there is room the desk goes on."""

import smtplib
import sqlite3
from contextlib import closing

import pytest

from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.inbound.smtp_server import Postbox
from tests import disks


@pytest.fixture
def small(tmp_path):
    """A desk on a small file system of its own, and a file that fills it."""
    with disks.small(tmp_path / "small", megabytes=4) as folder:
        store = Store(folder / "desk.db")
        yield store, folder / "ballast"
        store.close()


def _send(port, mail):
    """What the desk's mail door answers."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        try:
            client.sendmail("jan@strojirny-vltava.example", ["noc@connectica.cz"], mail)
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code
    return 250


def test_a_mail_that_cannot_be_kept_is_asked_for_again_and_then_taken(small, compose):
    store, ballast = small
    postbox = Postbox(store, "127.0.0.1", 0)
    postbox.open()
    try:
        first, second = compose("Dobrý den, první."), compose("Dobrý den, druhý. " + "x" * 200_000)
        assert _send(postbox.port, first) == 250
        disks.fill(ballast)
        assert _send(postbox.port, second) == 451
        ballast.unlink()
        assert _send(postbox.port, second) == 250
    finally:
        postbox.close()
    assert len(list(intake.settle_waiting(store))) == 2
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM ticket").fetchone() == (2,)
