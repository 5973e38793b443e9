"""The desk's own memory: one SQLite file, safe for several threads and processes."""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from portal.desk.settings import House
from portal.errors import Misconfigured
from portal.lib.security import private_files
from portal.lib.worker_process import WorkerProcess

PATIENCE = 10.0  # seconds a writer waits for another one before the database counts as locked

_VERSION = 6
_AGREEMENT = (
    # What a company prepaid; carries is empty for all of what is left, a rate for that of the price list.
    "CREATE TABLE agreement (company TEXT NOT NULL REFERENCES company, valid_from TEXT NOT NULL, unit TEXT NOT NULL,"
    " amount TEXT NOT NULL, every TEXT NOT NULL, carries TEXT NOT NULL, rate_inside TEXT NOT NULL,"
    " rate_over TEXT NOT NULL, PRIMARY KEY (company, valid_from))"
)
_MONEY = (
    # One run of the invoicing for one company: the period's first is supplement 0. The rest is what the accounts say.
    "CREATE TABLE document (id INTEGER PRIMARY KEY, company TEXT NOT NULL, period_end TEXT NOT NULL,"
    " supplement INTEGER NOT NULL, made_at TEXT NOT NULL, number TEXT NOT NULL DEFAULT '', issued_on TEXT,"
    " taxable_on TEXT, due_on TEXT, total TEXT, currency TEXT NOT NULL DEFAULT 'CZK', link TEXT NOT NULL DEFAULT '',"
    " UNIQUE (company, period_end, supplement))",
    # What an entry was and became, told with the ticket it stands on now.
    "CREATE TABLE correction (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES time_entry, at TEXT NOT NULL,"
    " by TEXT NOT NULL, reason TEXT NOT NULL, old_category TEXT, old_hundredths INTEGER, old_worked_at TEXT,"
    " old_ticket INTEGER REFERENCES ticket, new_category TEXT, new_hundredths INTEGER, new_worked_at TEXT,"
    " new_ticket INTEGER REFERENCES ticket, invoiced_on TEXT, document INTEGER REFERENCES document)",
    "CREATE INDEX correction_by_entry ON correction (entry)",
    # Time that somebody disputes, by the portal's name of the dispute; entry is NULL for all of the ticket's.
    "CREATE TABLE dispute (ticket INTEGER NOT NULL REFERENCES ticket, name TEXT NOT NULL,"
    " entry INTEGER REFERENCES time_entry, since TEXT NOT NULL, ended_at TEXT, PRIMARY KEY (ticket, name))",
)
_SCHEMA = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE company (
    core_id TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, ico TEXT NOT NULL DEFAULT '',
    dic TEXT NOT NULL DEFAULT '');
