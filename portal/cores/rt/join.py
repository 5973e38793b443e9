"""The adapter for Request Tracker 5 as deploy/rt sets it up: lists joined into tickets, a cursor, notes told once."""

import json
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from portal import clock
from portal.cores.http import AnswerTooBig
from portal.cores.records import Change, ChangesPage, CompanyRecord, Person, PriceRecord, Unreadable
from portal.cores.rt import translate
from portal.cores.rt.client import PAGE, Rest
from portal.cores.rt.translate import Conversation, Rules
from portal.errors import CoreAway, CoreLied, CoreRefused

OVERLAP = timedelta(minutes=2)  # RT stamps a change before it commits it: one may show that late
LASTING = timedelta(minutes=10)  # how long companies and users are believed
MOST_USERS = 5000  # remembered at once
_PIECE = 2**16


class RtCore:
    """See Core for the promises. companies: the configured ones; None asks RT's field Company for them."""

    def __init__(self, rest: Rest, *, rules: Rules | None = None, companies: list[CompanyRecord] | None = None,
                 page: int = PAGE) -> None:  # fmt: skip
        self._rest = rest
        self._rules = rules or Rules()
        self._configured = companies
        self._page = page
        self._companies: tuple[datetime, list[CompanyRecord]] | None = None
        self._users: OrderedDict[str, tuple[datetime, Person, bool]] = OrderedDict()
        self._end: tuple[str, datetime] | None = None  # the cursor of the last end we came to, and when it was new

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        place = _read_cursor(cursor)
        if place and self._is_settled(cursor) and not self._rest.is_anything_newer(place.at):
            yield ChangesPage(changes=(), cursor=cursor or "", more=False)
            return
        since, reached = place.key if place else None, place
        self._learn_companies()
        while True:
            items = self._rest.changed(since, most=self._page)
            reached = self._reached(items, since, reached)
            changes = self._told(items)
            if place and place.is_end and since == place.key:  # until the late ones are told, the cursor stays
                yield ChangesPage(changes=tuple(changes), cursor=cursor or "", more=True)
                changes = []
                for late in self._late(place):
                    yield ChangesPage(changes=tuple(late), cursor=cursor or "", more=True)
            if reached is None or len(items) < self._page:
                yield self._last_page(changes, place, reached)
                return
            yield ChangesPage(changes=tuple(changes), cursor=reached.written(), more=True)
            since = (reached.at, reached.number + 1)

    def companies(self) -> list[CompanyRecord]:
        if self._configured is not None:
            return self._configured
        if self._companies is None or clock.now() - self._companies[0] > LASTING:
            told = [translate.company(*value) for value in self._rest.values("Company")]
            records = [CompanyRecord(core_id=code, name=name, domains=domains) for code, name, domains in told]
            self._companies = (clock.now(), records)
        return self._companies[1]

    def price_list(self) -> list[PriceRecord] | None:
        return None

    def attachment(self, core_id: str) -> Iterator[bytes]:
        if not (core_id.isascii() and core_id.isdigit()):
            raise CoreRefused(f"{core_id!r} names no attachment of RT")
        content = self._rest.file(core_id)
        for start in range(0, len(content), _PIECE):
            yield content[start : start + _PIECE]

    def tell(self, ticket: str, note: str, key: str, *, approval: str = "", decision: str = "") -> None:
        """The note is put into a field, and RT itself makes a comment of it unless it has its key: see deploy/rt.

        Our account may read no comments, so the keys stand in a field of the ticket, too.
        """
        if not (ticket.isascii() and ticket.isdigit()):
            raise CoreRefused(f"{ticket!r} names no ticket of RT")
        found = self._rest.ticket(ticket)
        if found.get("Status") == "deleted":
            raise CoreRefused(f"ticket {ticket} was deleted")
        if key in _values(found, "PortalNotes"):
            return
        survivor = str(found.get("id", ticket))
        said = {"key": key, "text": note, "approval": approval, "decision": decision}
        said["at"] = clock.now().isoformat()  # the same value again would be no change, and wake nothing
        self._rest.put_field(survivor, "PortalNote", json.dumps(said, ensure_ascii=False))
        if key not in _values(self._rest.ticket(survivor), "PortalNotes"):
            raise CoreAway(f"RT did not make a comment of the note {key} on ticket {survivor} (see its log)")

    def _is_settled(self, cursor: str | None) -> bool:
        """Whether we stood at this end so long that no change stamped before it can still appear."""
        return self._end is not None and self._end[0] == cursor and clock.now() - self._end[1] > OVERLAP

    def _late(self, place: "_Place") -> Iterator[list[Change]]:
        """What stands shortly before a place where we stopped: some of it may not have shown itself then."""
        since = (place.at - OVERLAP, 0)
        while True:
            items = self._rest.changed(since, most=self._page)
            late = [item for item in items if _key(item) < place.key]
            if late:
                yield self._told(late)
            if len(late) < self._page:
                return
            since = (_key(late[-1])[0], _key(late[-1])[1] + 1)

    def _reached(
        self, items: list[Any], since: "tuple[datetime, int] | None", had: "_Place | None"
    ) -> "_Place | None":
        keys = [_key(item) for item in items]
        if keys != sorted(keys) or (since and keys and keys[0] < since):
            raise CoreLied("RT's list of tickets goes back in time")
        return _Place(at=keys[-1][0], number=keys[-1][1]) if keys else had

    def _last_page(self, changes: list[Change], place: "_Place | None", reached: "_Place | None") -> ChangesPage:
        """With the tombstones: RT's ticket lists know nothing of them."""
        try:
            items = self._rest.gone(place.at - OVERLAP if place else None)
            stones = [stone for item in items if (stone := translate.tombstone(item))]
        except translate.Untranslatable as error:
            raise CoreLied(str(error)) from error
        changes = [*changes, *{stone.core_id: stone for stone in stones}.values()]
        if stones:
            newest = max(stone.at for stone in stones)
            if reached is None or newest > reached.at:
                reached = _Place(at=newest, number=0)
        cursor = _end_at(reached)
        if self._end is None or self._end[0] != cursor:
            self._end = (cursor, clock.now())
        return ChangesPage(changes=tuple(changes), cursor=cursor, more=False)

    def _told(self, items: Sequence[Any]) -> list[Change]:
        """The items as records; when their conversations are too much for one answer, in halves."""
        if not items:
            return []
        numbers = [_key(item)[1] for item in items]
        try:
            said = self._by_ticket(numbers)
        except AnswerTooBig as error:
            if len(items) == 1:
                raw = json.dumps(items[0], ensure_ascii=False, sort_keys=True)
                return [Unreadable(core_id=str(numbers[0]), raw=raw, reason=str(error))]
            half = len(items) // 2
            return self._told(items[:half]) + self._told(items[half:])
        return [translate.change(item, said[number], self._rules, self._whois)
                for item, number in zip(items, numbers, strict=True)]  # fmt: skip

    def _by_ticket(self, numbers: list[int]) -> dict[int, Conversation]:
        told = self._rest.conversations(numbers)
        said: dict[int, Conversation] = defaultdict(Conversation)
        ticket_of: dict[str, int] = {}
        try:
            for each in told.transactions:
                said[int(each["ObjectId"])].transactions.append(each)
                ticket_of[str(each["id"])] = int(each["ObjectId"])
            for part in told.texts:
                said[ticket_of[str(part["TransactionId"])]].texts.append(part)
            for part in told.files:
                said[ticket_of[str(part["TransactionId"])]].files.append(part)
        except (KeyError, TypeError, ValueError) as error:
            raise CoreLied(f"RT told a part of nothing we asked about: {error!r:.80}") from error
        return said

    def _whois(self, name: str) -> tuple[Person, bool]:
        """A user by name or number, and whether they are a technician: RT lists no groups to an account like ours."""
        known = self._users.get(name)
        if known is None or clock.now() - known[0] > LASTING:
            try:
                user = self._rest.user(name)
            except CoreRefused:  # shredded, or not ours to see
                user = {}
            person = Person(name=str(user.get("RealName") or user.get("Name") or name),
                            email=str(user.get("EmailAddress") or "").lower())  # fmt: skip
            known = (clock.now(), person, str(user.get("Privileged")) == "1")
            self._users[name] = known
            if len(self._users) > MOST_USERS:
                self._users.popitem(last=False)
        return known[1], known[2]

    def _learn_companies(self) -> None:
        if self._rules.company_by == "field":
            return
        known: dict[str, str] = {}
        for company in self.companies():
            known |= dict.fromkeys((company.core_id.lower(), company.name.lower(), *company.domains), company.core_id)
        self._rules = replace(self._rules, companies=known)


class _Place(msgspec.Struct, frozen=True):
    """A ticket in the order of changes; is_end when nothing came after it."""

    at: datetime
    number: int
    is_end: bool = False

    @property
    def key(self) -> tuple[datetime, int]:
        return self.at, self.number

    def written(self) -> str:
        return msgspec.json.encode(self).decode()


def _read_cursor(cursor: str | None) -> _Place | None:
    if not cursor:
        return None
    try:
        return msgspec.json.decode(cursor, type=_Place)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise CoreRefused(f"{cursor!r:.60} is no cursor of this core: flask sync run --full begins again") from error


def _end_at(place: _Place | None) -> str:
    return _Place(at=place.at, number=place.number, is_end=True).written() if place else ""


def _key(item: Any) -> tuple[datetime, int]:
    try:
        return translate.key(item)
    except translate.Untranslatable as error:
        raise CoreLied(str(error)) from error


def _values(ticket: dict[str, Any], field: str) -> list[str]:
    try:
        return [str(value) for each in ticket["CustomFields"] if each["name"] == field for value in each["values"]]
    except (KeyError, TypeError) as error:
        raise CoreLied("RT told a ticket without its fields (deploy/rt makes them)") from error
