"""Search hits: the passage of a ticket in which searched words stand, and whether the ticket has a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, literal_column, select

from portal.db import db
from portal.domain.companies.reader import Reader
from portal.domain.read_models.listing import ListedTicket
from portal.domain.tickets import confidentiality
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, _visible_to
from portal.domain.tickets.search_index import MOST_WORDS
from portal.lib import text as typed_text
from portal.lib.text import fold

LATEST = 12  # messages of a ticket that are read for a passage, the newest ones
READ = 4_000  # characters of each
AROUND = 70  # characters on either side of the first word


class TextPiece(NamedTuple):
    """Some text of a passage, and whether it is what was searched for."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """What a list says below a ticket that a search found; no passage where its row says the words already."""

    passage: tuple[TextPiece, ...]
    in_file: str  # the name of a file in which the words stand
    files: int


def of(reader: Reader, tickets: Iterable[ListedTicket], words: str) -> dict[int, Hit]:
    """The hits of one page, asked for with two statements; of a ticket the reader may not read there is none."""
    shown = {ticket.id: ticket for ticket in tickets if reader.reads_confidential or not ticket.is_confidential}
    wanted = fold(words).split()[:MOST_WORDS]
    if not shown or not wanted:
        return {}
    said, files = _messages(reader, shown), _files(reader, shown)
    return {id_: _hit(_left(ticket, wanted), said.get(id_, ()), files.get(id_, ())) for id_, ticket in shown.items()}


def _left(ticket: ListedTicket, wanted: Sequence[str]) -> list[str]:
    """The words that the row of a ticket does not say."""
    row = fold(" ".join((ticket.number, ticket.subject, ticket.requester, ticket.technician or "")))
    return [word for word in wanted if word not in row]


def _messages(reader: Reader, ids: Iterable[int]) -> dict[int, list[str]]:
    """The newest messages of tickets as plain text, the newest first."""
    place = func.row_number().over(
        partition_by=Message.ticket_id, order_by=(Message.sent_at.desc(), Message.id.desc())
    )
    newest = (
        _visible_to(reader)
        .join(Message, Message.ticket_id == Ticket.id)
        .where(Ticket.id.in_(list(ids)), Message.withdrawn_at.is_(None), confidentiality.tells(reader))
        .with_only_columns(
            Message.ticket_id.label("ticket"),
            func.substr(Message.body, 1, literal_column(str(READ))).label("body"),
            place.label("place"),
        )
        .subquery()
    )
    found: dict[int, list[str]] = {}
    for row in db.session.execute(select(newest).where(newest.c.place <= LATEST).order_by(newest.c.place)):
        found.setdefault(row.ticket, []).append(typed_text.of_html(row.body))
    return found


def _files(reader: Reader, ids: Iterable[int]) -> dict[int, list[str]]:
    names = (
        _visible_to(reader)
        .join(Message, Message.ticket_id == Ticket.id)
        .join(Attachment, Attachment.message_id == Message.id)
        .where(Ticket.id.in_(list(ids)), Message.withdrawn_at.is_(None), Attachment.withdrawn_at.is_(None))
        .where(confidentiality.tells(reader))
        .with_only_columns(Ticket.id.label("ticket"), Attachment.name.label("name"))
        .order_by(Attachment.id)
    )
    found: dict[int, list[str]] = {}
    for row in db.session.execute(names):
        found.setdefault(row.ticket, []).append(row.name)
    return found


def _hit(wanted: Sequence[str], said: Sequence[str], files: Sequence[str]) -> Hit:
    named = next((name for name in files if _many(wanted, name)), "")
    return Hit(passage=passage(said, wanted), in_file=named, files=len(files))


def passage(texts: Sequence[str], wanted: Sequence[str]) -> tuple[TextPiece, ...]:
    """The line that says most of the folded words, cut around the first of them. Pure."""
    if not wanted:
        return ()
    text = max(texts, key=lambda one: _many(wanted, one), default="")
    line = max(text.splitlines(), key=lambda one: _many(wanted, one), default="")
    return _marked(" ".join(line.split()), wanted) if _many(wanted, line) else ()


def _many(wanted: Sequence[str], text: str) -> int:
    folded = fold(text)
    return sum(word in folded for word in wanted)


def _marked(line: str, wanted: Sequence[str]) -> tuple[TextPiece, ...]:
    """The line in pieces: each letter is folded by itself, so that a place in the folded line is a letter of it."""
    letters = [fold(letter) or " " for letter in line]
    places = [at for at, folded in enumerate(letters) for _ in folded]  # of each folded character its letter
    folded, hits = "".join(letters), set[int]()
    for word in wanted:
        at = folded.find(word)
        while at >= 0:
            hits.update(places[at : at + len(word)])
            at = folded.find(word, at + len(word))
    if not hits:
        return ()
    start, end = _cut(line, min(hits))
    return tuple(_pieces(line, hits, start, end))


def _cut(line: str, first: int) -> tuple[int, int]:
    """From where to where the line is shown: whole words around the first hit."""
    start, end = max(0, first - AROUND), min(len(line), first + 2 * AROUND)
    if start and " " in line[start:first]:
        start = line.index(" ", start) + 1
    if end < len(line) and " " in line[first:end]:
        end = line.rindex(" ", first, end)
    return start, end


def _pieces(line: str, hits: set[int], start: int, end: int) -> Iterable[TextPiece]:
    if start:
        yield TextPiece("… ", is_hit=False)
    begun = start
    for at in range(start + 1, end + 1):
        if at == end or (at in hits) != (begun in hits):
            yield TextPiece(line[begun:at], is_hit=begun in hits)
            begun = at
    if end < len(line):
        yield TextPiece(" …", is_hit=False)
