"""What Outlook packs into winmail.dat (MS-OXTNEF): the files in it, and the body when it stands nowhere else. Pure.

Every byte is looked at a fixed number of times, and nothing that is unpacked may grow beyond a bound.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from portal.lib import charsets

_SIGNATURE = 0x223E9F78
_MOST_ATTRIBUTES = 5_000
_MOST_FILES = 200
_LARGEST_RTF = 4_000_000  # bytes; compressed RTF says itself how long it is
_BODY, _MAIL_PROPERTIES, _CODEPAGE = 0x800C, 0x9003, 0x9007
_BEGINS_FILE, _FILE_NAME, _FILE_BYTES, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_PLAIN, _RTF, _HTML = 0x1000, 0x1009, 0x1013
_CLASS, _SUBJECT, _START, _END = 0x001A, 0x0037, 0x0060, 0x0061
_NAMED = 0x10000  # added to the number of a property that is called by its set and number
_PLACE_OF_MEETING, _START_OF_MEETING, _END_OF_MEETING = _NAMED + 0x8208, _NAMED + 0x820D, _NAMED + 0x820E
_CONTENT, _LONG_NAME, _SHORT_NAME, _MEDIA_TYPE, _CONTENT_ID = 0x3701, 0x3707, 0x3704, 0x370E, 0x3712
_SIZES = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
}
_SIZES |= {0x0001: 4, 0x0048: 16}
_LENGTHY = frozenset({0x000D, 0x001E, 0x001F, 0x0102})  # objects, strings and bytes: they say how long they are
_MANY = 0x1000  # a property of several values


class Broken(Exception):
    """It is no TNEF, or ends before it should."""


@dataclass(slots=True)
class Packed:
    """A file in it; media_type and content_id may be empty."""

    name: str = ""
    media_type: str = ""
    content: bytes = b""
    content_id: str = ""


@dataclass(slots=True)
class Unpacked:
    """What was in it. At most one of text, html and rtf is what a reader should see: the first that says anything."""

    text: str = ""
    html: str = ""
    meeting: str = ""  # an invitation or its cancelling, as iCalendar
    files: list[Packed] = field(default_factory=list)


def unpack(content: bytes) -> Unpacked:
    """Raises Broken when there is nothing in it that can be read."""
    found, charset, rtf = Unpacked(), "cp1250", b""
    if len(content) < 6 or struct.unpack_from("<I", content)[0] != _SIGNATURE:
        raise Broken("it does not begin as TNEF does")
    for kind, data in _attributes(content):
        if kind == _CODEPAGE and len(data) >= 4:
            charset = f"cp{struct.unpack_from('<I', data)[0]}"
        elif kind == _BODY:
            found.text = charsets.decoded(data.rstrip(b"\0"), charset)
        elif kind == _MAIL_PROPERTIES:
            rtf = _note_body(found, data, charset) or rtf
            found.meeting = _meeting(data, charset) or found.meeting
        elif kind == _BEGINS_FILE and len(found.files) < _MOST_FILES:
            found.files.append(Packed())
        elif found.files and kind in {_FILE_NAME, _FILE_BYTES, _FILE_PROPERTIES}:
            _note_file(found.files[-1], kind, data, charset)
    if not found.text.strip() and not found.html.strip() and rtf:
        found.text = words_of_rtf(_rtf(rtf), charset)
    found.files = [file for file in found.files if file.content]
    if not found.files and not found.text.strip() and not found.html.strip() and not found.meeting:
        raise Broken("there is nothing in it")
    return found


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(id, data) of each, until the end or the first that is broken."""
    place = 6
    for _ in range(_MOST_ATTRIBUTES):
        if place + 9 > len(content):
            return
        _, kind, length = struct.unpack_from("<BII", content, place)
        end = place + 9 + length
        if end > len(content):
            return
        yield kind & 0xFFFF, content[place + 9 : end]
        place = end + 2  # a checksum that nobody needs


