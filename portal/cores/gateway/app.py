"""Core API v1 over a ledger and a store, as a WSGI application."""

import hmac
import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from portal.cores.gateway.follow import Follower
from portal.cores.gateway.ledger import Ledger
from portal.cores.gateway.source import Source

FEWEST, USUAL, MOST = 2, 100, 500  # changes on a page
LARGEST_REQUEST = 8 * 2**20  # bytes
DECISIONS = ("", "approved", "declined", "expired", "withdrawn")
_KEY = re.compile(r"^[!-~]{1,200}\Z")
_VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_ADDRESSES = Map(
    [
        Rule("/core/v1/changes", endpoint="changes", methods=["GET"]),
        Rule("/core/v1/companies", endpoint="companies", methods=["GET"]),
        Rule("/core/v1/prices", endpoint="prices", methods=["GET"]),
        Rule("/core/v1/attachments/<core_id>", endpoint="attachment", methods=["GET"]),
        Rule("/core/v1/tickets/<core_id>/notes", endpoint="note", methods=["POST"]),
    ]
)

log = logging.getLogger(__name__)


class _Refusal(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Gateway:
    """The application. looks: the store is looked at with every question, as suits a small one and tests."""

    def __init__(
        self, source: Source, ledger: Ledger, follower: Follower, token: str, *, looks: bool = False
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._follower = follower
        self._token = token
        self._looks = looks

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = LARGEST_REQUEST
        return self._answer(request)(environ, start)

    def _answer(self, request: Request) -> Response:
        try:
            if not self._is_let_in(request):
                return _said({"error": "a bearer token is needed"}, 401, {"WWW-Authenticate": "Bearer"})
            endpoint, values = _ADDRESSES.bind_to_environ(request.environ).match()
            answer: Callable[..., Response] = getattr(self, f"_{endpoint}")
            return answer(request, **values)
        except _Refusal as error:
            return _said({"error": str(error)}, error.status)
        except HTTPException as error:
            return _said({"error": error.description or error.name}, error.code or 500)
        except Exception as error:  # of the store, whatever it is: the same question may work later
            log.exception("the store failed")
            return _said({"error": f"the store failed: {type(error).__name__}: {error}"}, 503)

    def _is_let_in(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode())

    def _changes(self, request: Request) -> Response:
        limit, position = _limit(request.args.get("limit")), self._position(request.args.get("cursor", ""))
        if self._looks:
            self._follower.look()
        page = self._ledger.page(position, limit)
        tail = json.dumps({"cursor": page.cursor, "more": page.more})
        body = f'{{"changes": [{", ".join(page.changes)}], {tail[1:]}'
        return Response(body, mimetype="application/json", headers=_HEADERS)

    def _position(self, cursor: str) -> int:
        if not cursor:
            return 0
        found = re.fullmatch(r"([0-9a-f]+)\.([0-9]{1,18})", cursor, re.ASCII)
        if not found or found[1] != self._ledger.fact("store") or int(found[2]) > self._ledger.newest:
            raise _Refusal(400, "this is no cursor of ours, or of before a restore; begin again without one")
        return int(found[2])

    def _companies(self, request: Request) -> Response:
        return _said({"companies": self._source.companies()})

    def _prices(self, request: Request) -> Response:
        return _said({"prices": self._source.prices()})

    def _attachment(self, request: Request, core_id: str) -> Response:
        row = self._ledger.file(core_id)
        content = self._source.file(core_id) if row else None
        if row is None or content is None:
            raise _Refusal(404, "there is no such attachment")
        name = quote(row["name"], safe="")
        headers = _HEADERS | {
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        return Response(content, content_type=row["media_type"], headers=headers)

    def _note(self, request: Request, core_id: str) -> Response:
        note = _told(request.get_json())
        said = json.dumps(note, sort_keys=True, ensure_ascii=False)
        if not self._ledger.has(core_id):  # it may be newer than the last look
            self._follower.read(core_id)
        with self._ledger.changing():
            row = self._ledger.note(note["key"])
            if row and (row["ticket"], row["said"]) != (core_id, said):
                raise _Refusal(409, "this key was used for another note")
            if not self._ledger.has(core_id):
                raise _Refusal(404, "there is no such ticket")
            if note["approval"] and not self._ledger.asks(core_id, note["approval"]):
                raise _Refusal(404, "there is no such question on this ticket")
            if row is None:  # a store that fails, or a process that dies here, is asked to write the same key again
                name = self._source.write_note(core_id, note["text"], note["key"])
                self._ledger.keep_note(note["key"], core_id, said, name)
                if note["approval"] and note["decision"]:
                    self._ledger.decide(core_id, note["approval"], note["decision"])
            kept = self._ledger.note(note["key"])
        assert kept is not None
        answer = {"core_id": kept["name"], "key": kept["key"], "at": kept["at"]}
        return _said(answer, 200 if row else 201)


_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def _said(what: Any, status: int = 200, more: dict[str, str] | None = None) -> Response:
    body = json.dumps(what, ensure_ascii=False, default=str)
    return Response(body, status, mimetype="application/json", headers=_HEADERS | (more or {}))


def _limit(written: str | None) -> int:
    if written is None:
        return USUAL
    if not re.fullmatch(r"[0-9]{1,3}", written, re.ASCII) or not FEWEST <= int(written) <= MOST:
        raise _Refusal(400, f"limit is a whole number from {FEWEST} to {MOST}")
    return int(written)


def _told(said: Any) -> dict[str, str]:
    """The note of a body; what is left out is empty."""
    if not isinstance(said, dict):
        raise _Refusal(400, "a note is a JSON object")
    note = {name: said.get(name, "") for name in ("text", "key", "approval", "decision", "dispute", "entry")}
    note["dispute_over"] = str(said.get("dispute_over", False))
    if not all(isinstance(value, str) for value in note.values()):
        raise _Refusal(400, "the fields of a note are text")
    if not _VISIBLE.search(note["text"]):
        raise _Refusal(400, "text is needed")
    if not _KEY.match(note["key"]):
        raise _Refusal(400, "key is needed: 1 to 200 letters, digits and signs of ASCII, without spaces")
    if note["decision"] not in DECISIONS:
        raise _Refusal(400, f"decision is one of {', '.join(DECISIONS[1:])}")
    return note
