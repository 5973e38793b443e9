"""Counting afterwards: whether what was accepted, worked, sent and told is there, once, on both sides of the wire."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import func, select, update

from chaos.people import MARK, Mailroom, People
from portal.cores.core_api import DeskCore
from portal.db import db
from portal.desk.database import Store
from portal.domain.notifications.outbox import Letter
from portal.domain.sync_state import CoreNote, SetAside
from portal.domain.tickets.models import Message, Ticket
from portal.domain.tickets.time_entries import TimeEntry
from portal.sync import verify
from portal.sync.plan import MeetEmployee, MeetTechnician, PutTicket, Step, plan
from portal.sync.snapshot import recall

_SHOWN = 5  # of many things that are wrong alike


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise, and in plain words what is wrong with it; nothing when it was kept."""

    promise: str
    faults: list[str]


def reckon(people: People, mailroom: Mailroom, store: Store, core: DeskCore) -> list[Finding]:
    """Everything that was promised, with what is missing or too much. Needs the portal's application context."""
    accepted = people.opening | people.answering
    return [
        Finding("every accepted mail is exactly one message of the desk", _unlike_one(accepted, _desk_marks(store))),
        Finding("and exactly one message of the mirror", _unlike_one(accepted, _mirror_marks())),
        Finding("every mail that opens a ticket opened one", _wrong_tickets(people, store)),
        Finding("no mail was set aside or left unsettled", _unsettled(store)),
        Finding("every time entry of the mirror is what its mail said", _wrong_times(people)),
        Finding("every letter of the desk left, and one name is one letter", _wrong_letters(store, mailroom)),
        Finding("every new ticket was confirmed once", _wrong_confirmations(store)),
        Finding("every letter of the portal left", _wrong_portal_letters(store, mailroom)),
        Finding("every note was told to its ticket, once", _wrong_notes(people, store)),
        Finding("planning the whole core again finds nothing to do", _differences(core)),
        Finding("counters, sums and texts agree with the rows", verify.faults()[:_SHOWN]),
    ]


def _unlike_one(accepted: set[str], found: Counter[str]) -> list[str]:
    wrong = [f"{mark}: {found[mark]} messages" for mark in sorted(accepted | set(found)) if found[mark] != 1]
    return wrong[:_SHOWN]


def _desk_marks(store: Store) -> Counter[str]:
    with store.read() as desk:
        texts = [row["text"] for row in desk.execute("SELECT text FROM message WHERE public = 1")]
    return Counter(mark for text in texts for mark in MARK.findall(text))


def _mirror_marks() -> Counter[str]:
    bodies = db.session.scalars(select(Message.body).where(Message.withdrawn_at.is_(None)))
    return Counter(mark for body in bodies for mark in MARK.findall(body))


def _wrong_tickets(people: People, store: Store) -> list[str]:
    with store.read() as desk:
        there = desk.execute("SELECT count(*) AS n FROM ticket").fetchone()["n"]
    mirrored = db.session.scalar(select(func.count(Ticket.id)).where(Ticket.withdrawn_at.is_(None)))
    wanted = len(people.opening)
    return [] if there == mirrored == wanted else [f"{wanted} mails, {there} tickets, {mirrored} of them mirrored"]


def _unsettled(store: Store) -> list[str]:
    with store.read() as desk:
        rows = desk.execute("SELECT outcome, reason FROM mail WHERE outcome NOT IN ('opened', 'answered')")
        found = [f"{row['outcome'] or 'waiting'} {row['reason']}" for row in rows]
    aside = db.session.scalars(select(SetAside.reason))
    return [*found, *aside][:_SHOWN]


