"""Request Tracker's JSON in our records' words. Pure; whatever makes no sense is Unreadable or Untranslatable."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import msgspec

from portal import clock, timecodes
from portal.cores import records
from portal.cores.records import (
    ApprovalRecord,
    AttachmentRecord,
    Change,
    EventRecord,
    MessageRecord,
    PersonRecord,
    TicketRecord,
    TimeEntryRecord,
    Tombstone,
    Unreadable,
)
from portal.errors import BadTimeCode
from portal.lib.mail_quotes import reading
from portal.lib.mail_quotes.lines import Part

STATES = {  # of the lifecycle in deploy/rt; PORTAL_RT_STATES adds to it
    "new": "open",
    "open": "open",
    "stalled": "open",
    "be_invoiced": "to_be_invoiced",
    "error": "error",
    "resolved": "done",
    "rejected": "done",
}
MESSAGES = frozenset({"Create", "Correspond"})  # a comment is internal: RT does not tell it, and we would not read it
NOBODY = frozenset({"", "Nobody"})
_NO = frozenset({"", "ne", "no", "0"})  # of the field Confidential; whatever else stands there means yes
_EVENTS = {"Owner": "technician", "Due": "due"}
_CONTENT_ID = re.compile(r"^content-id:\s*<?([^<>\s]+)>?\s*$", re.IGNORECASE | re.MULTILINE)


class Untranslatable(ValueError):
    """RT's JSON is not what it always is."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of a particular RT. companies: mail domain or organisation in small letters → core_id."""

    states: Mapping[str, str] = field(default_factory=lambda: STATES)
    company_by: str = "field"  # field | organization | domain
    time_category: str = ""  # of time that has no code; empty leaves it out
    companies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RtTicket:
    """What was asked for beside a ticket: transactions, text parts with content, descriptions of files."""

    transactions: list[Any] = field(default_factory=list)
    texts: list[Any] = field(default_factory=list)
    files: list[Any] = field(default_factory=list)


def change(item: Any, said: RtTicket, rules: Rules, whois: Callable[[str], tuple[PersonRecord, bool]]) -> Change:
    """A ticket whole, or Unreadable. whois: a user's name or number → the person, and whether a technician."""
    try:
        return _ticket(item, said, rules, whois)
    except _BROKEN as error:
        raw = json.dumps(item, ensure_ascii=False, sort_keys=True, default=str)
        return Unreadable(core_id=_name_of(item, raw), raw=raw, reason=f"{type(error).__name__}: {error}")


def tombstone(item: Any) -> Tombstone | None:
    """What a transaction says about a ticket that is gone; None for the other end of a merge."""
    try:
        name, at = _number(item["ObjectId"]), stamp(item["Created"])
        if at is None:
            raise Untranslatable("a transaction without a time")
        if item["Type"] != "AddLink":
            return Tombstone(core_id=name, reason="deleted", at=at)
        survivor = _number(str(item["NewValue"]).rpartition("/")[2])
    except _BROKEN as error:
        raise Untranslatable(f"a transaction about a ticket that is gone: {error}") from error
    return None if survivor == name else Tombstone(core_id=name, reason="merged", at=at, merged_into=survivor)


def came_in(said: RtTicket, since: datetime) -> bool:
    """Whether the ticket came from another queue, or back from deletion, at that moment or later."""
    try:
        moved = [
            each
            for each in said.transactions
            if (each["Type"], each["Field"]) == ("Set", "Queue")
            or (each["Type"], each["OldValue"]) == ("Status", "deleted")
        ]
        return any((stamp(each["Created"]) or since) >= since for each in moved)
    except _BROKEN as error:
        raise Untranslatable(f"a transaction: {error}") from error


def key(item: Any) -> tuple[datetime, int]:
    """Where a ticket stands in the order of changes."""
    try:
        at = stamp(item["LastUpdated"])
        if at is None:
            raise Untranslatable("a ticket without the time of its change")
        return at, int(_number(item["id"]))
    except _BROKEN as error:
        raise Untranslatable(f"a ticket in a list: {error}") from error


