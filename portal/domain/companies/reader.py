"""Reader: the company as one person may see it. What every read takes first, and what was loaded for it."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from portal.domain.companies.models import Company

Loaded = TypeVar("Loaded")


class Reader:
    """Somebody of a company who looks: whose rows they see, how much of them, and what was asked for already.

    Access control makes one for a request; what runs by itself makes one for whom it writes to. It is not kept beyond
    that: whatever it has loaded stays as it was.
    """

    __slots__ = ("_loaded", "company_id", "company_name", "reads_confidential", "shown_live")

    def __init__(self, *, company_id: int, company_name: str, shown_live: str, reads_confidential: bool) -> None:
        self.company_id = company_id
        self.company_name = company_name
        self.shown_live = shown_live  # see billing.disclosure
        self.reads_confidential = reads_confidential  # see tickets.confidentiality
        self._loaded: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, company: Company, *, confidential: bool = False) -> "Reader":
        """Somebody of this company, who may read confidential tickets or not."""
        return cls(
            company_id=company.id,
            company_name=company.name,
            shown_live=company.shown_live,
            reads_confidential=confidential,
        )

    def with_confidential(self) -> "Reader":
        """The same company for somebody who may read confidential tickets; nothing is loaded yet."""
        return Reader(
            company_id=self.company_id,
            company_name=self.company_name,
            shown_live=self.shown_live,
            reads_confidential=True,
        )

    def keep(self, found: Any, load: Callable[..., Any], *about: Hashable) -> None:
        """What once(load, *about) is to return: for whoever asked for several things with one statement."""
        self._loaded[load, about] = found

    def has(self, load: Callable[..., Any], *about: Hashable) -> bool:
        """Whether that is loaded already."""
        return (load, about) in self._loaded

    def once(self, load: Callable[..., Loaded], *about: Hashable) -> Loaded:
        """What load(reader, *about) returns, asked for once however many parts of a page need it."""
        key = (load, about)
        if key not in self._loaded:
            self._loaded[key] = load(self, *about)
        found: Loaded = self._loaded[key]
        return found
