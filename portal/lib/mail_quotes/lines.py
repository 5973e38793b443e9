"""A mail's body as lines that know how deep they are quoted and what their mail program said of them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, Flag, auto


class Hint(Flag):
    """What the markup around a line says about it; plain text says nothing."""

    NONE = 0
    ATTRIBUTION = auto()  # the line that announces a quote
    ALL_AFTER = auto()  # from here on everything is quoted
    HEADER = auto()  # Outlook's line stands above
    PROGRAM = auto()  # a mail program made the quote; an indentation is not
    FORWARDED = auto()
    SIGNATURE = auto()
    COLOURED = auto()  # written in a colour from end to end
    HIDDEN = auto()  # the sender's program does not show it


class Part(Enum):
    """What a line is. Only OWN lines may steer a ticket; HISTORY and SIGNATURE may be folded, FOOTER is removed."""

    OWN = "own"
    SIGNATURE = "signature"
    HISTORY = "history"
    ANSWERED = "answered"  # history with an answer beside it, which makes no sense without it
    INSERTED = "inserted"  # an answer written into the history
    CITED = "cited"  # marked as a quote, and nobody says of whom: a command line, a text from somewhere else
    FORWARDED = "forwarded"
    FOOTER = "footer"  # the small print of our own letters, quoted back, and what no mail program shows


@dataclass(frozen=True, slots=True)
class Line:
    """One line. text is without quotation marks; start and end are its place in the body it was read from."""

    text: str
    start: int
    end: int
    depth: int = 0
    hint: Hint = Hint.NONE

    @property
    def is_hidden(self) -> bool:
        return self.hint is not Hint.NONE and Hint.HIDDEN in self.hint


_MARKS = re.compile(r"^[ \t\u00a0]{0,3}((?:>[ \t\u00a0]?)+)")
_OF_A_MAILBOX = re.compile(r"^>+From \S")


def of_text(text: str) -> list[Line]:
    """The lines of a plain text, separated by \\n."""
    lines, start = [], 0
    written = text.split("\n")
    for at, line in enumerate(written):
        marks = _MARKS.match(line) if ">" in line[:4] and not _is_of_a_mailbox(written, at) else None
        bare = line[marks.end() :] if marks else line
        depth = marks[1].count(">") if marks else 0
        lines.append(Line(bare.rstrip("\r"), start, start + len(line), depth))
        start += len(line) + 1
    return lines


def without_mailbox_marks(text: str) -> str:
    """The text without the ">" that a mailbox file puts before a line that begins with "From "."""
    if ">From " not in text:
        return text
    lines = text.split("\n")
    return "\n".join(line[1:] if _is_of_a_mailbox(lines, at) else line for at, line in enumerate(lines))


def _is_of_a_mailbox(lines: Sequence[str], at: int) -> bool:
    """Whether the line is the sender's own ">From …": quoted lines would stand around it."""
    if not lines[at].startswith(">") or not _OF_A_MAILBOX.match(lines[at]):
        return False
    around = [*lines[max(0, at - 1) : at], *lines[at + 1 : at + 2]]
    return not any(line.lstrip().startswith(">") for line in around)
