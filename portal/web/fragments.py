"""Fragments: pieces of pages that many readers see alike, drawn once and kept while they are asked for."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from flask import Flask, current_app
from markupsafe import Markup

KEPT = 20_000_000  # characters: some 20,000 rows, what many readers leaf through in a morning


class Fragments:
    """The pieces used last, as many as fit into KEPT; safe for the threads of one process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Markup] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def of(self, keys: list) -> list[Markup | None]:
        with self._lock:
            found = [self._kept.get(key) for key in keys]
            for key, piece in zip(keys, found, strict=True):
                if piece is not None:
                    self._kept.move_to_end(key)
        return found

    def keep(self, key: Hashable, piece: str) -> Markup:
        """The piece itself, from now on kept. It was made by an escaping template."""
        drawn = Markup(piece)  # noqa: S704 - see above
        with self._lock:
            self._characters += len(drawn) - len(self._kept.pop(key, ""))
            self._kept[key] = drawn
            while self._characters > KEPT:
                self._characters -= len(self._kept.popitem(last=False)[1])
        return drawn


def install(app: Flask) -> None:
    """One store for each application: two databases number their tickets alike."""
    app.extensions["fragments"] = Fragments()


def kept() -> Fragments:
    """The store of this application."""
    return current_app.extensions["fragments"]
