"""How Alembic reaches the portal's database: through the application that is running it."""

import importlib
import pkgutil

from alembic import context
from flask import current_app

from portal import domain
from portal.db import Base, db

for noun in pkgutil.walk_packages(domain.__path__, "portal.domain."):  # every table is known before any is compared
    importlib.import_module(noun.name)

OURS_BY_HAND = ("ticket_fts",)  # full-text tables exist on SQLite only and are no part of the models


def _is_ours(_thing, name, kind, reflected, _compared_to):
    return not (kind == "table" and reflected and name.startswith(OURS_BY_HAND)) and not (
        kind == "index" and reflected and name.startswith("ix_trgm_")
    )


def _rendered(kind, thing, _context):
    if kind == "type" and type(thing).__module__ == "portal.db":
        return f"{type(thing).__name__}()"
    return False


def _holding_references(connection, on: bool) -> None:
    """SQLite changes a table by making it anew; rows that point to it must not mind meanwhile."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
        connection.commit()


with current_app.app_context(), db.engine.connect() as connection:
    _holding_references(connection, False)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        include_object=_is_ours,
        render_item=_rendered,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            assert not broken, f"rows point to nothing: {broken[:5]}"
    _holding_references(connection, True)
