"""Money: frozen invoices, budgets, letters, visits, and what a company may see before its invoice."""

import sqlalchemy as sa
from alembic import op

from portal.db import Hundredths, Moment

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('invoice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('period_end', sa.Date(), nullable=False),
    sa.Column('vat_percent', Hundredths(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('frozen_at', Moment(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_invoice_company_id_company')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice')),
    sa.UniqueConstraint('company_id', 'period_end', name=op.f('uq_invoice_company_id_period_end'))
    )
    op.create_table('budget',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('from_month', sa.Date(), nullable=False),
    sa.Column('unit', sa.String(), nullable=False),
    sa.Column('amount', Hundredths(), nullable=False),
    sa.Column('set_by', sa.Integer(), nullable=True),
    sa.Column('set_at', Moment(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_budget_company_id_company')),
    sa.ForeignKeyConstraint(['set_by'], ['person.id'], name=op.f('fk_budget_set_by_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_budget'))
    )
    with op.batch_alter_table('budget', schema=None) as batch_op:
        batch_op.create_index('ix_budget_valid', ['company_id', 'from_month', 'id'], unique=False)

    op.create_table('letter',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('to', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('attachment', sa.LargeBinary(), nullable=True),
    sa.Column('attachment_name', sa.String(), nullable=False),
    sa.Column('attachment_type', sa.String(), nullable=False),
    sa.Column('written_at', Moment(), nullable=False),
    sa.Column('sent_at', Moment(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('try_after', Moment(), nullable=True),
    sa.Column('trouble', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_letter_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter')),
    sa.UniqueConstraint('key', name=op.f('uq_letter_key'))
    )
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_letter_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_letter_sent_at'), ['sent_at'], unique=False)

    op.create_table('letter_choice',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('how', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_letter_choice_person_id_person')),
    sa.PrimaryKeyConstraint('person_id', 'kind', name=op.f('pk_letter_choice'))
    )
    op.create_table('visit',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('at', Moment(), nullable=False),
    sa.Column('before', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_visit_person_id_person')),
    sa.PrimaryKeyConstraint('person_id', 'place', name=op.f('pk_visit'))
    )
    op.create_table('budget_alert',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('budget_id', sa.Integer(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('at', Moment(), nullable=False),
    sa.ForeignKeyConstraint(['budget_id'], ['budget.id'], name=op.f('fk_budget_alert_budget_id_budget')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_budget_alert')),
    sa.UniqueConstraint('budget_id', 'month', 'percent', name=op.f('uq_budget_alert_budget_id_month_percent'))
    )
    op.create_table('invoiced_entry',
    sa.Column('time_entry_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('invoice_id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('hours', Hundredths(), nullable=False),
    sa.Column('worked_day', sa.Date(), nullable=False),
    sa.Column('rate', Hundredths(), nullable=True),
    sa.Column('frozen_at', Moment(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_invoiced_entry_company_id_company')),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_invoiced_entry_invoice_id_invoice')),
    sa.ForeignKeyConstraint(['time_entry_id'], ['time_entry.id'], name=op.f('fk_invoiced_entry_time_entry_id_time_entry')),
    sa.PrimaryKeyConstraint('time_entry_id', name=op.f('pk_invoiced_entry'))
    )
    with op.batch_alter_table('invoiced_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invoiced_entry_company_id'), ['company_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invoiced_entry_invoice_id'), ['invoice_id'], unique=False)

    with op.batch_alter_table('company', schema=None) as batch_op:
        batch_op.add_column(sa.Column('shown_live', sa.String(), server_default='money', nullable=False))

    with op.batch_alter_table('time_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_time_entry_billed')
        batch_op.create_index('ix_time_entry_in_order', ['company_id', 'worked_day', 'worked_at', 'id'], unique=False)
        batch_op.create_index('ix_time_entry_invoiced', ['company_id', 'invoiced_on'], unique=False)



def downgrade():
    with op.batch_alter_table('time_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_time_entry_invoiced')
        batch_op.drop_index('ix_time_entry_in_order')
        batch_op.create_index('ix_time_entry_billed', ['company_id', 'worked_day', 'id'], unique=False)

    op.execute('ALTER TABLE company DROP COLUMN shown_live')  # in place: other tables point at company

    with op.batch_alter_table('invoiced_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invoiced_entry_invoice_id'))
        batch_op.drop_index(batch_op.f('ix_invoiced_entry_company_id'))

    op.drop_table('invoiced_entry')
    op.drop_table('budget_alert')
    op.drop_table('visit')
    op.drop_table('letter_choice')
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_letter_sent_at'))
        batch_op.drop_index(batch_op.f('ix_letter_person_id'))

    op.drop_table('letter')
    with op.batch_alter_table('budget', schema=None) as batch_op:
        batch_op.drop_index('ix_budget_valid')

    op.drop_table('budget')
    op.drop_table('invoice')
