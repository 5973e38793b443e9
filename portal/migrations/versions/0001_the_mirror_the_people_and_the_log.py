"""The mirror, the people and the log."""

import sqlalchemy as sa
from alembic import op

from portal.db import Hundredths, Moment

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def _search_on_sqlite(execute):
    """A trigram index over ticket_text, kept by triggers: the text itself is stored once."""
    execute("CREATE VIRTUAL TABLE ticket_fts USING fts5(text, content='ticket_text', content_rowid='ticket_id', "
            "tokenize='trigram')")
    forget = "INSERT INTO ticket_fts(ticket_fts, rowid, text) VALUES ('delete', old.ticket_id, old.text);"
    learn = "INSERT INTO ticket_fts(rowid, text) VALUES (new.ticket_id, new.text);"
    for name, when, what in (
        ("insert", "INSERT", learn), ("delete", "DELETE", forget), ("update", "UPDATE", forget + " " + learn)
    ):
        execute(f"CREATE TRIGGER ticket_text_{name} AFTER {when} ON ticket_text BEGIN {what} END")


def _search_on_postgresql(execute):
    """The same by pg_trgm, an extension that a database's owner may create."""
    execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    execute("CREATE INDEX ix_trgm_ticket_text ON ticket_text USING gin (text gin_trgm_ops)")


SEARCH = {"sqlite": _search_on_sqlite, "postgresql": _search_on_postgresql}