def stamp(text: Any) -> datetime | None:
    """A moment of RT; its beginning of time means that there is none."""
    if not text or not isinstance(text, str) or text.startswith("1970-01-01"):
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def company(code: str, described: str) -> tuple[str, str, tuple[str, ...]]:
    """A value of the field Company as core_id, name and domains: "Strojírny Vltava, a. s. | vltava.example"."""
    name, _, domains = described.partition("|")
    return code, name.strip() or code, tuple(domains.lower().split())


def _ticket(
    item: Any, said: RtTicket, rules: Rules, whois: Callable[[str], tuple[PersonRecord, bool]]
) -> TicketRecord:
    number = _number(item["id"])
    opened, changed = stamp(item["Created"]), stamp(item["LastUpdated"])
    if opened is None or changed is None:
        raise Untranslatable("a ticket without its times")
    fields = {str(each["name"]): [str(value) for value in each["values"]] for each in item["CustomFields"]}
    requesters = [each for each in item["Requestor"] if isinstance(each, dict)]
    clients = {str(each["id"]) for each in requesters}
    company = _company(fields, requesters, rules)
    messages = tuple(_with_outsiders(_messages(said, clients, whois), company, rules))
    events = tuple(_events(said, rules, whois))
    if "TimeEntries" in fields:
        written = tuple(_entries_of_field(fields["TimeEntries"], messages))
    else:
        written = tuple(_entries_in_words(messages))
        written += tuple(_time_without_code(item, said, written, rules, whois)) if rules.time_category else ()
    entries = tuple(_invoiced(fields, written))
    visible = [message.sent_at for message in messages] + [event.at for event in events]
    owner = item["Owner"]
    state = _state(item["Status"], rules)
    return TicketRecord(
        core_id=number,
        number=number,
        company=company,
        subject=str(item["Subject"]),
        state=state,
        requester=_person(requesters[0]) if requesters else PersonRecord(name=""),
        opened_at=opened,
        changed_at=max(visible + [entry.worked_at for entry in entries], default=changed),  # a note shows in nothing
        technician=None if str(owner["id"]) in NOBODY else _person(owner),
        due_at=stamp(item["Due"]),
        done_at=stamp(item["Resolved"]) if state == "done" else None,
        confidential=any(value.strip().lower() not in _NO for value in fields.get("Confidential", ())),
        messages=messages,
        time_entries=entries,
        events=events,
        approvals=tuple(_approvals(fields)),
    )


def _with_outsiders(messages: Iterable[MessageRecord], company: str, rules: Rules) -> Iterable[MessageRecord]:
    """Marked where the author is of another domain than the company; known only where domains tell companies."""
    for message in messages:
        domain = message.author.email.rpartition("@")[2]
        is_known = rules.company_by == "domain" and company and domain and message.side == "employee"
        is_outside = bool(is_known) and rules.companies.get(domain) != company
        yield msgspec.structs.replace(message, from_outside=is_outside)


def _messages(
    said: RtTicket, clients: set[str], whois: Callable[[str], tuple[PersonRecord, bool]]
) -> Iterable[MessageRecord]:
    for each in said.transactions:
        if each["Type"] not in MESSAGES:
            continue
        name, at = _number(each["id"]), stamp(each["Created"])
        if at is None:
            raise Untranslatable(f"transaction {name} has no time")
        texts = [part for part in said.texts if str(part["TransactionId"]) == name and not part["Filename"]]
        by = str(each["Creator"]["id"])
        is_technician = by not in clients and whois(by)[1]
        yield MessageRecord(
            core_id=name,
            side="technician" if is_technician else "employee",
            author=_person(each["Creator"]),
            sent_at=at,
            text="\n".join(str(part["Content"]) for part in texts if part["ContentType"] == "text/plain"),
            html="\n".join(str(part["Content"]) for part in texts if part["ContentType"] == "text/html"),
            attachments=tuple(_file(part) for part in said.files if _is_file(part, name)),
        )


