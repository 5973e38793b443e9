"""Schema: whether the database is the one this release speaks of."""

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from portal import config
from portal.db import db
from portal.errors import Misconfigured

MEND = "connectica-portal db upgrade"


def head() -> str:
    """The newest migration this release brings."""
    return ScriptDirectory(str(config.ROOT / "portal" / "migrations")).get_current_head() or ""


def current() -> str:
    """The newest migration the database has seen; empty for a database without tables."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def check() -> None:
    """Raises Misconfigured, with the command that mends it, unless the database is of this release."""
    try:
        found = current()
    except SQLAlchemyError as error:
        raise Misconfigured(f"the database does not answer: {_plain(error)} (PORTAL_DATABASE_URL)") from error
    if found != head():
        what = f"is at migration {found}, this release at {head()}" if found else "has no tables yet"
        raise Misconfigured(f"the database {what}. Run:  {MEND}")


def _plain(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
