"""The desk running: SMTP in, IMAP polling, mail out and the Core API in one process, until it is told to end."""

import hmac
import logging
import os
import signal
import sqlite3
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from http.client import HTTPException
from ssl import SSLContext
from types import FrameType
from urllib.parse import urlsplit

import waitress

from portal import clock
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.errands import Errands
from portal.desk.inbound import imap_poller, intake
from portal.desk.inbound.imap_poller import ImapMailbox, MailboxAway
from portal.desk.inbound.smtp_server import Postbox
from portal.desk.outbound import outbox
from portal.desk.outbound.outbox import Carrier
from portal.lib.security import tls

_HTTP_THREADS = 4
_OUTBOX_SECONDS = 2  # how often letters that wait for another try are looked at
_POKE_SECONDS = 0.5
_LOOK = 60  # seconds between two looks whether sweeping is due
_SWEEP = timedelta(hours=6)  # how often old raw mail is dropped
_PATIENCE = 15  # seconds every part has to end

log = logging.getLogger(__name__)


class DeskBroken(Exception):
    """A thread of the desk died; the process has to be started again."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """Where something listens: host and port, 0 for a port the system chooses."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Doors:
    """How a desk is reached and whom it reaches."""

    http: HostPort
    smtp: HostPort
    carrier: Carrier
    token: str  # of the Core API
    submission_token: str = ""
    trust_local: bool = False
    tls: SSLContext | None = None
    imap: ImapMailbox | None = None
    imap_seconds: int = 20
    poke: str = ""  # address of the portal's hook; empty pokes nobody
    poke_secret: str = field(default="", repr=False)


def serve(
    store: Store, doors: Doors, on_ready: Callable[[HostPort, HostPort], None] = lambda http, smtp: None
) -> None:
    """Run the desk until SIGTERM or SIGINT; what was taken in is settled, what is being sent is finished.

    Raises DeskBroken when one of its threads died: whoever started the process starts it again. on_ready is told
    where HTTP and SMTP listen. Must run in the main thread, which is the one that gets signals.
    """
    desk = _Desk(store, doors)
    server = waitress.create_server(
        create_api(store, doors.token, standing=desk.errands.told),
        host=doors.http.host,
        port=doors.http.port,
        threads=_HTTP_THREADS,
        ident=None,
    )
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        desk.start()
        on_ready(HostPort(doors.http.host, int(server.effective_port)), HostPort(doors.smtp.host, desk.postbox.port))
        server.run()  # returns when a signal raises SystemExit in it
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        server.close()
        desk.end()
        if store.worker:
            store.worker.close()
        store.close()
        # whatever the signal of its death interrupted
        if desk.died:
            raise DeskBroken(f"the thread {desk.died!r} died")


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


