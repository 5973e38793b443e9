"""The database handle, and the column types everything stands on: a UTC moment, exact money and exact hours."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    CursorResult,
    DateTime,
    Delete,
    Dialect,
    Engine,
    Insert,
    MetaData,
    Update,
    event,
    literal,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, TimeoutError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator

from portal.db.outages import Outage
from portal.lib.security import private_files

# The database cannot do it now: it is away, full, read-only, locked for too long, or all connections are in use.
TROUBLES = (OperationalError, InterfaceError, InternalError, TimeoutError)

log = logging.getLogger(__name__)
database_outage = Outage("the database", log)


class Moment(TypeDecorator[datetime]):
    """A UTC-aware datetime. A naive one is refused: nobody knows whose time it is."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Hundredths(TypeDecorator[Decimal]):
    """A Decimal with two places, kept as a whole number of hundredths: sums are exact on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        cents = value * 100
        if cents != cents.to_integral_value():
            raise ValueError(f"{value} has more than two decimal places")
        return int(cents)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-2)


class Hours(TypeDecorator[Decimal]):
    """Hours as a Decimal with up to four places, kept as a whole number of ten-thousandths: minutes keep their sums.

    Twenty minutes are 0.3333 h, and three times that, shown to two places, is the hour that was worked.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        parts = value * 10_000
        if parts != parts.to_integral_value():
            raise ValueError(f"{value} h has more than four decimal places")
        return int(parts)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else hours_of(int(value))


def hours_of(ten_thousandths: int) -> Decimal:
    """The hours, with two places unless they need more."""
    hundredths, rest = divmod(ten_thousandths, 100)
    return Decimal(ten_thousandths).scaleb(-4) if rest else Decimal(hundredths).scaleb(-2)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment, Decimal: Hundredths}  # noqa: RUF012 - SQLAlchemy's way to say it


POOL, POOL_MORE = 5, 10  # connections a process keeps, and those it opens beside them when many ask at once
POOL_PATIENCE = 10  # seconds a request waits for one of them
STATEMENT_PATIENCE = 60_000  # milliseconds; a page asks for far less, a migration lifts it
IDLE_PATIENCE = 60_000  # milliseconds somebody may sleep within a transaction


def engine_options(url: str) -> dict[str, Any]:
    """How this database is spoken to. What statements carry stays out of logs and tracebacks: it is people's data."""
    common: dict[str, Any] = {"hide_parameters": True}
    if not url.startswith("postgresql"):
        return common
    limits = f"-c statement_timeout={STATEMENT_PATIENCE} -c idle_in_transaction_session_timeout={IDLE_PATIENCE}"
    return common | {
        "pool_size": POOL,
        "max_overflow": POOL_MORE,
        "pool_timeout": POOL_PATIENCE,
        "pool_pre_ping": True,  # a restarted server is met by a new connection, not by an error
        "pool_recycle": 1800,
        "connect_args": {"connect_timeout": 5, "application_name": "portal", "options": limits},
    }


db = SQLAlchemy(metadata=Base.metadata)  # tables subclass Base, which the type checker understands


@contextmanager
def if_possible() -> Iterator[None]:
    """For what nobody waits for: a database that is full or read-only keeps nobody from reading."""
    try:
        yield
    except TROUBLES as error:
        db.session.rollback()
        database_outage.began(error)


def insert_once(table: type[Base], **values: Any) -> bool:
    """Insert a row unless a unique one of its kind is there: in the caller's transaction, whoever else tries too.

    Column defaults of the model apply only where Python knows them; give every value that matters.
    """
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[db.engine.dialect.name]
    made = insert(table).values(**values).on_conflict_do_nothing()
    # The count of rows is not told by every driver; a row that comes back is.
    return db.session.execute(made.returning(literal(1))).first() is not None


def rows_changed(statement: Insert | Update | Delete) -> int:
    """Run a change in the caller's transaction; how many rows it met."""
    result = db.session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount


@event.listens_for(Pool, "checkout")
def _end_outage(_connection: Any, _record: Any, _proxy: Any) -> None:
    """A connection that was just pinged answers."""
    database_outage.ended()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers never wait for the writer, a writer waits for another, and foreign keys hold."""
    if type(connection).__module__.startswith("sqlite3"):
        cursor = connection.cursor()
        _, _, path = cursor.execute("PRAGMA database_list").fetchone()
        if path:
            private_files.tighten(Path(path))  # its journals take its mode
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA busy_timeout = 10000")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()