def _wrong_times(people: People) -> list[str]:
    columns = select(Message.body, TimeEntry.category, TimeEntry.hours).join(
        Message, Message.id == TimeEntry.message_id, isouter=True
    )
    found: Counter[tuple[str, str, Decimal]] = Counter()
    for body, category, hours in db.session.execute(columns.where(TimeEntry.withdrawn_at.is_(None))):
        mark = MARK.search(body or "")
        found[mark[0] if mark else "?", category, hours] += 1
    wanted = Counter((mark, worked.category, worked.hours) for mark, worked in people.worked.items())
    return [
        f"{entry}: {found[entry]}, wanted {wanted[entry]}"
        for entry in sorted(found.keys() | wanted.keys())
        if found[entry] != wanted[entry]
    ][:_SHOWN]


def _wrong_letters(store: Store, mailroom: Mailroom) -> list[str]:
    with store.read() as desk:
        rows = desk.execute("SELECT message_id, sent_at, trouble FROM outbox").fetchall()
    wrong = [f"{row['message_id']} waits: {row['trouble']}" for row in rows if not row["sent_at"]]
    wrong += [f"{row['message_id']} never came" for row in rows if not mailroom.copies[row["message_id"]]]
    wrong += [f"{name} came with several contents" for name, bodies in mailroom.contents.items() if len(bodies) > 1]
    return wrong[:_SHOWN]


def _wrong_confirmations(store: Store) -> list[str]:
    kinds = "SELECT number, sum(kind = 'received') AS n FROM ticket LEFT JOIN outbox ON outbox.ticket = ticket.id"
    with store.read() as desk:
        rows = desk.execute(f"{kinds} GROUP BY ticket.id HAVING n IS NOT 1")
        return [f"ticket {row['number']}: {row['n']} confirmations" for row in rows][:_SHOWN]


def _wrong_portal_letters(store: Store, mailroom: Mailroom) -> list[str]:
    with store.read() as desk:
        of_the_desk = {row["message_id"] for row in desk.execute("SELECT message_id FROM outbox")}
    written = db.session.scalar(select(func.count(Letter.id)))
    came = sum(name not in of_the_desk for name in mailroom.copies)
    waiting = db.session.scalar(select(func.count(Letter.id)).where(Letter.sent_at.is_(None)))
    return [] if written == came and not waiting else [f"{written} written, {came} came, {waiting} wait"]


def _wrong_notes(people: People, store: Store) -> list[str]:
    with store.read() as desk:
        notes = desk.execute("SELECT note.key, number FROM note JOIN ticket ON ticket.id = note.ticket").fetchall()
        inner = desk.execute("SELECT count(*) AS n FROM message WHERE public = 0").fetchone()["n"]
    told = select(CoreNote.key, Ticket.core_id, CoreNote.told_at).join(Ticket, Ticket.id == CoreNote.ticket_id)
    ours = db.session.execute(told).all()
    wanted, kept = {(key, ticket) for key, ticket, _at in ours}, Counter((row["key"], row["number"]) for row in notes)
    wrong = [f"{key} is not told yet" for key, _ticket, at in ours if at is None]
    wrong += [f"{note}: {kept[note]} times" for note in sorted(wanted | set(kept)) if kept[note] != (note in wanted)]
    if not len(people.asked) == len(ours) == inner:
        wrong.append(f"{len(people.asked)} questions, {len(ours)} decisions, {inner} notes in conversations")
    return wrong[:_SHOWN]


def _differences(core: DeskCore) -> list[str]:
    """What the sync would do if it had never looked: as every ticket's print is forgotten, it compares every row."""
    found: list[str] = []
    for page in core.changes(None):
        db.session.execute(update(Ticket).values(record_hash=""))
        had = recall(page.changes)
        known = had.known(page.changes)
        for change in page.changes:
            steps = plan(change, replace(known[change.core_id], fingerprint=""), had.companies)
            found += [f"{change.core_id}: {_named(step)}" for step in steps if _is_difference(step)]
        db.session.rollback()
    return found[:_SHOWN]


def _is_difference(step: Step) -> bool:
    match step:
        case MeetEmployee() | MeetTechnician():
            return False
        case PutTicket():
            return step.shows
    return True


def _named(step: Step) -> str:
    return " ".join(re.findall("[A-Z][a-z]+", type(step).__name__)).lower()
