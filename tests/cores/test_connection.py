"""A core that misbehaves on a real socket: each fault becomes one of our errors, in bounded time."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from portal.cores import connection
from portal.cores.connection import CoreConnection
from portal.cores.core_api import DeskCore
from portal.errors import CoreAway, CoreLied, CoreRefused, CursorUnknown

JSON = b"Content-Type: application/json\r\n"


class Misbehaving:
    """A socket server that answers the n-th connection with the n-th script, then with the last one."""

    def __init__(self) -> None:
        self.scripts: list[Callable[[socket.socket], None]] = []
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/core/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def say(self, *answers: bytes) -> None:
        self.scripts = [lambda peer, answer=answer: peer.sendall(answer) for answer in answers]

    def do(self, *scripts: Callable[[socket.socket], None]) -> None:
        self.scripts = list(scripts)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would hold the port
        for peer in (self._listener, *self._open):
            peer.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(peer)
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        try:
            self.heard.append(_request(peer))
            script = self.scripts[min(len(self.heard), len(self.scripts)) - 1]
            script(peer)
            peer.shutdown(socket.SHUT_RDWR)
        except OSError:  # the client gave up, as it should
            pass
        finally:
            peer.close()


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    server = Misbehaving()
    yield server
    with suppress(OSError):  # a test may have closed it
        server.close()


@pytest.fixture
def line(server: Misbehaving) -> CoreConnection:
    return CoreConnection(server.url, "secret", timeouts=(1, 0.4), patience=1.5, most_bytes=5_000, pause=0.01)


def test_a_good_answer_is_read_with_the_token_and_the_parts_of_the_path_escaped(server, line):
    server.say(_answer(b'{"a":1}'))
    assert line.read("tickets", "a/b?c", cursor=None, limit=5) == b'{"a":1}'
    assert server.heard[0].startswith(b"GET /core/v1/tickets/a%2Fb%3Fc?limit=5 HTTP/1.1\r\n")
    assert b"Authorization: Bearer secret\r\n" in server.heard[0]


def test_the_token_wins_over_a_netrc_file_of_the_machine(server, line, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.say(_answer(b"{}"))
    line.read("companies")
    assert b"Authorization: Bearer secret\r\n" in server.heard[0]


def test_nobody_listening_is_away(server, line):
    server.close()
    with pytest.raises(CoreAway, match="cannot be reached"):
        line.read("companies")


def test_a_read_that_fails_at_first_is_repeated(server, line):
    server.say(
        _answer(b"", status=b"503 Busy"), _answer(b"", status=b"429 Slow", more=b"Retry-After: 0\r\n"), _answer(b"{}")
    )
    assert line.read("companies") == b"{}"
    assert len(server.heard) == 3


def test_a_long_pause_the_server_wishes_for_does_not_hold_us(server, line):
    server.say(_answer(b"", status=b"429 Slow", more=b"Retry-After: 86400\r\n"))
    line._session.get_adapter("http://").max_retries.retry_after_max = 0.05
    began = time.monotonic()
    with pytest.raises(CoreAway, match="busy \\(429\\)"):
        line.read("companies")
    assert time.monotonic() - began < 5


def test_a_write_is_never_repeated(server, line):
    server.say(_answer(b"", status=b"503 Busy"))
    with pytest.raises(CoreAway):
        line.write("tickets", "1", "notes", body={"text": "a", "key": "k"})
    assert len(server.heard) == 1


def test_a_server_that_stalls_is_away(server, line):
    server.do(lambda peer: time.sleep(5))
    with pytest.raises(CoreAway):
        line.read("companies")


DRIPS = {  # what is said at once, and what comes after it, byte by byte
    "in its head": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
    "in its body": (b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 4000\r\n\r\n", b" "),
    "in the length of a chunk": (b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "in a packed body with nothing in it": (
        b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x10\0\0\0\0\0\xff",
        b"a",
    ),
    "whole heads that say to go on": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "in the body of a refusal that is repeated": (b"HTTP/1.1 503 Busy\r\nContent-Length: 4000\r\n\r\n", b"a"),
}


@pytest.mark.parametrize("where", DRIPS)
@pytest.mark.parametrize("what", ["an answer", "a file", "an answer to a write"])
def test_a_server_that_drips_is_away_when_patience_ends(server, monkeypatch, where, what):
    """No byte of it is late, and yet the whole is done in time: the time of an answer does not begin anew."""
    first, then = DRIPS[where]

    def drip(peer):
        peer.sendall(first)
        for _ in range(400):  # twenty seconds
            peer.sendall(then)
            time.sleep(0.05)

    server.do(drip)
    monkeypatch.setattr(connection, "_LONGEST_FILE", 0.3)
    line = CoreConnection(server.url, "secret", timeouts=(1, 0.4), patience=0.3, pause=0.01)
    ask = {
        "an answer": lambda: line.read("companies"),
        "a file": lambda: list(line.stream("attachments", "1")),
        "an answer to a write": lambda: line.write("tickets", "1", "notes", body={}),
    }[what]
    began = time.monotonic()
    with pytest.raises(CoreAway, match=r"did not finish|busy"):
        ask()
    assert time.monotonic() - began < 5


def test_a_server_that_is_slow_but_in_time_is_waited_for(server, line):
    def slowly(peer):
        for piece in (b"HTTP/1.1 200 OK\r\n" + JSON, b"Content-Length: 2\r\n\r\n", b"{", b"}"):
            peer.sendall(piece)
            time.sleep(0.2)

    server.do(slowly)
    assert line.read("companies") == b"{}"


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\n" + JSON + b'Content-Length: 100\r\n\r\n{"changes"',
        b"HTTP/1.1 200 OK\r\n" + JSON + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"changes"',
        b"",
    ],
    ids=["within the length", "within a chunk", "before a word"],
)
def test_a_server_that_dies_within_its_answer_is_away_and_nothing_is_used(server, line, cut):
    server.say(cut)
    with pytest.raises(CoreAway):
        line.read("companies")


@pytest.mark.parametrize(
    "status", [b"401 Unauthorized", b"403 Forbidden", b"404 Not Found", b"400 Bad", b"409 Conflict"]
)
def test_a_refusal_is_ours_with_the_servers_own_words(server, line, status):
    server.say(_answer(b'{"error": "the token\\nis wrong"}', status=status))
    with pytest.raises(CoreRefused, match="the token"):
        line.read("companies")
    assert len(server.heard) == 1


def test_a_fault_of_the_server_is_away(server, line):
    server.say(_answer(b"<h1>Traceback</h1>", status=b"500 Oh"))
    with pytest.raises(CoreAway, match=r"failed \(500\): <h1>Traceback"):
        line.read("companies")


def test_the_token_never_follows_a_redirect(server, line):
    server.say(_answer(b"", status=b"302 Found", more=b"Location: http://127.0.0.1:9/\r\n"))
    with pytest.raises(CoreLied, match="302"):
        line.read("companies")
    assert len(server.heard) == 1


@pytest.mark.parametrize("status", [b"204 No Content", b"206 Partial Content", b"304 Not Modified"])
def test_an_answer_the_protocol_does_not_know_is_no_file(server, line, status):
    server.say(_answer(b"", status=status))
    with pytest.raises(CoreLied):
        list(line.stream("attachments", "1"))


def test_a_web_page_in_place_of_json_is_a_lie(server, line):
    server.say(_answer(b"<html>Sign in to the hotel's Wi-Fi</html>", kind=b"Content-Type: text/html\r\n"))
    with pytest.raises(CoreLied, match="text/html"):
        line.read("companies")


def test_an_endless_answer_is_cut(server, line):
    server.say(_answer(b" " * 6_000))
    with pytest.raises(CoreLied, match="more than 5000 bytes"):
        line.read("companies")


def test_a_small_answer_that_unpacks_to_a_huge_one_is_cut(server, line):
    server.say(_answer(gzip.compress(b" " * 5_000_000), more=b"Content-Encoding: gzip\r\n"))
    with pytest.raises(CoreLied, match="more than 5000 bytes"):
        line.read("companies")


def test_a_body_that_cannot_be_unpacked_is_a_lie(server, line):
    server.say(_answer(b"this is not gzip", more=b"Content-Encoding: gzip\r\n"))
    with pytest.raises(CoreLied, match="unpacked"):
        line.read("companies")


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_a_name_that_climbs_out_of_the_path_is_never_asked_for(server, line, name):
    with pytest.raises(CoreRefused):
        list(line.stream("attachments", name))
    assert server.heard == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"changes": 1}',
        b'{"changes": [], "cursor": 5, "more": false}',
        b'{"changes": [tru]}',
        b"\xff\xfe",
    ],
)
def test_a_page_of_the_wrong_shape_is_a_lie(server, body):
    server.say(_answer(body))
    with pytest.raises(CoreLied):
        list(DeskCore(server.url, "secret").changes(None))


def test_one_bad_item_of_a_page_is_unreadable_and_the_others_are_read(server):
    gone = b'{"type": "tombstone", "core_id": "8", "reason": "deleted", "at": "2026-01-01T00:00:00Z"}'
    items = b", ".join([b'{"type": "ticket", "core_id": "7"}', gone, b'"\xff"', b'{"type": "spoon"}'])
    server.say(_answer(b'{"changes": [' + items + b'], "cursor": "c", "more": false}'))
    (page,) = DeskCore(server.url, "secret").changes(None)
    ticket, tombstone, noise, spoon = page.changes
    assert (ticket.core_id, "number" in ticket.reason) == ("7", True)
    assert (tombstone.core_id, tombstone.reason) == ("8", "deleted")
    assert noise.core_id != spoon.core_id
    assert "spoon" in spoon.raw


def test_a_core_whose_cursor_stands_still_is_not_asked_for_ever(server):
    server.say(_answer(b'{"changes": [], "cursor": "c", "more": true}'))
    with pytest.raises(CoreLied, match="same cursor"):
        list(DeskCore(server.url, "secret").changes(None))
    assert len(server.heard) == 2


def test_a_page_too_big_to_take_is_asked_for_in_smaller_helpings(server):
    server.say(_answer(b" " * 6_000), _answer(b'{"changes": [], "cursor": "c", "more": false}'))
    core = DeskCore(server.url, "secret", page=100, most_bytes=5_000)
    assert [page.cursor for page in core.changes(None)] == ["c"]
    assert [b"limit=100" in server.heard[0], b"limit=25" in server.heard[1]] == [True, True]


def test_two_tickets_too_big_to_take_are_a_lie_not_a_loop(server):
    server.say(_answer(b" " * 6_000))
    with pytest.raises(CoreLied, match="more than"):
        list(DeskCore(server.url, "secret", page=100, most_bytes=5_000).changes(None))


def test_an_answer_of_countless_values_is_cut_before_they_are_made(server):
    """Two bytes of JSON can become an object of seventy: what is short on the line could fill the memory."""
    line = CoreConnection(server.url, "secret", most_values=1_000)
    server.say(_answer(b"[" + b"0," * 2_000 + b"0]"), _answer(b'["' + b"text, and more " * 500 + b'"]'))
    with pytest.raises(CoreLied, match="more than 1000 values"):
        line.read("changes")
    assert len(line.read("changes")) > 7_000


def test_more_changes_than_were_asked_for_are_a_lie(server):
    stone = b'{"type": "tombstone", "core_id": "8", "reason": "deleted", "at": "2026-01-01T00:00:00Z"}'
    server.say(_answer(b'{"changes": [' + b",".join([stone] * 4) + b'], "cursor": "c", "more": false}'))
    with pytest.raises(CoreLied, match="4 changes on a page that may have 3"):
        list(DeskCore(server.url, "secret", page=3).changes(None))


@pytest.mark.parametrize("length", [1, 2, 3, 10, 37])
def test_a_core_that_leads_in_a_circle_is_left_after_a_few_rounds(server, length):
    server.scripts = [lambda peer: peer.sendall(_page_of(f"c{len(server.heard) % length}", len(server.heard)))]
    with pytest.raises(CoreLied, match=r"circle|same cursor"):
        list(DeskCore(server.url, "secret").changes(None))
    assert len(server.heard) <= 3 * length + 3


def test_a_core_that_tells_the_same_under_new_cursors_is_left_after_a_few_rounds(server):
    server.scripts = [lambda peer: peer.sendall(_page_of(f"c{len(server.heard)}", len(server.heard) % 4))]
    with pytest.raises(CoreLied, match="circle"):
        list(DeskCore(server.url, "secret").changes(None))
    assert len(server.heard) <= 16


def test_a_cursor_that_is_not_understood_is_told_apart_from_other_refusals(server):
    core = DeskCore(server.url, "secret")
    server.say(_answer(b'{"error": "no cursor of ours"}', status=b"400 Bad"))
    with pytest.raises(CursorUnknown, match="no cursor of ours"):
        list(core.changes("c"))
    for status, cursor in ((b"400 Bad", None), (b"403 Forbidden", "c")):
        server.say(_answer(b"{}", status=status))
        with pytest.raises(CoreRefused) as refused:
            list(core.changes(cursor))
        assert not isinstance(refused.value, CursorUnknown)


def _page_of(cursor: str, number: int) -> bytes:
    stone = {"type": "tombstone", "core_id": str(number), "reason": "deleted", "at": "2026-01-01T00:00:00Z"}
    return _answer(json.dumps({"changes": [stone], "cursor": cursor, "more": True}).encode())


def _answer(body: bytes, *, status: bytes = b"200 OK", kind: bytes = JSON, more: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + kind + length + more + b"Connection: close\r\n\r\n" + body


def _request(peer: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard:
        piece = peer.recv(65536)
        if not piece:
            raise ConnectionResetError
        heard += piece
    return heard
