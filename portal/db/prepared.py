"""Prepared queries: compiled once for a database and then only run, for the few reads that every request makes."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, SelectBase

from portal.db import db


class Prepared:
    """A select whose values are all bindparams.

    An ordinary `session.execute` costs more than the database does for such a query.
    """

    def __init__(self, query: SelectBase) -> None:
        self._query = query
        self._compiled = lru_cache(maxsize=2)(self._compile)

    def __call__(self, **values: Any) -> list[tuple]:
        """All rows, typed as the columns say."""
        rows = self.raw(**values)
        read = self._compiled(db.engine.dialect)[4]
        return [tuple(map(_converted, read, row)) for row in rows] if read else rows

    def raw(self, **values: Any) -> list[tuple]:
        """All rows as the database's driver gives them, in the session's transaction; typed() makes one readable."""
        connection = db.session.connection()
        sql, constants, order, write, _ = self._compiled(connection.dialect)
        values = constants | values
        for name, convert in write.items():
            values[name] = convert(values[name])
        # The driver's own cursor: what SQLAlchemy wraps around a result takes longer than the database itself.
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(sql, tuple(values[name] for name in order) if order else values)
            return list(cursor.fetchall())

    def typed(self, row: Any) -> tuple:
        """One raw row, typed as the columns say."""
        read = self._compiled(db.engine.dialect)[4]
        return tuple(map(_converted, read, row)) if read else tuple(row)

    def _compile(self, dialect: Dialect) -> tuple[str, dict, Sequence[str] | None, dict[str, Callable], list]:
        """The statement, its constants, the order of its values if it has one, and how values go in and come out."""
        compiled = self._query.compile(dialect=dialect)
        constants = {name: one.value for name, one in compiled.binds.items() if not one.required}
        write = {name: one.type.dialect_impl(dialect).bind_processor(dialect) for name, one in compiled.binds.items()}
        columns = self._query.selected_columns
        read = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        return (
            str(compiled),
            constants,
            compiled.positiontup if compiled.positional else None,
            {name: convert for name, convert in write.items() if convert},
            read if any(read) else [],
        )


def _converted(convert: Callable | None, value: Any) -> Any:
    return convert(value) if convert else value
