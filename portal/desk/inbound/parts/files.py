"""Files of a mail: their bytes, a harmless name, and what a picture is called by in the HTML beside it."""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass
from email.message import Message

from portal.desk.inbound import headers as bounded
from portal.desk.inbound.parts import parameters, uuencode
from portal.desk.inbound.parts.words import decoded, header, message_ids, one_line, plain, raw_header, raw_text

LONGEST_NAME = 150
_MEDIA_TYPE = re.compile(r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,120}$")
_GENERIC = re.compile(  # names that programs give to a mail they attach
    r"^(?:forwarded|(?:forwarded|attached|original)[ _]?message|attachment|message|msg|mail"
    r"|e-?mail|noname|unknown|untitled"
    r"|(?:p[řr]eposlan[áa][ _])?zpr[áa]va|příloha|priloha|att\d*|nbsp|bez[ _]názvu)?[-_ ()\d]*"
    r"(?:\.eml|\.msg|\.dat|\.txt)?$",
    re.IGNORECASE,
)
_NAMELESS = {"image": "obrazek", "message": "zprava"}
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "application/zip": ".zip",
    "application/msword": ".doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "application/pkcs7-mime": ".p7m",
    "application/pgp-signature": ".asc",
}


@dataclass(frozen=True, slots=True)
class MailFile:
    """An attachment: a harmless name, a well-formed media type, its bytes."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    location: str = ""  # Content-Location: the address by which HTML beside it may show it


def of_part(part: Message, kind: str, number: int) -> MailFile:
    """The part as a file, the number-th of its mail."""
    content = bytes_of(part)
    ids = message_ids(plain(raw_header(part, "Content-ID")))
    name = stated_name(part)
    if kind in {"message/rfc822", "message/global"} and _GENERIC.match(name):
        subject = header(bounded.parse_head(content.lstrip()[: bounded.LARGEST_HEAD]), "Subject")
        name = harmless(f"{one_line(subject, 120)}.eml") if subject.strip() else name
    return MailFile(
        name=name or f"{_NAMELESS.get(kind.partition('/')[0], 'priloha')}-{number}{_ENDINGS.get(kind, '')}",
        media_type=kind,
        content=content,
        content_id=ids[0][1:-1] if ids else "",
        location=one_line(raw_header(part, "Content-Location"), 2000),
    )


def media_type(part: Message) -> str:
    """The part's media type when it is well formed."""
    kind = part.get_content_type().lower()
    return kind if _MEDIA_TYPE.match(kind) else "application/octet-stream"


def stated_name(part: Message) -> str:
    """The name it says the file has, harmless; empty when it says none."""
    for header_name, parameter in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        written = parameters.read(raw_text(part, header_name)).get(parameter, "")
        if written:
            return harmless(decoded(written.replace("\n", " ").replace("\r", " ")))
    return ""


def harmless(name: str) -> str:
    """A name without any path, on one line, at most 150 characters with its ending kept."""
    name = re.sub(r"[/\\:*?\"<>|\t]", "_", one_line(name, 1000).replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > LONGEST_NAME:
        name = f"{stem[:130]}…{dot}{ending[:16]}" if stem and len(ending) <= 16 else name[:149] + "…"
    return name


def inner_parts(part: Message) -> list[Message]:
    """The parts in it; none when it holds no others."""
    parts = part.get_payload()
    return [inner for inner in parts if isinstance(inner, Message)] if isinstance(parts, list) else []


def bytes_of(part: Message) -> bytes:
    """What it holds, decoded; what cannot be decoded as it stands."""
    try:
        return _decoded(part)
    except (ValueError, LookupError, TypeError, RecursionError, UnicodeError):  # a part that cannot write itself
        return str(part.get_payload()).encode("utf-8", "replace")


def _decoded(part: Message) -> bytes:
    if part.is_multipart():
        inner = b"\n".join(each.as_bytes() for each in inner_parts(part))
        return _unwrapped(inner, raw_header(part, "Content-Transfer-Encoding").strip().lower())
    if raw_header(part, "Content-Transfer-Encoding").strip().lower() in uuencode.NAMES:
        whole = str(part.get_payload()).encode("utf-8", "surrogateescape")
        return uuencode.decoded(whole) or whole
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        content = None
    if not content:  # undecodable, or decoded to nothing: what stands there is better than nothing
        content = str(part.get_payload()).encode("utf-8", "surrogateescape")
    return bytes(content)


def _unwrapped(content: bytes, encoding: str) -> bytes:
    """A mail in a mail that is encoded as a whole, which the standard says nobody should do."""
    if encoding == "base64":
        try:
            return base64.b64decode(content) or content
        except binascii.Error:
            return content
    return quopri.decodestring(content.lstrip(b"\r\n")) if encoding == "quoted-printable" else content
