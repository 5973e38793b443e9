"""Headers of strangers, bounded before any parser sees them: their number, their length, their parameters.

The standard library's parsers of headers take the square of a header's length; here no header is long enough to
matter, and addresses and encoded words are read by scanners that look at every letter once.
"""

import base64
import binascii
import re
from collections.abc import Callable
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32

LONGEST = 20_000  # bytes of a header; a mail to a thousand people is cut, nobody reads that far
LONGEST_OF_A_PART = 4_000  # of the headers that say what a part is and how its file is called
MOST_PARAMETERS = 80
MOST = 300  # headers of one part; servers on the way add twenty, spam filters fifty
LARGEST_HEAD = 400_000  # bytes of all headers of a mail
MOST_PARTS = 1_000
DEEPEST = 25  # parts in parts; people's mail has four or five
MOST_ADDRESSES = 300


class TooManyParts(Exception):
    """Its parts are nested too deep, or too many."""


def parse(raw: bytes) -> Message:
    """The mail taken apart, every header of every part within the bounds. Raises TooManyParts."""
    return _whole(raw) or _line_by_line(raw)


def _whole(raw: bytes) -> Message | None:
    """A mail of one part, whose body need not be read line by line; None when it may be more."""
    end = _END_OF_HEAD.search(raw, 0, LARGEST_HEAD)
    if end is None:
        return None
    message = parse_head(raw[: end.end()])
    if message.get_payload() or message.get_content_maintype() in ("multipart", "message"):
        return None
    message.set_payload(raw[end.end() :].decode("ascii", "surrogateescape"))
    return message


def _line_by_line(raw: bytes) -> Message:
    parser = _BoundedParser(_BoundedMessage, policy=_POLICY)
    parser.feed(raw)
    return parser.close()


def parse_head(raw: bytes) -> Message:
    """The headers alone."""
    parser = _BoundedParser(_BoundedMessage, policy=_POLICY)
    parser._set_headersonly()  # type: ignore[attr-defined]  # as the library's own BytesHeaderParser does
    parser.feed(raw[:LARGEST_HEAD])
    return parser.close()


def addresses(written: str) -> list[tuple[str, str]]:
    """(name, address) of each mailbox of an address header, names as they are written; addresses may be nonsense.

    Groups are opened, comments dropped unless they are the only name there is. A comma in a name that nobody put in
    quotation marks ("Novak, Jan <jan@x.example>") belongs to the name.
    """
    found: list[tuple[str, str]] = []
    may_group = ";" in written  # which ends a group; else a colon is a sign in a name
    mailbox = _Mailbox()
    for token in _TOKEN.finditer(written[:LONGEST]):
        kind = token.lastgroup
        if kind in ("comma", "semicolon") and mailbox.is_a_name:
            mailbox.go_on(token.group())
        elif kind in ("comma", "semicolon"):
            found += mailbox.end()
            mailbox = _Mailbox()
            if len(found) >= MOST_ADDRESSES:
                return found[:MOST_ADDRESSES]
        else:
            mailbox.take("atom" if kind == "colon" and not may_group else kind or "", token.group())
    return (found + mailbox.end())[:MOST_ADDRESSES]


def decoded(written: str, decode: Callable[[bytes, str], str]) -> str:
    """The text with its encoded words (RFC 2047) read; what is no proper one stays as it stands.

    decode: makes letters of bytes in a charset, whatever they are. Words beside each other are one word, and so a
    letter whose bytes were parted between two of them is whole again.
    """
    pieces: list[str] = []
    waiting, charset, place = b"", "", 0
    for word in _ENCODED_WORD.finditer(written):
        content = _content(word["how"], word["text"])
        if content is None:
            continue
        between = written[place : word.start()]
        if waiting and (between.strip() or word["charset"].lower() != charset):
            pieces.append(decode(waiting, charset))
            waiting = b""
        if between.strip() or not place:
            pieces.append(between)
        waiting, charset, place = waiting + content, word["charset"].lower(), word.end()
    if waiting:
        pieces.append(decode(waiting, charset))
    return "".join([*pieces, written[place:]])


