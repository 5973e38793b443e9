"""One careful HTTP client for all adapters: whatever a foreign server does wrong becomes one of our errors here."""

import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.util.retry import Retry

from portal.errors import CoreAway, CoreError, CoreLied, CoreRefused

TIMEOUTS = (5.0, 30.0)  # seconds to connect, seconds of silence
PATIENCE = 180.0  # seconds for a whole JSON answer, repeated questions included: a server that drips is away, too
MOST_BYTES = 128 * 2**20  # of a JSON answer, unpacked
MOST_VALUES = 4_000_000  # in it: each becomes an object, and three bytes of JSON can be one of seventy
_MARKS = (b",", b"[", b"{")
_PIECE = 2**16
_LONGEST_FILE = 1800.0  # seconds

WELL = frozenset({200, 201})
NOBODY = frozenset({302, 401})  # a session that ended may be sent to the page where people sign in
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # the same call may work later

SignIn = Callable[[requests.Session], None]


class AnswerTooBig(CoreLied):
    """The answer is longer than we take; asking for less of it may work."""


class NotUnderstood(CoreRefused):
    """The core says that the question makes no sense to it (400)."""


class Line:
    """A kept connection to one core. Reads are repeated a few times, writes never."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeouts: tuple[float, float] = TIMEOUTS,
        patience: float = PATIENCE,
        most_bytes: int = MOST_BYTES,
        most_values: int = MOST_VALUES,
        pause: float = 0.2,
        scheme: str = "Bearer",
        sign_in: SignIn | None = None,
    ) -> None:
        """With sign_in a cookie takes the place of the token: called when an answer says that nobody is there."""
        self._url = url.rstrip("/")
        self._patience = patience
        self._most_bytes = most_bytes
        self._most_values = most_values
        self._session = requests.Session()
        self._sign_in = sign_in
        # an own class, or a .netrc on this machine would win over the token
        self._session.auth = _Token("" if sign_in else f"{scheme} {token}")
        self._session.headers["Accept-Encoding"] = "gzip"
        for protocol in ("http://", "https://"):
            self._session.mount(protocol, _Impatient(timeouts, _retries(pause)))

    def read(self, *path: str, **question: Any) -> bytes:
        """The JSON body of a GET. Each part of the path is escaped; parameters that are None are left out."""
        with self._asked("GET", path, self._patience, params=question) as answer:
            return self._body(answer)

    def stream(self, *path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces; the caller decides how many are enough."""
        with self._asked("GET", path, _LONGEST_FILE) as answer:
            yield from _pieces(answer)

    def write(self, *path: str, body: Any, method: str = "POST", **question: Any) -> bytes:
        """Send JSON, once; the JSON body of the answer."""
        with self._asked(method, path, self._patience, json=body, params=question) as answer:
            return self._body(answer)

    @contextmanager
    def _asked(self, method: str, path: tuple[str, ...], patience: float, **what: Any) -> Iterator[requests.Response]:
        """The answer, whose last byte has to be here after so many seconds."""
        with _ours(self._url):
            what |= {"stream": True, "allow_redirects": False}
            url = f"{self._url}/{_joined(path)}"
            with _due_within(patience):
                answer = self._session.request(method, url, **what)
                if self._sign_in and answer.status_code in NOBODY:  # what nobody asked was not done: asked once more
                    answer.close()
                    self._sign_in(self._session)
                    answer = self._session.request(method, url, **what)
            with answer:
                if answer.status_code not in WELL:
                    raise _refusal(answer)
                yield answer

    def _body(self, answer: requests.Response) -> bytes:
        kind = answer.headers.get("Content-Type", "")
        if not kind.partition(";")[0].strip().lower().endswith("json"):
            raise CoreLied(f"{_place(answer)} answered {kind or 'no type at all'} where JSON was promised")
        return self._whole(answer)

    def _whole(self, answer: requests.Response) -> bytes:
        body = bytearray()
        for piece in _pieces(answer):
            body += piece
            if len(body) > self._most_bytes:
                raise AnswerTooBig(f"{_place(answer)} answered with more than {self._most_bytes} bytes")
        # no value without a mark before it; a shorter body cannot have so many
        if len(body) > self._most_values and sum(map(body.count, _MARKS)) > self._most_values:
            raise AnswerTooBig(f"{_place(answer)} answered with more than {self._most_values} values")
        return bytes(body)


class _Token(requests.auth.AuthBase):
    def __init__(self, words: str) -> None:
        self._words = words

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._words:
            request.headers["Authorization"] = self._words
        return request


class _Impatient(HTTPAdapter):
    """requests waits for ever unless each call says otherwise: here none can forget."""

    def __init__(self, timeouts: tuple[float, float], retries: Retry) -> None:
        self._timeouts = timeouts
        super().__init__(max_retries=retries)

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
        raise TimeoutError(f"it did not finish its answer within {seconds:.0f} s")

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
def _due_within(seconds: float) -> Iterator[None]:
    """Answers that begin in here have to end by then."""
    before = _DUE.set((seconds, time.monotonic() + seconds))
    try:
        yield
    finally:
        _DUE.reset(before)


def _retries(pause: float) -> Retry:
    return Retry(
        total=4,
        connect=3,
        read=1,
        status=3,
        other=0,
        redirect=0,
        backoff_factor=pause,
        backoff_jitter=pause / 2,
        backoff_max=5,
        status_forcelist=BUSY - {500},  # a fault of the server itself comes back: once is enough
        allowed_methods={"GET"},
        retry_after_max=10,  # seconds; a server that wants a longer pause gets it from the engine
        raise_on_status=False,
    )


@contextmanager
def _ours(place: str) -> Iterator[None]:
    """Foreign exceptions become ours, here and nowhere else."""
    try:
        yield
    except CoreError:
        raise
    except (requests.exceptions.ContentDecodingError, DecodeError) as error:
        raise CoreLied(f"{place} sent a body that cannot be unpacked") from error
    except requests.exceptions.InvalidURL as error:
        raise CoreLied(f"{place} is no address to ask") from error
    except (requests.RequestException, HTTPError, OSError) as error:
        raise CoreAway(f"{place} cannot be reached: {_first_cause(error)}") from error


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    """The body, unpacked, as it arrives: iter_content() would wait for a full piece, however slowly it drips."""
    while piece := answer.raw.read1(_PIECE, decode_content=True):
        yield piece


def _refusal(answer: requests.Response) -> CoreError:
    status = answer.status_code
    if status in BUSY:
        return CoreAway(f"{_place(answer)} is busy ({status})")
    if 400 <= status < 500:
        kind = NotUnderstood if status == 400 else CoreRefused
        return kind(f"{_place(answer)} refused ({status}): {_plain_words(answer)}")
    return CoreLied(f"{_place(answer)} answered {status}, which the protocol does not know")


def _plain_words(answer: requests.Response) -> str:
    """What the server says about its refusal: the beginning of it, whatever it is."""
    start = next(_pieces(answer), b"")[:500]
    return " ".join(start.decode("utf-8", "replace").split())


def _place(answer: requests.Response) -> str:
    return answer.url.partition("?")[0]


def _joined(path: tuple[str, ...]) -> str:
    if not set(path).isdisjoint({"", ".", ".."}):  # a dot would climb to another address
        raise CoreRefused(f"{'/'.join(path)!r} names nothing")
    return "/".join(quote(part, safe="") for part in path)


def _first_cause(error: BaseException) -> str:
    """The shortest true words: urllib3 wraps the cause several times."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}"[:300]