class _Desk:
    """The threads beside HTTP."""

    def __init__(self, store: Store, doors: Doors) -> None:
        self._store = store
        self._doors = doors
        self._ending = threading.Event()
        self._mail_came = threading.Event()
        self._letters_wait = threading.Event()
        self.postbox = Postbox(
            store,
            doors.smtp.host,
            doors.smtp.port,
            token=doors.submission_token,
            trust_local=doors.trust_local,
            tls=doors.tls,
            on_mail=self._mail_came.set,
        )
        self.died = ""  # which thread did, that should not have
        self.errands = Errands(self._ending, on_death=self._mourn)
        works = {"settle": self._settle, "deliver": self._deliver, "sweep": self._sweep}
        works |= {"poll": self._poll} if doors.imap else {}
        works |= {"poke": self._poke} if doors.poke else {}
        for name, work in works.items():
            self.errands.add(name, work)

    def start(self) -> None:
        if self._store.worker:
            self._store.worker.start()
        self.postbox.open()
        self.errands.watch("smtp", self.postbox.is_alive)
        self.errands.start()

    def _mourn(self, name: str) -> None:
        """The process ends with status 1, and its unit starts it again: half a desk helps nobody."""
        self.died = self.died or name
        log.critical("the thread %r is dead; the desk ends, to be started again", name)
        os.kill(os.getpid(), signal.SIGTERM)

    def end(self) -> None:
        self.errands.watch_no_more()
        self.postbox.close()
        self._ending.set()
        self._mail_came.set()
        self._letters_wait.set()
        self.errands.end(_PATIENCE)

    def _settle(self) -> None:
        self._mail_came.set()  # mails that a crash, or an unexpected failure of ours, left behind
        while not self._ending.is_set():
            self._mail_came.wait()
            self._mail_came.clear()
            with self._trouble("settle", "mail could not be settled", sqlite3.Error, OSError):
                for received in intake.settle_waiting(self._store):
                    log.info("mail: %s %s", received.outcome, received.ticket)  # why not: `desk aside`
                    self._letters_wait.set()
                if intake.is_waiting(self._store):  # its reader died; whatever came meanwhile goes first
                    self._mail_came.set()
                continue
            self._ending.wait(1)
            self._mail_came.set()  # locked or full: the mails still wait

    def _deliver(self) -> None:
        with self._trouble("deliver", "letters could not be taken over", sqlite3.Error):
            outbox.take_over(self._store)
        while not self._ending.is_set():
            self._letters_wait.wait(_OUTBOX_SECONDS)
            self._letters_wait.clear()
            with self._trouble("deliver", "letters could not be read", sqlite3.Error):
                outbox.deliver(self._store, self._doors.carrier, stop=self._ending.is_set)

    def _poll(self) -> None:
        assert self._doors.imap is not None
        pause = float(self._doors.imap_seconds)
        while not self._ending.is_set():
            came = False
            with self._trouble("poll", "the mailbox could not be read", MailboxAway, sqlite3.Error, OSError):
                came = bool(imap_poller.poll(self._store, self._doors.imap, stop=self._ending.is_set))
            if came:
                self._letters_wait.set()
                self._mail_came.set()  # one of them may have killed its reader and wait
            self._ending.wait(pause)

    def _poke(self) -> None:
        """Tell the portal that something changed, so that it need not wait for its next look."""
        told = 0
        while not self._ending.wait(_POKE_SECONDS):
            with self._trouble("poke", "the portal could not be poked", OSError, HTTPException, sqlite3.Error):
                newest = self._newest()
                if newest != told:
                    told = newest  # before the poke: the portal looks by itself when it misses one
                    _poke(self._doors.poke, self._doors.poke_secret)

    def _newest(self) -> int:
        with self._store.read() as db:
            return db.execute("SELECT coalesce(max(position), 0) FROM change").fetchone()[0]

    @contextmanager
    def _trouble(self, errand: str, what: str, *expected: type[Exception]) -> Iterator[None]:
        """One turn of an errand: these errors are said and counted, and it goes on without beginning anew."""
        try:
            yield
        except expected as error:
            log.warning("%s: %s", what, error)
            self.errands.failed(errand, error)
        else:
            self.errands.went_well(errand)

    def _sweep(self) -> None:
        swept = clock.now()
        while not self._ending.wait(_LOOK):
            if clock.now() - swept > _SWEEP:
                swept = clock.now()
                with self._trouble("sweep", "old mail could not be dropped", sqlite3.Error):
                    intake.forget_old(self._store)


def _poke(address: str, secret: str) -> None:
    stamp = str(int(clock.now().timestamp()))
    signature = "sha256=" + hmac.new(secret.encode(), f"{stamp}.".encode(), sha256).hexdigest()
    signed = {"X-Portal-Timestamp": stamp, "X-Portal-Signature": signature}
    poke = urllib.request.Request(address, data=b"", headers=signed, method="POST")  # noqa: S310 - a setting
    context = tls.client_context()
    with tls.plainly(urlsplit(address).hostname or address):
        urllib.request.urlopen(poke, timeout=3, context=context).close()  # noqa: S310 - the administrator's address
