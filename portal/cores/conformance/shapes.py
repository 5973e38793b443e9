"""The shape of what is told: every field of the type that the document says."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from portal.cores.conformance.promises import BrokenPromise, Ticket, Trial, expect, expect_status, promise

Rule = Callable[[Any], bool]
_HOURS = re.compile(r"-?\d+\.\d{2,4}")
_MONEY = re.compile(r"\d+\.\d{2}")
_SUM = re.compile(r"-?\d+\.\d{2}")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _name(value: Any) -> bool:
    return isinstance(value, str) and value != "" and len(value) <= 500 and value.isprintable()


def _moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _of(pattern: re.Pattern[str]) -> Rule:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def _one_of(*words: str) -> Rule:
    return lambda value: value in words


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _or_null(rule: Rule) -> Rule:
    return lambda value: value is None or rule(value)


def _email(value: Any) -> bool:
    return isinstance(value, str) and value == value.lower()


PERSON = {"name": _text, "email?": _email}
ATTACHMENT = {"core_id": _name, "name": _text, "media_type?": _text, "size?": _count, "content_id?": _text}
MESSAGE = {
    "core_id": _name,
    "side": _one_of("employee", "technician"),
    "author": PERSON,
    "sent_at": _moment,
    "text?": _text,
    "html?": _text,
    "sender_verified?": _flag,
    "proved_by?": _text,
    "from_outside?": _flag,
    "attachments?": [ATTACHMENT],
}
ENTRY = {
    "core_id": _name,
    "category": _name,
    "hours": _of(_HOURS),
    "technician": PERSON,
    "worked_at": _moment,
    "message?": _text,
    "invoiced_on?": _or_null(_day),
    "document?": _text,
    "company?": _text,
}
EVENT = {
    "core_id": _name,
    "kind": _one_of("state", "technician", "due", "undelivered"),
    "at": _moment,
    "old?": _text,
    "new?": _text,
    "by?": _text,
}
APPROVAL = {"core_id": _name, "question": _text, "asked_by": PERSON, "asked_at": _moment}
STATE = {"category": _name, "hours": _of(_HOURS), "worked_on": _day, "ticket?": _text}
CORRECTION = {
    "core_id": _name,
    "entry": _name,
    "at": _moment,
    "old?": (STATE,),
    "new?": (STATE,),
    "by?": _text,
    "reason?": _text,
    "invoiced_on?": _or_null(_day),
    "document?": _text,
}
TICKET = {
    "type": _one_of("ticket"),
    "core_id": _name,
    "number": _name,
    "kind?": _text,
    "tag?": _text,
    "company": _text,
    "subject": _text,
    "state": _one_of("open", "to_be_invoiced", "error", "done"),
    "requester": PERSON,
    "technician?": (PERSON,),
    "opened_at": _moment,
    "changed_at": _moment,
    "due_at?": _or_null(_moment),
    "done_at?": _or_null(_moment),
    "confidential?": _flag,
    "messages?": [MESSAGE],
    "time_entries?": [ENTRY],
    "events?": [EVENT],
    "approvals?": [APPROVAL],
    "corrections?": [CORRECTION],
}
TOMBSTONE = {
    "type": _one_of("tombstone"),
    "core_id": _name,
    "reason": _one_of("deleted", "merged", "moved"),
    "at": _moment,
    "merged_into?": _text,
}
COMPANY = {
    "core_id": _name,
    "name": _name,
    "language?": _text,
    "domains?": [_text],
    "ico?": _text,
    "dic?": _text,
}
PRICE = {
    "category": _name,
    "name": _text,
    "rate": _of(_MONEY),
    "valid_from": _day,
    "currency?": _text,
    "company?": _text,
}
INVOICE = {
    "core_id": _name,
    "company": _name,
    "period_end": _day,
    "supplement?": _count,
    "number?": _text,
    "issued_on?": _or_null(_day),
    "taxable_on?": _or_null(_day),
    "due_on?": _or_null(_day),
    "total?": _or_null(_of(_SUM)),
    "currency?": _text,
    "link?": _text,
}
ASIDE = {"core_id": _name, "reason": _name}
PARTS = {  # of a ticket, by what it calls them
    "message": lambda ticket: ticket.get("messages", ()),
    "attachment": lambda ticket: [file for one in ticket.get("messages", ()) for file in one.get("attachments", ())],
    "time entry": lambda ticket: ticket.get("time_entries", ()),
    "event": lambda ticket: ticket.get("events", ()),
    "approval": lambda ticket: ticket.get("approvals", ()),
    "correction": lambda ticket: ticket.get("corrections", ()),
}


def check(value: Any, shape: Any, where: str) -> None:
    """Raises BrokenPromise for the first thing that is not of its shape: an object, [each], (or null,) or a rule."""
    match shape:
        case dict():
            if not isinstance(value, dict):
                raise BrokenPromise(f"{where} is {value!r:.80}, not an object")
            for written, inner in shape.items():
                name = written.removesuffix("?")
                if name in value:
                    check(value[name], inner, f"{where}.{name}")
                elif written == name:
                    raise BrokenPromise(f"{where} has no {name}")
        case list():
            if not isinstance(value, list):
                raise BrokenPromise(f"{where} is {value!r:.80}, not a list")
            for at, each in enumerate(value):
                check(each, shape[0], f"{where}[{at}]")
        case (inner,):
            if value is not None:
                check(value, inner, where)
        case _:
            if not shape(value):
                raise BrokenPromise(f"{where} is {value!r:.80} ({type(value).__name__.strip('_').lower()})")


@promise("Every ticket and tombstone has the fields of the document, each of its type.")
def records_are_well_formed(trial: Trial) -> None:
    for change in trial.everything():
        shape = TOMBSTONE if change.get("type") == "tombstone" else TICKET
        check(change, shape, f"{change.get('type')} {change.get('core_id')!r}")


@promise("Ids are unique in the whole core, numbers among its tickets.")
def ids_are_unique(trial: Trial) -> None:
    tickets = {change["core_id"]: change for change in trial.everything() if change.get("type") == "ticket"}
    for kind, parts in PARTS.items():
        _refuse_twins(kind, (part["core_id"] for ticket in tickets.values() for part in parts(ticket)))
    _refuse_twins("number", (ticket["number"] for ticket in tickets.values()))


@promise("What is invoiced, written or corrected is of the ticket that says so.")
def parts_point_to_their_own_ticket(trial: Trial) -> None:
    for ticket in _tickets(trial):
        messages = {message["core_id"] for message in ticket.get("messages", ())}
        for entry in ticket.get("time_entries", ()):
            name = entry.get("message", "")
            expect(
                name in {"", *messages}, f"time entry {entry['core_id']!r} stands under {name!r}, no message of it"
            )


@promise("A ticket did not change before it was opened, nor before any event of it.")
def changed_at_is_the_newest(trial: Trial) -> None:
    for ticket in _tickets(trial):
        changed = datetime.fromisoformat(ticket["changed_at"])
        seen = [("opened_at", ticket["opened_at"])]
        seen += [(f"event {one['core_id']}", one["at"]) for one in ticket.get("events", ())]
        for what, at in seen:
            expect(datetime.fromisoformat(at) <= changed, f"{ticket['core_id']!r} changed before its {what}: {at}")


@promise("Companies have ids of their own and names, and every ticket is of one of them or of none.")
def companies_are_told(trial: Trial) -> None:
    told = _list(trial, "companies", COMPANY)
    expect(told, "there is no company")
    _refuse_twins("company", (company["core_id"] for company in told))
    known = {"", *(company["core_id"] for company in told)}
    for ticket in _tickets(trial):
        expect(ticket["company"] in known, f"{ticket['core_id']!r} is of {ticket['company']!r}, which nobody knows")


@promise("Prices are a list, or null in a core that keeps none.")
def prices_are_told(trial: Trial) -> None:
    answer = trial.wire.get("prices")
    expect_status(answer, 200)
    said = answer.json
    expect(isinstance(said, dict) and "prices" in said, "there is no field prices")
    if said["prices"] is not None:
        check(said["prices"], [PRICE], "prices")


@promise("Issued invoices are told in the document's shape, or the address is 404.")
def invoices_are_told(trial: Trial) -> None:
    if trial.wire.get("invoices").status != 404:
        _list(trial, "invoices", INVOICE)


@promise("What was set aside is told in the document's shape, or the address is 404.")
def aside_is_told(trial: Trial) -> None:
    if trial.wire.get("aside").status != 404:
        _list(trial, "aside", ASIDE)


def _tickets(trial: Trial) -> Iterable[Ticket]:
    return [change for change in trial.everything() if change.get("type") == "ticket"]


def _list(trial: Trial, name: str, shape: Any) -> list[dict[str, Any]]:
    answer = trial.wire.get(name)
    expect_status(answer, 200)
    said = answer.json
    expect(isinstance(said, dict), f"/{name} is no JSON object")
    check(said.get(name), [shape], name)
    return said[name]


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        expect(times == 1, f"the {kind} {name!r} is told {times} times")
