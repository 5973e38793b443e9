"""A raw mail read tolerantly: whatever arrives becomes text, names and files, or UnreadableMail with the reason."""

import email.utils
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message

from portal import clock
from portal.desk.inbound import headers as bounded
from portal.desk.inbound import html_mail
from portal.desk.inbound.parts import parameters
from portal.lib import charsets

LONGEST_TEXT = 1_000_000  # characters of one message; the whole of a longer one becomes a file beside it
_MOST_FILES = 500
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,60}\?[qQ]\?[^?\n]{1,500}\?=")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_ADDRESS = re.compile(r"^[^\s<>@,;:\"()\[\]\\]{1,64}@[^\s<>@,;:\"()\[\]\\]{1,253}$")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_MEDIA_TYPE = re.compile(r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,120}$")


class UnreadableMail(Exception):
    """No message can be made of it; the text says why, and the raw mail is kept."""


@dataclass(frozen=True, slots=True)
class Address:
    """A person as a mail names them; the e-mail is lower-case, the name never empty."""

    name: str
    email: str


NOBODY = Address("Mail Delivery System", "mailer-daemon@localhost")  # who sent a report that names no sender


@dataclass(frozen=True, slots=True)
class MailFile:
    """An attachment: a harmless name, a well-formed media type, its bytes."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""


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

    def header(self, name: str) -> str:
        """A header in plain text, empty when it is missing."""
        return header(self.headers, name)


def read(raw: bytes) -> Mail:
    """The mail. Raises UnreadableMail when it has no usable sender or no end."""
    try:
        message = bounded.parse(raw)
    except bounded.TooManyParts as error:
        raise UnreadableMail(str(error)) from error
    except (RecursionError, ValueError, LookupError, TypeError) as error:
        raise UnreadableMail(f"it cannot be taken apart ({type(error).__name__})") from error
    text, html, files = _contents(message)
    return Mail(
        headers=message,
        sender=_sender(message),
        subject=one_line(header(message, "Subject"), 250),
        text=text,
        html=html,
        files=tuple(files),
        message_id=message_id(message),
        references=_references(message),
        copies=tuple(_addresses(message, "To") + _addresses(message, "Cc"))[:50],
    )


def fingerprint(raw: bytes) -> tuple[str, str]:
    """(Message-ID, digest of what was said): the same for a mail that came twice on two ways."""
    start, body = _split(raw)
    headers = bounded.parse_head(start)
    said = "\n".join(str(headers.get(name, "")) for name in ("From", "Subject", "Date")).strip()
    normal = body.replace(b"\r\n", b"\n").strip()
    return message_id(headers), hashlib.sha256(said.encode(errors="replace") + b"\0" + normal).hexdigest()


def message_id(headers: Message) -> str:
    """The mail's own name with its angle brackets; empty when it has none."""
    found = _MESSAGE_ID.search(plain(_raw_header(headers, "Message-ID")))
    return found.group() if found else ""


def message_ids(text: str) -> list[str]:
    """Everything in a text that looks like a Message-ID, in order."""
    return _MESSAGE_ID.findall(text)


def header(headers: Message, name: str) -> str:
    """A header decoded to plain text; empty when it is missing, never an exception."""
    written = _FOLD.sub("", _raw_header(headers, name))
    return plain(bounded.decoded(written, charsets.decoded))


def dated(mail: Mail) -> datetime | None:
    """The mail's own date when it is sane (in the week before now); for showing, never for order."""
    try:
        said = email.utils.parsedate_to_datetime(mail.header("Date")[:200])
        if said.tzinfo is None:
            return None
        return said if timedelta(0) <= clock.now() - said <= timedelta(days=7) else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def plain(text: str) -> str:
    """Text that every database and every mail can hold: no half characters, no controls but line ends and tabs."""
    whole = text.encode("utf-8", "surrogateescape" if _has_escapes(text) else "replace").decode("utf-8", "replace")
    return _CONTROLS.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, longest: int) -> str:
    """The text on one line, visibly cut."""
    flat = " ".join(plain(text).split())
    return flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"


def is_address(email_address: str) -> bool:
    """Whether mail can be sent there: one plain ASCII address."""
    return bool(_ADDRESS.match(email_address)) and email_address.isascii() and ".." not in email_address