def _is_file(part: Any, message: str) -> bool:
    """Whether a part is one to be kept: bodies are not, nor the envelopes around them."""
    if str(part["TransactionId"]) != message or str(part["ContentType"]).startswith("multipart/"):
        return False
    return bool(part["Filename"]) or part["ContentType"] not in {"text/plain", "text/html"}


def _file(part: Any) -> AttachmentRecord:
    number = _number(part["id"])
    found = _CONTENT_ID.search(str(part["Headers"]))
    return AttachmentRecord(
        core_id=number,
        name=str(part["Filename"]) or f"{number}.bin",
        media_type=str(part["ContentType"]) or "application/octet-stream",
        size=max(0, int(part["ContentLength"] or 0)),
        content_id=found[1] if found else "",
    )


def _events(said: RtTicket, rules: Rules, whois: Callable[[str], tuple[PersonRecord, bool]]) -> Iterable[EventRecord]:
    for each in said.transactions:
        kind = "state" if each["Type"] == "Status" else _EVENTS.get(each["Field"]) if each["Type"] == "Set" else None
        at = stamp(each["Created"])
        if kind is None or at is None:
            continue
        old, new = (_told(kind, str(each[side]), rules, whois) for side in ("OldValue", "NewValue"))
        if old != new:  # "new" and "open" are one state of ours
            by = _person(each["Creator"]).name
            yield EventRecord(core_id=_number(each["id"]), kind=kind, at=at, old=old, new=new, by=by)


def _told(kind: str, value: str, rules: Rules, whois: Callable[[str], tuple[PersonRecord, bool]]) -> str:
    if kind == "state":
        return _state(value, rules)
    if kind == "due":
        moment = stamp(value)
        return moment.isoformat() if moment else ""
    return "" if value in NOBODY else whois(value)[0].name


def _entries_of_field(lines: list[str], messages: tuple[MessageRecord, ...]) -> Iterable[TimeEntryRecord]:
    public = {message.core_id for message in messages}
    for line in lines:
        written, technician, when, name, *mail = line.split("|")
        category, _, hours = written.partition(":")
        at, message = stamp(when), name.partition(".")[0]
        if at is None:
            raise Untranslatable(f"a time entry without its time: {line!r}")
        yield TimeEntryRecord(
            core_id=name,
            category=category,
            hours=Decimal(hours),
            technician=PersonRecord(name=technician, email="".join(mail[:1]).lower()),
            worked_at=at,
            message=message if message in public else "",
        )


def _entries_in_words(messages: tuple[MessageRecord, ...]) -> Iterable[TimeEntryRecord]:
    """What technicians wrote in public; their notes are not ours to read."""
    for message in messages:
        if message.side != "technician":
            continue
        found = reading.read_text(message.text.replace("\r\n", "\n"))
        for at in found.at(Part.OWN, Part.SIGNATURE):
            try:
                code = timecodes.parse(found.lines[at].text)
            except BadTimeCode:
                continue
            yield TimeEntryRecord(
                core_id=f"{message.core_id}.{at + 1}",
                category=code.category,
                hours=code.hours,
                technician=message.author,
                worked_at=message.sent_at,
                message=message.core_id,
            )


def _time_without_code(
    item: Any,
    said: RtTicket,
    coded: tuple[TimeEntryRecord, ...],
    rules: Rules,
    whois: Callable[[str], tuple[PersonRecord, bool]],
) -> Iterable[TimeEntryRecord]:
    """The minutes of transactions without a code, and what TimeWorked says beyond all that: the time of notes.

    A code and minutes on one message are the same work, so the longer of the two is taken off TimeWorked. Nobody
    tells us when notes were written: their time stands at the ticket's opening, where it never moves.
    """
    known: dict[str, Decimal] = {}  # transaction: minutes
    for entry in coded:
        known[entry.message] = known.get(entry.message, Decimal(0)) + entry.hours * 60
    with_code = frozenset(known)
    for each in said.transactions:
        name, minutes, at = _number(each["id"]), Decimal(int(each["TimeTaken"] or 0)), stamp(each["Created"])
        person = _person(each["Creator"])
        if minutes <= 0 or at is None or not whois(str(each["Creator"]["id"]))[1]:
            continue
        known[name] = max(minutes, known.get(name, minutes))
        if name not in with_code:
            message = name if each["Type"] in MESSAGES else ""
            yield TimeEntryRecord(
                core_id=f"{name}.t",
                category=rules.time_category,
                hours=_hours(minutes),
                technician=person,
                worked_at=at,
                message=message,
            )
    rest, opened = int(item["TimeWorked"] or 0) - round(sum(known.values())), stamp(item["Created"])
    if rest > 0 and opened:
        owner = PersonRecord(name="") if str(item["Owner"]["id"]) in NOBODY else _person(item["Owner"])
        yield TimeEntryRecord(
            core_id=f"{_number(item['id'])}.rest",
            category=rules.time_category,
            hours=_hours(Decimal(rest)),
            technician=owner,
            worked_at=opened,
        )


