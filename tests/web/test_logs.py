"""A log line says what happened and to which endpoint, and holds nobody's data."""

import io
import json
import logging

import pytest

from portal import logs
from portal.domain.read_models import conversation


@pytest.fixture
def said():
    """Reads what has been written, as the server's processes write it."""
    stream, ours = io.StringIO(), logging.getLogger(logs.OURS)
    handler, level = logs.written_to(stream, "json"), ours.level
    ours.addHandler(handler)
    ours.setLevel("INFO")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    ours.removeHandler(handler)
    ours.setLevel(level)


def test_a_request_is_one_line_with_its_endpoint_status_and_time(app, said, manager):
    answer = manager.get("/tickets?q=Kučera")
    line = said()[-1]
    assert (line["endpoint"], line["method"], line["status"]) == ("tickets.index", "GET", 200)
    assert line["ms"] >= 0
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_neither_the_address_nor_who_asked_is_written(app, said, manager):
    manager.get("/tickets?q=Kučera")
    manager.get("/invitation/" + "A" * 43)
    told = json.dumps(said())
    assert "Kučera" not in told
    assert "AAAA" not in told
    assert "a.example" not in told


def test_our_fault_is_written_under_the_endpoint_with_its_traceback(app, said, manager, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(conversation, "show", lambda *_, **__: 1 / 0)
    manager.get("/tickets/20261471")
    line = next(line for line in said() if line["level"] == "ERROR")
    assert line["message"] == "tickets.show broke"
    assert "ZeroDivisionError" in line["error"]
    assert "20261471" not in json.dumps(line)


def test_a_strangers_name_for_a_request_is_not_taken_over(app, manager):
    assert manager.get("/tickets", headers={"X-Request-ID": "mine-12345"}).headers["X-Request-ID"] != "mine-12345"
