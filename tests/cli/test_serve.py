"""connectica-portal serve starts where that is safe, says what to set where it is not, and ends politely."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
TOKEN = "a token that is long enough to be one"


def _flask(folder, *words, **settings):
    return subprocess.run(
        [sys.executable, "-m", "flask", *words], env=_environment(folder, settings), capture_output=True, text=True
    )


def _environment(folder, settings):
    others = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    ours = {f"PORTAL_{name}": value for name, value in settings.items() if name.isupper() and name != "FLASK_DEBUG"}
    debug = {"FLASK_DEBUG": settings["FLASK_DEBUG"]} if "FLASK_DEBUG" in settings else {}
    return others | ours | debug | {"FLASK_APP": str(ROOT / "app.py"), "PORTAL_INSTANCE": str(folder)}


def _port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "PORTAL_BASE_URL is not set"),
        ({"BASE_URL": "http://127.0.0.1:1"}, "has no tables yet. Run:  connectica-portal db upgrade"),
        ({"BASE_URL": "http://127.0.0.1:1", "FLASK_DEBUG": "1"}, "debug is on"),
        ({"BASE_URL": "http://portal.example"}, "write https://"),
        ({"BASE_URL": "portal.example"}, "write scheme and host"),
        ({"BASE_URL": "https://portal.example", "DEMO": "1"}, "PORTAL_DEMO shows"),
        ({"SECRET_KEY": "short"}, "shorter than 32 characters"),
        ({"METRICS_TOKEN": "short"}, "shorter than 32 characters"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "the database does not answer"),
    ],
)
def test_what_is_unsafe_is_said_and_nothing_is_served(tmp_path, settings, reason):
    answer = _flask(tmp_path, "serve", "--port", str(_port()), **settings)
    assert answer.returncode == 1
    assert reason in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("words", [("sync", "status"), ("people", "list"), ("letters", "late"), ("prices", "list")])
def test_every_command_says_that_the_database_was_never_made(tmp_path, words):
    answer = _flask(tmp_path, *words)
    assert answer.returncode == 1
    assert "connectica-portal db upgrade" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_two_workers_serve_count_together_and_end_politely(tmp_path, sqlite_template):
    (tmp_path / "portal.db").write_bytes(sqlite_template.read_bytes())
    port = _port()
    settings = {"BASE_URL": f"http://127.0.0.1:{port}", "METRICS_TOKEN": TOKEN, "LOG_FORMAT": "json"}
    server = subprocess.Popen(
        [sys.executable, "-m", "flask", "serve", "--port", str(port), "--workers", "2"],
        env=_environment(tmp_path, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", server)
        for _ in range(20):
            requests.get(f"http://127.0.0.1:{port}/sign-in", timeout=10)
        told = requests.get(
            f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
        )
        assert 'portal_answers_total{endpoint="sign_in.show",status="200"} 20.0' in told.text
    finally:
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=40)[0]
    assert server.returncode == 0
    assert '"endpoint": "sign_in.show"' in said


def _wait_for(address, server):
    for _ in range(600):
        try:
            requests.get(address, timeout=5)
            return
        except requests.ConnectionError:
            assert server.poll() is None, server.stdout.read()
            time.sleep(0.1)
    pytest.fail("the server did not come up")
