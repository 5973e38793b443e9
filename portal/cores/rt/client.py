"""What Request Tracker's REST2 is asked, a page at a time; every trap of its answers is known here."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import requests

from portal.cores.connection import NOBODY, AnswerTooBig, CoreConnection
from portal.cores.rt.mapping import MESSAGES, RtTicket, Untranslatable, key
from portal.errors import CoreAway, CoreLied, CoreRefused

PAGE = 100  # RT gives no more, and does not say so
MOST_PAGES = 1_000  # to one question about tickets; a page of them has some ten
MOST_GONE = 10_000  # pages of deletions and merges
_TICKET = "Subject,Status,Owner,Requestor,Created,LastUpdated,Due,Resolved,TimeWorked,CustomFields"
_USER = "Name,RealName,EmailAddress"
_TRANSACTION = "ObjectId,Type,Field,OldValue,NewValue,Created,Creator,TimeTaken"
_CREATOR: Any = {"fields[Creator]": _USER}
_ABOUT = "ObjectType='RT::Ticket'"  # a user's transaction may have the number of a ticket
_MERGE = "(Type='AddLink' AND Field='MergedInto')"  # stands below both tickets; NewValue is the one that stays
_SAID = f"(Type='Create' OR Type='Correspond' OR (Type='Set' AND Field='TimeWorked') OR {_MERGE})"
_DONE = "(Type='Status' OR (Type='Set' AND (Field='Owner' OR Field='Due' OR Field='Queue')))"
_GONE = f"((Type='Status' AND NewValue='deleted' AND TicketStatus='deleted') OR {_MERGE})"
_TEXT = ({"field": "ContentType", "operator": "STARTSWITH", "value": "text/"},)
_FILE = tuple(
    {"field": "ContentType", "operator": "NOT LIKE", "value": kind, "entry_aggregator": "AND"}
    for kind in ("text/", "multipart/")
)
_CONTENT = re.compile(rb'"Content"\s*:\s*"')  # inside of a value each quote has a backslash: this can only be the key
_LONGEST_HEAD = 2**20  # bytes of an attachment's JSON before its content


class Glance(NamedTuple):
    """The queue at one look: how many tickets, and which changed last; total is None when RT counts for nobody."""

    total: int | None
    newest: tuple[tuple[datetime, int], ...]


class Rest:
    """A signed-in connection. The account must live in the zone UTC and lack the right ShowTicketComments."""

    def __init__(self, url: str, *, user: str, password: str = "", token: str = "", queue: str, **line: Any) -> None:
        self._web, self._user, self._password = url.rstrip("/"), user, password
        self._queue = _literal(queue)
        sign_in = self._sign_in if password else None  # a token costs RT a quarter of a second a request
        self._line = CoreConnection(f"{self._web}/REST/2.0", token, scheme="token", sign_in=sign_in, **line)

    def changed(self, since: tuple[datetime, int] | None, *, most: int) -> list[Any]:
        """The next tickets in the order of (LastUpdated, id), from that place on, inclusively."""
        query = f"Queue={self._queue}"
        if since:
            at, number = _moment(since[0]), since[1]
            query += f" AND (LastUpdated > '{at}' OR (LastUpdated >= '{at}' AND id >= {number}))"
        return self._page(
            "tickets",
            {
                "query": query,
                "orderby": ["LastUpdated", "id"],
                "order": ["ASC", "ASC"],
                "fields": _TICKET,
                "fields[Requestor]": f"{_USER},Organization",
                "fields[Owner]": _USER,
                "per_page": most,
            },
        )

    def gone(self, since: datetime | None) -> Iterator[Any]:
        """What happened to the tickets that no search finds: their deletions and merges, oldest first."""
        query = f"{_ABOUT} AND TicketQueue={self._queue}{_after(since)} AND {_GONE}"
        return self._pages("transactions", query, most=MOST_GONE, fields="ObjectId,Type,NewValue,Created")

    def glance(self) -> Glance:
        """One request that differs after any change, as whatever leaves the queue changes the total."""
        body = self._line.read(
            "tickets",
            query=f"Queue={self._queue}",
            orderby=["LastUpdated", "id"],
            order=["DESC", "DESC"],
            fields="LastUpdated",
            per_page=PAGE,
        )
        total = _object(body).get("total")
        if total is not None and not isinstance(total, int):
            raise CoreLied(f"RT counted {total!r:.40} tickets")
        return Glance(total, tuple(place_of(item) for item in _items(body)))

    def numbers(self, after: int) -> list[int]:
        """The next tickets of the queue by their numbers."""
        query = f"Queue={self._queue} AND id > {after}"
        return [_number(row) for row in self._page("tickets", {"query": query, "orderby": "id", "per_page": PAGE})]

    def conversations(self, numbers: Iterable[int]) -> RtTicket:
        """What was said and done in these tickets, in public; what was said in those merged into them is theirs."""
        told = self._transactions(numbers, f"({_SAID} OR {_DONE})")
        self._add_merged(told)
        messages = [_number(each) for each in told if each.get("Type") in MESSAGES]
        said = RtTicket(transactions=told)
        if messages:
            these = {"field": "TransactionId", "operator": "IN", "value": messages}
            fields = "TransactionId,ContentType,Filename,ContentLength,Headers"
            said.texts.extend(self._parts([these, *_TEXT], f"{fields},Content"))
            said.files.extend(self._parts([these, *_FILE], fields))
            said.files.extend(part for part in said.texts if part.get("Filename"))
        return said

    def file(self, number: str) -> Iterator[bytes]:
        """An attachment of a public message, in pieces. Raises CoreRefused for any other."""
        described = self._parts([{"field": "id", "operator": "=", "value": number}], "TransactionId")
        if not described:
            raise CoreRefused(f"RT gives us no attachment {number}")
        message = str(described[0].get("TransactionId"))
        query = f"{_ABOUT} AND id={_number({'id': message})} AND (Type='Create' OR Type='Correspond')"
        if not self._page("transactions", {"query": query, "per_page": 1}):
            raise CoreRefused(f"attachment {number} belongs to no public message")
        return decoded(self._line.stream("attachment", number))

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

    def _transactions(self, numbers: Iterable[int], which: str) -> list[Any]:
        tickets = " OR ".join(f"TicketId={number}" for number in numbers)
        return list(
            self._pages("transactions", f"{_ABOUT} AND ({tickets}) AND {which}", fields=_TRANSACTION, **_CREATOR)
        )

    def _add_merged(self, told: list[Any]) -> None:
        """The words of merged tickets, below the survivor's number: RT keeps them below their own."""
        survivors: dict[int, int] = {}
        fresh = told
        while ends := {each["NewValue"]: _about(each) for each in fresh if _is_survivor(each)}:
            survivors |= {number: survivors.get(number, number) for number in ends.values()}
            named = " OR ".join(f"NewValue={_literal(end)}" for end in ends)
            into = {
                _about(each): survivors[ends[each["NewValue"]]]
                for each in self._pages(
                    "transactions", f"{_ABOUT} AND {_MERGE} AND ({named})", fields="ObjectId,NewValue"
                )
                if each.get("NewValue") in ends
            }
            merged = {number: into[number] for number in into.keys() - survivors.keys()}
            if not merged:
                return
            survivors |= merged
            fresh = self._transactions(sorted(merged), _SAID)
            told.extend({**each, "ObjectId": merged[_about(each)]} for each in fresh)
        told.sort(key=_number)

    def _parts(self, wanted: list[dict[str, Any]], fields: str) -> list[Any]:
        return list(self._pages("attachments", None, body=wanted, fields=fields))

    def _pages(
        self, what: str, query: str | None, *, body: Any = None, most: int = MOST_PAGES, **fields: Any
    ) -> Iterator[Any]:
        """All rows, by id. The question itself must leave out what we may not see: RT drops that after counting."""
        last = -1
        for page in range(1, most + 1):
            question = {
                **({"query": query} if query else {}),
                "orderby": "id",
                "per_page": PAGE,
                "page": page,
                **fields,
            }
            rows = self._page(what, question, body=body)
            numbers = [last, *map(_number, rows)]
            if any(after <= before for before, after in pairwise(numbers)):
                raise CoreLied(f"RT's list of {what} tells the same again on its page {page}")
            yield from rows
            if len(rows) < PAGE:
                return
            last = numbers[-1]
        raise AnswerTooBig(f"RT's list of {what} has more than {most} pages")

    def _page(self, what: str, question: dict[str, Any], *, body: Any = None) -> list[Any]:
        if body is None:
            return _items(self._line.read(what, **question))
        return _items(self._line.write(what, body=body, **question))

    def _sign_in(self, session: requests.Session) -> None:
        session.cookies.clear()
        form = {"user": self._user, "pass": self._password, "next": ""}
        unread: Any = {"allow_redirects": False, "stream": True}  # a body without end is not waited for
        referer = {"Referer": f"{self._web}/"}
        with session.post(f"{self._web}/NoAuth/Login.html", data=form, headers=referer, **unread) as answer:
            if answer.status_code >= 500:
                raise CoreAway(f"{self._web} is busy ({answer.status_code})")
        with session.get(f"{self._web}/REST/2.0/rt", **unread) as seen:  # a wrong password is a page like any other
            if seen.status_code in NOBODY:
                raise CoreRefused(f"{self._web} does not let {self._user} in: is PORTAL_RT_PASSWORD right?")


