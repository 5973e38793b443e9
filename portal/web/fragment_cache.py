"""The fragment cache: pieces of pages that many readers see alike, rendered once and kept while in use."""

from collections import OrderedDict
from collections.abc import Hashable, Sized
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

from flask import Flask, current_app
from markupsafe import Markup

KEPT = 20_000_000  # characters of each kind: some 20,000 rows, what many readers leaf through in a morning

Piece = TypeVar("Piece", bound=Sized)


class Fragment(bytes):
    """A whole part as it is sent, with the tag of its content."""

    tag: str

    @classmethod
    def of(cls, html: str) -> "Fragment":
        part = cls(html.encode())
        part.tag = blake2b(part, digest_size=16).hexdigest()
        return part


class Fragments(Generic[Piece]):
    """The pieces used last, as many as fit into KEPT; safe for the threads of one process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Piece] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def one(self, key: Hashable) -> Piece | None:
        return self.of([key])[0]

    def of(self, keys: list) -> list[Piece | None]:
        with self._lock:
            found = [self._kept.get(key) for key in keys]
            for key, piece in zip(keys, found, strict=True):
                if piece is not None:
                    self._kept.move_to_end(key)
        return found

    def keep(self, key: Hashable, piece: Piece) -> Piece:
        """The piece itself, from now on kept."""
        with self._lock:
            before = self._kept.pop(key, None)
            self._size += len(piece) - (len(before) if before is not None else 0)
            self._kept[key] = piece
            while self._size > KEPT:
                self._size -= len(self._kept.popitem(last=False)[1])
        return piece


def install(app: Flask) -> None:
    """Two stores for each application: two databases number their tickets alike."""
    app.extensions["fragments"], app.extensions["parts"] = Fragments[Markup](), Fragments[Fragment]()


def pieces() -> Fragments[Markup]:
    """Rows of ticket lists."""
    return current_app.extensions["fragments"]


def parts() -> Fragments[Fragment]:
    """Whole parts: what is asked for again and again while nothing changes."""
    return current_app.extensions["parts"]
