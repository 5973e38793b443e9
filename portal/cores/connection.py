"""The connection to one core: whatever a foreign server does wrong becomes one of our errors here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.util.retry import Retry

from portal.errors import CoreAway, CoreError, CoreLied, CoreRefused
from portal.lib import http
from portal.lib.http import BUSY
from portal.lib.security import tls

TIMEOUTS = (5.0, 30.0)  # seconds to connect, seconds of silence
PATIENCE = 180.0  # seconds for a whole JSON answer, repeated questions included: a server that drips is away, too
MOST_BYTES = 128 * 2**20  # of a JSON answer, unpacked
MOST_VALUES = 4_000_000  # in it: each becomes an object, and three bytes of JSON can be one of seventy
_MARKS = (b",", b"[", b"{")
_LONGEST_FILE = 1800.0  # seconds

WELL = frozenset({200, 201})
NOBODY = frozenset({302, 401})  # a session that ended may be sent to the page where people sign in

SignIn = Callable[[requests.Session], None]


class AnswerTooBig(CoreLied):
    """The answer is longer than we take; asking for less of it may work."""


class QuestionRefused(CoreRefused):
    """The core says that the question makes no sense to it (400)."""


class NotThere(CoreRefused):
    """The core has nothing at this address (404)."""


class CoreConnection:
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
        self._session = http.session(timeouts, retries=_retries(pause))
        self._sign_in = sign_in
        self._session.auth = _TokenAuth("" if sign_in else f"{scheme} {token}")

    def read(self, *path: str, **question: Any) -> bytes:
        """The JSON body of a GET. Each part of the path is escaped; parameters that are None are left out."""
        with self._asked("GET", path, self._patience, params=question) as answer:
            return self._body(answer)

    def stream(self, *path: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces; the caller decides how many are enough."""
        with self._asked("GET", path, _LONGEST_FILE) as answer:
            yield from http.pieces(answer)

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
            with http.due_within(patience):
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
        try:
            body = http.whole(answer, self._most_bytes)
        except http.TooManyBytes as error:
            raise AnswerTooBig(f"{_place(answer)} answered with more than {self._most_bytes} bytes") from error
        # no value without a mark before it; a shorter body cannot have so many
        if len(body) > self._most_values and sum(map(body.count, _MARKS)) > self._most_values:
            raise AnswerTooBig(f"{_place(answer)} answered with more than {self._most_values} values")
        return body


class _TokenAuth(requests.auth.AuthBase):
    def __init__(self, words: str) -> None:
        self._words = words

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._words:
            request.headers["Authorization"] = self._words
        return request


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
        why = tls.refusal(error, urlsplit(place).hostname or place) or _cause(error)
        raise CoreAway(f"{place} cannot be reached: {why}") from error


def _refusal(answer: requests.Response) -> CoreError:
    status = answer.status_code
    if status == 500:  # a fault of its own: the same call may work later, and somebody has to look
        return CoreAway(f"{_place(answer)} failed (500): {_plain_words(answer)}")
    if status in BUSY:
        return CoreAway(f"{_place(answer)} is busy ({status})")
    if 400 <= status < 500:
        kind = {400: QuestionRefused, 404: NotThere}.get(status, CoreRefused)
        return kind(f"{_place(answer)} refused ({status}): {_plain_words(answer)}")
    return CoreLied(f"{_place(answer)} answered {status}, which the protocol does not know")


def _plain_words(answer: requests.Response) -> str:
    """What the server says about its refusal: the beginning of it, whatever it is."""
    start = next(http.pieces(answer), b"")[:500]
    return " ".join(start.decode("utf-8", "replace").split())


def _place(answer: requests.Response) -> str:
    return http.place(answer.url)


def _joined(path: tuple[str, ...]) -> str:
    if not set(path).isdisjoint({"", ".", ".."}):  # a dot would climb to another address
        raise CoreRefused(f"{'/'.join(path)!r} names nothing")
    return "/".join(quote(part, safe="") for part in path)


def _cause(error: BaseException) -> str:
    cause = http.first_cause(error)
    return f"{type(cause).__name__}: {cause}"[:300]
