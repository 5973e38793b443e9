"""What a mail wrapped in its signature holds (CMS SignedData, RFC 5652); who signed is not checked. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

_SIGNED, _DATA = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010701")
_OID, _OCTETS, _SEQUENCE, _EXPLICIT, _CONSTRUCTED_OCTETS = 0x06, 0x04, 0x30, 0xA0, 0x24
_DEEPEST = 12
_MOST = 100_000  # pieces of one value


@dataclass(frozen=True, slots=True)
class _Value:
    """tag, and where its content stands; end is behind all of it."""

    tag: int
    start: int
    until: int
    end: int


class _Broken(Exception):
    """It is no BER, or nested deeper than any mail is."""


def opened(sealed: bytes) -> bytes:
    """The mail within its signature; empty when it is encrypted or cannot be read."""
    try:
        return _content(sealed)
    except _Broken:
        return b""


def _content(sealed: bytes) -> bytes:
    kind, explicit = _of(sealed, _value(sealed, 0), _OID, _EXPLICIT)
    if sealed[kind.start : kind.until] != _SIGNED:
        return b""
    [signed] = _of(sealed, explicit, _SEQUENCE)
    inner = next((each for each in _parts(sealed, signed) if each.tag == _SEQUENCE), None)
    if inner is None:
        return b""
    parts = list(_parts(sealed, inner))
    if len(parts) < 2 or sealed[parts[0].start : parts[0].until] != _DATA or parts[1].tag != _EXPLICIT:
        return b""
    return b"".join(_octets(sealed, each, 0) for each in _parts(sealed, parts[1]))


def _of(data: bytes, value: _Value, *tags: int) -> list[_Value]:
    """The first parts of a value, which have these tags. Raises _Broken."""
    found = list(_parts(data, value))[: len(tags)]
    if [each.tag for each in found] != list(tags):
        raise _Broken
    return found


def _octets(data: bytes, value: _Value, depth: int) -> bytes:
    if value.tag == _OCTETS:
        return data[value.start : value.until]
    if value.tag != _CONSTRUCTED_OCTETS or depth > _DEEPEST:
        raise _Broken
    return b"".join(_octets(data, each, depth + 1) for each in _parts(data, value))


def _parts(data: bytes, value: _Value) -> Iterator[_Value]:
    place = value.start
    for _ in range(_MOST):
        if place >= value.until:
            return
        part = _value(data, place)
        yield part
        place = part.end


def _value(data: bytes, place: int, depth: int = 0) -> _Value:
    """The value at a place; one without a length ends with two zeros."""
    if place + 2 > len(data) or depth > _DEEPEST:
        raise _Broken
    tag, length, start = data[place], data[place + 1], place + 2
    if length == 0x80:
        until = _end_of_parts(data, start, depth)
        return _Value(tag, start, until, until + 2)
    if length > 0x80:
        size = length - 0x80
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise _Broken
    return _Value(tag, start, start + length, start + length)


def _end_of_parts(data: bytes, place: int, depth: int) -> int:
    for _ in range(_MOST):
        if data[place : place + 2] == b"\0\0":
            return place
        place = _value(data, place, depth + 1).end
    raise _Broken
