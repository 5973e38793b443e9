"""A line that puts earlier time right: OPRAVA SPRAVA60:10,00 -> 1,00, STORNO …, PRESUN … -> PROGP85. Pure."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from portal import timecodes
from portal.desk.inbound import time_lines
from portal.errors import BadTimeCode
from portal.lib.text import fold
from portal.timecodes import TimeCode


class CorrectionVerb(StrEnum):
    CORRECT = "oprava"
    REMOVE = "storno"
    MOVE = "presun"


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """What is to be put right. old.day is None where the line does not say it; the day narrows the search."""

    line: str
    verb: CorrectionVerb
    old: TimeCode
    new: TimeCode | None = None  # of a correction; its day is None when it stays
    target: str = ""  # of a move: a category, or the number of a ticket
    reason: str = ""


_WORDS = {
    "oprava": CorrectionVerb.CORRECT,
    "opravit": CorrectionVerb.CORRECT,
    "storno": CorrectionVerb.REMOVE,
    "stornovat": CorrectionVerb.REMOVE,
    "presun": CorrectionVerb.MOVE,
    "presunout": CorrectionVerb.MOVE,
}
_LINE = re.compile(r"^([^\W\d_]{5,10})\s*(:|\s)\s*(\S.*)$")
_ARROW = re.compile(r"\s*(?:->|-->|=>|→|–>|—>|−>|⇒|➔)\s*")
_REASON = re.compile(r"^(.*\S)\s*\(([^()]{2,300})\)$")
_TICKET = re.compile(r"^#?(\d{8,10})$")
EXAMPLES = {
    CorrectionVerb.CORRECT: "OPRAVA SPRAVA60:10,00 -> 1,00",
    CorrectionVerb.REMOVE: "STORNO SPRAVA60:10,00",
    CorrectionVerb.MOVE: "PRESUN SPRAVA60:1,00 -> PROGP85",
}


def understood(line: str, categories: Collection[str]) -> CorrectionLine | None:
    """The correction a bare line asks for; None for ordinary text. Raises BadTimeCode for one that is not clear."""
    found = _LINE.match(line)
    if found is None:
        return None
    word, verb = found[1], _WORDS.get(fold(found[1]))
    left, *right = _ARROW.split(found[3])
    of_time = _is_time(left, categories)
    if verb is None:
        if of_time and (near := difflib.get_close_matches(fold(word), _WORDS, n=1, cutoff=0.8)):
            raise BadTimeCode(f"řádek {word} neznáme; nemyslíte {near[0].upper()}?")
        return None
    if not (of_time or (word.isupper() and (found[2] == ":" or right))):
        return None  # "Oprava tiskárny potrvá do pátku" is a sentence
    said, reason = _reason_apart(found[3])
    left, *right = _ARROW.split(said)
    if len(right) != (0 if verb is CorrectionVerb.REMOVE else 1):
        raise BadTimeCode(f"tomu nerozumíme; napište například {EXAMPLES[verb]}")
    old = _code(left, categories, verb)
    if verb is CorrectionVerb.CORRECT:
        return CorrectionLine(line, verb, old, new=_new(right[0], old, categories, verb), reason=reason)
    return CorrectionLine(line, verb, old, target=_target(right[0], categories) if right else "", reason=reason)


def _is_time(said: str, categories: Collection[str]) -> bool:
    return time_lines.is_time(said, categories) or bool(re.match(r"^[A-Z][A-Z0-9]{2,19}\s*:\s*\d", said))


def _reason_apart(said: str) -> tuple[str, str]:
    found = _REASON.match(said)
    return (found[1], found[2].strip()) if found else (said, "")


def _code(said: str, categories: Collection[str], verb: CorrectionVerb) -> TimeCode:
    rest, day = time_lines.day_apart(said)
    code = time_lines.understood(rest, categories)
    if code is None:
        try:
            code = timecodes.parse(rest)
        except BadTimeCode as error:
            raise BadTimeCode(f"„{said}“ není čas; napište například {EXAMPLES[verb]}") from error
    return code.on(day)


def _new(said: str, old: TimeCode, categories: Collection[str], verb: CorrectionVerb) -> TimeCode:
    """Hours alone keep the category; "1,00 26.11." says another day, too."""
    rest, day = time_lines.day_apart(said)
    if rest[:1].isdigit():
        rest = f"{old.category}:{rest}"
    new = _code(rest, categories, verb).on(day)
    if new.category not in {*categories, old.category}:
        raise BadTimeCode(f"kategorii {new.category} ceník nezná")
    return new


def _target(said: str, categories: Collection[str]) -> str:
    said = said.strip(" .")
    if found := _TICKET.match(said):
        return found[1]
    known = next((category for category in categories if fold(category) == fold(said)), "")
    if not known:
        raise BadTimeCode(f"„{said}“ není kategorie z ceníku ani číslo požadavku")
    return known
