"""The adapter for Core API v1, which the embedded desk serves and any other store may."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from portal.cores import records
from portal.cores.connection import AnswerTooBig, CoreConnection, NotThere, QuestionRefused
from portal.cores.prefetch import one_ahead
from portal.cores.protocol import NO_MARK, Mark
from portal.cores.records import AsideRecord, ChangesPage, CompanyRecord, IssuedInvoices, PriceRecord
from portal.errors import CoreLied, CursorUnknown

PAGE = 100  # tickets; they are committed together
LEAST_PAGE = 2  # pages are inclusive: with fewer, the second would be the first again


class DeskCore:
    """A core that speaks Core API v1 (docs/core-api.yaml); see Core for the promises."""

    def __init__(self, url: str, token: str, *, page: int = PAGE, **line: Any) -> None:
        self._line = CoreConnection(url, token, **line)
        self._page = page

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        return one_ahead(self._pages(cursor))

    def _pages(self, cursor: str | None) -> Iterator[ChangesPage]:
        way = _Way()
        while True:
            page = self._changes_after(cursor)
            if page.more and page.cursor == cursor:
                raise CoreLied(f"the core says there is more after {cursor!r}, and gives the same cursor again")
            if page.more:
                way.go(page)
            yield page
            if not page.more:
                return
            cursor = page.cursor

    def companies(self) -> list[CompanyRecord]:
        return _read(_COMPANIES, self._line.read("companies")).companies

    def price_list(self) -> list[PriceRecord] | None:
        return _read(_PRICES, self._line.read("prices")).prices

    def invoices(self) -> IssuedInvoices | None:
        try:
            return _read(_INVOICES, self._line.read("invoices"))
        except NotThere:  # a core that was written before there was this question
            return None

    def aside(self) -> list[AsideRecord]:
        try:
            return _read(_ASIDE, self._line.read("aside")).aside
        except NotThere:  # a core that was written before there was this question
            return []

    def attachment(self, core_id: str) -> Iterator[bytes]:
        return self._line.stream("attachments", core_id)

    def tell(
        self, ticket: str, note: str, key: str, *, approval: str = "", decision: str = "", mark: Mark = NO_MARK
    ) -> None:
        body: dict[str, Any] = {"text": note, "key": key, "approval": approval, "decision": decision}
        body |= {"dispute": mark.dispute, "entry": mark.entry, "dispute_over": mark.is_over}
        self._line.write("tickets", ticket, "notes", body={name: value for name, value in body.items() if value})

    def _changes_after(self, cursor: str | None) -> ChangesPage:
        """One page, as long as it may be: a page of huge tickets is asked for again in smaller helpings."""
        limit = self._page
        while True:
            try:
                body = self._line.read("changes", cursor=cursor, limit=limit)
            except AnswerTooBig:
                if limit == LEAST_PAGE:
                    raise
                limit = max(LEAST_PAGE, limit // 4)
            except QuestionRefused as error:
                if cursor:
                    raise CursorUnknown(str(error)) from error
                raise
            else:
                page = _read(_PAGE, body)
                if len(page.changes) > limit:
                    raise CoreLied(f"the core put {len(page.changes)} changes on a page that may have {limit}")
                changes = tuple(records.read_change(bytes(item)) for item in page.changes)
                return ChangesPage(changes=changes, cursor=page.cursor, more=page.more)


class _Way:
    """Notices a core that leads in a circle, after at most three times its length, and remembers one page only.

    The page that is remembered is replaced after one, two, four, eight … steps (Brent's algorithm).
    """

    def __init__(self) -> None:
        self._mark: _Step | None = None
        self._steps, self._until = 0, 1

    def go(self, page: ChangesPage) -> None:
        """Raises CoreLied when there was such a page: an honest core never tells the same and says there is more."""
        step = _Step(page.cursor, hash(page.changes))
        if self._mark and step.cursor == self._mark.cursor:
            raise CoreLied(f"the core leads in a circle: it gives the cursor {step.cursor!r} again")
        if self._mark and step.told == self._mark.told:
            raise CoreLied(f"the core leads in a circle: after {step.cursor!r} it tells the same changes again")
        self._steps += 1
        if self._steps == self._until:
            self._mark, self._until = step, 2 * self._until


class _Step(NamedTuple):
    cursor: str
    told: int  # a fingerprint of the changes


class _Page(msgspec.Struct):
    changes: list[msgspec.Raw]
    cursor: str
    more: bool


class _Companies(msgspec.Struct):
    companies: list[CompanyRecord]


class _Prices(msgspec.Struct):
    prices: list[PriceRecord] | None


class _Aside(msgspec.Struct):
    aside: list[AsideRecord]


_PAGE = msgspec.json.Decoder(_Page)
_COMPANIES = msgspec.json.Decoder(_Companies)
_PRICES = msgspec.json.Decoder(_Prices)
_ASIDE = msgspec.json.Decoder(_Aside)
_INVOICES = msgspec.json.Decoder(IssuedInvoices)


def _read(decoder: Any, body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CoreLied(f"the core's answer is not what the protocol promises: {error}") from error
