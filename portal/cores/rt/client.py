"""What Request Tracker's REST2 is asked, a page at a time; every trap of its answers is known here."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import requests

from portal.cores.http import Line
from portal.cores.rt.translate import MESSAGES, Conversation
from portal.errors import CoreAway, CoreLied, CoreRefused

PAGE = 100  # RT gives no more, and does not say so
AT_A_TIME = 60  # messages whose parts are asked for together
_TICKET = "Subject,Status,Owner,Requestor,Created,LastUpdated,Due,Resolved,CustomFields"
_USER = "Name,RealName,EmailAddress"
_ABOUT = "ObjectType='RT::Ticket'"  # a user's transaction may have the number of a ticket
_VISIBLE = "(Type='Create' OR Type='Correspond' OR Type='Status' OR (Type='Set' AND (Field='Owner' OR Field='Due')))"
_GONE = (
    "((Type='Status' AND NewValue='deleted' AND TicketStatus='deleted') OR (Type='AddLink' AND Field='MergedInto'))"
)
_NO_TEXT, _TEXT = ({"field": "ContentType", "operator": how, "value": "text/"} for how in ("NOT LIKE", "STARTSWITH"))


class Rest:
    """A signed-in connection. The account must live in the zone UTC and lack the right ShowTicketComments."""

    def __init__(self, url: str, *, user: str, password: str = "", token: str = "", queue: str, **line: Any) -> None:
        self._web, self._user, self._password = url.rstrip("/"), user, password
        self._queue = _literal(queue)
        sign_in = self._sign_in if password else None  # a token costs RT a quarter of a second a request
        self._line = Line(f"{self._web}/REST/2.0", token, scheme="token", sign_in=sign_in, **line)

    def changed(self, since: tuple[datetime, int] | None, *, most: int) -> list[Any]:
        """The next tickets in the order of (LastUpdated, id), from that place on, inclusively."""
        query = f"Queue={self._queue}"
        if since:
            at, number = _moment(since[0]), since[1]
            query += f" AND (LastUpdated > '{at}' OR (LastUpdated >= '{at}' AND id >= {number}))"
        return self._page("tickets", {
            "query": query, "orderby": ["LastUpdated", "id"], "order": ["ASC", "ASC"], "fields": _TICKET,
            "fields[Requestor]": f"{_USER},Organization", "fields[Owner]": _USER, "per_page": most,
        })  # fmt: skip

    def gone(self, since: datetime | None) -> list[Any]:
        """What happened to the tickets that no search finds: their deletions and merges, oldest first."""
        return list(self._pages("transactions", f"{_ABOUT} AND TicketQueue={self._queue}{_after(since)} AND {_GONE}",
                                fields="ObjectId,Type,NewValue,Created"))  # fmt: skip

    def is_anything_newer(self, since: datetime) -> bool:
        """Whether any ticket, deleted and merged ones with it, was touched after that second: one request."""
        query = f"{_ABOUT} AND TicketQueue={self._queue} AND Type='Create' AND TicketLastUpdated > '{_moment(since)}'"
        return bool(self._page("transactions", {"query": query, "per_page": 1}))

    def conversations(self, numbers: Iterable[int]) -> Conversation:
        """What was said and done in these tickets, in public."""
        tickets = " OR ".join(f"TicketId={number}" for number in numbers)
        told = list(self._pages("transactions", f"{_ABOUT} AND ({tickets}) AND {_VISIBLE}",
                                fields="ObjectId,Type,Field,OldValue,NewValue,Created,Creator",
                                **{"fields[Creator]": _USER}))  # fmt: skip
        messages = [_number(each) for each in told if isinstance(each, dict) and each.get("Type") in MESSAGES]
        said = Conversation(transactions=told)
        for start in range(0, len(messages), AT_A_TIME):
            these = {"field": "TransactionId", "operator": "IN", "value": messages[start : start + AT_A_TIME]}
            said.texts.extend(
                self._parts([these, _TEXT], "TransactionId,ContentType,Filename,ContentLength,Content,Headers")
            )
            said.files.extend(
                self._parts([these, _NO_TEXT], "TransactionId,ContentType,Filename,ContentLength,Headers")
            )
        said.files.extend(part for part in said.texts if isinstance(part, dict) and part.get("Filename"))
        return said

    def file(self, number: str) -> bytes:
        """An attachment of a public message. Raises CoreRefused for any other."""
        described = self._parts([{"field": "id", "operator": "=", "value": number}], "TransactionId")
        if not described:
            raise CoreRefused(f"RT gives us no attachment {number}")
        message = str(described[0].get("TransactionId"))
        query = f"{_ABOUT} AND id={_number({'id': message})} AND (Type='Create' OR Type='Correspond')"
        if not self._page("transactions", {"query": query, "per_page": 1}):
            raise CoreRefused(f"attachment {number} belongs to no public message")
        content = _object(self._line.read("attachment", number)).get("Content", "")
        try:
            return base64.b64decode(content)
        except (binascii.Error, TypeError, ValueError) as error:
            raise CoreLied(f"RT gave attachment {number} as something else than base64") from error

    def ticket(self, number: str) -> dict[str, Any]:
        """One ticket; a merged one is told as the one it went into."""
        return _object(self._line.read("ticket", number))

    def put_field(self, number: str, name: str, value: str) -> None:
        """RT answers 200 for a refusal, too: whoever needs to know looks at the ticket."""
        self._line.write("ticket", number, body={"CustomFields": {name: value}}, method="PUT")

    def user(self, name: str) -> dict[str, Any]:
        return _object(self._line.read("user", name))

    def values(self, field: str) -> list[tuple[str, str]]:
        """Name and description of every value of a field that is a list."""
        wanted = [{"field": "Name", "value": field}, {"field": "LookupType", "value": "RT::Queue-RT::Ticket"}]
        found = self._page("customfields", {}, body=wanted)
        if not found:
            raise CoreRefused(f"RT has no field {field} that our account may see (deploy/rt makes it)")
        number = str(found[0].get("id"))
        values = _items(self._line.read("customfield", number, "values", per_page=PAGE))
        whole = [_object(self._line.read("customfield", number, "value", str(each.get("id")))) for each in values]
        return [(str(each.get("Name", "")), str(each.get("Description") or "")) for each in whole]

    def _parts(self, wanted: list[dict[str, Any]], fields: str) -> list[Any]:
        return list(self._pages("attachments", None, body=wanted, fields=fields))

    def _pages(self, what: str, query: str | None, *, body: Any = None, **fields: str) -> Iterator[Any]:
        """All rows, by id. The question itself must leave out what we may not see: RT drops that after counting."""
        page = 1
        while True:
            question = {
                **({"query": query} if query else {}),
                "orderby": "id",
                "per_page": PAGE,
                "page": page,
                **fields,
            }
            rows = self._page(what, question, body=body)
            yield from rows
            if len(rows) < PAGE:
                return
            page += 1

    def _page(self, what: str, question: dict[str, Any], *, body: Any = None) -> list[Any]:
        if body is None:
            return _items(self._line.read(what, **question))
        return _items(self._line.write(what, body=body, **question))

    def _sign_in(self, session: requests.Session) -> None:
        session.cookies.clear()
        form = {"user": self._user, "pass": self._password, "next": ""}
        answer = session.post(f"{self._web}/NoAuth/Login.html", data=form, headers={"Referer": f"{self._web}/"},
                              allow_redirects=False)  # fmt: skip
        if answer.status_code >= 500:
            raise CoreAway(f"{self._web} is busy ({answer.status_code})")


def _after(since: datetime | None) -> str:
    return f" AND TicketLastUpdated >= '{_moment(since)}'" if since else ""


def _moment(at: datetime) -> str:
    """As RT's searches understand it, and nothing else: no T, no zone; the account's zone is UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _number(row: Any) -> int:
    try:
        return int(row["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise CoreLied(f"RT named a row {row!r:.60}") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CoreLied(f"RT's answer is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise CoreLied("RT's answer is JSON, but no object")
    return found


def _items(body: bytes) -> list[Any]:
    items = _object(body).get("items")
    if not isinstance(items, list) or len(items) > PAGE:
        raise CoreLied("RT's answer has no list of at most a page in it")
    return items
