"""Headers, names and bodies as plain text that every database and every mail can hold."""

import re
from email.message import Message

from portal.desk.inbound import headers as bounded
from portal.lib import charsets

FOLD = re.compile(r"\r?\n(?=[ \t])")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # half a character that hides no byte
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Text that every database and every mail can hold: no half characters, no controls but line ends and tabs."""
    whole = text.encode("utf-8", "surrogateescape" if _has_escapes(text) else "replace").decode("utf-8", "replace")
    return _CONTROLS.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, longest: int) -> str:
    """The text on one line, visibly cut."""
    flat = " ".join(plain(text).split())
    return flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"


def header(headers: Message, name: str) -> str:
    """A header decoded to plain text; empty when it is missing, never an exception."""
    return decoded(raw_header(headers, name))


def decoded(written: str) -> str:
    """A header's words with what is encoded in them read."""
    return plain(bounded.decoded(FOLD.sub("", written), charsets.decoded))


def raw_text(headers: Message, name: str) -> str:
    """The header as it stands, raw bytes hidden in it as the standard library hides them."""
    found = (str(value) for key, value in headers.raw_items() if key.lower() == name.lower())
    return next(found, "")


def raw_header(headers: Message, name: str) -> str:
    """The header as it stands, its raw 8-bit letters read in the charset they make sense in."""
    written = raw_text(headers, name)
    return written if written.isascii() else charsets.decoded(written.encode("utf-8", "surrogateescape"))


def message_ids(text: str) -> list[str]:
    """Everything in a text that looks like a Message-ID, in order."""
    return _MESSAGE_ID.findall(text)


def _has_escapes(text: str) -> bool:
    """Whether bytes hide in the text the way the standard library smuggles them, and nothing worse does."""
    return _HALF.search(text) is None