def upgrade():
    op.create_table('company',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_company')),
    sa.UniqueConstraint('core_id', name=op.f('uq_company_core_id'))
    )
    op.create_table('lease',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('expires_at', Moment(), nullable=False),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_lease'))
    )
    op.create_table('mirror_state',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('cursor', sa.String(), nullable=True),
    sa.Column('reached_at', Moment(), nullable=True),
    sa.Column('tried_at', Moment(), nullable=True),
    sa.Column('trouble', sa.String(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mirror_state'))
    )
    op.create_table('role',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role')),
    sa.UniqueConstraint('name', name=op.f('uq_role_name'))
    )
    op.create_table('set_aside',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=False),
    sa.Column('raw', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('first_at', Moment(), nullable=False),
    sa.Column('last_at', Moment(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_set_aside')),
    sa.UniqueConstraint('core_id', name=op.f('uq_set_aside_core_id'))
    )
    op.create_table('technician',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_technician')),
    sa.UniqueConstraint('email', name=op.f('uq_technician_email'))
    )
    op.create_table('employee',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_employee_company_id_company')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_employee')),
    sa.UniqueConstraint('company_id', 'email', name=op.f('uq_employee_company_id_email'))
    )
    op.create_table('person',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=True),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('password', sa.String(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('fs_uniquifier', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('theme', sa.String(), nullable=False),
    sa.Column('created_at', Moment(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_person_company_id_company')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('email', name=op.f('uq_person_email')),
    sa.UniqueConstraint('fs_uniquifier', name=op.f('uq_person_fs_uniquifier'))
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_company_id'), ['company_id'], unique=False)

    op.create_table('price',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=True),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('rate', Hundredths(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_price_company_id_company')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price'))
    )
    with op.batch_alter_table('price', schema=None) as batch_op:
        batch_op.create_index('uq_price_row', ['company_id', 'category', 'valid_from'], unique=True)

    op.create_table('ticket_count',
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('tickets', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_ticket_count_company_id_company')),
    sa.PrimaryKeyConstraint('company_id', 'state', name=op.f('pk_ticket_count'))
    )
    op.create_table('audit_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('at', Moment(), nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('about', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_audit_event_company_id_company')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_audit_event_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_event'))
    )
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.create_index('ix_audit_event_read', ['company_id', 'id'], unique=False)

    op.create_table('person_role',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('role_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_person_role_person_id_person')),
    sa.ForeignKeyConstraint(['role_id'], ['role.id'], name=op.f('fk_person_role_role_id_role')),
    sa.PrimaryKeyConstraint('person_id', 'role_id', name=op.f('pk_person_role'))
    )
    op.create_table('ticket',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('requester_id', sa.Integer(), nullable=False),
    sa.Column('technician_id', sa.Integer(), nullable=True),
    sa.Column('opened_at', Moment(), nullable=False),
    sa.Column('changed_at', Moment(), nullable=False),
    sa.Column('due_at', Moment(), nullable=True),
    sa.Column('done_at', Moment(), nullable=True),
    sa.Column('hours', Hundredths(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('record_hash', sa.String(), nullable=False),
    sa.Column('withdrawn_at', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_ticket_company_id_company')),
    sa.ForeignKeyConstraint(['requester_id'], ['employee.id'], name=op.f('fk_ticket_requester_id_employee')),
    sa.ForeignKeyConstraint(['technician_id'], ['technician.id'], name=op.f('fk_ticket_technician_id_technician')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket')),
    sa.UniqueConstraint('core_id', name=op.f('uq_ticket_core_id'))
    )
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.create_index('ix_ticket_listed', ['company_id', 'changed_at', 'id'], unique=False)
        batch_op.create_index('ix_ticket_listed_by_state', ['company_id', 'state', 'changed_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_number'), ['number'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_requester_id'), ['requester_id'], unique=False)

    op.create_table('message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('side', sa.String(), nullable=False),
    sa.Column('author_name', sa.String(), nullable=False),
    sa.Column('author_email', sa.String(), nullable=False),
    sa.Column('sent_at', Moment(), nullable=False),
    sa.Column('sender_verified', sa.Boolean(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('quoted', sa.String(), nullable=False),
    sa.Column('excerpt', sa.String(), nullable=False),
    sa.Column('withdrawn_at', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_message_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('core_id', name=op.f('uq_message_core_id'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('ticket_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('at', Moment(), nullable=False),
    sa.Column('old', sa.String(), nullable=False),
    sa.Column('new', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_ticket_event_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_event')),
    sa.UniqueConstraint('core_id', name=op.f('uq_ticket_event_core_id'))
    )
    with op.batch_alter_table('ticket_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ticket_event_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('ticket_text',
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_ticket_text_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('ticket_id', name=op.f('pk_ticket_text'))
    )
    op.create_table('told',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('written_at', Moment(), nullable=False),
    sa.Column('told_at', Moment(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('try_after', Moment(), nullable=True),
    sa.Column('trouble', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_told_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_told')),
    sa.UniqueConstraint('key', name=op.f('uq_told_key'))
    )
    op.create_table('attachment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('media_type', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('content_id', sa.String(), nullable=False),
    sa.Column('sha256', sa.String(), nullable=True),
    sa.Column('fetch_tries', sa.Integer(), nullable=False),
    sa.Column('fetch_after', Moment(), nullable=True),
    sa.Column('fetch_error', sa.String(), nullable=True),
    sa.Column('withdrawn_at', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_attachment_message_id_message')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('core_id', name=op.f('uq_attachment_core_id'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attachment_message_id'), ['message_id'], unique=False)

    op.create_table('time_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('core_id', sa.String(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.Column('technician_id', sa.Integer(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('hours', Hundredths(), nullable=False),
    sa.Column('worked_at', Moment(), nullable=False),
    sa.Column('worked_day', sa.Date(), nullable=False),
    sa.Column('invoiced_on', sa.Date(), nullable=True),
    sa.Column('first_noticed_at', Moment(), nullable=False),
    sa.Column('withdrawn_at', Moment(), nullable=True),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_time_entry_company_id_company')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_time_entry_message_id_message')),
    sa.ForeignKeyConstraint(['technician_id'], ['technician.id'], name=op.f('fk_time_entry_technician_id_technician')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_time_entry_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_time_entry')),
    sa.UniqueConstraint('core_id', name=op.f('uq_time_entry_core_id'))
    )
    with op.batch_alter_table('time_entry', schema=None) as batch_op:
        batch_op.create_index('ix_time_entry_billed', ['company_id', 'worked_day', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_time_entry_message_id'), ['message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_time_entry_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('time_entry_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('time_entry_id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('hours', Hundredths(), nullable=False),
    sa.Column('worked_at', Moment(), nullable=False),
    sa.Column('worked_day', sa.Date(), nullable=False),
    sa.Column('invoiced_on', sa.Date(), nullable=True),
    sa.Column('was_withdrawn', sa.Boolean(), nullable=False),
    sa.Column('replaced_at', Moment(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_time_entry_version_company_id_company')),
    sa.ForeignKeyConstraint(['time_entry_id'], ['time_entry.id'], name=op.f('fk_time_entry_version_time_entry_id_time_entry')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_time_entry_version'))
    )
    with op.batch_alter_table('time_entry_version', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_time_entry_version_company_id'), ['company_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_time_entry_version_time_entry_id'), ['time_entry_id'], unique=False)
    SEARCH[op.get_bind().dialect.name](op.execute)


def downgrade():
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TABLE ticket_fts')
    with op.batch_alter_table('time_entry_version', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_time_entry_version_time_entry_id'))
        batch_op.drop_index(batch_op.f('ix_time_entry_version_company_id'))

    op.drop_table('time_entry_version')
    with op.batch_alter_table('time_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_time_entry_ticket_id'))
        batch_op.drop_index(batch_op.f('ix_time_entry_message_id'))
        batch_op.drop_index('ix_time_entry_billed')

    op.drop_table('time_entry')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attachment_message_id'))

    op.drop_table('attachment')
    op.drop_table('told')
    op.drop_table('ticket_text')
    with op.batch_alter_table('ticket_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ticket_event_ticket_id'))

    op.drop_table('ticket_event')
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_ticket_id'))

    op.drop_table('message')
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ticket_requester_id'))
        batch_op.drop_index(batch_op.f('ix_ticket_number'))
        batch_op.drop_index('ix_ticket_listed_by_state')
        batch_op.drop_index('ix_ticket_listed')

    op.drop_table('ticket')
    op.drop_table('person_role')
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_event_read')

    op.drop_table('audit_event')
    op.drop_table('ticket_count')
    with op.batch_alter_table('price', schema=None) as batch_op:
        batch_op.drop_index('uq_price_row')

    op.drop_table('price')
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_company_id'))

    op.drop_table('person')
    op.drop_table('employee')
    op.drop_table('technician')
    op.drop_table('set_aside')
    op.drop_table('role')
    op.drop_table('mirror_state')
    op.drop_table('lease')
    op.drop_table('company')
