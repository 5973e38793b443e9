"""What became different of an invoiced entry, as a credit or a charge on a later invoice."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("adjustments", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "invoice_adjustment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("concerned_id", sa.Integer(), nullable=False),
        sa.Column("time_entry_id", sa.Integer(), nullable=False),
        sa.Column("correction_id", sa.Integer(), nullable=True),
        *(
            sa.Column(f"{which}_{name}", kind, nullable=True)
            for which in ("old", "new")
            for name, kind in (
                ("category", sa.String()),
                ("hours", sa.BigInteger()),
                ("day", sa.Date()),
                ("rate", sa.BigInteger()),
            )
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat_percent", sa.BigInteger(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_invoice_adjustment_{column}_{table}"))
            for column, table in (
                ("company_id", "company"),
                ("invoice_id", "invoice"),
                ("concerned_id", "invoice"),
                ("time_entry_id", "time_entry"),
                ("correction_id", "time_entry_correction"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_adjustment")),
        sa.UniqueConstraint("correction_id", name=op.f("uq_invoice_adjustment_correction_id")),
    )
    for column in ("company_id", "invoice_id", "concerned_id", "time_entry_id"):
        op.create_index(op.f(f"ix_invoice_adjustment_{column}"), "invoice_adjustment", [column])


def downgrade():
    op.drop_table("invoice_adjustment")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_column("adjustments")
