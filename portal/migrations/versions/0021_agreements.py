"""Prepaid hours and money: agreements, their periods, and what of them an entry is."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("every", sa.String(), nullable=False),
        sa.Column("carries", sa.BigInteger(), nullable=True),
        sa.Column("rate_inside", sa.BigInteger(), nullable=True),
        sa.Column("rate_over", sa.BigInteger(), nullable=True),
        sa.Column("from_core", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_agreement_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint(
            "company_id", "valid_from", "from_core", name=op.f("uq_agreement_company_id_valid_from_from_core")
        ),
    )
    op.create_table(
        "agreement_period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("included", sa.BigInteger(), nullable=False),
        sa.Column("carried", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("over_hours", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_agreement_period_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_period")),
    )
    op.create_index("uq_agreement_period_since", "agreement_period", ["company_id", "since"], unique=True)
    op.create_table(
        "agreement_alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_agreement_alert_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_alert")),
        sa.UniqueConstraint(
            "company_id", "since", "percent", name=op.f("uq_agreement_alert_company_id_since_percent")
        ),
    )
    with op.batch_alter_table("time_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("coverage", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("coverage_rate", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("invoiced_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("coverage", sa.String(), nullable=True))


def downgrade():
    with op.batch_alter_table("invoiced_entry", schema=None) as batch_op:
        batch_op.drop_column("coverage")
    with op.batch_alter_table("time_entry", schema=None) as batch_op:
        batch_op.drop_column("coverage_rate")
        batch_op.drop_column("coverage")
    op.drop_table("agreement_alert")
    op.drop_table("agreement_period")
    op.drop_table("agreement")
