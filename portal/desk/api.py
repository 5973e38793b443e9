"""Core API v1 over the desk: what the portal's sync reads, and the one thing it writes."""

import gzip
import hmac
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from portal.desk import health, serializers
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.inbound.mime import plain
from portal.desk.ticketing import directory, documents, notes, prices
from portal.desk.ticketing.notes import DECISIONS, Contradicted, TakenNote
from portal.errors import NotFound, Refused

FEWEST, USUAL, MOST = 2, 100, 500  # changes on a page; with one, an inclusive cursor would never get on
LARGEST_REQUEST = 8 * 1024 * 1024  # bytes
LONGEST_KEY = 200  # characters
_WORTH_PACKING = 2048  # bytes
_KEY = re.compile(rf"^[!-~]{{1,{LONGEST_KEY}}}\Z")
_VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

core = Blueprint("core", __name__, url_prefix="/core/v1")


def create_api(store: Store, token: str, standing: Callable[[], dict[str, Any]] = dict) -> Flask:
    """The Core API as a WSGI application, under /core/v1, behind a bearer token.

    standing: how the desk's errands stand, for GET /healthz, which says it to anybody and has nobody's data in it.
    """
    api = Flask(__name__, static_folder=None)
    api.config.update(STORE=store, TOKEN=token, MAX_CONTENT_LENGTH=LARGEST_REQUEST)
    api.json.sort_keys = False  # type: ignore[attr-defined]
    api.json.ensure_ascii = False  # type: ignore[attr-defined]
    api.before_request(_let_in)
    api.after_request(_packed)
    api.register_blueprint(core)
    api.add_url_rule("/healthz", view_func=lambda: health.answer(store, standing()))
    api.add_url_rule("/metrics", view_func=metrics)
    for trouble, status in _STATUS.items():
        api.register_error_handler(trouble, _answering(status))
    api.register_error_handler(HTTPException, _http_error)
    return api


@core.get("/changes")
def changes():
    cursor = request.args.get("cursor", "")
    limit = _limit(request.args.get("limit"))
    with _store().read() as db:
        page = serializers.changes(db, cursor, limit, name=_store().house.name)
    return jsonify(changes=page.changes, cursor=page.cursor, more=page.more)


@core.get("/companies")
def companies():
    with _store().read() as db:
        return jsonify(companies=directory.companies(db))


@core.get("/prices")
def price_list():
    with _store().read() as db:
        return jsonify(prices=prices.price_list(db))


@core.get("/invoices")
def invoices():
    with _store().read() as db:
        return jsonify(invoices=documents.issued(db), supplier=documents.supplier(db))


@core.get("/aside")
def aside():
    return jsonify(aside=intake.aside(_store()))


@core.get("/attachments/<core_id>")
def attachment(core_id):
    with _store().read() as db:
        file = serializers.attachment(db, core_id)
    answer = Response(file.content, content_type=file.media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{file.quoted_name}"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


@core.post("/tickets/<core_id>/notes")
def add_note(core_id):
    note, is_new = notes.take(_store(), _told(core_id, request.get_json()))
    return jsonify(note), 201 if is_new else 200


def metrics():
    """For Prometheus, behind the same token: mails by what became of them; aside are those for flask desk aside."""
    lines = ["# HELP desk_mails Mails by what became of them.", "# TYPE desk_mails gauge"]
    lines += [f'desk_mails{{outcome="{outcome}"}} {many}' for outcome, many in intake.counts(_store()).items()]
    return Response("\n".join([*lines, ""]), content_type="text/plain; version=0.0.4; charset=utf-8")


def _store() -> Store:
    return current_app.config["STORE"]


def _limit(written: str | None) -> int:
    if written is None:
        return USUAL
    if not (written.isascii() and written.isdigit() and FEWEST <= int(written[:9]) <= MOST and len(written) < 9):
        raise Refused(f"limit is a whole number from {FEWEST} to {MOST}")
    return int(written)


def _told(ticket: str, said: Any) -> TakenNote:
    """The note of a request body. Raises Refused naming the field at fault."""
    if not isinstance(said, dict):
        raise Refused("a note is a JSON object")
    fields = {name: said.get(name, "") for name in ("text", "key", "approval", "decision", "dispute", "entry")}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise Refused(f"{name} is text")
    if not _VISIBLE.search(fields["text"]):
        raise Refused("text is needed")
    if not _KEY.match(fields["key"]):
        raise Refused(f"key is needed: 1 to {LONGEST_KEY} letters, digits and signs of ASCII, without spaces")
    if fields["decision"] not in ("", *DECISIONS):
        raise Refused(f"decision is one of {', '.join(DECISIONS)}")
    if not isinstance(said.get("dispute_over", False), bool):
        raise Refused("dispute_over is true or false")
    if len(fields["dispute"]) > LONGEST_KEY:
        raise Refused(f"dispute has at most {LONGEST_KEY} letters")
    fields = {**fields, "text": plain(fields["text"]), "dispute": plain(fields["dispute"])}
    return TakenNote(ticket, **fields, dispute_over=said.get("dispute_over", False))


def _let_in() -> Response | None:
    """Whoever has no token learns nothing, not even which addresses there are."""
    if request.path == "/healthz":
        return None
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    expected = current_app.config["TOKEN"]
    if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected.encode()):
        return None
    answer = jsonify(error="a bearer token is needed")
    answer.status_code = 401
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _packed(answer: Response) -> Response:
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Accept-Encoding")
    if answer.is_json and "gzip" in request.accept_encodings and len(answer.get_data()) > _WORTH_PACKING:
        answer.set_data(gzip.compress(answer.get_data(), compresslevel=3))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _answering(status: int):
    def answer(error: Exception):
        words = "the desk is busy, try again" if isinstance(error, sqlite3.Error) else str(error)
        return jsonify(error=words), status

    return answer


def _http_error(error: HTTPException):
    answer = jsonify(error=error.description or error.name)
    answer.status_code = error.code or 500
    if error.code == 405 and getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
    return answer


_STATUS: dict[type[Exception], int] = {Refused: 400, NotFound: 404, Contradicted: 409, sqlite3.OperationalError: 503}
