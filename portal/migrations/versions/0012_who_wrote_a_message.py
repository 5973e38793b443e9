"""A message says by whose domain its author was proved, and whether they are of the company."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proved_by", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("from_outside", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade():
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("from_outside")
        batch_op.drop_column("proved_by")
