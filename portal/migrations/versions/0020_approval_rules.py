"""Rules by which a company's managers are asked, and what they asked."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "approval_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.String(), nullable=False, server_default=""),
        sa.Column("outside_hours", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_approval_rule_company_id_company")),
        sa.ForeignKeyConstraint(["set_by_id"], ["person.id"], name=op.f("fk_approval_rule_set_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_rule")),
    )
    op.create_index(op.f("ix_approval_rule_company_id"), "approval_rule", ["company_id"])
    op.create_table(
        "approval_rule_employee",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["approval_rule.id"], name=op.f("fk_approval_rule_employee_rule_id_approval_rule")
        ),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employee.id"], name=op.f("fk_approval_rule_employee_employee_id_employee")
        ),
        sa.PrimaryKeyConstraint("rule_id", "employee_id", name=op.f("pk_approval_rule_employee")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rule_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_approval_rule_id_approval_rule"), "approval_rule", ["rule_id"], ["id"])
    op.create_table(
        "approval_rule_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("covers", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_approval_rule_request_{column}_{table}"))
            for column, table in (
                ("rule_id", "approval_rule"),
                ("ticket_id", "ticket"),
                ("approval_id", "approval"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_rule_request")),
        sa.UniqueConstraint(
            "rule_id", "ticket_id", "covers", name=op.f("uq_approval_rule_request_rule_id_ticket_id_covers")
        ),
    )
    op.create_index(op.f("ix_approval_rule_request_ticket_id"), "approval_rule_request", ["ticket_id"])


def downgrade():
    op.drop_table("approval_rule_request")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_approval_rule_id_approval_rule"), type_="foreignkey")
        batch_op.drop_column("rule_id")
    op.drop_table("approval_rule_employee")
    op.drop_table("approval_rule")