def _hours(minutes: Decimal) -> Decimal:
    """Exact to four places, with two where they say it all."""
    hours = (minutes / 60).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    short = hours.quantize(Decimal("0.01"))
    return short if short == hours else hours


def _invoiced(fields: Mapping[str, list[str]], entries: Iterable[TimeEntryRecord]) -> Iterable[TimeEntryRecord]:
    """With the first of the invoiced periods' last days that is not before the work: it is invoiced once.

    A line that came with a merged ticket says by a sixth part that it was invoiced there ("=2026-11-30"), or that
    it was not on the survivor's invoices up to a day (">2026-11-30").
    """
    days = sorted(value[:10] for value in fields.get("InvoicedOn", ()) if value)
    parts = [line.split("|") for line in fields.get("TimeEntries", ())]
    marks = {part[3]: part[5] for part in parts if len(part) > 5}
    for entry in entries:
        mark, worked_on = marks.get(entry.core_id, ""), clock.prague_day(entry.worked_at).isoformat()
        if mark.startswith("="):
            found = mark[1:]
        else:
            found = next((day for day in days if day >= worked_on and day > mark.removeprefix(">")), "")
        yield msgspec.structs.replace(entry, invoiced_on=date.fromisoformat(found) if found else None)


def _approvals(fields: Mapping[str, list[str]]) -> Iterable[ApprovalRecord]:
    """Questions still open."""
    answered = {line.partition("|")[0] for line in fields.get("ApprovalAnswers", ())}
    for line in fields.get("ApprovalQuestions", ()):
        name, who, when, mail, question = line.split("|", 4)
        at = stamp(when)
        if at is None:
            raise Untranslatable(f"a question without its time: {line!r}")
        if name not in answered:
            asked_by = PersonRecord(name=who, email=mail.lower())
            yield ApprovalRecord(core_id=name, question=question, asked_by=asked_by, asked_at=at)


def _state(word: Any, rules: Rules) -> str:
    """Ours for a status; one that nobody mapped stays as it is, and the plan sets the ticket aside."""
    return rules.states.get(str(word), str(word))


def _company(fields: Mapping[str, list[str]], requesters: list[Any], rules: Rules) -> str:
    written = fields.get("Company", [])
    if rules.company_by == "field" and written:
        return written[0]
    for each in requesters:
        domain = str(each.get("EmailAddress", "")).rpartition("@")[2].lower()
        organization = str(each.get("Organization", "")).strip().lower()
        found = rules.companies.get(domain if rules.company_by == "domain" else organization)
        if found is not None:
            return found
    return ""


def _person(user: Any) -> PersonRecord:
    name = str(user.get("RealName") or user.get("Name") or user["id"])
    return PersonRecord(name=name, email=str(user.get("EmailAddress") or "").lower())


def _number(value: Any) -> str:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise Untranslatable(f"{text[:40]!r} is no number of RT")
    return text


def _name_of(item: Any, raw: str) -> str:
    try:
        return _number(item["id"])
    except _BROKEN:
        return records.read_change(raw.encode("utf-8", "replace")).core_id


_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, InvalidOperation, OverflowError)
