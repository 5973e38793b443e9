"""The adapter for Request Tracker 5 as deploy/rt sets it up: lists joined into tickets, a cursor, notes told once."""

import json
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from portal import clock
from portal.cores.connection import AnswerTooBig
from portal.cores.prefetch import one_ahead
from portal.cores.protocol import NO_MARK, Mark
from portal.cores.records import (
    AsideRecord,
    Change,
    ChangesPage,
    CompanyRecord,
    IssuedInvoices,
    PersonRecord,
    PriceRecord,
    Tombstone,
    Unreadable,
)
from portal.cores.rt import mapping
from portal.cores.rt.client import PAGE, Glance, Rest, place_of
from portal.cores.rt.mapping import RtTicket, Rules
from portal.errors import CoreAway, CoreLied, CoreRefused, CursorUnknown

OVERLAP = timedelta(minutes=2)  # RT stamps a change before it commits it: one may show that late
SETTLING = timedelta(seconds=15)  # a second change within one stamp's second looks like the first one
LASTING = timedelta(minutes=10)  # how long companies and users are believed
MOST_USERS = 5000  # remembered at once
STONES = 1000  # tombstones in a page


class RtCore:
    """See Core for the promises. companies: the configured ones; None asks RT's field Company for them."""

    def __init__(
        self,
        rest: Rest,
        *,
        rules: Rules | None = None,
        companies: list[CompanyRecord] | None = None,
        page: int = PAGE,
    ) -> None:
        self._rest = rest
        self._rules = rules or Rules()
        self._configured = companies
        self._page = page
        self._companies: tuple[datetime, list[CompanyRecord]] | None = None
        self._users: OrderedDict[str, tuple[datetime, PersonRecord, bool]] = OrderedDict()
        self._end: _End | None = None

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        place, began = _read_cursor(cursor), clock.now()
        glance = self._rest.glance()
        had = self._end if self._end and (self._end.cursor, self._end.glance) == (cursor, glance) else None
        if had and had.is_settled:
            yield ChangesPage(changes=(), cursor=cursor or "", more=False)
            return
        self._learn_companies()
        for page in one_ahead(self._pages(cursor or "", place, glance)):
            yield page
        met_at = had.met_at if had else began
        self._end = _End(page.cursor, glance, met_at, is_settled=began - met_at > _settling(glance))

    def companies(self) -> list[CompanyRecord]:
        if self._configured is not None:
            return self._configured
        if self._companies is None or clock.now() - self._companies[0] > LASTING:
            told = [mapping.company(*value) for value in self._rest.values("Company")]
            records = [CompanyRecord(core_id=code, name=name, domains=domains) for code, name, domains in told]
            self._companies = (clock.now(), records)
        return self._companies[1]

    def price_list(self) -> list[PriceRecord] | None:
        return None

    def invoices(self) -> IssuedInvoices | None:
        return None

    def aside(self) -> list[AsideRecord]:
        return []

    def attachment(self, core_id: str) -> Iterator[bytes]:
        if not (core_id.isascii() and core_id.isdigit()):
            raise CoreRefused(f"{core_id!r} names no attachment of RT")
        yield from self._rest.file(core_id)

    def tell(
        self, ticket: str, note: str, key: str, *, approval: str = "", decision: str = "", mark: Mark = NO_MARK
    ) -> None:
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
        said: dict[str, Any] = {"key": key, "text": note, "approval": approval, "decision": decision}
        if mark.dispute:
            said |= {"dispute": mark.dispute, "entry": mark.entry, "dispute_over": mark.is_over}
        said["at"] = clock.now().isoformat()  # the same value again would be no change, and wake nothing
        self._rest.put_field(survivor, "PortalNote", json.dumps(said, ensure_ascii=False))
        if key not in _values(self._rest.ticket(survivor), "PortalNotes"):
            raise CoreAway(f"RT did not make a comment of the note {key} on ticket {survivor} (see its log)")

    def _pages(self, cursor: str, place: "_CursorPlace | None", glance: Glance) -> Iterator[ChangesPage]:
        since, reached = place.key if place else None, place
        look = _Look(place)
        while True:
            items = self._rest.changed(since, most=self._page)
            reached = _reached(items, since, reached)
            changes = self._told(items, look)
            if place and place.is_end and since == place.key:  # until the late ones are told, the cursor stays
                yield ChangesPage(changes=tuple(changes), cursor=cursor, more=True)
                changes = []
                for late in self._late(place):
                    yield ChangesPage(changes=tuple(self._told(late, look)), cursor=cursor, more=True)
            if reached is None or len(items) < self._page:
                break
            yield ChangesPage(changes=tuple(changes), cursor=reached.written(top=look.highest), more=True)
            since = (reached.at, reached.number + 1)
        stones = self._stones(look, place)
        if place and not look.explains(glance.total):
            for gone in self._missing(place.top, expected=place.count or 0):
                yield ChangesPage(changes=tuple(gone), cursor=cursor, more=True)
        end = _end_at(reached, stones, look, glance)
        yield ChangesPage(changes=(*changes, *stones), cursor=end, more=False)

    def _late(self, place: "_CursorPlace") -> Iterator[list[Any]]:
        """What stands shortly before a place where we stopped: some of it may not have shown itself then."""
        since = (place.at - OVERLAP, 0)
        while True:
            items = self._rest.changed(since, most=self._page)
            _reached(items, since, None)
            late = [item for item in items if place_of(item) < place.key]
            if late:
                yield late
            if len(late) < self._page:
                return
            since = (place_of(late[-1])[0], place_of(late[-1])[1] + 1)

    def _stones(self, look: "_Look", place: "_CursorPlace | None") -> list[Tombstone]:
        """Deletions and merges, each ticket's newest: RT's ticket lists know nothing of them."""
        stones: dict[str, Tombstone] = {}
        try:
            for item in self._rest.gone(place.at - OVERLAP if place else None):
                stone = mapping.tombstone(item)
                if stone:
                    stones[stone.core_id] = stone
                    look.lose(int(stone.core_id), transaction=int(item["id"]))
        except (mapping.Untranslatable, KeyError, TypeError, ValueError) as error:
            raise CoreLied(str(error)) from error
        return list(stones.values())

    def _missing(self, top: int, *, expected: int) -> Iterator[list[Tombstone]]:
        """Every number up to there that is no ticket of the queue: moved away, shredded, or never of the queue.

        By number and not by page: what leaves the queue meanwhile would push another ticket off its page.
        """
        gone: list[Tombstone] = []
        last, now = 0, clock.now()
        while numbers := self._rest.numbers(after=last):
            if numbers[0] <= last or numbers != sorted(set(numbers)):
                raise CoreLied(f"RT's list of numbers after {last} goes back to {numbers[0]}")
            for number in numbers:
                missing = range(last + 1, min(number, top + 1))
                gone.extend(Tombstone(core_id=str(each), reason="moved", at=now) for each in missing)
                last = number
                while len(gone) >= STONES:
                    yield gone[:STONES]
                    del gone[:STONES]
        if expected and not last:
            raise CoreRefused(
                f"RT shows our account none of the {expected} tickets it showed before: is a right gone?"
            )
        gone.extend(Tombstone(core_id=str(each), reason="moved", at=now) for each in range(last + 1, top + 1))
        yield gone

    def _told(self, items: Sequence[Any], look: "_Look") -> list[Change]:
        """The items as records; when their conversations are too much for one answer, in halves."""
        if not items:
            return []
        numbers = [place_of(item)[1] for item in items]
        try:
            said = self._by_ticket(numbers)
        except AnswerTooBig as error:
            if len(items) == 1:
                raw = json.dumps(items[0], ensure_ascii=False, sort_keys=True)
                return [Unreadable(core_id=str(numbers[0]), raw=raw, reason=str(error))]
            half = len(items) // 2
            return self._told(items[:half], look) + self._told(items[half:], look)
        for number in numbers:
            look.meet(number, said[number])
        return [
            mapping.change(item, said[number], self._rules, self._whois)
            for item, number in zip(items, numbers, strict=True)
        ]

    def _by_ticket(self, numbers: list[int]) -> dict[int, RtTicket]:
        told = self._rest.conversations(numbers)
        said: dict[int, RtTicket] = defaultdict(RtTicket)
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

    def _whois(self, name: str) -> tuple[PersonRecord, bool]:
        """A user by name or number, and whether they are a technician: RT lists no groups to an account like ours."""
        known = self._users.get(name)
        if known is None or clock.now() - known[0] > LASTING:
            try:
                user = self._rest.user(name)
            except CoreRefused:  # shredded, or not ours to see
                user = {}
            person = PersonRecord(
                name=str(user.get("RealName") or user.get("Name") or name),
                email=str(user.get("EmailAddress") or "").lower(),
            )
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