_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
# No encoded word holds a question mark or a line end, so every letter is looked at once.
_ENCODED_WORD = re.compile(r"=\?(?P<charset>[^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?(?P<how>[bBqQ])\?(?P<text>[^?\n]*)\?=")
_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*+"?)
      | (?P<angle><[^<>]*+>?)
      | (?P<open>\() | (?P<close>\))
      | (?P<comma>,) | (?P<semicolon>;) | (?P<colon>:)
      | (?P<space>\s+)
      | (?P<atom>(?:[^\s"<>(),;:\\]|\\.|\\|>)+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class _Mailbox:
    """One mailbox while it is read."""

    def __init__(self) -> None:
        self._before: list[tuple[str, str]] = []  # words and the comma or semicolon after them
        self._words: list[str] = []
        self._comment: list[str] = []
        self._address: str | None = None
        self._depth = 0

    @property
    def is_a_name(self) -> bool:
        """Whether what was read so far has no address in it, and may be the beginning of a name."""
        words = "".join(self._words).strip()
        return self._address is None and not self._depth and words != "" and "@" not in words

    def go_on(self, separator: str) -> None:
        self._before.append(("".join(self._words).strip(), separator))
        self._words.clear()

    def take(self, kind: str, text: str) -> None:
        if kind in ("open", "close"):
            self._depth = max(0, self._depth + (1 if kind == "open" else -1))
        elif self._depth:
            self._comment.append(text)
        elif kind == "angle":
            self._address = self._address or "".join(text.strip("<>").split())
        elif kind == "colon":
            self._words.clear()  # it was the name of a group
        elif kind == "quoted":
            self._words.append(_ESCAPED.sub(r"\1", text[1:].removesuffix('"')))
        else:
            self._words.append(text)

    def end(self) -> list[tuple[str, str]]:
        words = "".join(self._words).strip()
        comment = "".join(self._comment).strip()
        if self._address is not None:
            name = " ".join([*(f"{before}{separator}" for before, separator in self._before), words]).strip()
            return [(name or comment, self._address)]
        alone = [before for before, _ in self._before] + ([words] if words else [])
        return [(comment, "".join(name.split())) for name in alone]


def _content(how: str, text: str) -> bytes | None:
    if how in "bB":
        letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
        try:
            return base64.b64decode(letters + "=" * (-len(letters) % 4))
        except (binascii.Error, ValueError):
            return None
    try:
        return binascii.a2b_qp(text.encode("ascii", "surrogateescape"), header=True)
    except UnicodeEncodeError:  # raw letters in it: its sender did not encode them at all
        return binascii.a2b_qp(text.encode("utf-8", "surrogateescape"), header=True)


class _Bounds(Compat32):
    """The library's oldest, most tolerant policy; what it is given of a header is bounded."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = "".join(_beginning(sourcelines)).partition(":")
        value = value.lstrip(" \t").rstrip("\r\n")
        if name.lower().startswith("content-"):
            return name, _few_parameters(value[:LONGEST_OF_A_PART])
        if name.lower() == "authentication-results" and len(value) > LONGEST:
            return name, ""  # half a proof is none, and the header below it is not the topmost
        return name, value[:LONGEST]


_POLICY = _Bounds()


def _beginning(lines: list[str]) -> list[str]:
    kept, length = [], 0
    for line in lines:
        kept.append(line[: LONGEST + 100])
        length += len(line)
        if length > LONGEST:
            break
    return kept


def _few_parameters(value: str) -> str:
    pieces = value.split(";", MOST_PARAMETERS + 1)
    return value if len(pieces) <= MOST_PARAMETERS + 1 else ";".join(pieces[: MOST_PARAMETERS + 1])


class _BoundedMessage(Message):
    """A message or part that takes no more headers than anybody needs."""

    def set_raw(self, name: str, value: str) -> None:
        if len(self) < MOST:
            super().set_raw(name, value)  # what the library's parser calls


class _BoundedParser(BytesFeedParser):
    """The library's parser, which ends when parts are nested too deep or are too many."""

    _parts = 0

    def _new_message(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise TooManyParts(f"it has more than {MOST_PARTS} parts")
        if len(self._msgstack) > DEEPEST:  # type: ignore[attr-defined]
            raise TooManyParts("its parts are nested too deep")
        super()._new_message()  # type: ignore[misc]
