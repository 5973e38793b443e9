"""Confidential tickets, and a log that the database itself keeps."""

import re

import sqlalchemy as sa
from alembic import op

from portal.db import Moment
from portal.lib.text import fold

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ADDRESS = re.compile(r"[^\s@<>:;,()]+@[^\s@<>:;,()]+")


def _guard_on_sqlite():
    refuse = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    op.execute(f"CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event {refuse}")
    op.execute(
        "CREATE TRIGGER audit_event_delete BEFORE DELETE ON audit_event "
        f"WHEN coalesce(OLD.keep_until, datetime(OLD.at, '+730 days')) > datetime('now') {refuse}"
    )
    # INSERT OR REPLACE deletes without a trigger.
    op.execute(
        "CREATE TRIGGER audit_event_replace BEFORE INSERT ON audit_event "
        f"WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id) {refuse}"
    )


def _guard_on_postgresql():
    op.execute(
        """
        CREATE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF coalesce(OLD.keep_until, OLD.at + interval '730 days') <= now() THEN RETURN OLD; END IF;
            END IF;
            RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_event_guard BEFORE UPDATE OR DELETE ON audit_event "
        "FOR EACH ROW EXECUTE FUNCTION audit_event_guard()"
    )
    op.execute(
        "CREATE TRIGGER audit_event_guard_all BEFORE TRUNCATE ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard()"
    )


def _unguard_on_sqlite():
    for name in ("update", "delete", "replace"):
        op.execute(f"DROP TRIGGER audit_event_{name}")


def _unguard_on_postgresql():
    op.execute("DROP TRIGGER audit_event_guard ON audit_event")
    op.execute("DROP TRIGGER audit_event_guard_all ON audit_event")
    op.execute("DROP FUNCTION audit_event_guard()")


GUARD = {"sqlite": _guard_on_sqlite, "postgresql": _guard_on_postgresql}
UNGUARD = {"sqlite": _unguard_on_sqlite, "postgresql": _unguard_on_postgresql}


def upgrade():
    connection = op.get_bind()
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_confidential", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "audit_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_audit_name_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_name")),
    )
    op.create_index(op.f("ix_audit_name_person_id"), "audit_name", ["person_id"], unique=False)
    op.create_index(op.f("ix_audit_name_text"), "audit_name", ["text"], unique=False)
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("name_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("keep_until", Moment(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_audit_event_by_id_audit_name"), "audit_name", ["by_id"], ["id"])
        batch_op.create_foreign_key(op.f("fk_audit_event_name_id_audit_name"), "audit_name", ["name_id"], ["id"])
    _move_names(connection)
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_event_by_id"), ["by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_event_name_id"), ["name_id"], unique=False)
    GUARD[connection.dialect.name]()


def _move_names(connection):
    """Names of people, and addresses in what events were about, become words beside the events."""
    keep = sa.text("INSERT INTO audit_name (person_id, text, folded) VALUES (:person, :text, :folded) RETURNING id")
    acted = "SELECT DISTINCT person.id, person.name FROM person JOIN audit_event ON audit_event.person_id = person.id"
    for person, name in connection.execute(sa.text(acted)).all():
        by = connection.execute(keep, {"person": person, "text": name, "folded": fold(name)}).scalar_one()
        theirs = sa.text("UPDATE audit_event SET by_id = :by WHERE person_id = :person")
        connection.execute(theirs, {"by": by, "person": person})
    kept = {}
    for id_, about in connection.execute(sa.text("SELECT id, about FROM audit_event WHERE about LIKE '%@%'")).all():
        found = _ADDRESS.search(about)
        if found is None:
            continue
        if found[0] not in kept:
            words = {"person": None, "text": found[0], "folded": fold(found[0])}
            kept[found[0]] = connection.execute(keep, words).scalar_one()
        about = about[: found.start()] + "\ufffc" + about[found.end() :]
        moved = sa.text("UPDATE audit_event SET about = :about, name_id = :name WHERE id = :id")
        connection.execute(moved, {"about": about, "name": kept[found[0]], "id": id_})


def downgrade():
    connection = op.get_bind()
    UNGUARD[connection.dialect.name]()
    rows = "SELECT audit_event.id, about, text FROM audit_event JOIN audit_name ON audit_name.id = name_id"
    for id_, about, text in connection.execute(sa.text(rows)).all():
        words = {"about": about.replace("\ufffc", text), "id": id_}
        connection.execute(sa.text("UPDATE audit_event SET about = :about WHERE id = :id"), words)
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_event_name_id"))
        batch_op.drop_index(batch_op.f("ix_audit_event_by_id"))
        batch_op.drop_index(batch_op.f("ix_audit_event_at"))
        batch_op.drop_constraint(batch_op.f("fk_audit_event_name_id_audit_name"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_audit_event_by_id_audit_name"), type_="foreignkey")
        batch_op.drop_column("keep_until")
        batch_op.drop_column("name_id")
        batch_op.drop_column("by_id")
    op.drop_table("audit_name")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_column("is_confidential")
