"""Lines for us in the spelling we ask for, however they were typed: STAV = hotovo, RESI petra.mala, INTERNE. Pure."""

import re
from collections.abc import Collection

from portal.desk.inbound import time_lines
from portal.lib.text import fold

_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}  # "ＳＩＴＥ８０：１"
_BOX = re.compile(r"^\s*(?:[-=]>|[☐☑☒✓✔✅■□▪●○◆➢➤→⇒▶]\ufe0f?|\[[ xX]?\])\s*(?=\S)")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}")  # the whole line, not a remark in it
_LOOK_ALIKE = str.maketrans("АВЕЅІЈКМНОРТХаеосрхіΑΒΕΖΗΙΚΜΝΟΡΤΧ", "ABESIJKMHOPTXaeocpxiABEZHIKMNOPTX")
_LOOSE = re.compile(r"^(?P<key>[^\W\d_]{2,12})(?P<between>\s*=\s*|\s+[-–—]\s+|\s+)(?P<value>\S.*)$")
_DAY = r"(?:\d{1,2}\.\s?\d{1,2}\.|\d{4}-\d{2}-\d{2}).*"
_ADDRESSES = r"\S+@\S+\.\w+(?:[\s,;]+(?:a\s+)?\S+@\S+\.\w+)*"
# What stands after a key without a colon and leaves no doubt; {} is a state's name.
_PLAIN = {
    "stav": "{}",
    "state": "{}",
    "termin": _DAY,
    "due": _DAY,
    "dne": _DAY,
    "resi": r"[\w-]+\.[\w.-]+(?:@\S+)?",
    "owner": r"[\w-]+\.[\w.-]+(?:@\S+)?",
    "schvalit": r".{3,}\?",
    "approve": r".{3,}\?",
    "pridat": _ADDRESSES,
    "participant": _ADDRESSES,
    "za": _ADDRESSES,
    "requester": _ADDRESSES,
    "duverne": r"ano|ne",
    "confidential": r"yes|no",
}
# Words that stand in their line alone, as they are spelt.
_ALONE = {
    "INTERNI": ("interni", "interne", "interny", "intern", "interni poznamka", "interni zprava", "interni komentar"),
    "DUVERNE": ("duverne", "duverny", "duverna", "duverny pozadavek", "duverna zprava"),
    "INTERNAL": ("internal", "internal note"),
    "CONFIDENTIAL": ("confidential",),
}
_ALONE_AS = {words: word for word, spelt in _ALONE.items() for words in spelt}


def written_plainly(line: str, categories: Collection[str], states: Collection[str]) -> str:
    """The bare line in the spelling we ask for, where only one can be meant. states: their names, folded."""
    kept = time_lines.bare(_BOX.sub("", line.translate(_WIDE)))
    if found := _IN_BRACKETS.fullmatch(kept):
        kept = next(inner for inner in found.groups() if inner is not None).strip()
    kept = _in_latin(kept, categories)
    return _alone(kept) or _with_colon(kept, states)


def _in_latin(line: str, categories: Collection[str]) -> str:
    """A first word that only looks like one of ours, for it has a Cyrillic or Greek letter in it."""
    head = re.match(r"\w+", line)
    if not head or head[0].isascii():
        return line
    latin = head[0].translate(_LOOK_ALIKE)
    known = latin.upper() in categories or fold(latin) in _PLAIN
    return latin + line[head.end() :] if known and latin != head[0] else line


def _alone(line: str) -> str:
    if len(line) > 40 or not line[:3].isupper():
        return ""
    return _ALONE_AS.get(fold(line).strip(" .!:"), "")


def _with_colon(line: str, states: Collection[str]) -> str:
    found = _LOOSE.match(line[:2000])
    if not found or not found["key"].isupper() or fold(found["key"]) not in _PLAIN:
        return line
    value = found["value"]
    if not found["between"].strip() and not _is_plain(fold(found["key"]), value, states):
        return line
    return f"{found['key']}: {line[found.start('value') :]}"


def _is_plain(key: str, value: str, states: Collection[str]) -> bool:
    if _PLAIN[key] == "{}":
        return fold(value).rstrip(".") in states
    return bool(re.fullmatch(_PLAIN[key], value, re.IGNORECASE))
