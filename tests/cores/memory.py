"""A core kept in memory: the promises of the protocol and nothing else, for tests of what stands on them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from portal.cores.protocol import NO_MARK, Mark
from portal.cores.records import AsideRecord, Change, ChangesPage, CompanyRecord, IssuedInvoices, PriceRecord
from portal.errors import CoreAway, CoreRefused


@dataclass
class MemoryCore:
    """Put changes in, and it tells them as a core must."""

    page: int = 3
    told_companies: list[CompanyRecord] = field(default_factory=list)
    told_prices: list[PriceRecord] | None = None
    told_invoices: IssuedInvoices | None = None
    told_aside: list[AsideRecord] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)  # by key
    marks: dict[str, Mark] = field(default_factory=dict)  # by key
    is_away: bool = False
    asked: int = 0
    _told: dict[str, tuple[int, Change]] = field(default_factory=dict)
    _position: int = 0

    def put(self, *changes: Change) -> None:
        """These are the newest changes."""
        for change in changes:
            self._position += 1
            self._told[change.core_id] = (self._position, change)

    @property
    def newest(self) -> int:
        """The place of the last change."""
        return self._position

    def forget_all(self) -> None:
        """Lose everything, as a core restored from an empty backup does."""
        self._told.clear()

    def rewind(self, position: int) -> None:
        """Be put back from a backup that knew no more than so many changes."""
        self._told = {name: row for name, row in self._told.items() if row[0] <= position}
        self._position = position

    def replace(self, core_id: str, change: Change) -> None:
        """Tell this from now on where that was told, as a core whose fault was mended does."""
        self._told[change.core_id] = (self._told.pop(core_id)[0], change)

    def lose(self, core_id: str) -> None:
        """Tell nothing of it any more, not even that it is gone."""
        del self._told[core_id]

    def changes(self, cursor: str | None) -> Iterator[ChangesPage]:
        self._ask()
        start = int(cursor or 0)
        while True:
            rows = sorted((row for row in self._told.values() if row[0] >= start), key=lambda row: row[0])
            part, more = rows[: self.page], len(rows) > self.page
            start = part[-1][0] if part else start
            yield ChangesPage(changes=tuple(change for _, change in part), cursor=str(start), more=more)
            if not more:
                return

    def companies(self) -> list[CompanyRecord]:
        self._ask()
        return self.told_companies

    def price_list(self) -> list[PriceRecord] | None:
        self._ask()
        return self.told_prices

    def invoices(self) -> IssuedInvoices | None:
        self._ask()
        return self.told_invoices

    def aside(self) -> list[AsideRecord]:
        self._ask()
        return self.told_aside

    def attachment(self, core_id: str) -> Iterator[bytes]:
        self._ask()
        if core_id not in self.files:
            raise CoreRefused("there is no such attachment")
        return _pieces(self.files[core_id])

    def tell(
        self, ticket: str, note: str, key: str, *, approval: str = "", decision: str = "", mark: Mark = NO_MARK
    ) -> None:
        self._ask()
        if ticket not in self._told:
            raise CoreRefused("there is no such ticket")
        self.notes.setdefault(key, (ticket, note, approval, decision))
        self.marks.setdefault(key, mark)

    def _ask(self) -> None:
        self.asked += 1
        if self.is_away:
            raise CoreAway("nobody is at home")


def _pieces(content: bytes) -> Iterable[bytes]:
    return iter([content[:3], content[3:]])
