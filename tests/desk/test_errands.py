"""An errand that fails is said, counted and begun again; a dead one ends its process; passwords have any letters."""

import ctypes
import json
import smtplib
import socket
import threading

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from portal.desk.errands import Errands
from portal.desk.inbound.intake import receive
from portal.desk.outbound import outbox
from portal.lib.smtp import SmtpServer

PASSWORD = "žluťoučký kůň"


@pytest.fixture
def ending():
    event = threading.Event()
    yield event
    event.set()


def test_an_errand_that_fails_unexpectedly_is_said_counted_and_begun_again(ending, caplog):
    turns, again = [], threading.Event()

    def work():
        turns.append(1)
        if len(turns) < 3:
            raise UnicodeEncodeError("ascii", "ž", 0, 1, "no ASCII")
        again.set()
        ending.wait()

    errands = Errands(ending, on_death=pytest.fail, pause=0)
    errands.add("poll", work)
    errands.start()
    assert again.wait(20)
    assert errands.standings["poll"].failures == 2
    assert errands.standings["poll"].trouble == "UnicodeEncodeError"
    assert "the errand 'poll' failed unexpectedly" in caplog.text
    ending.set()
    errands.end(20)


def test_a_thread_that_is_killed_is_noticed(ending):
    """As hard as a thread can be killed: by an exception that nobody catches, from outside."""
    dead, noticed, working = [], threading.Event(), threading.Event()
    caught = threading.excepthook
    threading.excepthook = lambda what: None

    def work():
        working.set()
        while not ending.wait(0.01):
            pass

    errands = Errands(ending, on_death=lambda name: (dead.append(name), noticed.set()))
    errands.add("deliver", work)
    errands.start()
    assert working.wait(20)
    thread = next(one for one in threading.enumerate() if one.name == "desk-deliver")
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    assert noticed.wait(20)
    assert dead == ["deliver"]
    ending.set()
    errands.end(20)
    threading.excepthook = caught


def test_a_thread_of_somebody_else_is_watched(ending):
    noticed = threading.Event()
    errands = Errands(ending, on_death=lambda name: noticed.set())
    errands.watch("smtp", lambda: False)
    errands.start()
    assert noticed.wait(20)


def test_a_letter_that_fails_unexpectedly_is_listed_and_the_others_leave(store, compose, caplog):
    class Odd:
        def carry(self, letter, raw):
            if letter.id == 1:
                raise UnicodeEncodeError("ascii", "ž", 0, 1, "no ASCII")

    receive(store, compose())
    receive(store, compose("Another"))
    waiting = outbox.waiting(store)
    assert outbox.deliver(store, Odd()) == waiting - 1
    assert [letter.trouble for letter in outbox.in_trouble(store)] == ["unexpectedly: UnicodeEncodeError"]


def test_a_mail_server_takes_a_password_of_any_letters():
    def check(server, session, envelope, mechanism, given):
        return AuthResult(
            success=given.password.decode() == PASSWORD and given.login.decode() == "zdeněk", handled=False
        )

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(object(), "127.0.0.1", port, authenticator=check, auth_require_tls=False)
    server.start()
    try:
        SmtpServer(f"smtp://zden%C4%9Bk:{PASSWORD}@127.0.0.1:{port}", setting="X").connect().close()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            SmtpServer(f"smtp://zden%C4%9Bk:ž@127.0.0.1:{port}", setting="X").connect()
    finally:
        server.stop()


def test_the_health_of_the_desk_is_told_to_anybody_without_anybodys_data(store, compose):
    from portal.desk.api import create_api

    receive(store, compose(sender="jan@strojirny-vltava.example"))
    standing = {"poll": {"good_at": None, "failures": 0, "trouble": ""}}
    answer = create_api(store, "t" * 40, lambda: standing).test_client().get("/healthz")
    assert answer.status_code in (200, 503)  # the disk of this machine may be full
    assert answer.json["letters_waiting"] == outbox.waiting(store) and answer.json["mails_waiting"] == 0
    assert "vltava" not in json.dumps(answer.json)
    standing["poll"]["trouble"] = "MailboxAway"
    assert create_api(store, "t" * 40, lambda: standing).test_client().get("/healthz").status_code == 503