class _CursorPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ticket in the order of changes; is_end when nothing came after it, and then what the queue held."""

    at: datetime
    number: int
    is_end: bool = False
    top: int = 0  # the highest ticket told so far
    count: int | None = None  # tickets of the queue
    gone: int = 0  # the newest transaction that said of a ticket that it is gone

    @property
    def key(self) -> tuple[datetime, int]:
        return self.at, self.number

    def written(self, **more: Any) -> str:
        return msgspec.json.encode(msgspec.structs.replace(self, **more)).decode()


@dataclass(frozen=True, slots=True)
class _End:
    """An end we came to. is_settled: we looked again so long after the glance that nothing older can still appear."""

    cursor: str
    glance: Glance
    met_at: datetime
    is_settled: bool


class _Look:
    """What one look met, to be held against the number of tickets RT counts: a difference is one that left unseen."""

    def __init__(self, place: _CursorPlace | None) -> None:
        self._place = place
        self.highest = place.top if place else 0
        self.newest_gone = place.gone if place else 0
        self._new: set[int] = set()
        self._lost: set[int] = set()
        self._has_guests = False  # a ticket that came in may hide another one that left

    def meet(self, number: int, said: RtTicket) -> None:
        self.highest = max(self.highest, number)
        if self._place and self._place.is_end:
            self._has_guests |= mapping.came_in(said, self._place.at - OVERLAP)
            if number > self._place.top:
                self._new.add(number)

    def lose(self, number: int, *, transaction: int) -> None:
        self.newest_gone = max(self.newest_gone, transaction)
        self._new.discard(number)
        if self._place and number <= self._place.top and transaction > self._place.gone:
            self._lost.add(number)

    def explains(self, total: int | None) -> bool:
        """Whether that many tickets are what has to be there; only a look that began at an end can say."""
        if self._place is None or not self._place.is_end or total is None:
            return True
        if self._place.count is None or self._has_guests:
            return False
        return self._place.count + len(self._new) - len(self._lost) == total

    def count_for(self, total: int | None) -> int | None:
        """What the next look may reckon with. None after one that began in the middle: it asks for all numbers."""
        return total if self._place is None or self._place.is_end else None


def _read_cursor(cursor: str | None) -> _CursorPlace | None:
    if not cursor:
        return None
    try:
        return msgspec.json.decode(cursor, type=_CursorPlace)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise CursorUnknown(f"{cursor!r:.60} is no cursor of this core") from error


def _reached(items: list[Any], since: tuple[datetime, int] | None, had: _CursorPlace | None) -> _CursorPlace | None:
    keys = [place_of(item) for item in items]
    if keys != sorted(keys) or (since and keys and keys[0] < since):
        raise CoreLied("RT's list of tickets goes back in time")
    return _CursorPlace(at=keys[-1][0], number=keys[-1][1]) if keys else had


def _end_at(reached: _CursorPlace | None, stones: list[Tombstone], look: _Look, glance: Glance) -> str:
    """The cursor of an end: the newest ticket there, or the newest tombstone."""
    newest = max((stone.at for stone in stones), default=None)
    if newest and (reached is None or newest > reached.at):
        reached = _CursorPlace(at=newest, number=0)
    if reached is None:
        return ""
    return reached.written(is_end=True, top=look.highest, count=look.count_for(glance.total), gone=look.newest_gone)


def _settling(glance: Glance) -> timedelta:
    """How late a stamp of RT may still show itself: those older than the newest page's could be any older one."""
    is_covered = len(glance.newest) < PAGE or glance.newest[0][0] - glance.newest[-1][0] > OVERLAP
    return SETTLING if is_covered else OVERLAP


def _values(ticket: dict[str, Any], field: str) -> list[str]:
    try:
        return [str(value) for each in ticket["CustomFields"] if each["name"] == field for value in each["values"]]
    except (KeyError, TypeError) as error:
        raise CoreLied("RT told a ticket without its fields (deploy/rt makes them)") from error