-- Domains below a company's one are its own, too, unless it stands for itself alone.
CREATE TABLE domain (
    domain TEXT PRIMARY KEY, company TEXT NOT NULL REFERENCES company, alone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE technician (login TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE);
CREATE TABLE price (
    category TEXT NOT NULL, company TEXT NOT NULL, valid_from TEXT NOT NULL,
    name TEXT NOT NULL, rate TEXT NOT NULL, currency TEXT NOT NULL,
    PRIMARY KEY (category, company, valid_from));

-- Raw mail, kept before anything else is done with it; outcome is empty until the ticket is committed.
CREATE TABLE mail (
    id INTEGER PRIMARY KEY, received_at TEXT NOT NULL, message_id TEXT NOT NULL, digest TEXT NOT NULL,
    trusted INTEGER NOT NULL, sent_to TEXT NOT NULL, raw BLOB,
    outcome TEXT NOT NULL DEFAULT '', ticket TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
    begun INTEGER NOT NULL DEFAULT 0, -- how often reading it began; written down before it does
    UNIQUE (message_id, digest));
CREATE INDEX mail_by_outcome ON mail (outcome, received_at);

CREATE TABLE numbering (year INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, company TEXT NOT NULL, subject TEXT NOT NULL,
    state TEXT NOT NULL, requester_name TEXT NOT NULL, requester_email TEXT NOT NULL,
    technician TEXT REFERENCES technician, due_at TEXT, opened_at TEXT NOT NULL, changed_at TEXT NOT NULL,
    done_at TEXT, confidential INTEGER NOT NULL DEFAULT 0, key TEXT NOT NULL DEFAULT '',
    gone TEXT NOT NULL DEFAULT '', gone_at TEXT, merged_into TEXT NOT NULL DEFAULT '');
CREATE INDEX ticket_by_state ON ticket (state);

-- The growing sequence: a ticket stands in it once, at its newest change. Positions are never used again.
CREATE TABLE change (position INTEGER PRIMARY KEY AUTOINCREMENT, ticket INTEGER NOT NULL UNIQUE REFERENCES ticket);

CREATE TABLE participant (ticket INTEGER NOT NULL REFERENCES ticket, email TEXT NOT NULL, name TEXT NOT NULL,
    announced INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (ticket, email)) WITHOUT ROWID;
-- Mails that belong to a ticket; people are the addresses whose mailboxes have them.
CREATE TABLE thread (
    id INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL REFERENCES ticket,
    people TEXT NOT NULL);
CREATE INDEX thread_by_ticket ON thread (ticket);
CREATE TABLE message (
    id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL REFERENCES ticket, public INTEGER NOT NULL, side TEXT NOT NULL,
    author_name TEXT NOT NULL, author_email TEXT NOT NULL, sent_at TEXT NOT NULL, text TEXT NOT NULL,
    html TEXT NOT NULL, verified INTEGER NOT NULL, proved_by TEXT NOT NULL DEFAULT '');
CREATE INDEX message_by_ticket ON message (ticket);
CREATE TABLE content (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE attachment (
    id INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES message, name TEXT NOT NULL,
    media_type TEXT NOT NULL, size INTEGER NOT NULL, content_id TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES content);
CREATE INDEX attachment_by_message ON attachment (message);
CREATE TABLE time_entry (
    id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL REFERENCES ticket, message INTEGER REFERENCES message,
    category TEXT NOT NULL, hundredths INTEGER NOT NULL, technician_name TEXT NOT NULL,
    technician_email TEXT NOT NULL, worked_at TEXT NOT NULL, invoiced_on TEXT,
    document INTEGER, company TEXT NOT NULL DEFAULT '', removed_at TEXT);
CREATE INDEX time_entry_by_ticket ON time_entry (ticket);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL REFERENCES ticket, kind TEXT NOT NULL, at TEXT NOT NULL,
    old TEXT NOT NULL, new TEXT NOT NULL, by TEXT NOT NULL);
CREATE INDEX event_by_ticket ON event (ticket);
CREATE TABLE approval (
    id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL REFERENCES ticket, question TEXT NOT NULL,
    asked_name TEXT NOT NULL, asked_email TEXT NOT NULL, asked_at TEXT NOT NULL,
    decision TEXT NOT NULL DEFAULT '', closed_at TEXT);
CREATE INDEX approval_by_ticket ON approval (ticket);
CREATE TABLE note (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL REFERENCES ticket, text TEXT NOT NULL,
    approval TEXT NOT NULL, decision TEXT NOT NULL, at TEXT NOT NULL);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, ticket INTEGER REFERENCES ticket, kind TEXT NOT NULL, recipients TEXT NOT NULL,
    subject TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE, raw BLOB NOT NULL, automatic INTEGER NOT NULL,
    queued_at TEXT NOT NULL, try_after TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    sent_at TEXT, given_up_at TEXT, trouble TEXT NOT NULL DEFAULT '');
