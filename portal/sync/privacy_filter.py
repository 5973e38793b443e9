"""The privacy filter: records of the core without erased people and without texts past their retention. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeGuard

from msgspec.structs import replace

from portal.cores.records import (
    ApprovalRecord,
    AttachmentRecord,
    Change,
    EntryCorrectionRecord,
    EventRecord,
    MessageRecord,
    PersonRecord,
    TicketRecord,
    Tombstone,
    Unreadable,
)
from portal.domain.companies.pseudonyms import NOBODY
from portal.domain.privacy.erased_people import Memory
from portal.domain.privacy.retention import ENDED, LEFT_OUT
from portal.lib.redaction import Named, Redaction
from portal.sync.html import message_body
from portal.sync.html.message_body import Body

Out = Callable[[str], str]  # a text without those who are forgotten


def of(
    change: Change,
    memory: Memory | None,
    kept_since: datetime | None = None,
    bodies: Mapping[str, Body] | None = None,
) -> Change:
    """The change as it may be kept. The same change gives the same one, so it is known again.

    bodies: of its messages, by core_id, where wants_bodies(); made here without.
    """
    if _is_too_old(change, kept_since):
        return _emptied(change)
    if memory is None or isinstance(change, Tombstone):
        return change
    if isinstance(change, Unreadable):
        return replace(change, raw=memory.anywhere().out_of(change.raw))
    return _ticket(change, memory, bodies or {})


def wants_bodies(
    change: Change, memory: Memory | None, kept_since: datetime | None = None
) -> TypeGuard[TicketRecord]:
    """Whether somebody who is forgotten wrote in it, so that answers are read for the history they repeat."""
    if memory is None or not isinstance(change, TicketRecord) or _is_too_old(change, kept_since):
        return False
    return any(memory.instead_of(person.email) for person in _people(change))


def _is_too_old(change: Change, kept_since: datetime | None) -> TypeGuard[TicketRecord]:
    if kept_since is None or not isinstance(change, TicketRecord):
        return False
    return change.state in ENDED and change.changed_at < kept_since


def _emptied(record: TicketRecord) -> TicketRecord:
    """Its number, state, days, technicians and time: what every sum is made of."""
    bare = {"subject": "", "requester": PersonRecord(name=NOBODY), "messages": (), "events": (), "approvals": ()}
    return replace(
        record,
        time_entries=tuple(replace(entry, message="") for entry in record.time_entries),
        corrections=tuple(replace(one, reason=LEFT_OUT if one.reason else "") for one in record.corrections),
        **bare,
    )


def _ticket(record: TicketRecord, memory: Memory, bodies: Mapping[str, Body]) -> TicketRecord:
    here = memory.in_company(record.company)
    theirs = _theirs(record, memory)  # they wrote in it: their last names alone are theirs, too

    def out(text: str) -> str:
        return theirs.out_of(here.out_of(text))

    return replace(
        record,
        subject=out(record.subject),
        requester=_person(record.requester, memory),
        messages=tuple(
            _message(one, memory, out, has_them=bool(theirs.instead), body=bodies.get(one.core_id))
            for one in record.messages
        ),
        events=tuple(_event(one, out) for one in record.events),
        approvals=tuple(_approval(one, memory, out) for one in record.approvals),
        corrections=tuple(_correction(one, out) for one in record.corrections),
    )


def _theirs(record: TicketRecord, memory: Memory) -> Redaction:
    named = ((one, memory.instead_of(one.email)) for one in _people(record))
    return Redaction.of((Named(one.name, one.email, instead) for one, instead in named if instead), alone=True)


def _people(record: TicketRecord) -> set[PersonRecord]:
    return {record.requester, *(message.author for message in record.messages)}


def _person(person: PersonRecord, memory: Memory) -> PersonRecord:
    instead = memory.instead_of(person.email)
    return PersonRecord(name=instead) if instead else person


def _message(message: MessageRecord, memory: Memory, out: Out, *, has_them: bool, body: Body | None) -> MessageRecord:
    """Of their own words nothing stays; an answer to them stays without the history that repeats them."""
    author = _person(message.author, memory)
    if author is not message.author:
        return replace(message, author=author, text="", html="", attachments=())
    text, html = ("", (body or message_body.of(message)).visible) if has_them else (message.text, message.html)
    return replace(
        message,
        text=out(text),
        html=out(html),
        attachments=tuple(_attachment(one, out) for one in message.attachments),
    )


def _attachment(attachment: AttachmentRecord, out: Out) -> AttachmentRecord:
    return replace(attachment, name=out(attachment.name))


def _event(event: EventRecord, out: Out) -> EventRecord:
    return replace(event, old=out(event.old), new=out(event.new), by=out(event.by))


def _correction(correction: EntryCorrectionRecord, out: Out) -> EntryCorrectionRecord:
    return replace(correction, by=out(correction.by), reason=out(correction.reason))


def _approval(approval: ApprovalRecord, memory: Memory, out: Out) -> ApprovalRecord:
    return replace(approval, question=out(approval.question), asked_by=_person(approval.asked_by, memory))
