"""Bodies that are uuencoded, as programs before MIME wrote them: never more than twice of what arrived. Pure."""

import binascii
import re

NAMES = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})
_BEGIN = re.compile(rb"^begin +[0-7]{1,4} [^\r\n]*\r?\n", re.MULTILINE)
_GROWTH = 2  # a line without its last blanks stands for more than its letters, and one of a letter alone for 45 bytes


def decoded(content: bytes) -> bytes:
    """What was encoded, as far as it can be read; empty when nothing in it begins as such a file does."""
    begin = _BEGIN.search(content)
    if begin is None:
        return b""
    made: list[bytes] = []
    left = _GROWTH * len(content)
    for line in content[begin.end() :].splitlines():
        if left <= 0 or line.strip() == b"end":
            break
        piece = _line(line)
        made.append(piece[:left])
        left -= len(piece)
    return b"".join(made)


def _line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    try:  # some encoders write more letters than the line's length says
        return binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3])
    except (binascii.Error, IndexError):
        return b""