def _after(since: datetime | None) -> str:
    return f" AND TicketLastUpdated >= '{_moment(since)}'" if since else ""


def _moment(at: datetime) -> str:
    """As RT's searches understand it, and nothing else: no T, no zone; the account's zone is UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def place_of(item: Any) -> tuple[datetime, int]:
    """Where a ticket stands in the order of changes."""
    try:
        return key(item)
    except Untranslatable as error:
        raise CoreLied(str(error)) from error


def decoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The base64 of Content, taken out of the JSON as it comes: a file of any length needs the memory of a piece."""
    found = is_whole = False
    waiting, letters = b"", b""
    for piece in pieces:
        waiting += piece if not is_whole else b""
        if not found:
            start = _CONTENT.search(waiting)
            if not start and len(waiting) > _LONGEST_HEAD:
                break
            if not start:
                continue
            found, waiting = True, waiting[start.end() :]
        text, quote, _rest = waiting.partition(b'"')
        is_whole = is_whole or bool(quote)
        waiting = b"\\" if text.endswith(b"\\") and not quote else b""  # the n of this line's end is still to come
        letters += text.removesuffix(waiting).replace(b"\\n", b"").replace(b"\\/", b"/")
        whole = len(letters) - len(letters) % 4
        try:
            yield base64.b64decode(letters[:whole], validate=True)
        except binascii.Error as error:
            raise CoreLied("RT gave an attachment as something else than base64") from error
        letters = letters[whole:]
    if not is_whole or letters:
        raise CoreLied("RT gave an attachment without its whole content")


def _is_survivor(transaction: dict[str, Any]) -> bool:
    """Whether it says that something was merged into the ticket it stands below."""
    if transaction.get("Field") != "MergedInto":
        return False
    return str(transaction.get("NewValue")).rpartition("/")[2] == str(transaction.get("ObjectId"))


def _about(transaction: dict[str, Any]) -> int:
    return _number({"id": transaction.get("ObjectId")})


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
    if not isinstance(items, list) or len(items) > PAGE or not all(isinstance(item, dict) for item in items):
        raise CoreLied("RT's answer has no list of at most a page in it")
    return items
