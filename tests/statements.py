"""Counting what the database is asked: every statement of a block, of SQLAlchemy and of a driver's own cursors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from portal.db import db

WORDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that were run since the block began; BEGIN, COMMIT and their like are none."""
    found: list[str] = []

    def heard(_connection, _cursor, statement: str, *_more) -> None:
        if statement.lstrip("( \n").upper().startswith(WORDS):
            found.append(" ".join(statement.split()))

    event.listen(db.engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", heard)
