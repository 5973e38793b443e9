"""Hours in ten-thousandths, so that minutes keep their sums; when the core was read whole, and whether it shall be."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

HOURS = {
    "ticket": ("hours",),
    "time_entry": ("hours",),
    "time_entry_version": ("hours",),
    "time_entry_correction": ("old_hours", "new_hours"),
    "invoice": ("hours", "unpriced_hours"),
    "invoiced_entry": ("hours",),
    "invoice_adjustment": ("old_hours", "new_hours"),
    "question": ("was_hours",),
    "agreement_period": ("included", "carried", "used", "over_hours"),
}


def upgrade():
    for table, columns in HOURS.items():
        changes = ", ".join(f"{column} = {column} * 100" for column in columns)
        op.execute(f"UPDATE {table} SET {changes}")  # noqa: S608 - our own words
    op.add_column("mirror_state", sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "mirror_state", sa.Column("is_whole_wanted", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade():
    with op.batch_alter_table("mirror_state", schema=None) as batch_op:
        batch_op.drop_column("is_whole_wanted")
        batch_op.drop_column("whole_at")
    for table, columns in HOURS.items():
        changes = ", ".join(f"{column} = {column} / 100" for column in columns)
        op.execute(f"UPDATE {table} SET {changes}")  # noqa: S608 - our own words
