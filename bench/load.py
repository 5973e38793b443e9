"""One request over a few kept connections, again and again, as fast as the server answers."""

import re
import socket
import time
from dataclasses import dataclass, field

CONNECTIONS = 3  # enough that the server never waits for us, few enough to leave it a core of its own

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as its bytes; status is what a right answer begins with."""

    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200

    @property
    def raw(self) -> bytes:
        lines = [f"GET {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: keep-alive"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()


def rate(request: Request, seconds: float) -> float:
    """Right answers a second. Raises AssertionError for a wrong one: a fast mistake is no speed."""
    raw, expected = request.raw, f"HTTP/1.1 {request.status}".encode()
    connections = [_connected(request.port) for _ in range(CONNECTIONS)]
    done = 0
    for connection in connections:
        connection.sendall(raw)
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for connection in connections:
            head, _body = _answer(connection)
            assert head.startswith(expected), f"{request.path}: {head[:200]!r}"
            connection.sendall(raw)
            done += 1
    passed = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return done / passed


def answer(request: Request) -> tuple[bytes, bytes]:
    """Head and body of one answer, as they came over the wire."""
    with _connected(request.port) as connection:
        connection.sendall(request.raw)
        return _answer(connection)


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _answer(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _more(connection)
    head = data[:end]
    length = _LENGTH.search(head)
    if b"304" in head[:13] or b"204" in head[:13]:
        return head, b""
    assert length, f"an answer without its length: {head[:300]!r}"
    body = data[end + 4 :]
    while len(body) < int(length.group(1)):
        body += _more(connection)
    return head, body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(262144)
    assert data, "the server closed the connection"
    return data
