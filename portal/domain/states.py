"""The four states of a ticket: words, colours and meaning, in the order they are shown."""

from enum import StrEnum


class State(StrEnum):
    OPEN = "open"
    TO_BE_INVOICED = "to_be_invoiced"
    ERROR = "error"
    DONE = "done"

    @property
    def label(self) -> str:
        """As Connectica writes it, in every language."""
        return _FACTS[self][0]

    @property
    def tone(self) -> str:
        """The colour family of its badge."""
        return _FACTS[self][1]


_FACTS = {
    State.OPEN: ("Otevřené", "info"),
    State.TO_BE_INVOICED: ("Be invoiced", "warn"),
    State.ERROR: ("Error", "bad"),
    State.DONE: ("Dokončené", "ok"),
}
