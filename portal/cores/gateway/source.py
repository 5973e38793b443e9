"""What the gateway asks of a store: five functions in one Python file, and what is the same for every ticket."""

import importlib.util
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from portal.errors import Misconfigured

FUNCTIONS = ("all_ids", "changed_since", "ticket", "file", "write_note")


class Source(Protocol):
    """A store of tickets. What any function raises is told as 503 with its words, and asked again later."""

    def all_ids(self) -> Iterable[str]:
        """Every ticket there is: what is missing among them was deleted."""
        ...

    def changed_since(self, moment: datetime | None) -> Iterable[str]:
        """Tickets that may have changed since then; too many do no harm. None: all."""
        ...

    def ticket(self, core_id: str) -> dict[str, Any] | None:
        """A ticket or a tombstone as the fields of Core API v1; None when there is none."""
        ...

    def file(self, core_id: str) -> bytes | None:
        """The bytes of a file that a ticket named; None when there is none."""
        ...

    def write_note(self, ticket: str, text: str, key: str) -> str:
        """Write an internal note; its name. Where the store can, with the key as a mark, so that it is there once."""
        ...

    def companies(self) -> list[dict[str, Any]]:
        """All client companies."""
        ...

    def prices(self) -> list[dict[str, Any]] | None:
        """All rates, or None where the store keeps none."""
        ...


def load(path: Path) -> Source:
    """The functions of a Python file. Raises Misconfigured naming what is missing."""
    spec = importlib.util.spec_from_file_location("gateway_source", path)
    if spec is None or spec.loader is None or not path.exists():
        raise Misconfigured(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    missing = [name for name in (*FUNCTIONS, "companies") if not callable(getattr(module, name, None))]
    if missing:
        raise Misconfigured(f"{path} lacks {', '.join(missing)}: see docs/core.md")
    if not hasattr(module, "prices"):
        module.prices = lambda: None  # type: ignore[attr-defined]
    return module
