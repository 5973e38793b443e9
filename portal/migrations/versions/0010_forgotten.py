"""People who are forgotten, as hashes."""

import sqlalchemy as sa
from alembic import op

from portal.db import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "forgotten",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("instead", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("forgotten_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_forgotten_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgotten")),
    )
    op.create_index(op.f("ix_forgotten_company_id"), "forgotten", ["company_id"], unique=False)
    op.create_table(
        "forgotten_key",
        sa.Column("forgotten_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("is_address", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["forgotten_id"], ["forgotten.id"], name=op.f("fk_forgotten_key_forgotten_id_forgotten")
        ),
        sa.PrimaryKeyConstraint("forgotten_id", "key_hash", name=op.f("pk_forgotten_key")),
    )


def downgrade():
    op.drop_table("forgotten_key")
    op.drop_index(op.f("ix_forgotten_company_id"), table_name="forgotten")
    op.drop_table("forgotten")
