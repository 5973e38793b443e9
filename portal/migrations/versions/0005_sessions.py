"""Each sign-in is a row. The column that named a person's sessions is no longer written; the next release drops it."""

import sqlalchemy as sa
from alembic import op

from portal.db import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("has_second_factor", sa.Boolean(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_session_key_hash")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_session_seen_at"), ["seen_at"], unique=False)
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.alter_column("fs_uniquifier", existing_type=sa.String(), nullable=True)


def downgrade():
    op.execute("UPDATE person SET fs_uniquifier = 'ended-' || id WHERE fs_uniquifier IS NULL")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.alter_column("fs_uniquifier", existing_type=sa.String(), nullable=False)
    op.drop_table("session")
