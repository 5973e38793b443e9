"""The migrations make exactly the tables the code speaks of, and can be undone."""

import flask_migrate
import pytest
from alembic.util.exc import CommandError
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from portal.db import db
from portal.domain import people


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
