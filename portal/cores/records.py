"""What a core said, in our words: whole tickets and tombstones, exactly as Core API v1 writes them in JSON.

Moments are RFC 3339 with a zone, hours and money are decimal strings, ids are text. Enumerations are plain
text here: the plan maps them, so that one new word of a core never stops a whole run.
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]  # one without a zone is nobody's time: it is refused


class PersonRecord(Struct, frozen=True, kw_only=True):
    """Somebody in a conversation; the e-mail is lower-case and may be empty when the core has none."""

    name: str
    email: str = ""


class AttachmentRecord(Struct, frozen=True, kw_only=True):
    core_id: str
    name: str
    media_type: str = "application/octet-stream"
    size: int = 0  # bytes
    content_id: str = ""  # of an inline picture, without the angle brackets


class MessageRecord(Struct, frozen=True, kw_only=True):
    """One public contribution. Text is what the sender wrote, quoted history included; html may be empty."""

    core_id: str
    side: str  # employee | technician
    author: PersonRecord
    sent_at: Moment
    text: str = ""
    html: str = ""
    sender_verified: bool = True
    proved_by: str = ""  # the domain whose mail server vouched for the author's address
    from_outside: bool = False  # the author's address is not of the ticket's company
    attachments: tuple[AttachmentRecord, ...] = ()


class TimeEntryRecord(Struct, frozen=True, kw_only=True):
    """Time to be billed. message is empty when it was written in an internal note."""

    core_id: str
    category: str
    hours: Decimal
    technician: PersonRecord
    worked_at: Moment
    message: str = ""  # core_id of the public message it stands under
    invoiced_on: date | None = None  # the last Prague day of the invoiced period, once the core says so
    document: str = ""  # core_id of the issued invoice it is on, from a core that tells them
    company: str = ""  # core_id of the company it was invoiced to, where the ticket has gone to another one since


class EntryStateRecord(Struct, frozen=True, kw_only=True):
    """What of a time entry is billed."""

    category: str
    hours: Decimal
    worked_on: date  # a Prague day
    ticket: str = ""  # core_id, where the correction moved the entry from one ticket to another


class EntryCorrectionRecord(Struct, frozen=True, kw_only=True):
    """One correction of a time entry: what it was and became, by whom, when and why. new is None for a removal.

    old is None for the part of a split entry that begins with it.
    """

    core_id: str
    entry: str  # core_id of the time entry
    at: Moment
    old: EntryStateRecord | None = None
    new: EntryStateRecord | None = None
    by: str = ""  # a person's name
    reason: str = ""
    invoiced_on: date | None = None  # what the entry was invoiced for when it was corrected; None: it was not yet
    document: str = ""  # core_id of the issued invoice that settles the difference; empty while it waits


class EventRecord(Struct, frozen=True, kw_only=True):
    """A change of a field, or an answer that came back: kind is state, technician, due or undelivered.

    old and new are the core's words, ours for states; an answer that came back has neither.
    """

    core_id: str
    kind: str
    at: Moment
    old: str = ""
    new: str = ""
    by: str = ""  # a person's name; empty is the system


class ApprovalRecord(Struct, frozen=True, kw_only=True):
    """A question put to the company's manager through the core."""

    core_id: str
    question: str
    asked_by: PersonRecord
    asked_at: Moment


class TicketRecord(Struct, frozen=True, kw_only=True, tag="ticket", tag_field="type"):
    """A whole ticket as it is now. company is the core_id of the company, empty when the core knows none."""

    core_id: str
    number: str
    company: str
    subject: str
    state: str  # open | to_be_invoiced | error | done
    requester: PersonRecord
    opened_at: Moment
    changed_at: Moment  # the newest visible event
    kind: str = "IT"
    tag: str = ""  # leads the subjects of letters about it, so that answers by mail find it
    technician: PersonRecord | None = None
    due_at: Moment | None = None
    done_at: Moment | None = None
    confidential: bool = False  # only the company's managers may read more of it than that it is there
    messages: tuple[MessageRecord, ...] = ()
    time_entries: tuple[TimeEntryRecord, ...] = ()
    events: tuple[EventRecord, ...] = ()
    approvals: tuple[ApprovalRecord, ...] = ()
    corrections: tuple[EntryCorrectionRecord, ...] = ()  # of its time entries, also of those removed


