"""Mail in over real SMTP."""

import smtplib
import sqlite3
import time

import pytest

from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.inbound.smtp_server import Postbox
from portal.desk.settings import House

TOKEN = "t" * 40


@pytest.fixture
def listen(store):
    """Open a postbox: listen(token=…) -> an SMTP client."""
    boxes, clients = [], []

    def start(its_store=store, **options):
        box = Postbox(its_store, "127.0.0.1", 0, **options)
        box.open()
        boxes.append(box)
        clients.append(smtplib.SMTP("127.0.0.1", box.port, timeout=20))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for box in boxes:
        box.close()


def send(client, raw, sender="jan@strojirny-vltava.example"):
    return client.sendmail(sender, ["noc@connectica.cz"], raw)


def mails(store):
    with store.read() as db:
        return db.execute("SELECT * FROM mail ORDER BY id").fetchall()


def test_a_mail_is_kept_before_it_is_accepted(store, listen, compose):
    came = []
    client = listen(on_mail=lambda: came.append(len(mails(store))))
    send(client, compose("Ahoj"))
    [mail] = mails(store)
    assert (came, mail["outcome"], mail["sent_to"], mail["trusted"]) == ([1], "", "noc@connectica.cz", 0)
    assert b"Return-Path: <jan@strojirny-vltava.example>" in mail["raw"]


def test_a_locked_database_is_451_and_nothing_is_kept(tmp_path, listen, compose, monkeypatch):
    monkeypatch.setattr("portal.desk.database.PATIENCE", 0.05)
    store = Store(tmp_path / "locked.db")
    client = listen(store)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(client, compose())
    assert refused.value.smtp_code == 451
    other.execute("ROLLBACK")
    other.close()
    send(client, compose())
    assert len(mails(store)) == 1


def test_a_full_disk_is_451_and_the_same_mail_is_taken_when_there_is_room(store, listen, compose):
    client = listen()
    with store.read() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    original = store._connect

    def small():
        connection = original()
        connection.execute(f"PRAGMA max_page_count = {pages + 5}")
        return connection

    store._connect = small
    raw = compose("x" * 900 * 200)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(client, raw)
    assert refused.value.smtp_code == 451
    store._connect = original
    store.close()
    send(client, raw)
    assert len(mails(store)) == 1


def test_a_mail_larger_than_allowed_is_552(tmp_path, listen, compose):
    client = listen(Store(tmp_path / "small.db", House(largest_mail=10_000)))
    with pytest.raises(smtplib.SMTPException) as refused:
        send(client, compose("x" * 20_000))
    assert "552" in str(refused.value)


def test_a_line_of_megabytes_is_taken(store, listen):
    send(listen(), b"From: jan@strojirny-vltava.example\r\n\r\n" + b"x" * 3_000_000 + b"\r\n")
    assert intake.settle(store, mails(store)[0]["id"]).outcome == "opened"


def test_an_empty_return_path_makes_no_ticket(store, listen, compose):
    send(listen(), compose(), sender="")
    assert intake.settle(store, mails(store)[0]["id"]).outcome == "ignored"


def test_the_submission_token_makes_a_technician(store, listen, compose):
    client = listen(token=TOKEN)
    client.login("radek.vymazal", TOKEN)
    send(client, compose("Hotovo.", sender="radek@connectica.cz"))
    assert mails(store)[0]["trusted"] == 1
    assert intake.settle(store, mails(store)[0]["id"]).outcome == "opened"


@pytest.mark.parametrize(("token", "given"), [(TOKEN, "wrong"), (TOKEN, ""), ("", ""), ("", "x")])
def test_a_wrong_or_empty_token_is_refused(listen, token, given):
    client = listen(token=token)
    with pytest.raises(smtplib.SMTPException):
        client.login("radek.vymazal", given)


def test_only_with_trust_local_is_mail_of_this_machine_believed(store, listen, compose):
    send(listen(), compose("a"))
    send(listen(trust_local=True), compose("b"))
    assert [mail["trusted"] for mail in mails(store)] == [0, 1]


def test_many_clients_at_once_lose_nothing(store, listen, compose):
    from concurrent.futures import ThreadPoolExecutor

    port = listen().sock.getpeername()[1]

    def one(number):
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            send(client, compose(f"mail {number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    began = time.monotonic()
    outcomes = [received.outcome for received in intake.settle_waiting(store)]
    assert outcomes == ["opened"] * 40
    assert time.monotonic() - began < 10


BARE = {
    "LF": b"NOOP\n",
    "CR within": b"NOOP a\rMAIL FROM:<x@evil.example>\r\n",
    "LF within": b"MAIL FROM:<x@evil.example>\nRCPT TO:<noc@connectica.cz>\r\n",
    "two CR": b"NOOP\r\r\n",
    "CR in an address": b"MAIL FROM:<x@evil.example\r>\r\n",
    "LF in an address": b"RCPT TO:<noc@connectica.cz\n>\r\n",
}


@pytest.mark.parametrize("command", BARE.values(), ids=BARE)
@pytest.mark.parametrize("begun", [False, True])
def test_a_bare_cr_or_lf_in_a_command_is_refused_and_ends_the_conversation(store, listen, command, begun):
    client = listen()
    client.ehlo()
    if begun:
        client.mail("jan@strojirny-vltava.example")
        client.rcpt("noc@connectica.cz")
    after = b"DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
    client.sock.sendall(command + after)
    client.sock.settimeout(20)
    said = b""
    while piece := client.sock.recv(1000):
        said += piece
    assert said.startswith(b"521 5.5.2 ") and said.count(b"\r\n") == 1
    assert mails(store) == []


def test_a_line_end_in_a_password_is_refused_too(store, listen):
    client = listen(token=TOKEN)
    client.ehlo()
    client.docmd("AUTH LOGIN")
    client.sock.sendall(b"dXM=\n")
    assert client.getreply()[0] == 521


def test_lines_of_a_mail_may_end_as_they_like(store, listen, compose):
    client = listen()
    client.ehlo()
    client.mail("jan@strojirny-vltava.example")
    client.rcpt("noc@connectica.cz")
    client.docmd("DATA")
    client.sock.sendall(b"Subject: x\r\n\r\none\ntwo\n.\nthree\rfour\r\n.\r\n")
    assert client.getreply()[0] == 250
    [mail] = mails(store)
    assert mail["raw"].endswith(b"one\ntwo\n.\nthree\rfour\r\n")
