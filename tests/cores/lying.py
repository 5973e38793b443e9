"""A core that speaks Core API v1 over a real socket and can be told to lie: each lie is a row of a table.

What it knows is a MemoryCore, which it tells honestly before a lie and after it.
"""

import gzip
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from portal.cores.records import ChangesPage
from tests.cores.memory import MemoryCore

JSON = "application/json"
DRIP = 0.05  # seconds between two bytes of a body that drips


@dataclass(slots=True)
class Asked:
    """One question and the line it came by."""

    what: str  # changes, companies, prices
    cursor: str
    limit: int
    core: "LyingCore"
    peer: socket.socket
    number: int  # of this question among those since the lie began

    @property
    def truth(self) -> dict[str, Any]:
        return self.core.told(self.what, self.cursor, self.limit)

    @property
    def first_page(self) -> dict[str, Any]:
        return self.core.told("changes", "", 2)

    def answer(self, body: bytes, *, status: int = 200, kind: str = JSON, more: str = "") -> None:
        length = f"Content-Length: {len(body)}"
        self.say(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{length}\r\n{more}\r\n".encode())
        self.say(body)

    def say_json(self, what: Any) -> None:
        self.answer(json.dumps(what).encode())

    def say(self, data: bytes) -> None:
        self.peer.sendall(data)

    def drip(self, data: bytes) -> None:
        """A byte now and then, for as long as anybody listens."""
        self.say(data)
        while not self.core.is_honest.wait(DRIP):
            self.say(b" ")

    def pour(self, head: bytes, piece: bytes) -> None:
        """As fast as the line takes it, without an end."""
        self.say(head)
        while not self.core.is_honest.is_set():
            self.say(piece)


Lie = Callable[[Asked], None]
NOTHING = {"companies": [], "prices": [], "changes": [], "invoices": [], "aside": [], "cursor": "0", "more": False}
HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n".encode()


def _about_changes(lie: Lie) -> Lie:
    """The truth about all but changes."""

    def answer(asked: Asked) -> None:
        lie(asked) if asked.what == "changes" else asked.say_json(asked.truth)

    return answer


def _page(asked: Asked, **other: Any) -> None:
    asked.say_json(asked.truth | other)


def _each(asked: Asked, **other: Any) -> None:
    _page(asked, changes=[one | other for one in asked.truth["changes"]])


def _wait(asked: Asked) -> None:
    asked.core.is_honest.wait()


def _half(asked: Asked) -> bytes:
    whole = json.dumps(asked.truth).encode()
    return whole[: len(whole) // 2]


TROUBLE: dict[str, Lie] = {  # after one of these a run ends with an error that says so
    "is silent": _wait,
    "is silent about changes only": _about_changes(_wait),
    "drips its head": lambda asked: asked.drip(HEAD + b"X-Slow: "),
    "drips its body": lambda asked: asked.drip(HEAD + b"Content-Length: 100000\r\n\r\n{"),
    "drips the length of a chunk": lambda asked: asked.drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;"),
    "drips a packed body with nothing in it": lambda asked: asked.drip(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n\x1f\x8b\x08\x10\0\0\0\0\0\xff"
    ),
    "says for ever that it goes on": lambda asked: asked.pour(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "refuses": lambda asked: asked.answer(b'{"error": "no"}', status=403),
    "refuses the token": lambda asked: asked.answer(b'{"error": "who are you?"}', status=401),
    "refuses without an end": lambda asked: asked.pour(HEAD.replace(b"200", b"403") + b"\r\n", b"no " * 1000),
    "knows no cursor and no beginning": _about_changes(lambda asked: asked.answer(b'{"error": "?"}', status=400)),
    "knows none of its cursors": _about_changes(
        lambda asked: asked.answer(b"{}", status=400) if asked.cursor else asked.say_json(asked.truth)
    ),
    "is busy": lambda asked: asked.answer(b"", status=503, more="Retry-After: 86400\r\n"),
    "is busy without an end": lambda asked: asked.pour(HEAD.replace(b"200", b"503") + b"\r\n", b"busy " * 1000),
    "fails": lambda asked: asked.answer(b"<h1>Traceback</h1>", status=500, kind="text/html"),
    "hangs up": lambda asked: None,
    "hangs up within its body": lambda asked: asked.say(HEAD + b"Content-Length: 9999\r\n\r\n" + _half(asked)),
    "hangs up within a chunk": lambda asked: asked.say(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + _half(asked)
    ),
    "says half of its JSON": lambda asked: asked.answer(_half(asked)),
    "shows a web page": lambda asked: asked.answer(b"<h1>Sign in</h1>", kind="text/html"),
    "shows a web page as JSON": lambda asked: asked.answer(b"<h1>Sign in</h1>"),
    "sends us on": lambda asked: asked.answer(b"", status=302, more="Location: /core/v1/changes\r\n"),
    "has a text where a list was": _about_changes(lambda asked: _page(asked, changes="none")),
    "has a number where the cursor was": _about_changes(lambda asked: _page(asked, cursor=7)),
    "has an object where companies were": lambda asked: asked.say_json({"companies": {}, "prices": {}}),
    "tells the same page for ever": _about_changes(lambda asked: asked.say_json(asked.first_page | {"more": True})),
    "tells the same page for ever by new cursors": _about_changes(
        lambda asked: asked.say_json(asked.first_page | {"more": True, "cursor": f"place {asked.number}"})
    ),
    "leads in a circle": _about_changes(
        lambda asked: _page(asked, changes=[], more=True, cursor=str(asked.number % 5))
    ),
    "leads in a circle of full pages": _about_changes(
        lambda asked: asked.say_json(asked.core.told("changes", str(asked.number % 3), 2) | {"more": True})
    ),
    "puts more on a page than it may": _about_changes(
        lambda asked: _page(asked, changes=asked.first_page["changes"] * 60)
    ),
    "talks without an end": lambda asked: asked.pour(HEAD + b"\r\n{", b" " * 65536),
    "talks without an end, packed": lambda asked: asked.answer(
        gzip.compress(b" " * 20_000_000), more="Content-Encoding: gzip\r\n"
    ),
    "says a million nothings": _about_changes(
        lambda asked: asked.answer(b'{"changes":[' + b"0," * 200_000 + b'0],"cursor":"1","more":false}')
    ),
}
HARMLESS: dict[str, Lie] = {  # a run takes these for the truth, or sets them aside, and loses nothing by it
    "tells tickets of wrong types": _about_changes(lambda asked: _each(asked, number=7, subject=None)),
    "tells things without a name": _about_changes(lambda asked: _each(asked, core_id=5)),
    "knows other states": _about_changes(lambda asked: _each(asked, state="asleep")),
    "goes back in time": _about_changes(lambda asked: asked.say_json(asked.first_page | {"more": False})),
    "goes back to a time before everything": _about_changes(
        lambda asked: _page(asked, changes=[], cursor="0", more=False)
    ),
    "gives a cursor from nowhere": _about_changes(lambda asked: asked.say_json(NOTHING | {"cursor": "nowhere"})),
    "gives a cursor of the future": _about_changes(lambda asked: asked.say_json(NOTHING | {"cursor": "999999"})),
    "has nothing any more": lambda asked: asked.say_json(NOTHING),
}
LIES = TROUBLE | HARMLESS


@dataclass
class LyingCore:
    """The server, a context. It lies while `lie` names a row of the table."""

    truth: MemoryCore = field(default_factory=MemoryCore)
    is_honest: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    _lie: str = ""

    def __enter__(self) -> "LyingCore":
        self.is_honest.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/core/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.lie = ""
        self._server.shutdown()
        self._server.server_close()

    @property
    def lie(self) -> str:
        return self._lie

    @lie.setter
    def lie(self, name: str) -> None:
        self._lie, self.asked = name, 0
        (self.is_honest.clear if name else self.is_honest.set)()

    def told(self, what: str, cursor: str, limit: int) -> dict[str, Any]:
        """The truth, as its JSON says it. Raises ValueError for a cursor that was never given."""
        if what == "invoices":
            return {"invoices": []}
        if what == "aside":
            return {"aside": []}
        if what != "changes":
            told = self.truth.told_companies if what == "companies" else self.truth.told_prices
            return {what: msgspec.to_builtins(told)}
        if int(cursor or 0) > self.truth.newest:
            raise ValueError(cursor)
        self.truth.page = limit
        page: ChangesPage = next(self.truth.changes(cursor or None))
        return msgspec.to_builtins(page)


def _handler_of(core: LyingCore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """One question a connection."""
            self.close_connection = True
            address = urlsplit(self.path)
            question = {name: values[0] for name, values in parse_qs(address.query).items()}
            core.asked += 1
            what, limit = address.path.rpartition("/")[2], int(question.get("limit", 100))
            asked = Asked(what, question.get("cursor", ""), limit, core, self.connection, core.asked)
            with suppress(OSError):  # the one who asked gave up, as they should
                _honest(asked) if core.is_honest.is_set() else LIES[core.lie](asked)

        def log_message(self, *_: object) -> None:
            """Tests are read for what fails."""

    return Handler


def _honest(asked: Asked) -> None:
    try:
        asked.say_json(asked.truth)
    except ValueError:
        asked.answer(b'{"error": "no cursor of ours; begin again without one"}', status=400)
