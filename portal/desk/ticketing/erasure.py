"""Forgetting: a requester's personal data removed from the desk on request; states, days and time stay."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from portal.desk.database import Store, fact, remember
from portal.desk.ticketing import directory, tickets
from portal.errors import NotFound, Refused
from portal.lib.mail_quotes import reading
from portal.lib.redaction import Named, Redaction

# What names somebody about a ticket: table, columns.
_PLACES = (
    ("ticket", ("subject",)),
    ("message", ("text", "html")),
    ("event", ("old", "new", "by")),
    ("approval", ("question",)),
    ("note", ("text",)),
    ("correction", ("by", "reason")),
)
_KEYS = {"ticket": "id = ?", "correction": "entry IN (SELECT id FROM time_entry WHERE ticket = ?)"}  # else the column
_ATTACHED = (
    "SELECT attachment.id, name FROM attachment JOIN message ON message.id = attachment.message WHERE ticket = ?"
)


@dataclass(frozen=True, slots=True)
class SoughtWriter:
    """Somebody with this address, the names they wrote under, and the tickets they wrote in."""

    email: str
    names: tuple[str, ...]
    tickets: tuple[int, ...]


def seek(store: Store, email: str) -> SoughtWriter:
    """Raises NotFound for nobody, and Refused for a technician: whose work it was is invoiced."""
    email = email.strip().lower()
    with store.read() as db:
        if directory.technician_by_email(db, email):
            raise Refused(f"{email} is a technician: who worked is a part of what was invoiced")
        named = db.execute(
            "SELECT requester_name AS name, id AS ticket FROM ticket WHERE requester_email = :email"
            " UNION SELECT author_name, ticket FROM message WHERE author_email = :email"
            " UNION SELECT name, ticket FROM participant WHERE email = :email",
            {"email": email},
        ).fetchall()
    if not named:
        raise NotFound(f"nobody here has the address {email}")
    names = {row["name"] for row in named if row["name"] and "@" not in row["name"]}
    return SoughtWriter(email, tuple(sorted(names)), tuple(sorted({row["ticket"] for row in named})))


def forget(store: Store, sought: SoughtWriter) -> Counter[str]:
    """Remove their data in one transaction, and tell the portal the tickets anew; how many rows of what."""
    done: Counter[str] = Counter()
    with store.write() as db:
        db.execute("PRAGMA secure_delete = ON")
        number = int(fact(db, "forgotten") or 0) + 1
        remember(db, "forgotten", str(number))
        instead = f"N. N. d{number}"
        people = [Named(name, sought.email, instead) for name in sought.names] or [Named("", sought.email, instead)]
        done += _empty_messages(db, sought, instead)
        named = set(sought.tickets)
        for ticket in _all_tickets(db):
            is_theirs = ticket in sought.tickets
            redaction = Redaction.of(people, alone=is_theirs)
            if _redact(db, ticket, redaction.out_of, is_theirs=is_theirs):
                named.add(ticket)
        for ticket in named:
            tickets.touch(db, ticket, visible=False)
        done += Counter({"tickets": len(named)}) + _drop_mails(db, sought.email, named)
        db.execute(
            "UPDATE ticket SET requester_name = ?, requester_email = '' WHERE requester_email = ?",
            (instead, sought.email),
        )
        db.execute("DELETE FROM participant WHERE email = ?", (sought.email,))
        for row in db.execute("SELECT id, people FROM thread WHERE people LIKE ?", (f"%{sought.email}%",)).fetchall():
            others = " ".join(person for person in row["people"].split() if person != sought.email)
            db.execute("UPDATE thread SET people = ? WHERE id = ?", (others, row["id"]))
    store.tidy()
    return done


def _all_tickets(db: sqlite3.Connection) -> list[int]:
    return [row["id"] for row in db.execute("SELECT id FROM ticket ORDER BY id")]


def _empty_messages(db: sqlite3.Connection, sought: SoughtWriter, instead: str) -> Counter[str]:
    ids = [row["id"] for row in db.execute("SELECT id FROM message WHERE author_email = ?", (sought.email,))]
    files = sum(db.execute("DELETE FROM attachment WHERE message = ?", (id_,)).rowcount for id_ in ids)
    db.execute("DELETE FROM content WHERE digest NOT IN (SELECT digest FROM attachment)")
    db.execute(
        "UPDATE message SET author_name = ?, author_email = '', text = '', html = '' WHERE author_email = ?",
        (instead, sought.email),
    )
    return Counter({"messages": len(ids), "files": files})


def _drop_mails(db: sqlite3.Connection, email: str, named: Collection[int]) -> Counter[str]:
    """Raw mails in and out that name them, or of tickets that did. A letter to them that waits never leaves; one to
    somebody else leaves as it was written, and goes when they are forgotten once more.
    """
    numbers = [db.execute("SELECT number FROM ticket WHERE id = ?", (id_,)).fetchone()[0] for id_ in named]
    done: Counter[str] = Counter()
    for row in db.execute("SELECT id, ticket, raw FROM mail WHERE raw IS NOT NULL AND outcome != ''").fetchall():
        if row["ticket"] in numbers or email.encode() in row["raw"].lower():
            db.execute("UPDATE mail SET raw = NULL, sent_to = '', reason = '' WHERE id = ?", (row["id"],))
            done["mails"] += 1
    for row in db.execute("SELECT id, ticket, recipients, sent_at FROM outbox").fetchall():
        is_to_them = email in row["recipients"].lower()
        if row["sent_at"] and (is_to_them or row["ticket"] in named):
            db.execute("UPDATE outbox SET raw = '', recipients = '', subject = '' WHERE id = ?", (row["id"],))
            done["letters"] += 1
        elif is_to_them:
            db.execute("DELETE FROM outbox WHERE id = ?", (row["id"],))
            done["letters"] += 1
    return done


def _redact(db: sqlite3.Connection, ticket: int, out_of: Callable[[str], str], *, is_theirs: bool) -> bool:
    """Take them out of a ticket's texts; of answers to them only the writer's own lines stay, as text."""
    changed = False
    for table, columns in _PLACES:
        key = _KEYS.get(table, "ticket = ?")
        names = ", ".join(columns)
        theirs = f"SELECT id, {names} FROM {table} WHERE {key}"  # noqa: S608 - of _PLACES
        for row in db.execute(theirs, (ticket,)).fetchall():
            had = [row[name] for name in columns]
            anew = [out_of(text) for text in (_own(had) if table == "message" and is_theirs else had)]
            if anew != had:
                changed = True
                _replace(db, table, row["id"], dict(zip(columns, anew, strict=True)))
    for row in db.execute(_ATTACHED, (ticket,)).fetchall():
        if (name := out_of(row["name"])) != row["name"]:
            changed = True
            _replace(db, "attachment", row["id"], {"name": name})
    return changed


def _own(text_and_html: Sequence[str]) -> list[str]:
    text, html = text_and_html
    return [reading.own_text(text), ""] if text else [text, html]


def _replace(db: sqlite3.Connection, table: str, id_: int, anew: dict[str, str]) -> None:
    names = ", ".join(f"{name} = ?" for name in anew)
    db.execute(f"UPDATE {table} SET {names} WHERE id = ?", (*anew.values(), id_))  # noqa: S608 - of _PLACES