class Tombstone(Struct, frozen=True, kw_only=True, tag="tombstone", tag_field="type"):
    """A ticket that is no more. reason: deleted | merged | moved."""

    core_id: str
    reason: str
    at: Moment
    merged_into: str = ""


class AgreementRecord(Struct, frozen=True, kw_only=True):
    """What a company prepaid, from the first of a month on until the next one; an amount of 0 ends it."""

    valid_from: date
    unit: str  # hours | money
    amount: Decimal  # of one period; money is without VAT
    every: str = "month"  # month | year
    carries: Decimal | None = Decimal(0)  # at most so much of what is left goes to the next period; null: all of it
    rate_inside: Decimal | None = None  # per hour; null: as the price list says
    rate_over: Decimal | None = None


class CompanyRecord(Struct, frozen=True, kw_only=True):
    core_id: str
    name: str
    language: str = "cs"
    domains: tuple[str, ...] = ()
    ico: str = ""  # the company's number, as an accountant writes it
    dic: str = ""  # its tax number
    agreements: tuple[AgreementRecord, ...] = ()


class PriceRecord(Struct, frozen=True, kw_only=True):
    """An hourly rate from a Prague day on; company is empty for everybody's."""

    category: str
    name: str
    rate: Decimal
    valid_from: date
    currency: str = "CZK"
    company: str = ""


class IssuedInvoiceRecord(Struct, frozen=True, kw_only=True):
    """An invoice as the accounts issued it. supplement counts the further ones of a period; 0 is its first."""

    core_id: str
    company: str
    period_end: date  # the last Prague day of the invoiced period, as entries say it in invoiced_on
    supplement: int = 0
    number: str = ""
    issued_on: date | None = None
    taxable_on: date | None = None  # DUZP
    due_on: date | None = None
    total: Decimal | None = None  # with VAT
    currency: str = "CZK"
    link: str = ""  # where the document can be read


class SupplierRecord(Struct, frozen=True, kw_only=True):
    """Who issues the invoices."""

    name: str
    ico: str = ""
    dic: str = ""
    address: str = ""


class IssuedInvoices(Struct, frozen=True, kw_only=True):
    """Everything a core says of issued documents."""

    invoices: tuple[IssuedInvoiceRecord, ...] = ()
    supplier: SupplierRecord | None = None


class AsideRecord(Struct, frozen=True, kw_only=True):
    """Something the core could make no ticket of and keeps for a person: a mail, by its number there, and why."""

    core_id: str
    reason: str


class Unreadable(Struct, frozen=True, kw_only=True):
    """One item of a page that is not a record: kept raw, with the reason, and set aside by the sync."""

    core_id: str
    raw: str
    reason: str


Change = TicketRecord | Tombstone | Unreadable
NAMELESS = "unreadable:"  # begins the core_id of an item that does not even say what it is called


class ChangesPage(Struct, frozen=True, kw_only=True):
    """One page of changes; cursor is where the next page starts, inclusively."""

    changes: tuple[Change, ...]
    cursor: str
    more: bool


def read_change(raw: bytes) -> Change:
    """One item of a page, from its JSON; what is not a record becomes Unreadable and says which field is at fault."""
    try:
        return _CHANGE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Unreadable(core_id=_name_of(raw), raw=raw.decode("utf-8", "replace"), reason=str(error))


def written(record: TicketRecord | Tombstone) -> bytes:
    """A record as JSON that read_change() reads back: equal records are equal bytes."""
    return msgspec.json.encode(record)


class _Named(Struct):
    core_id: str


_CHANGE = msgspec.json.Decoder(TicketRecord | Tombstone)
_NAMED = msgspec.json.Decoder(_Named)


def _name_of(raw: bytes) -> str:
    """The core's name for a thing we cannot read, or one made of its bytes, the same whenever it is told again."""
    try:
        return _NAMED.decode(raw).core_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"{NAMELESS}{hashlib.sha256(raw).hexdigest()[:16]}"
