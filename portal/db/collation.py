"""Searching and sorting as Czechs do: "prilis" finds "Příliš", and Čapek stands after Cibulka."""

import unicodedata
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Engine, collate, event

from portal.db import db
from portal.lib.text import fold

OWN_PLACE = frozenset("čřšž")  # letters after the plain one; any other mark counts only between equals


def in_czech_order(names: Any) -> ColumnElement[str]:
    """Names as an expression to compare and to order by, by the Czech alphabet, on either database."""
    return collate(names, "czech" if db.engine.dialect.name == "sqlite" else "cs-x-icu")


@lru_cache(maxsize=4096)
def czech_key(name: str) -> tuple[str, str]:
    """What two names are compared by: the alphabet with č, ř, š, ž and ch in their places, then every mark."""
    letters = unicodedata.normalize("NFC", name).casefold().replace("ch", "h\uffff")
    places = "".join(f"{fold(letter)}\uffff" if letter in OWN_PLACE else fold(letter) or letter for letter in letters)
    return places, name


@event.listens_for(Engine, "connect")
def _teach_sqlite_the_alphabet(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.create_collation(
            "czech", lambda one, other: (czech_key(one) > czech_key(other)) - (czech_key(one) < czech_key(other))
        )
