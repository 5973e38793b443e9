"""The adapter for Core API v1, which the embedded desk serves and any other store may."""

from collections.abc import Iterator
from typing import Any

import msgspec

from portal.cores import records
from portal.cores.http import AnswerTooBig, Line
from portal.cores.records import ChangesPage, CompanyRecord, PriceRecord
from portal.errors import CoreLied

PAGE = 100  # tickets; they are committed together
LEAST_PAGE = 2  # pages are inclusive: with fewer, the second would be the first again


class DeskCore:
    """A core that speaks Core API v1 (docs/core-api.yaml); see Core for the promises."""

    def __init__(self, url: str, token: str, *, page: int = PAGE, **line: Any) -> None:
        self._line = Line(url, token, **line)
        self._page = page

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        while True:
            page = self._changes_after(cursor)
            if page.more and page.cursor == cursor:
                raise CoreLied(f"the core says there is more after {cursor!r}, and gives the same cursor again")
            yield page
            if not page.more:
                return
            cursor = page.cursor

    def companies(self) -> list[CompanyRecord]:
        return _read(_COMPANIES, self._line.read("companies")).companies

    def price_list(self) -> list[PriceRecord] | None:
        return _read(_PRICES, self._line.read("prices")).prices

    def attachment(self, core_id: str) -> Iterator[bytes]:
        return self._line.stream("attachments", core_id)

    def tell(self, ticket: str, note: str, key: str, *, approval: str = "", decision: str = "") -> None:
        body = {"text": note, "key": key, "approval": approval, "decision": decision}
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
            else:
                page = _read(_PAGE, body)
                changes = tuple(records.read_change(bytes(item)) for item in page.changes)
                return ChangesPage(changes=changes, cursor=page.cursor, more=page.more)


class _Page(msgspec.Struct):
    changes: list[msgspec.Raw]
    cursor: str
    more: bool


class _Companies(msgspec.Struct):
    companies: list[CompanyRecord]


class _Prices(msgspec.Struct):
    prices: list[PriceRecord] | None


_PAGE = msgspec.json.Decoder(_Page)
_COMPANIES = msgspec.json.Decoder(_Companies)
_PRICES = msgspec.json.Decoder(_Prices)


def _read(decoder: Any, body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CoreLied(f"the core's answer is not what the protocol promises: {error}") from error
