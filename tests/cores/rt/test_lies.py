"""A Request Tracker that is slow, refuses or answers what it should not: one of our errors each time."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from portal.cores.records import CompanyRecord
from portal.cores.rt.adapter import RtCore
from portal.cores.rt.client import Rest
from portal.domain import sync_state as memory
from portal.errors import CoreAway, CoreError, CoreLied, CoreRefused
from portal.sync import lease
from portal.sync.engine import Sync
from tests.sync.conftest import counts, mirrored, whole_mirror

Answer = tuple[int, str, bytes]
JSON, HTML = "application/json", "text/html"
EMPTY = b'{"items":[],"total":0,"count":0}'
LOGIN = b"<html><form action='/NoAuth/Login.html'></form></html>"


class Liar:
    """Answers each path of REST2 with what the test says, and the sign-in with a page."""

    def __init__(self) -> None:
        self.answers: Callable[[str], Answer] = lambda path: (200, JSON, EMPTY)
        self.login = LOGIN
        self.signed_in = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, status: int, kind: str, body: bytes) -> None:
        self.answers = lambda path: (status, kind, body)


@pytest.fixture
def liar() -> Iterator[Liar]:
    liar = Liar()
    yield liar
    liar.server.shutdown()
    liar.server.server_close()


@pytest.fixture
def rest(liar: Liar) -> Rest:
    return Rest(liar.url, user="portal", password="x", queue="IT", timeouts=(1, 0.4), patience=1.5, pause=0.01)


@pytest.fixture
def core(rest: Rest) -> RtCore:
    return RtCore(rest)


def test_an_empty_queue_is_no_lie(core: RtCore):
    (page,) = core.changes(None)
    assert (page.changes, page.more) == ((), False)


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, HTML, LOGIN),
        (200, JSON, b"<html>"),
        (200, JSON, b'{"items": ['),
        (200, JSON, b"[]"),
        (200, JSON, b'{"message": "Something went wrong"}'),
        (200, JSON, b'{"items": 5, "total": 1}'),
        (200, JSON, b'{"items": [5], "total": 1}'),
        (200, JSON, b'{"items": [{"id": "1"}], "total": 1}'),
        (200, JSON, b'{"items": [{"id": "x", "LastUpdated": "2026-11-25T10:00:00Z"}], "total": 1}'),
        (200, JSON, b'{"items": [{"id": "1", "LastUpdated": "yesterday"}], "total": 1}'),
        (200, JSON, b'{"items": [], "total": "many"}'),
        (200, JSON, b'{"items": [' + b"{}," * 150 + b'{}], "total": 1}'),
        (200, JSON, b"[" * 100_000),
        (204, JSON, b""),
        (301, HTML, b"moved"),
    ],
)
def test_what_is_no_list_of_tickets_is_a_lie(liar: Liar, core: RtCore, status: int, kind: str, body: bytes):
    liar.says(status, kind, body)
    with pytest.raises(CoreLied):
        list(core.changes(None))


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_one_that_is_busy_is_away(liar: Liar, core: RtCore, status: int):
    liar.says(status, HTML, b"busy")
    with pytest.raises(CoreAway):
        list(core.changes(None))


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_one_that_says_no_refuses(liar: Liar, core: RtCore, status: int):
    liar.says(status, JSON, b'{"message": "Forbidden"}')
    with pytest.raises(CoreRefused, match="Forbidden"):
        list(core.changes(None))


@pytest.mark.parametrize("status", [401, 302])
def test_a_wrong_password_is_tried_once_a_call_and_told(liar: Liar, core: RtCore, status: int):
    liar.says(status, HTML, LOGIN)
    with pytest.raises(CoreRefused, match="PORTAL_RT_PASSWORD"):
        list(core.changes(None))
    assert liar.signed_in == 1


def test_nobody_there_is_away(liar: Liar, core: RtCore):
    liar.server.shutdown()
    liar.server.server_close()
    with pytest.raises(CoreAway):
        list(core.changes(None))


def test_a_slow_one_is_away(liar: Liar, core: RtCore):
    released = Event()
    liar.answers = lambda path: released.wait(10) and (200, JSON, EMPTY)
    try:
        with pytest.raises(CoreAway):
            list(core.changes(None))
    finally:
        released.set()


def test_a_list_that_goes_back_in_time_is_a_lie(liar: Liar, core: RtCore):
    rows = b"".join(b'{"id":"%d","LastUpdated":"2026-11-25T10:00:%02dZ"},' % (n, 59 - n) for n in range(5)).rstrip(
        b","
    )
    liar.answers = lambda path: (200, JSON, b'{"total":5,"items":[' + rows + b"]}")
    with pytest.raises(CoreLied, match="back in time"):
        list(core.changes(None))


def test_a_list_that_is_the_same_page_for_ever_is_a_lie(liar: Liar, core: RtCore):
    rows = b",".join(b'{"id":"%d","LastUpdated":"2026-11-25T10:00:00Z"}' % n for n in range(1, 101))
    liar.answers = lambda path: (
        200,
        JSON,
        (b'{"total":100,"items":[' + rows + b"]}") if "/tickets" in path else EMPTY,
    )
    with pytest.raises(CoreLied, match="back in time"):
        list(core.changes(None))


@pytest.mark.parametrize("what", ["transactions", "attachments"])
def test_parts_that_are_the_same_page_for_ever_are_a_lie(liar: Liar, core: RtCore, what: str):
    """They would be gathered until the memory is full."""
    ticket = b'{"total":1,"items":[{"id":"1","LastUpdated":"2026-11-25T10:00:00Z"}]}'
    said = b'{"items":[{"id":"1","ObjectId":"1","Type":"Create","Field":""}]}'
    rows = b'{"items":[' + b",".join(b'{"id":"%d","ObjectId":"1"}' % n for n in range(1, 101)) + b"]}"
    told = {"transactions": said, "attachments": EMPTY, what: rows}
    liar.answers = lambda path: (200, JSON, next((told[name] for name in told if f"/{name}" in path), ticket))
    with pytest.raises(CoreLied, match=f"list of {what} tells the same again"):
        list(core.changes(None))


def test_a_list_of_late_tickets_that_never_ends_is_a_lie(liar: Liar, core: RtCore):
    """What stands before the end of an earlier look is read page by page, too."""
    rows = b",".join(b'{"id":"%d","LastUpdated":"2026-11-25T09:59:59Z"}' % n for n in range(1, 101))
    end = b'{"total":1,"items":[{"id":"500","LastUpdated":"2026-11-25T10:00:00Z"}]}'

    def answers(path: str) -> Answer:
        if "/tickets" not in path:
            return 200, JSON, EMPTY
        is_late = "09%3A58%3A00" in path or "09%3A59%3A59" in path
        return 200, JSON, (b'{"total":100,"items":[' + rows + b"]}") if is_late else end

    liar.answers = answers
    with pytest.raises(CoreLied, match="back in time"):
        list(core.changes('{"at":"2026-11-25T10:00:00Z","number":500,"is_end":true,"top":500,"count":1}'))


def test_numbers_that_are_the_same_page_for_ever_are_a_lie(liar: Liar, core: RtCore):
    """A ticket that left is looked for by all numbers there are."""
    rows = b",".join(b'{"id":"%d","LastUpdated":"2026-11-25T10:00:00Z"}' % n for n in range(1, 101))
    end = b'{"total":1,"items":[{"id":"500","LastUpdated":"2026-11-25T10:00:00Z"}]}'
    liar.answers = lambda path: (
        (200, JSON, EMPTY)
        if "/tickets" not in path
        else (200, JSON, b'{"items":[' + rows + b"]}" if "id+%3E+" in path else end)
    )
    with pytest.raises(CoreLied, match="numbers after 100 goes back"):
        list(core.changes('{"at":"2026-11-25T10:00:00Z","number":500,"is_end":true,"top":500,"count":2}'))


def test_a_sign_in_page_without_an_end_is_not_waited_for(liar: Liar, core: RtCore):
    liar.says(401, HTML, LOGIN)
    liar.login = LOGIN * 2_000_000
    with pytest.raises(CoreRefused, match="PORTAL_RT_PASSWORD"):
        list(core.changes(None))


def test_a_ticket_that_makes_no_sense_is_set_aside_and_the_others_are_told(liar: Liar, core: RtCore):
    good = (
        b'{"id":"2","Subject":"Server","Status":"open","Owner":{"id":"Nobody"},"Requestor":[],"TimeWorked":"0",'
        b'"Created":"2026-11-25T09:00:00Z","LastUpdated":"2026-11-25T10:00:01Z","Due":"","Resolved":"",'
        b'"CustomFields":[{"name":"Company","values":["vltava"]}]}'
    )
    bad = b'{"id":"1","Subject":null,"LastUpdated":"2026-11-25T10:00:00Z"}'
    liar.answers = lambda path: (
        200,
        JSON,
        b'{"total":2,"items":[' + bad + b"," + good + b"]}" if "/tickets" in path else EMPTY,
    )
    (page,) = core.changes(None)
    assert [(change.core_id, type(change).__name__) for change in page.changes] == [
        ("1", "Unreadable"),
        ("2", "TicketRecord"),
    ]


LIES: dict[str, Answer] = {
    "a sign-in page": (200, HTML, LOGIN),
    "a sign-in page called JSON": (200, JSON, LOGIN),
    "half of its JSON": (200, JSON, b'{"total":1,"items":[{"id":"2","Sub'),
    "a refusal with 200": (200, JSON, b'{"message":"Permission Denied"}'),
    "a list of refusals with 200": (200, JSON, b'["Permission Denied"]'),
    "wrong types": (200, JSON, b'{"total":"1","items":{"id":2}}'),
    "a fault of its own": (500, HTML, b"An internal RT error has occurred."),
    "that it is busy": (503, HTML, b""),
    "who are you?": (401, HTML, LOGIN),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_changes_nothing_in_the_mirror_and_the_next_honest_look_goes_on(app, liar: Liar, rest: Rest, lie: str):
    core = RtCore(rest, companies=[CompanyRecord(core_id="vltava", name="Strojírny Vltava, a. s.")])
    liar.answers = _honest("Server", at="10:00:01")
    _run(core)
    assert counts() == {("vltava", "open"): 1}
    before = whole_mirror()
    liar.answers = lambda path: LIES[lie]
    with pytest.raises(CoreError):
        _run(core)
    assert (memory.age().is_troubled, whole_mirror()) == (True, before)
    liar.answers = _honest("Server zase jde", at="10:05:00")
    _run(core)
    assert (memory.age().trouble, mirrored("2").subject) == ("", "Server zase jde")


def _honest(subject: str, *, at: str) -> Callable[[str], Answer]:
    ticket = {
        "id": "2",
        "Subject": subject,
        "Status": "open",
        "Owner": {"id": "Nobody"},
        "Requestor": [],
        "TimeWorked": "0",
        "Created": "2026-11-25T09:00:00Z",
        "LastUpdated": f"2026-11-25T{at}Z",
        "Due": "",
        "Resolved": "",
        "CustomFields": [{"name": "Company", "values": ["vltava"]}],
    }
    page = json.dumps({"total": 1, "items": [ticket]}).encode()
    return lambda path: (200, JSON, page if "/tickets" in path else EMPTY)


def _run(core: RtCore) -> None:
    lead = lease.take("sync", lease.new_holder())
    assert lead
    try:
        Sync(core).run(lead)
    finally:
        lease.give_back(lead)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'["Ticket 1: Permission Denied"]', CoreLied),
        (b'{"message":"x"}', CoreLied),
        (LOGIN, CoreLied),
        (b'{"id":1,"Status":"open","CustomFields":[]}', CoreAway),
    ],
)
def test_a_note_that_was_refused_with_200_is_not_told(liar: Liar, core: RtCore, body: bytes, error: type[Exception]):
    liar.answers = lambda path: (200, JSON if body != LOGIN else HTML, body)
    with pytest.raises(error):
        core.tell("1", "Poznámka.", "key-1")


def _handler_of(liar: Liar) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.startswith("/NoAuth"):
                liar.signed_in += 1
                status, kind, body = 200, HTML, liar.login
            else:
                status, kind, body = liar.answers(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "/NoAuth/Login.html")
            self.end_headers()
            with suppress(OSError):  # the one who asked may have heard enough
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the server calls them by these names

        def log_message(self, *_: object) -> None:
            """Tests are read for what fails."""

    return Handler
