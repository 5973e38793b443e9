"""Plain text as its sender wrote it: format=flowed put together (RFC 3676), and From of mailboxes unescaped. Pure."""

import re

_OF_A_MAILBOX = re.compile(r"^>(?=From )", re.MULTILINE)
# A technician's line: it begins anew whatever stands before it, and nothing is appended to a line of hours.
_KEYED = re.compile(r"^[A-ZÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ][A-ZÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ0-9]{2,19}[ \t]*:")
_COMPLETE = re.compile(r"^[A-Z]{2,20}\d{0,4}[ \t]*:[ \t]*-?\d{1,3}(?:[.,]\d{1,4})?[ \t]*$")


def joined(text: str, *, delsp: bool) -> str:
    """The paragraphs of a flowed text, each on one line. delsp: the space at a soft end is no word's."""
    done: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        level, words = _unquoted(line)
        is_signature = words == "-- "
        if paragraph and (level != depth or is_signature or _KEYED.match(words)):
            done.append(_whole(depth, paragraph))
            paragraph = []
        depth = level
        is_soft = words.endswith(" ") and not is_signature and not _COMPLETE.match(words)
        paragraph.append(words[:-1] if is_soft and delsp else words)
        if not is_soft:
            done.append(_whole(depth, paragraph))
            paragraph = []
    return "\n".join([*done, _whole(depth, paragraph)] if paragraph else done)


def without_escapes(text: str) -> str:
    """Lines that begin with From, without the > that mailboxes put before them; lines of quotes keep theirs."""
    if ">From " not in text:
        return text
    lines = text.split("\n")
    for at, line in enumerate(lines):
        beside = (lines[at - 1] if at else "", lines[at + 1] if at + 1 < len(lines) else "")
        if line.startswith(">From ") and not any(other.startswith(">") for other in beside):
            lines[at] = _OF_A_MAILBOX.sub("", line)
    return "\n".join(lines)


def _unquoted(line: str) -> tuple[int, str]:
    """How deep the line is quoted, and its words without the space it was stuffed with."""
    words = line.lstrip(">")
    return len(line) - len(words), words.removeprefix(" ")


def _whole(depth: int, paragraph: list[str]) -> str:
    words = "".join(paragraph)
    words = words if words == "-- " else words.rstrip()
    return f"{'>' * depth} {words}".rstrip() if depth else words
