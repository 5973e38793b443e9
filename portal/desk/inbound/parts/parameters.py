"""Parameters of a MIME header (name="value"; name*=utf-8''%C5%A1), read once from left to right."""

import re
from urllib.parse import unquote_to_bytes

from portal.lib import charsets

LONGEST = 20_000  # characters of one header
MOST = 100
_NAME = re.compile(r"\s*([^\s=;\"]{1,80})\s*=\s*")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*+)(?:\"|$)", re.DOTALL)
_BARE = re.compile(r"[^;]*")
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # half a character that hides no byte
_SECTION = re.compile(r"^(.+?)(?:\*(\d{1,3}))?(\*)?$")


def read(header: str) -> dict[str, str]:
    """The parameters by their names in lower case; pieces are joined, raw and percent-encoded letters are read."""
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, value in _pairs(header[:LONGEST]):
        found = _SECTION.match(name.lower())
        if found:
            encoded = bool(found[3])
            pieces.setdefault(found[1], []).append((int(found[2] or 0), encoded, value))
    return {name: _joined(sorted(parts, key=lambda part: part[0])) for name, parts in pieces.items()}


def _pairs(header: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = header.find(";") + 1
    while 0 < place < len(header) and len(found) < MOST:
        name = _NAME.match(header, place)
        if name is None:
            place = header.find(";", place) + 1
            continue
        quoted = _QUOTED.match(header, name.end())
        value = quoted or _BARE.match(header, name.end())
        assert value is not None
        written = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL) if quoted else value[0].strip()
        found.append((name[1], written))
        place = header.find(";", value.end()) + 1
    return found


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    """One value of its pieces. Of several whole ones (name= beside name*=) the encoded one counts."""
    if len({number for number, _, _ in parts}) < len(parts):
        parts = [part for part in parts if part[1]][:1] or parts[:1]
    if not any(encoded for _, encoded, _ in parts):
        return _readable("".join(value for _, _, value in parts))
    charset, first = _charset(parts[0][2])
    values = [first, *(value for _, _, value in parts[1:])]
    content = b"".join(
        unquote_to_bytes(_raw(value)) if encoded else _raw(value)
        for (_, encoded, _), value in zip(parts, values, strict=True)
    )
    return charsets.decoded(content, charset)


def _charset(value: str) -> tuple[str | None, str]:
    charset, mark, rest = value.partition("'")
    _, second, rest = rest.partition("'")
    return (charset, rest) if mark and second else (None, value)


def _readable(value: str) -> str:
    return value if value.isascii() else charsets.decoded(_raw(value))


def _raw(value: str) -> bytes:
    """The bytes behind a text in which the standard library hides those it cannot read."""
    return value.encode("utf-8", "surrogateescape" if _has_escapes(value) else "replace")


def _has_escapes(text: str) -> bool:
    return _HALF.search(text) is None