def _split(raw: bytes) -> tuple[bytes, bytes]:
    found = re.search(rb"\r?\n\r?\n", raw)
    return (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")


def _raw_text(headers: Message, name: str) -> str:
    """The header as it stands, raw bytes hidden in it as the standard library hides them."""
    found = (str(value) for key, value in headers.raw_items() if key.lower() == name.lower())
    return next(found, "")


def _raw_header(headers: Message, name: str) -> str:
    """The header as it stands, its raw 8-bit letters read in the charset they make sense in."""
    written = _raw_text(headers, name)
    return written if written.isascii() else charsets.decoded(written.encode("utf-8", "surrogateescape"))


def _has_escapes(text: str) -> bool:
    """Whether bytes hide in the text the way the standard library smuggles them, and nothing worse does."""
    return all("\udc80" <= letter <= "\udcff" for letter in text if "\ud800" <= letter <= "\udfff")


def _sender(message: Message) -> Address:
    senders = _addresses(message, "From") or _addresses(message, "Sender") or _addresses(message, "Reply-To")
    if senders:
        return senders[0]
    for written in re.split(r"[\s<>,;\"]+", plain(_raw_header(message, "From"))):
        if _ADDRESS.match(written):
            return Address(written.lower(), written.lower())
    if _is_of_a_system(message):
        return NOBODY
    raise UnreadableMail("it says no sender's address")


def _is_of_a_system(message: Message) -> bool:
    """Whether a mail without a sender's address is a report: those often have none, so that nobody answers them."""
    is_report = message.get_content_type() in {"multipart/report", "message/delivery-status"}
    is_named = re.search(r"deliver|daemon|postmaster|mail server", _raw_header(message, "From"), re.IGNORECASE)
    return is_report or bool(is_named) or _raw_header(message, "Return-Path").strip() == "<>"


def _addresses(message: Message, name: str) -> list[Address]:
    """The addresses of a header, cut up before it is decoded: an encoded name may hold an @ or a comma."""
    written = _FOLD.sub("", _raw_header(message, name)).replace("\n", " ").replace("\r", " ")
    found = []
    for stated_name, stated in bounded.addresses(_ENCODED_WORD.sub(_shielded, written)):
        address = plain(stated).strip().lower()
        if _ADDRESS.match(address):
            shown = Message()
            shown["Name"] = stated_name
            found.append(Address(one_line(header(shown, "Name"), 120) or address, address))
    return found


def _shielded(word: re.Match[str]) -> str:
    """An encoded word without the letters that would end a name: many programs forget to encode them."""
    return re.sub(r"[\s,;:<>@()\"\[\]\\.]", lambda letter: f"={ord(letter[0]):02X}", word[0])


def _references(message: Message) -> tuple[str, ...]:
    nearest = message_ids(plain(_raw_header(message, "In-Reply-To")))
    older = message_ids(plain(_raw_header(message, "References")))
    return tuple(dict.fromkeys(nearest + older[::-1]))[:100]


def _contents(message: Message) -> tuple[str, str, list[MailFile]]:
    texts: list[str] = []
    htmls: list[str] = []
    files: list[MailFile] = []
    for part in _leaves(message):
        kind = _media_type(part)
        named = part.get_filename(None) is not None or part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not named:
            texts.append(plain(charsets.decoded(_bytes(part), _charset(part))))
        elif kind == "text/html" and not named:
            htmls.append(plain(charsets.of_html(_bytes(part), _charset(part))))
        else:
            files.append(_file(part, kind, len(files) + 1))
        if len(files) > _MOST_FILES:
            raise UnreadableMail(f"it has more than {_MOST_FILES} files")
    html = "\n".join(htmls)
    text = "\n".join(text for text in texts if text.strip())
    if not text.strip() and html:
        text = plain(html_mail.to_text(html))
    return (*_shortened(text.strip("\n"), html, files), files)


def _leaves(part: Message) -> list[Message]:
    """The parts that carry something. A forwarded mail is one file, and of alternatives we keep text and HTML."""
    if not part.is_multipart() or part.get_content_maintype() == "message":
        return [part]
    return [leaf for inner in _inner(part) for leaf in _leaves(inner)]


def _inner(part: Message) -> list[Message]:
    parts = part.get_payload()
    return [inner for inner in parts if isinstance(inner, Message)] if isinstance(parts, list) else []


def _media_type(part: Message) -> str:
    kind = part.get_content_type().lower()
    if kind.startswith("multipart/"):
        return "text/plain"  # it calls itself a multipart and has no parts: what is left is text
    return kind if _MEDIA_TYPE.match(kind) else "application/octet-stream"


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (ValueError, LookupError, UnicodeError):
        return None


def _bytes(part: Message) -> bytes:
    if part.is_multipart():
        return b"\n".join(inner.as_bytes() for inner in _inner(part))
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        content = None
    if not content:  # undecodable, or decoded to nothing: what stands there is better than nothing
        content = str(part.get_payload()).encode("utf-8", "surrogateescape")
    return bytes(content)


def _file(part: Message, kind: str, number: int) -> MailFile:
    try:
        content = _bytes(part)
    except (ValueError, LookupError, TypeError, RecursionError, UnicodeError):  # a part that cannot write itself
        content = str(part.get_payload()).encode("utf-8", "replace")
    content_id = message_ids(plain(_raw_header(part, "Content-ID")))
    return MailFile(
        name=_file_name(part)
        or f"{_NAMELESS.get(kind.partition('/')[0], 'priloha')}-{number}{_ENDINGS.get(kind, '')}",
        media_type=kind,
        content=content,
        content_id=content_id[0][1:-1] if content_id else "",
    )


_NAMELESS = {"image": "obrazek", "message": "zprava"}
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
}


def _file_name(part: Message) -> str:
    """The file's name without any path, on one line, at most 150 characters with its ending kept."""
    written = ""
    for header_name, parameter in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        written = written or parameters.read(_raw_text(part, header_name)).get(parameter, "")
    shown = Message()
    shown["Name"] = written.replace("\n", " ").replace("\r", " ")
    name = re.sub(
        r"[/\\:*?\"<>|\t]", "_", one_line(header(shown, "Name"), 1000).replace("\\", "/").rpartition("/")[2]
    )
    name = name.strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > 150:
        name = f"{stem[:130]}…{dot}{ending[:16]}" if stem and len(ending) <= 16 else name[:149] + "…"
    return name


def _shortened(text: str, html: str, files: list[MailFile]) -> tuple[str, str]:
    """What a message may carry; the whole of what is longer stands beside it as a file."""
    if len(html) > LONGEST_TEXT:
        files.append(MailFile("cela-zprava.html", "text/html", html.encode()))
        html = ""
    if len(text) > LONGEST_TEXT:
        files.append(MailFile("cela-zprava.txt", "text/plain", text.encode()))
        text = text[:LONGEST_TEXT] + "\n\n[…]"
    return text, html
