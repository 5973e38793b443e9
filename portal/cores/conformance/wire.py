"""The line to a core under test: plain HTTP, every question and answer kept as evidence."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from portal.errors import CoreAway
from portal.lib import http

KEPT = 4  # exchanges that a broken promise shows
LONGEST_SHOWN = 1500  # characters of a body
TIMEOUTS = (5.0, 60.0)  # seconds to connect, seconds of silence


@dataclass(frozen=True, slots=True)
class Answer:
    """What the core answered."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, numbers as they are written; None when it is none."""
        try:
            return json.loads(self.body, parse_float=_Float)
        except ValueError:
            return None


class _Float(float):
    """A number with a fraction, which no field of the protocol may be."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer, in words."""

    asked: str
    answered: str


class Wire:
    """Questions with the token; those of a test of access say their own headers."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.exchanges: list[Exchange] = []
        self._session = http.session(TIMEOUTS, retries=http.NEVER_AGAIN)

    def get(self, *path: str, headers: dict[str, str] | None = None, **question: Any) -> Answer:
        return self.ask("GET", path, headers=headers, params=question)

    def post(self, *path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        return self.ask("POST", path, headers=headers, json=body)

    def ask(self, method: str, path: tuple[str, ...], *, headers: dict[str, str] | None, **what: Any) -> Answer:
        """headers: instead of the token. Raises CoreAway when nobody answers."""
        sent = {"Authorization": f"Bearer {self.token}"} if headers is None else headers
        url = "/".join([self.url, *(quote(part, safe="") for part in path)])
        request = requests.Request(method, url, headers=sent, **what)
        prepared = self._session.prepare_request(request)
        try:
            told = self._session.send(prepared, timeout=TIMEOUTS, allow_redirects=False)
        except requests.RequestException as error:
            raise CoreAway(f"{method} {prepared.url}: {http.first_cause(error)}") from error
        answer = Answer(told.status_code, {name.lower(): value for name, value in told.headers.items()}, told.content)
        self.exchanges.append(Exchange(_question(prepared), _said(answer)))
        del self.exchanges[:-KEPT]
        return answer


def _question(sent: requests.PreparedRequest) -> str:
    shown = [f"{sent.method} {sent.url}"]
    shown += [f"{name}: {_hidden(str(value))}" for name, value in sent.headers.items() if name == "Authorization"]
    if sent.body:
        shown += ["", _short(sent.body if isinstance(sent.body, bytes) else str(sent.body).encode())]
    return "\n".join(shown)


def _hidden(value: str) -> str:
    """A token is no part of a report."""
    scheme, _, token = value.partition(" ")
    return f"{scheme} …({len(token)} characters)"


def _said(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "")
    return f"{answer.status} {kind}\n\n{_short(answer.body)}"


def _short(body: bytes) -> str:
    text = body[: LONGEST_SHOWN * 4].decode("utf-8", "replace")
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} … ({len(body)} bytes)"