CREATE INDEX outbox_waiting ON outbox (try_after) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_by_ticket ON outbox (ticket);
CREATE INDEX outbox_by_recipients ON outbox (recipients, queued_at);
""" + ";\n".join((*_MONEY, _AGREEMENT))
_UPGRADES = {  # from this version to the next
    1: ("ALTER TABLE ticket ADD COLUMN confidential INTEGER NOT NULL DEFAULT 0",),
    2: (
        "ALTER TABLE ticket ADD COLUMN key TEXT NOT NULL DEFAULT ''",
        "UPDATE ticket SET key = lower(hex(randomblob(4)))",
        "ALTER TABLE domain ADD COLUMN alone INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE participant ADD COLUMN announced INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE message ADD COLUMN proved_by TEXT NOT NULL DEFAULT ''",
        # All are told anew: the portal has to know their tags, and who wrote from outside.
        "INSERT OR REPLACE INTO change (ticket) SELECT ticket FROM change ORDER BY position",
    ),
    3: ("ALTER TABLE mail ADD COLUMN begun INTEGER NOT NULL DEFAULT 0",),
    4: (
        "ALTER TABLE company ADD COLUMN ico TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE company ADD COLUMN dic TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE time_entry ADD COLUMN document INTEGER",
        "ALTER TABLE time_entry ADD COLUMN company TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE time_entry ADD COLUMN removed_at TEXT",
        *_MONEY,
        # What was invoiced before is the first invoice of its period, made when nobody knows.
        "INSERT INTO document (company, period_end, supplement, made_at) SELECT DISTINCT ticket.company, invoiced_on,"
        " 0, invoiced_on || 'T23:59:59.000000Z' FROM time_entry JOIN ticket ON ticket.id = time_entry.ticket"
        " WHERE invoiced_on IS NOT NULL",
        "UPDATE time_entry SET company = (SELECT company FROM ticket WHERE ticket.id = time_entry.ticket)"
        " WHERE invoiced_on IS NOT NULL",
        "UPDATE time_entry SET document = (SELECT document.id FROM document"
        " WHERE document.company = time_entry.company AND period_end = invoiced_on) WHERE invoiced_on IS NOT NULL",
        "INSERT OR REPLACE INTO change (ticket) SELECT DISTINCT ticket FROM time_entry WHERE invoiced_on IS NOT NULL",
    ),
    5: (_AGREEMENT,),
}


class Store:
    """The file. One connection a thread; `write()` is a transaction of its own, `read()` an unmoving view."""

    def __init__(self, path: Path, house: House | None = None, *, worker: WorkerProcess | None = None) -> None:
        """worker: where mail is read, so that a mail which kills its reader kills nobody else; None reads it here."""
        self.path = Path(path)
        self.house = house or House()
        self.worker = worker
        self.reading = threading.RLock()  # one mail is read at a time
        private_files.make_folder(self.path.parent)
        private_files.touch(self.path)  # its journals take its mode
        self._mine = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._lay_out()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is committed, or nothing."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One unmoving view of the whole file, however many questions are asked of it."""
        with self._transaction("BEGIN") as connection:
            yield connection

    def tidy(self) -> None:
        """What was deleted leaves the file's journal, too, as far as nobody reads it just now."""
        self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connections of all threads; the store opens new ones when it is used again."""
        with self._guard:
            for connection in self._all:
                connection.close()
            self._all.clear()
            self._mine = threading.local()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute(begin)
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._connect()
            with self._guard:
                self._all.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        # A connection stays with its thread; only close() touches it from another one.
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a mail we said 250 to survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _lay_out(self) -> None:
        with self.write() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise Misconfigured(f"{self.path} was written by a newer desk: install that one")
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute("INSERT INTO fact VALUES ('store', ?)", (secrets.token_hex(4),))
            for before in range(version or _VERSION, _VERSION):
                for statement in _UPGRADES[before]:
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {_VERSION}")


def rename(path: Path) -> None:
    """Give a file that was put back from a copy a name of its own: cursors that were given since the copy was made
    are refused from now on, even when the store has grown past them, and everything is read anew."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE fact SET value = ? WHERE name = 'store'", (secrets.token_hex(4),))


def written(moment: datetime) -> str:
    """A moment as the file keeps it: UTC, RFC 3339, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """A moment of the file, UTC-aware."""
    return datetime.fromisoformat(text)


def fact(db: sqlite3.Connection, name: str) -> str:
    """A single thing to remember; empty when it was never set."""
    row = db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else ""


def remember(db: sqlite3.Connection, name: str, value: str) -> None:
    """Set a single thing to remember."""
    db.execute(
        "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )
