"""The migrations make exactly the tables the code speaks of, and can be undone."""

from datetime import UTC, date, datetime

import flask_migrate
import pytest
from alembic.util.exc import CommandError
from sqlalchemy import MetaData, inspect, select
from sqlalchemy.exc import IntegrityError

from portal.db import db
from portal.domain.users import models as people


def test_the_migrated_database_is_the_one_the_models_describe(app):
    try:
        flask_migrate.check()
    except CommandError as error:
        pytest.fail(f"{error}\nmake a migration:  flask db migrate")


def test_every_migration_can_be_undone(app):
    flask_migrate.downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]


def test_tables_that_others_point_to_change_under_their_rows(app):
    """From the first migration on, with a company and its people in the database."""
    flask_migrate.downgrade(revision="0001")
    with db.engine.begin() as connection:
        for statement in (
            "INSERT INTO company (id, core_id, name, language) VALUES (1, 'a', 'Strojírny', 'cs')",
            "INSERT INTO person (id, company_id, email, name, active, fs_uniquifier, language, theme, created_at) "
            "VALUES (1, 1, 'jana@a.example', 'Jana', TRUE, 'key', 'cs', '', '2026-01-01 00:00:00')",
            "INSERT INTO role (id, name, description) VALUES (1, 'manager', '')",
            "INSERT INTO person_role (person_id, role_id) VALUES (1, 1)",
        ):
            connection.exec_driver_sql(statement)
    db.engine.dispose()
    flask_migrate.upgrade()
    assert people.by_email("jana@a.example").role_names == {"manager"}
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM role")


BEFORE = "0004"  # the last migration of the release before: set it when a release is made


def test_the_release_before_goes_on_reading_and_writing_after_the_upgrade(app):
    """Its tables, as they were, take a row of every kind in the upgraded database and give it back."""
    flask_migrate.downgrade(revision=BEFORE)
    old = MetaData()
    old.reflect(db.engine)
    db.engine.dispose()
    flask_migrate.upgrade()
    tables = [table for table in old.sorted_tables if not table.name.startswith(("alembic", "ticket_fts"))]
    with db.engine.begin() as connection:
        for table in tables:
            row = {column.name: _something(column) for column in table.columns if not column.nullable}
            connection.execute(table.insert().values(row))
            assert len(connection.execute(select(table)).all()) == 1, table.name


def _something(column):
    """A value this column takes; a reference is to the first row."""
    kinds = {
        bool: False,
        int: 1,
        str: "x",
        bytes: b"x",
        datetime: datetime(2026, 1, 1, tzinfo=UTC),
        date: date(2026, 1, 1),
    }
    return kinds.get(column.type.python_type, 1)
