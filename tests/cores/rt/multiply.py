"""Makes of the tickets in a Request Tracker on SQLite many more like them: python3 - FILE TIMES, as RT's own user."""

import re
import sqlite3
import sys

_NAME = re.compile(r"(^|\|)(\d+)(\.\d+)(?=\|)")
STEP = 100_000  # between a thing and its copy; nothing of the first has so high a number
OURS = {  # table: its columns that name a thing of a ticket, and which rows are those of tickets
    "Principals": (["id"], "id IN (SELECT id FROM Groups WHERE Domain = 'RT::Ticket-Role')"),
    "Groups": (["id", "Instance"], "Domain = 'RT::Ticket-Role'"),
    "GroupMembers": (["id", "GroupId"], "GroupId IN (SELECT id FROM Groups WHERE Domain = 'RT::Ticket-Role')"),
    "CachedGroupMembers": (
        ["id", "GroupId", "ImmediateParentId", "MemberId", "Via"],
        "GroupId IN (SELECT id FROM Groups WHERE Domain = 'RT::Ticket-Role')",
    ),
    "Tickets": (["id", "EffectiveId"], "1"),
    "Transactions": (["id", "ObjectId"], "ObjectType = 'RT::Ticket'"),
    "Attachments": (["id", "TransactionId", "Parent"], "1"),
    "ObjectCustomFieldValues": (["id", "ObjectId"], "ObjectType = 'RT::Ticket'"),
}


def multiply(file: str, times: int) -> None:
    """So many copies of each ticket with all that hangs on it, each some minutes older than the one before."""
    db = sqlite3.connect(file, timeout=30, isolation_level=None)
    db.create_function("renumbered", 2, _renumbered)
    db.execute("BEGIN IMMEDIATE")
    for table, (numbers, where) in OURS.items():
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        for copy in range(1, times + 1):
            values = [_value(table, column, numbers, STEP * copy, copy) for column in columns]
            db.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}"
                f" WHERE id < {STEP} AND {where}"
            )
    db.execute("COMMIT")
    db.close()


def _value(table: str, column: str, numbers: list[str], step: int, copy: int) -> str:
    if table == "CachedGroupMembers" and column == "MemberId":
        return f"CASE WHEN MemberId = GroupId THEN MemberId + {step} ELSE MemberId END"
    if column in numbers:
        return f"CASE WHEN {column} = 0 THEN 0 ELSE {column} + {step} END"
    if (table, column) == ("ObjectCustomFieldValues", "Content"):
        return f"renumbered(Content, {step})"
    if (table, column) == ("Tickets", "LastUpdated"):
        return f"datetime(LastUpdated, '-{7 * copy} minutes')"
    return column


def _renumbered(content: str | None, step: int) -> str | None:
    """A line of TimeEntries or ApprovalQuestions: it names its transaction."""
    return content and re.sub(
        r"(^|\|)(\d+)(\.\d+)(?=\|)", lambda found: f"{found[1]}{int(found[2]) + step}{found[3]}", content
    )


if __name__ == "__main__":
    multiply(sys.argv[1], int(sys.argv[2]))
