"""How a company's invoices are taxed, from a day on, and how each frozen one was."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "company_vat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("treatment", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_company_vat_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_vat")),
        sa.UniqueConstraint("company_id", "valid_from", name=op.f("uq_company_vat_company_id_valid_from")),
    )
    op.add_column("invoice", sa.Column("treatment", sa.String(), nullable=False, server_default="czech"))


def downgrade():
    op.drop_column("invoice", "treatment")
    op.drop_table("company_vat")
