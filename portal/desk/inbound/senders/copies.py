"""One mail that came by two ways: the same Message-ID, sender and words, whatever was put around them."""

import sqlite3

from portal.desk.inbound import mime
from portal.desk.inbound.mime import Mail, UnreadableMail
from portal.desk.memo import Memo


def ticket_of_copy(db: sqlite3.Connection, said: Mail, kept: int, memo: Memo) -> str:
    """The number of the ticket that another copy of the mail belongs to; empty when it is the first one."""
    if not said.message_id:
        return ""
    others = db.execute(
        "SELECT ticket, raw FROM mail WHERE message_id = ? AND id != ? AND raw IS NOT NULL"
        " AND outcome IN ('opened', 'answered') ORDER BY id LIMIT 10",
        (said.message_id, kept),
    )
    return next((row["ticket"] for row in others.fetchall() if memo.of(_is_copy, said, row["raw"])), "")


def _is_copy(said: Mail, raw: bytes) -> bool:
    try:
        other = mime.read(raw)
    except UnreadableMail:
        return False
    if said.header("Date") != other.header("Date"):
        return False  # a machine that gives all its mails one name
    shorter, longer = sorted((_words(said), _words(other)), key=len)
    if not shorter:
        return not longer and (said.subject, said.files) == (other.subject, other.files)
    return said.sender.email == other.sender.email and f" {shorter} " in f" {longer} "


def _words(mail: Mail) -> str:
    return " ".join(mail.text.split())
