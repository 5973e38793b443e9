"""Logs: lines on standard error for whoever runs the portal, as text or as JSON, with nobody's data in them.

A line names the endpoint, never the address that was asked for: that may hold a key, a number or a search. What
others say in an error is not ours to choose: addresses, keys, passwords and what a database repeats are taken out.
"""

import json
import logging
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from flask import Flask, Response, current_app, g, has_request_context, request

OURS = "portal"
HIDDEN = (  # what an error may repeat, and what is written instead
    (re.compile(r"(?<=://)[^\s\"'<>]*@"), "…@"),  # who and by which password, however it is written
    (
        re.compile(r"(?<![\w.+%-])[\w.+%-]++@(?=[\w-]+\.[\w.-]+)"),
        "…@",
    ),  # the domain says whose server failed
    (re.compile(r"(?<![\w-])(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_-]{40,}(?![\w-])", re.ASCII), "…"),  # no name of ours
    (re.compile(r"(?<!\w)[A-Z2-7]{32}(?!\w)"), "…"),  # of an authenticator
    (re.compile(r"(?m)^(DETAIL|CONTEXT|HINT):.*$"), r"\1: …"),
)
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_requests = logging.getLogger(f"{OURS}.request")


def configure(level: str, form: str) -> None:
    """For a process that serves: our lines from a level on, those of libraries from warnings on."""
    root = logging.getLogger()
    root.handlers[:] = [written_to(sys.stderr, form)]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level)


def written_to(stream: TextIO, form: str) -> logging.Handler:
    """What writes lines to a stream: form is text or json."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else _Text())
    return handler


def without_secrets(text: str) -> str:
    """A line without what is somebody's own: the rest is what whoever runs the portal needs."""
    for pattern, instead in HIDDEN:
        text = pattern.sub(instead, text)
    return text


def install(app: Flask) -> None:
    """One line a request, and an error of ours under the name of its endpoint."""
    app.before_request(_begin)
    app.after_request(_note)
    app.log_exception = _log_exception  # type: ignore[assignment, method-assign]  # its own names the address


def _begin() -> None:
    """The request's name: the proxy's if there is one we trust, else one of ours."""
    given = request.headers.get("X-Request-ID", "") if current_app.config["PROXIES"] else ""
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.began = time.perf_counter()


def _note(response: Response) -> Response:
    if "began" in g:
        response.headers["X-Request-ID"] = g.request_id
    if "began" in g and _requests.isEnabledFor(logging.INFO):
        spent = (time.perf_counter() - g.began) * 1000
        facts = {"endpoint": request.endpoint or "-", "method": request.method, "status": response.status_code}
        _requests.info("%(method)s %(endpoint)s %(status)s", facts, extra={"facts": {**facts, "ms": round(spent, 1)}})
    return response


def _log_exception(what: Any) -> None:
    logging.getLogger(OURS).error("%s broke", request.endpoint or "a request", exc_info=what)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s%(more)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - theirs
        """The machine's own time with its zone, as 2026-11-28T04:05:06.789+01:00."""
        return datetime.fromtimestamp(record.created, UTC).astimezone().isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        name = _request_id()
        record.more = (f" in {facts['ms']} ms" if facts else "") + (f" [{name}]" if name else "")
        return without_secrets(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            "request_id": _request_id(),
            **getattr(record, "facts", {}),
            "error": without_secrets(self.formatException(record.exc_info)) if record.exc_info else None,
        }
        return json.dumps({name: value for name, value in told.items() if value is not None}, ensure_ascii=False)


def _request_id() -> str | None:
    return g.get("request_id") if has_request_context() else None
