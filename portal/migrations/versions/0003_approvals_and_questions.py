"""Approvals, their links and consents, deputies, questions and notices."""

import sqlalchemy as sa
from alembic import op

from portal.db import Hundredths, Moment

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('deputy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('manager_id', sa.Integer(), nullable=False),
    sa.Column('deputy_id', sa.Integer(), nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('set_at', Moment(), nullable=False),
    sa.Column('ended_at', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_deputy_company_id_company')),
    sa.ForeignKeyConstraint(['deputy_id'], ['person.id'], name=op.f('fk_deputy_deputy_id_person')),
    sa.ForeignKeyConstraint(['manager_id'], ['person.id'], name=op.f('fk_deputy_manager_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deputy'))
    )
    with op.batch_alter_table('deputy', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deputy_company_id'), ['company_id'], unique=False)

    op.create_table('notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('at', Moment(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('path', sa.String(), nullable=False),
    sa.Column('digested_at', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_notice_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('key', name=op.f('uq_notice_key'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_person_id'), ['person_id'], unique=False)

    op.create_table('approval',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=True),
    sa.Column('question', sa.String(), nullable=False),
    sa.Column('question_key', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_by_email', sa.String(), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', Moment(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('turn', sa.String(), nullable=False),
    sa.Column('expires_at', Moment(), nullable=False),
    sa.Column('at_expiry', sa.String(), nullable=False),
    sa.Column('overdue_at', Moment(), nullable=True),
    sa.Column('reminders_sent', sa.Integer(), nullable=False),
    sa.Column('decided_at', Moment(), nullable=True),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_for', sa.String(), nullable=False),
    sa.Column('decided_for_id', sa.Integer(), nullable=True),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('scope', sa.String(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('own_request', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['asked_by_id'], ['person.id'], name=op.f('fk_approval_asked_by_id_person')),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_approval_company_id_company')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['person.id'], name=op.f('fk_approval_decided_by_id_person')),
    sa.ForeignKeyConstraint(['decided_for_id'], ['person.id'], name=op.f('fk_approval_decided_for_id_person')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_approval_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval')),
    sa.UniqueConstraint('core_id', name=op.f('uq_approval_core_id'))
    )
    with op.batch_alter_table('approval', schema=None) as batch_op:
        batch_op.create_index('ix_approval_due', ['state', 'expires_at'], unique=False)
        batch_op.create_index('ix_approval_listed', ['company_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_approval_ticket_id'), ['ticket_id'], unique=False)
        batch_op.create_index('uq_approval_open', ['ticket_id', 'question_key'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('approval_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('approval_id', sa.Integer(), nullable=False),
    sa.Column('at', Moment(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['approval_id'], ['approval.id'], name=op.f('fk_approval_event_approval_id_approval')),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], name=op.f('fk_approval_event_by_id_person')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_approval_event_message_id_message')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval_event')),
    sa.UniqueConstraint('approval_id', 'message_id', name=op.f('uq_approval_event_approval_id_message_id'))
    )
    with op.batch_alter_table('approval_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_approval_event_approval_id'), ['approval_id'], unique=False)

    op.create_table('approval_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('approval_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('made_at', Moment(), nullable=False),
    sa.Column('expires_at', Moment(), nullable=False),
    sa.Column('used_at', Moment(), nullable=True),
    sa.Column('revoked_at', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['approval_id'], ['approval.id'], name=op.f('fk_approval_link_approval_id_approval')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_approval_link_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approval_link')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_approval_link_token_hash'))
    )
    with op.batch_alter_table('approval_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_approval_link_approval_id'), ['approval_id'], unique=False)

    op.create_table('service_consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('employee_id', sa.Integer(), nullable=False),
    sa.Column('allowed', sa.Boolean(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('given_by', sa.String(), nullable=False),
    sa.Column('given_by_id', sa.Integer(), nullable=False),
    sa.Column('given_at', Moment(), nullable=False),
    sa.Column('approval_id', sa.Integer(), nullable=False),
    sa.Column('revoked_at', Moment(), nullable=True),
    sa.Column('revoked_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['approval_id'], ['approval.id'], name=op.f('fk_service_consent_approval_id_approval')),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_service_consent_company_id_company')),
    sa.ForeignKeyConstraint(['employee_id'], ['employee.id'], name=op.f('fk_service_consent_employee_id_employee')),
    sa.ForeignKeyConstraint(['given_by_id'], ['person.id'], name=op.f('fk_service_consent_given_by_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service_consent'))
    )
    with op.batch_alter_table('service_consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_service_consent_company_id'), ['company_id'], unique=False)
        batch_op.create_index('uq_service_consent_in_force', ['employee_id'], unique=True, sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))

    op.create_table('question',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('time_entry_id', sa.Integer(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=False),
    sa.Column('asked_at', Moment(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('was_category', sa.String(), nullable=False),
    sa.Column('was_hours', Hundredths(), nullable=False),
    sa.Column('was_day', sa.Date(), nullable=False),
    sa.Column('was_invoiced_on', sa.Date(), nullable=True),
    sa.Column('over_at', Moment(), nullable=True),
    sa.Column('over_by', sa.String(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by_id'], ['person.id'], name=op.f('fk_question_asked_by_id_person')),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_question_company_id_company')),
    sa.ForeignKeyConstraint(['time_entry_id'], ['time_entry.id'], name=op.f('fk_question_time_entry_id_time_entry')),
    sa.ForeignKeyConstraint(['version_id'], ['time_entry_version.id'], name=op.f('fk_question_version_id_time_entry_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question'))
    )
    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.create_index('ix_question_listed', ['company_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_question_time_entry_id'), ['time_entry_id'], unique=False)
        batch_op.create_index('uq_question_open', ['time_entry_id'], unique=True, sqlite_where=sa.text("state IN ('asked', 'answered')"), postgresql_where=sa.text("state IN ('asked', 'answered')"))

    op.create_table('question_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('question_id', sa.Integer(), nullable=False),
    sa.Column('at', Moment(), nullable=False),
    sa.Column('side', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], name=op.f('fk_question_message_by_id_person')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_question_message_message_id_message')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_question_message_question_id_question')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question_message')),
    sa.UniqueConstraint('message_id', name=op.f('uq_question_message_message_id'))
    )
    with op.batch_alter_table('question_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_question_message_question_id'), ['question_id'], unique=False)

    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.add_column(sa.Column('approval', sa.String(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('decision', sa.String(), server_default='', nullable=False))



def downgrade():
    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.drop_column('decision')
        batch_op.drop_column('approval')

    with op.batch_alter_table('question_message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_question_message_question_id'))

    op.drop_table('question_message')
    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.drop_index('uq_question_open', sqlite_where=sa.text("state IN ('asked', 'answered')"), postgresql_where=sa.text("state IN ('asked', 'answered')"))
        batch_op.drop_index(batch_op.f('ix_question_time_entry_id'))
        batch_op.drop_index('ix_question_listed')

    op.drop_table('question')
    with op.batch_alter_table('service_consent', schema=None) as batch_op:
        batch_op.drop_index('uq_service_consent_in_force', sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_service_consent_company_id'))

    op.drop_table('service_consent')
    with op.batch_alter_table('approval_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_approval_link_approval_id'))

    op.drop_table('approval_link')
    with op.batch_alter_table('approval_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_approval_event_approval_id'))

    op.drop_table('approval_event')
    with op.batch_alter_table('approval', schema=None) as batch_op:
        batch_op.drop_index('uq_approval_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index(batch_op.f('ix_approval_ticket_id'))
        batch_op.drop_index('ix_approval_listed')
        batch_op.drop_index('ix_approval_due')

    op.drop_table('approval')
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_person_id'))

    op.drop_table('notice')
    with op.batch_alter_table('deputy', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deputy_company_id'))

    op.drop_table('deputy')
