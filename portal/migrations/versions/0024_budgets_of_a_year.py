"""Budgets of a year and of a category."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("budget", schema=None) as batch_op:
        batch_op.add_column(sa.Column("every", sa.String(), nullable=False, server_default="month"))
        batch_op.add_column(sa.Column("category", sa.String(), nullable=False, server_default=""))


def downgrade():
    with op.batch_alter_table("budget", schema=None) as batch_op:
        batch_op.drop_column("category")
        batch_op.drop_column("every")
