"""A raw mail read tolerantly: whatever arrives becomes text, names and files, or UnreadableMail with the reason."""

import email.utils
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message

from portal import clock
from portal.desk.inbound import headers as bounded
from portal.desk.inbound.parts import contents
from portal.desk.inbound.parts.files import MailFile
from portal.desk.inbound.parts.words import FOLD, header, message_ids, one_line, plain, raw_header

__all__ = ["MailFile", "header", "message_ids", "one_line", "plain"]  # what a reader of mails also needs

LONGEST_TEXT = 1_000_000  # characters of one message; the whole of a longer one becomes a file beside it
MOST_LINES = 50_000  # the same for lines: each of them is looked at for what it quotes and what it asks for
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,60}\?[qQ]\?[^?\n]{1,500}\?=")
_ADDRESS = re.compile(r"^[^\s<>@,;:\"()\[\]\\]{1,64}@[^\s<>@,;:\"()\[\]\\]{1,253}$")


class UnreadableMail(Exception):
    """No message can be made of it; the text says why, and the raw mail is kept."""


@dataclass(frozen=True, slots=True)
class Address:
    """A person as a mail names them; the e-mail is lower-case, the name never empty."""

    name: str
    email: str


NOBODY = Address("Mail Delivery System", "mailer-daemon@localhost")  # who sent a report that names no sender


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says. text holds everything the sender wrote, quoted history included; html may be empty."""

    headers: Message
    sender: Address
    subject: str
    text: str
    html: str
    files: tuple[MailFile, ...]
    message_id: str
    references: tuple[str, ...]  # nearest first
    copies: tuple[Address, ...]  # To and Cc
    is_relayed: bool = False  # a mailing list wrote itself into From; sender is whom it names instead, unproved

    def header(self, name: str) -> str:
        """A header in plain text, empty when it is missing."""
        return header(self.headers, name)


def read(raw: bytes) -> Mail:
    """The mail. Raises UnreadableMail when it has no usable sender or no end."""
    try:
        message = bounded.parse(_with_whole_head(raw))
    except bounded.TooManyParts as error:
        raise UnreadableMail(str(error)) from error
    except (RecursionError, ValueError, LookupError, TypeError) as error:
        raise UnreadableMail(f"it cannot be taken apart ({type(error).__name__})") from error
    try:
        found = contents.read(message)
    except (contents.TooManyFiles, bounded.TooManyParts) as error:
        raise UnreadableMail(str(error)) from error
    sender = _sender(message)
    person = _behind_a_list(message, sender)
    files = list(found.files)
    text, html = _shortened(found.text, found.html, files)
    return Mail(
        headers=message,
        sender=person or sender,
        subject=one_line(header(message, "Subject"), 250),
        text=text,
        html=html,
        files=tuple(files),
        message_id=message_id(message),
        references=_references(message),
        copies=tuple(_addresses(message, "To") + _addresses(message, "Cc"))[:50],
        is_relayed=person is not None,
    )


def fingerprint(raw: bytes) -> tuple[str, str]:
    """(Message-ID, digest of what was said): the same for a mail that came twice on two ways."""
    start, body = _split(_with_whole_head(raw))
    headers = bounded.parse_head(start)
    said = "\n".join(str(headers.get(name, "")) for name in ("From", "Subject", "Date")).strip()
    normal = body.replace(b"\r\n", b"\n").strip()
    return message_id(headers), hashlib.sha256(said.encode(errors="replace") + b"\0" + normal).hexdigest()


def glance(raw: bytes) -> tuple[str, str]:
    """(sender's address, subject) by the head alone; empty where there is none."""
    headers = bounded.parse_head(_split(raw)[0])
    try:
        sender = _sender(headers).email
    except UnreadableMail:
        sender = ""
    return sender, one_line(header(headers, "Subject"), 250)


def message_id(headers: Message) -> str:
    """The mail's own name with its angle brackets; empty when it has none."""
    found = message_ids(plain(raw_header(headers, "Message-ID")))
    return found[0] if found else ""


def dated(mail: Mail) -> datetime | None:
    """The mail's own date when it is sane (in the week before now); for showing, never for order."""
    try:
        said = email.utils.parsedate_to_datetime(mail.header("Date")[:200])
        if said.tzinfo is None:
            return None
        return said if timedelta(0) <= clock.now() - said <= timedelta(days=7) else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def is_address(email_address: str) -> bool:
    """Whether mail can be sent there: one plain ASCII address."""
    return bool(_ADDRESS.match(email_address)) and email_address.isascii() and ".." not in email_address


def _split(raw: bytes) -> tuple[bytes, bytes]:
    found = re.search(rb"\r?\n\r?\n", raw)
    return (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")


_HEADER_LINE = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|[ \t]|From |>From |$")
_NEEDED = re.compile(rb"(?i)(?:from|sender|subject|to|date|message-id|mime-version|content-type|reply-to)[ \t]*:")


def _with_whole_head(raw: bytes) -> bytes:
    """The mail without lines among its headers that are none: a parser would take what follows for the body."""
    start, _ = _split(raw)
    if len(start) > bounded.LARGEST_HEAD or len(start) == len(raw):
        return raw
    lines = start.splitlines(keepends=True)
    strays = [at for at, line in enumerate(lines) if not _HEADER_LINE.match(line.rstrip(b"\r\n"))]
    last = max((at for at, line in enumerate(lines) if _NEEDED.match(line)), default=-1)
    among = {at for at in strays if at < last}
    if not among or len(among) > _MOST_STRAYS:
        return raw
    kept = b"".join(line for at, line in enumerate(lines) if at not in among)
    return kept + raw[len(start) :]


_MOST_STRAYS = 5  # lines; more of them are a text in which somebody quotes headers


def _behind_a_list(message: Message, sender: Address) -> Address | None:
    """The person whose mail a list handed on under its own address, as "Jan Novák via IT"; None for all other mail.

    It writes so because of DMARC, and names the person elsewhere: in X-Original-From, or as the one to reply to.
    """
    found = _VIA.match(sender.name)
    if found is None:
        return None
    for header_name in ("X-Original-From", "X-Original-Sender", "Reply-To"):
        people = _addresses(message, header_name)
        if len(people) == 1 and people[0].email != sender.email:
            person = people[0]
            return Address(found[1], person.email) if person.name == person.email else person
    return None


_VIA = re.compile(r"['\"]?(\S.{0,100}?)['\"]?\s{1,9}(?:via|přes)\s{1,9}\S", re.IGNORECASE)


def _sender(message: Message) -> Address:
    senders = _addresses(message, "From") or _addresses(message, "Sender") or _addresses(message, "Reply-To")
    if senders:
        return senders[0]
    for written in re.split(r"[\s<>,;\"]+", plain(raw_header(message, "From"))):
        if _ADDRESS.match(_lowered(written)):
            return Address(_lowered(written), _lowered(written))
    if _is_of_a_system(message):
        return NOBODY
    for envelope in _addresses(message, "Return-Path"):  # our own server's word, where the mail names nobody
        return Address(one_line(header(message, "From"), 120) or envelope.email, envelope.email)
    if re.search(r"system|admin|service|gateway|mail", raw_header(message, "From"), re.IGNORECASE):
        return NOBODY
    raise UnreadableMail("it says no sender's address")


def _is_of_a_system(message: Message) -> bool:
    """Whether a mail without a sender's address is a report: those often have none, so that nobody answers them."""
    is_report = message.get_content_type() in {"multipart/report", "message/delivery-status"}
    is_named = re.search(r"deliver|daemon|postmaster|mail server", raw_header(message, "From"), re.IGNORECASE)
    return is_report or bool(is_named) or raw_header(message, "Return-Path").strip() == "<>"


def _addresses(message: Message, name: str) -> list[Address]:
    """The addresses of a header, cut up before it is decoded: an encoded name may hold an @ or a comma."""
    written = FOLD.sub("", raw_header(message, name)).replace("\n", " ").replace("\r", " ")
    found = []
    for stated_name, stated in bounded.addresses(_ENCODED_WORD.sub(_shielded, written)):
        address = _lowered(plain(stated).strip())
        if _ADDRESS.match(address):
            shown = Message()
            shown["Name"] = stated_name
            found.append(Address(one_line(header(shown, "Name"), 120) or address, address))
    return found


def _lowered(address: str) -> str:
    """The address in small letters; empty when only that makes plain letters of it, as of the Kelvin sign."""
    small = address.lower()
    return small if address.isascii() or not small.isascii() else ""


def _shielded(word: re.Match[str]) -> str:
    """An encoded word without the letters that would end a name: many programs forget to encode them."""
    return re.sub(r"[\s,;:<>@()\"\[\]\\.]", lambda letter: f"={ord(letter[0]):02X}", word[0])


def _references(message: Message) -> tuple[str, ...]:
    nearest = message_ids(plain(raw_header(message, "In-Reply-To")))
    older = message_ids(plain(raw_header(message, "References")))
    return tuple(dict.fromkeys(nearest + older[::-1]))[:100]


def _shortened(text: str, html: str, files: list[MailFile]) -> tuple[str, str]:
    """What a message may carry; the whole of what is longer stands beside it as a file."""
    if len(html) > LONGEST_TEXT:
        files.append(MailFile("cela-zprava.html", "text/html", html.encode()))
        html = ""
    if len(text) > LONGEST_TEXT or text.count("\n") > MOST_LINES:
        files.append(MailFile("cela-zprava.txt", "text/plain", text.encode()))
        text = "\n".join([*text[:LONGEST_TEXT].split("\n", MOST_LINES)[:MOST_LINES], "", "[…]"])
    return text, html
