"""An invoice keeps its sums; tickets are found by the day they were opened, invoiced entries in the order of work."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SUMS = ("entries", "hours", "amount", "unpriced", "unpriced_hours")
_CENTS = (
    "CASE WHEN rate IS NULL THEN 0 WHEN hours * rate >= 0 THEN (hours * rate + 50) / 100"
    " ELSE -((50 - hours * rate) / 100) END"
)
_OF = "FROM invoiced_entry WHERE invoiced_entry.invoice_id = invoice.id"
SUM_UP = f"""
    UPDATE invoice SET
        entries = (SELECT count(*) {_OF}),
        hours = (SELECT coalesce(sum(hours), 0) {_OF}),
        amount = (SELECT coalesce(sum({_CENTS}), 0) {_OF}),
        unpriced = (SELECT count(*) {_OF} AND rate IS NULL),
        unpriced_hours = (SELECT coalesce(sum(hours), 0) {_OF} AND rate IS NULL)
"""  # noqa: S608 - our own words


def upgrade():
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        for name in SUMS:
            batch_op.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(SUM_UP)
    op.create_index("ix_ticket_opened", "ticket", ["company_id", "opened_at"])
    op.create_index("ix_invoiced_entry_in_order", "invoiced_entry", ["invoice_id", "worked_day", "time_entry_id"])
    op.drop_index("ix_invoiced_entry_invoice_id", table_name="invoiced_entry")


def downgrade():
    op.create_index("ix_invoiced_entry_invoice_id", "invoiced_entry", ["invoice_id"])
    op.drop_index("ix_invoiced_entry_in_order", table_name="invoiced_entry")
    op.drop_index("ix_ticket_opened", table_name="ticket")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        for name in reversed(SUMS):
            batch_op.drop_column(name)
