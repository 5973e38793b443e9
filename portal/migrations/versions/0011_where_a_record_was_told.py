"""A record set aside knows the page it was on, so that it can be asked for again."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_after", sa.String(), nullable=True))


def downgrade():
    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.drop_column("told_after")
