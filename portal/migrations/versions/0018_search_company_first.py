"""The search index begins with the company, so that a search does not pass through its neighbours' tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PLACE = "({row}.company_id << 32) + {row}.ticket_id"  # the number of a row of the index: its company, its ticket


def _index_on_sqlite(content, rowid, place):
    """FTS5 over a table or a view, kept by triggers of ticket_text."""
    op.execute(
        f"CREATE VIRTUAL TABLE ticket_fts USING fts5(text, content='{content}', content_rowid='{rowid}', "
        "tokenize='trigram')"
    )
    old, new = place.format(row="old"), place.format(row="new")
    forget = f"INSERT INTO ticket_fts(ticket_fts, rowid, text) VALUES ('delete', {old}, old.text);"
    learn = f"INSERT INTO ticket_fts(rowid, text) VALUES ({new}, new.text);"
    for name, what in (("insert", learn), ("delete", forget), ("update", forget + " " + learn)):
        op.execute(f"CREATE TRIGGER ticket_text_{name} AFTER {name.upper()} ON ticket_text BEGIN {what} END")
    op.execute("INSERT INTO ticket_fts(ticket_fts) VALUES ('rebuild')")


def _without_index():
    op.execute("DROP TABLE ticket_fts")
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER ticket_text_{name}")


def upgrade():
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        _without_index()
    op.add_column("ticket_text", sa.Column("company_id", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE ticket_text SET company_id = (SELECT company_id FROM ticket WHERE ticket.id = ticket_text.ticket_id)"
    )
    if is_sqlite:
        columns = PLACE.format(row="ticket_text")
        op.execute(f"CREATE VIEW ticket_text_placed AS SELECT {columns} AS place, text FROM ticket_text")
        _index_on_sqlite("ticket_text_placed", "place", PLACE)
    else:
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
        op.execute("DROP INDEX ix_trgm_ticket_text")
        op.execute("CREATE INDEX ix_trgm_ticket_text ON ticket_text USING gin (company_id, text gin_trgm_ops)")


def downgrade():
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        _without_index()
        op.execute("DROP VIEW ticket_text_placed")
    else:
        op.execute("DROP INDEX ix_trgm_ticket_text")
    op.drop_column("ticket_text", "company_id")
    if is_sqlite:
        _index_on_sqlite("ticket_text", "ticket_id", "{row}.ticket_id")
    else:
        op.execute("CREATE INDEX ix_trgm_ticket_text ON ticket_text USING gin (text gin_trgm_ops)")
