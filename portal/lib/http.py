"""HTTP to foreign servers, bounded in time and size: silence, a dripping answer and a huge one all end."""

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.retry import Retry

from portal.lib.security import tls

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # the same call may work later
NEVER_AGAIN = Retry(0, read=False)  # what was asked once is not repeated
_PIECE = 2**16


class SlowAnswer(TimeoutError):
    """The answer was not finished in the time it had."""


class TooManyBytes(Exception):
    """The answer is longer than it may be."""


def session(timeouts: tuple[float, float], *, retries: Retry = NEVER_AGAIN) -> requests.Session:
    """Seconds to connect and seconds of silence hold for every call; certificates are verified, no .netrc is read.

    Whoever asks wraps it in due_within() and reads the answer by whole() or pieces(), so stream=True.
    """
    made = requests.Session()
    made.auth = _nobody  # or a .netrc on this machine would introduce us
    made.headers["Accept-Encoding"] = "gzip"
    for protocol in ("http://", "https://"):
        made.mount(protocol, _Impatient(timeouts, retries))
    return made


def pieces(answer: requests.Response) -> Iterator[bytes]:
    """The body, unpacked, as it arrives: iter_content() would wait for a full piece, however slowly it drips."""
    while piece := answer.raw.read1(_PIECE, decode_content=True):
        yield piece


def whole(answer: requests.Response, most_bytes: int) -> bytes:
    """The body, unpacked. Raises TooManyBytes."""
    body = bytearray()
    for piece in pieces(answer):
        body += piece
        if len(body) > most_bytes:
            raise TooManyBytes
    return bytes(body)


def first_cause(error: BaseException) -> BaseException:
    """The shortest true words: urllib3 wraps the cause several times."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def place(address: str) -> str:
    """An address for a log: without its query."""
    return address.partition("?")[0]


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Impatient(HTTPAdapter):
    """requests waits for ever unless each call says otherwise: here none can forget."""

    def __init__(self, timeouts: tuple[float, float], retries: Retry) -> None:
        self._timeouts = timeouts
        super().__init__(max_retries=retries)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=tls.client_context(), **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=tls.client_context(), **options)

    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = options.get("timeout") or self._timeouts
        return super().send(request, *args, **options)

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _HurriedSecure if pool.scheme == "https" else _Hurried
        return pool


class _Punctual(io.RawIOBase):
    """The bytes of an answer: each read waits as long as silence may last, and none beyond the time the answer has.

    A timeout of a socket begins anew with every byte, in a head, in the length of a chunk, in a packed body.
    """

    def __init__(self, raw: Any, line: socket.socket) -> None:
        self._raw, self._line, self._silence = raw, line, line.gettimeout()
        self._due = _DUE.get()

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:
        if self._due is None:
            return self._raw.readinto(into)
        seconds, at = self._due
        left = at - time.monotonic()
        if left > 0:
            self._line.settimeout(min(left, self._silence or left))
            with suppress(TimeoutError):
                return self._raw.readinto(into)
        if time.monotonic() < at:
            raise TimeoutError("it was silent for too long")
        raise SlowAnswer(f"it did not finish its answer within {seconds:.0f} s")

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Punctual(self.fp.detach(), sock))


class _Hurried(HTTPConnection):
    response_class = _Answer


class _HurriedSecure(HTTPSConnection):
    response_class = _Answer


_DUE: ContextVar[tuple[float, float] | None] = ContextVar("due", default=None)  # seconds given, monotonic moment


@contextmanager
def due_within(seconds: float) -> Iterator[None]:
    """Answers that begin in here have to end by then, or reading them raises SlowAnswer (inside a foreign error)."""
    before = _DUE.set((seconds, time.monotonic() + seconds))
    try:
        yield
    finally:
        _DUE.reset(before)
