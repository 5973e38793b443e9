"""Servers to measure: granian with one worker, as in production, over any application."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from bench.mirrors import FOLDER, MANAGER, PASSWORD, settings
from portal import config

_SERVERS: dict[int, int] = {}  # port: process
_PATIENCE = 60  # seconds until a server answers


@contextmanager
def served(application: str, folder: Path | None = None, **more: str) -> Iterator[int]:
    """The port at which the application answers; with a folder, it is the portal over the mirror in there.

    more are settings of the portal that differ from the defaults.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = {f"PORTAL_{name}": str(value) for name, value in (settings(folder) | more).items()} if folder else {}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "1"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "server.log").open("w") as log:  # a line a request, written as in production
        server = subprocess.Popen(
            [*command, "--no-ws", "--host", "127.0.0.1", "--port", str(port), "--log-level", "error", application],
            env=os.environ | ours,
            cwd=config.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(port, server)
        _SERVERS[port] = server.pid
        yield port
    finally:
        _SERVERS.pop(port, None)
        server.terminate()
        server.wait(20)


def processor_time(port: int) -> float:
    """Seconds of processor the server at that port has used so far, its worker included."""
    server = psutil.Process(_SERVERS[port])
    return sum(sum(one.cpu_times()[:2]) for one in [server, *server.children(recursive=True)])


@contextmanager
def writing(tickets: int) -> Iterator[None]:
    """Ordinary changes going on in that mirror."""
    writer = subprocess.Popen([sys.executable, "-m", "bench.writer", str(tickets)], cwd=config.ROOT)
    try:
        yield
        assert writer.poll() is None, "the writer ended before the measurement did"
    finally:
        writer.terminate()
        writer.wait(20)


def cookie(port: int, email: str = MANAGER) -> str:
    """The cookie of a manager, signed in as by hand."""
    session = requests.Session()
    page = session.get(f"http://127.0.0.1:{port}/sign-in", timeout=20)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
    form = {"email": email, "password": PASSWORD, "csrf_token": token}
    answer = session.post(page.url, data=form, allow_redirects=False, timeout=20)
    assert answer.status_code == 302, "the manager cannot sign in"
    return "; ".join(f"{crumb.name}={crumb.value}" for crumb in session.cookies)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert server.poll() is None, f"the server did not start: see {FOLDER / 'server.log'}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not answer in time")
