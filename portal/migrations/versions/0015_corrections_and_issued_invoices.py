"""Corrections of entries, documents issued for what was invoiced, supplements, and disputes told to the core."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TEXTS = {"company": ("ico", "dic"), "time_entry": ("document",), "told": ("dispute", "entry"), "invoice": ("document",)}
_MOMENT = sa.DateTime(timezone=True)


def upgrade():
    for table, names in TEXTS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in names:
                batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("told", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dispute_over", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("supplement", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_constraint(batch_op.f("uq_invoice_company_id_period_end"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_invoice_company_id_period_end_supplement"), ["company_id", "period_end", "supplement"]
        )
    op.create_table(
        "time_entry_correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("core_id", sa.String(), nullable=False),
        sa.Column("time_entry_id", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("old_category", sa.String(), nullable=True),
        sa.Column("old_hours", sa.BigInteger(), nullable=True),
        sa.Column("old_day", sa.Date(), nullable=True),
        sa.Column("old_ticket", sa.String(), nullable=False),
        sa.Column("new_category", sa.String(), nullable=True),
        sa.Column("new_hours", sa.BigInteger(), nullable=True),
        sa.Column("new_day", sa.Date(), nullable=True),
        sa.Column("new_ticket", sa.String(), nullable=False),
        sa.Column("invoiced_on", sa.Date(), nullable=True),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("noticed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["time_entry_id"], ["time_entry.id"], name=op.f("fk_time_entry_correction_time_entry_id_time_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_entry_correction")),
        sa.UniqueConstraint("core_id", name=op.f("uq_time_entry_correction_core_id")),
    )
    op.create_index(op.f("ix_time_entry_correction_time_entry_id"), "time_entry_correction", ["time_entry_id"])
    op.create_table(
        "issued_invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("core_id", sa.String(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("supplement", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("taxable_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_issued_invoice_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_invoice")),
        sa.UniqueConstraint("core_id", name=op.f("uq_issued_invoice_core_id")),
    )
    op.create_index(op.f("ix_issued_invoice_company_id"), "issued_invoice", ["company_id"])
    op.create_table(
        "supplier",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "ico", "dic", "address")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
    )


def downgrade():
    op.drop_table("supplier")
    op.drop_table("issued_invoice")
    op.drop_table("time_entry_correction")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_invoice_company_id_period_end_supplement"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_invoice_company_id_period_end"), ["company_id", "period_end"]
        )
        batch_op.drop_column("supplement")
    with op.batch_alter_table("told", schema=None) as batch_op:
        batch_op.drop_column("dispute_over")
    for table, names in TEXTS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in names:
                batch_op.drop_column(name)
