"""The company as one person may see it: what every read takes first."""

from typing import Protocol


class Client(Protocol):
    """Anything that stands for a company: its row, or a card of it."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def shown_live(self) -> str: ...

    @property
    def reads_confidential(self) -> bool: ...
