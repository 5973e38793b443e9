"""The migrations make exactly the tables the code speaks of, and can be undone."""

import flask_migrate
import pytest
from alembic.util.exc import CommandError
from sqlalchemy import inspect

from portal.db import db


def test_the_migrated_database_is_the_one_the_models_describe(app):
    try:
        flask_migrate.check()
    except CommandError as error:
        pytest.fail(f"{error}\nmake a migration:  flask db migrate")


def test_every_migration_can_be_undone(app):
    flask_migrate.downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