def _note_body(found: Unpacked, data: bytes, charset: str) -> bytes:
    """Take the body from the mail's properties; its RTF as it is packed, when there is some."""
    rtf = b""
    for name, kind, value in _properties(data):
        if name == _HTML:
            found.html = charsets.of_html(value.rstrip(b"\0"), charset)
        elif name == _PLAIN and not found.text:
            found.text = _string(value, kind, charset)
        elif name == _RTF:
            rtf = value
    return rtf


def _meeting(data: bytes, charset: str) -> str:
    """The meeting that the properties tell of; empty when they tell of none that has a time."""
    facts = {name: (kind, value) for name, kind, value in _properties(data)}
    said = {name: _string(value, kind, charset) for name, (kind, value) in facts.items() if kind in {0x001E, 0x001F}}
    start = _moment(facts.get(_START_OF_MEETING) or facts.get(_START))
    end = _moment(facts.get(_END_OF_MEETING) or facts.get(_END))
    kind = said.get(_CLASS, "").upper()
    if not start or not kind.startswith(("IPM.APPOINTMENT", "IPM.SCHEDULE.MEETING", "IPM.MICROSOFT SCHEDULE")):
        return ""
    rows = [
        "BEGIN:VCALENDAR",
        f"METHOD:{'CANCEL' if 'CANCEL' in kind else 'REQUEST'}",
        "BEGIN:VEVENT",
        f"SUMMARY:{_escaped(said.get(_SUBJECT, ''))}",
        f"DTSTART:{start}",
        *([f"DTEND:{end}"] if end else []),
        f"LOCATION:{_escaped(said.get(_PLACE_OF_MEETING, ''))}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(row for row in rows if not row.endswith("LOCATION:"))


def _moment(value: tuple[int, bytes] | None) -> str:
    """A FILETIME, hundreds of nanoseconds since 1601, as iCalendar writes it; empty when it is none."""
    if value is None or value[0] != 0x0040 or len(value[1]) < 8:
        return ""
    try:
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(
            microseconds=int.from_bytes(value[1][:8], "little") // 10
        )
    except OverflowError:
        return ""
    return f"{moment:%Y%m%dT%H%M%SZ}" if moment.year > 1990 else ""


def _escaped(words: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", re.sub(r"\s+", " ", words[:500])).strip()


def _note_file(file: Packed, kind: int, data: bytes, charset: str) -> None:
    if kind == _FILE_NAME:
        file.name = file.name or _string(data, 0x001E, charset)
        return
    if kind == _FILE_BYTES:
        file.content = data
        return
    for name, type_, value in _properties(data):
        if name == _LONG_NAME:
            file.name = _string(value, type_, charset)
        elif name == _SHORT_NAME:
            file.name = file.name or _string(value, type_, charset)
        elif name == _MEDIA_TYPE:
            file.media_type = _string(value, type_, charset).lower()
        elif name == _CONTENT_ID:
            file.content_id = _string(value, type_, charset)
        elif name == _CONTENT and not file.content:
            file.content = value[16:] if type_ == 0x000D else value  # an object's class comes before it


def _string(value: bytes, kind: int, charset: str) -> str:
    if kind == 0x001F:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return charsets.decoded(value.rstrip(b"\0"), charset)


def _properties(data: bytes) -> list[tuple[int, int, bytes]]:
    """(id, type, value) of MAPI properties, as far as they can be read; of several values the first."""
    found: list[tuple[int, int, bytes]] = []
    try:
        count, place = struct.unpack_from("<I", data)[0], 4
        for _ in range(min(count, _MOST_ATTRIBUTES)):
            kind, name = struct.unpack_from("<HH", data, place)
            place += 4
            if name >= 0x8000:
                name, place = _named(data, place), _after_name(data, place)
            value, place = _value(data, place, kind)
            found.append((name, kind & ~_MANY, value))
    except (struct.error, Broken):
        pass
    return found


def _named(data: bytes, place: int) -> int:
    """The number by which a property of a set is called; nought for one with a name."""
    is_string, number = struct.unpack_from("<II", data, place + 16)
    return 0 if is_string else _NAMED + number % 0x10000


def _after_name(data: bytes, place: int) -> int:
    """Behind the set and the name of a property that has no number of its own."""
    is_string = struct.unpack_from("<I", data, place + 16)[0]
    if not is_string:
        return place + 24
    length = struct.unpack_from("<I", data, place + 20)[0]
    return place + 24 + _padded(length)


def _value(data: bytes, place: int, kind: int) -> tuple[bytes, int]:
    base = kind & ~_MANY
    if base in _LENGTHY:
        count = struct.unpack_from("<I", data, place)[0]
        place += 4
        first = b""
        for number in range(min(count, _MOST_ATTRIBUTES)):
            length = struct.unpack_from("<I", data, place)[0]
            value = data[place + 4 : place + 4 + length]
            if len(value) < length:
                raise Broken("a value is longer than what is there")
            first = first if number else value
            place += 4 + _padded(length)
        return first, place
    if base not in _SIZES:
        raise Broken("a property of a kind nobody knows")
    count = 1
    if kind & _MANY:
        count, place = struct.unpack_from("<I", data, place)[0], place + 4
    return data[place : place + _SIZES[base]], place + _SIZES[base] * count


def _padded(length: int) -> int:
    return length + -length % 4


_PRELOADED = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def _rtf(packed: bytes) -> bytes:
    """RTF as MS-OXRTFCP packs it; empty when it is broken."""
    if len(packed) < 16:
        return b""
    _, size, magic, _ = struct.unpack_from("<IIII", packed)
    if magic == 0x414C454D:
        return packed[16 : 16 + min(size, _LARGEST_RTF)]
    if magic != 0x75465A4C:
        return b""
    ring = bytearray(_PRELOADED.ljust(4096, b"\0"))
    out, write, place, size = bytearray(), len(_PRELOADED), 16, min(size, _LARGEST_RTF)
    while place < len(packed) and len(out) < size:
        control = packed[place]
        place += 1
        for bit in range(8):
            if place >= len(packed) or len(out) >= size:
                break
            if not control >> bit & 1:
                piece, place = packed[place : place + 1], place + 1
            else:
                token = int.from_bytes(packed[place : place + 2], "big")
                place += 2
                offset, length = token >> 4, (token & 15) + 2
                if offset == write % 4096:
                    return bytes(out)
                piece = b""
                for step in range(length):
                    letter = ring[(offset + step) % 4096]
                    ring[(write + step) % 4096] = letter
                    piece += bytes((letter,))
            for letter in piece:
                ring[write % 4096] = letter
                write += 1
            out += piece
    return bytes(out)


_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\u(-?\d{1,6}) ?\??|\\([a-z]{1,32})(-?\d{1,10})? ?|\\([^a-z])|([{}])|([^\\{}\r\n]+)|[\r\n]"
)
_SKIPPED = frozenset(
    {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"generator", b"listtable", b"xmlnstbl"}
)
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"cell": "\t", b"row": "\n", b"bullet": "•", b"endash": "–"}
_BREAKS |= {b"emdash": "—", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”"}


def words_of_rtf(source: bytes, charset: str) -> str:
    """The words of RTF; of HTML that is wrapped in RTF the words, too."""
    said: list[str] = []
    letters = bytearray()  # of one charset, not yet read
    groups: list[bool] = []
    is_skipped = False

    def end_letters() -> None:
        if letters:
            said.append(charsets.decoded(bytes(letters), charset))
            letters.clear()

    for token in _TOKEN.finditer(source):
        code, number, word, _, sign, brace, words = token.groups()
        if brace == b"{":
            groups.append(is_skipped)
        elif brace == b"}":
            is_skipped = groups.pop() if groups else False
        elif word in _SKIPPED or sign == b"*":
            is_skipped = True
        elif is_skipped:
            continue
        elif code:
            letters.append(int(code, 16))
        elif words:
            letters.extend(words)
        elif number or word in _BREAKS:
            end_letters()
            said.append(chr(int(number) % 65_536) if number else _BREAKS[word])
        elif sign and sign in b"\\{}":
            letters.extend(sign)
    end_letters()
    return re.sub(r"\n{3,}", "\n\n", "".join(said)).strip()
