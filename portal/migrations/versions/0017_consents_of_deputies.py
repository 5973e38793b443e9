"""Consents that deputies gave beyond their deputyship end: a deputy decides single tickets."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""
        UPDATE service_consent SET revoked_at = CURRENT_TIMESTAMP, revoked_by = 'Connectica'
        WHERE revoked_at IS NULL
        AND approval_id IN (SELECT id FROM approval WHERE decided_for_id IS NOT NULL)
        AND given_by_id NOT IN (
            SELECT person_role.person_id FROM person_role JOIN role ON role.id = person_role.role_id
            WHERE role.name = 'manager'
        )
    """)


def downgrade():
    pass  # what was revoked is not given again by itself
