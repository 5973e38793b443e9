"""Mail in over SMTP: answered with 250 only after the raw mail is durably kept."""

import asyncio
import hmac
import ipaddress
import logging
import socket
import sqlite3
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from portal.desk.database import Store
from portal.desk.inbound import intake

BUSY = "451 4.3.0 The mail could not be kept, please try again later"
_SETTLED = "250 2.0.0 Kept"
_BARE = "521 5.5.2 A line of SMTP ends with CR and LF, and has neither within"

log = logging.getLogger(__name__)


class Postbox:
    """A listening SMTP server. It relays nothing: every mail it takes is for the desk.

    token: the password with which a client submits as one of ours, under any user name; empty lets nobody. Without
    TLS it is taken only on a loopback address. trust_local: mail from this very machine counts as submitted so.
    """

    def __init__(
        self,
        store: Store,
        host: str,
        port: int,
        *,
        token: str = "",
        trust_local: bool = False,
        tls: ssl.SSLContext | None = None,
        on_mail: Callable[[], None] = lambda: None,
    ) -> None:
        self._taking = _Taking(store, trust_local=trust_local, on_mail=on_mail)
        self._listener = _Listener(
            self._taking,
            hostname=host,
            port=port,
            ready_timeout=10,
            data_size_limit=store.house.largest_mail,
            enable_SMTPUTF8=True,
            ident="Connectica",
            authenticator=_Doorkeeper(token),
            auth_require_tls=tls is not None or not _is_loopback(host),
            tls_context=tls,
        )

    def open(self) -> None:
        """Begin to listen; returns when mail is taken."""
        self._listener.start()

    @property
    def port(self) -> int:
        """Where it listens: the port it was given, or the one the system chose for 0."""
        return self._listener.port

    def is_alive(self) -> bool:
        """Whether the thread that listens runs."""
        thread = self._listener._thread  # aiosmtpd has no other word for it
        return thread is not None and thread.is_alive()

    def close(self) -> None:
        """Stop listening; mails being taken are finished or refused, never half kept."""
        self._listener.stop(no_assert=True)


class _Taking:
    """What aiosmtpd asks at the end of a mail."""

    def __init__(self, store: Store, *, trust_local: bool, on_mail: Callable[[], None]) -> None:
        self._store = store
        self._trust_local = trust_local
        self._on_mail = on_mail

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        is_local = isinstance(session.peer, tuple) and _is_loopback(session.peer[0])
        trusted = bool(session.authenticated) or (self._trust_local and is_local)
        # Where a mail comes back to is known here only; an empty one says that nobody wants an answer.
        sender = (envelope.mail_from or "").strip("<>")
        path = f"Return-Path: <{sender}>\r\n".encode("utf-8", "replace")
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        sent_to = ", ".join(envelope.rcpt_tos)
        try:
            await asyncio.to_thread(intake.keep, self._store, path + content, trusted=trusted, sent_to=sent_to)
        except (sqlite3.Error, OSError):
            log.exception("a mail could not be kept; its sender will try again")
            return BUSY
        self._on_mail()
        return _SETTLED


class _Doorkeeper:
    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and bool(self._token)
        right = right and hmac.compare_digest(given.password, self._token)
        return AuthResult(success=right, handled=False)  # not handled: aiosmtpd says 535


class _BareLineEnd(Exception):
    """A command with a CR or an LF of its own: two servers would read it as different commands."""


class _StrictReader(asyncio.StreamReader):
    """Commands that end as they must. After one that does not, nothing more is read of the connection."""

    _is_spoilt = False

    async def readuntil(self, separator: Any = b"\n") -> bytes:
        if self._is_spoilt:
            raise asyncio.CancelledError  # which ends the conversation
        line = await super().readuntil(separator)
        if separator == b"\n" and (not line.endswith(b"\r\n") or b"\r" in line[:-2]):
            self._is_spoilt = True
            raise _BareLineEnd
        return line


class _Conversation(SMTP):
    """Commands to the letter; lines of mails as long as a mail may be: others let them through."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.line_length_limit = kwargs["data_size_limit"] + 1
        super().__init__(*args, **kwargs)

    def _cb_client_connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super()._cb_client_connected(reader, writer)
        reader.__class__ = _StrictReader  # aiosmtpd makes its reader itself

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, _BareLineEnd):
            return _BARE
        return await super().handle_exception(error)


class _Listener(Controller):
    """aiosmtpd's thread on a socket bound before it: a busy port is known at once, and so is a port we were given."""

    def factory(self) -> SMTP:
        return _Conversation(self.handler, **self.SMTP_kwargs)

    def start(self) -> None:
        family = socket.AF_INET6 if ":" in self.hostname else socket.AF_INET
        self._socket = socket.create_server((self.hostname, self.port), family=family)
        self.port = self._socket.getsockname()[1]
        super().start()

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
