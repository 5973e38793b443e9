"""The lines of an HTML mail: what they say, how deep they are quoted, what its mail program calls them. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from portal.lib.mail_quotes.lines import Hint, Line
from portal.lib.mail_quotes.markup import Element, Markup

MOST_COLOURED = 2_000  # coloured elements that are looked at; a mail has a dozen
MOST_LINES = 200  # of one coloured element

# Classes and ids of what programs quote. Outlook puts x_ in front of those that it quotes itself.
_QUOTES = frozenset(
    {
        "gmail_quote",
        "gmail_extra",
        "yahoo_quoted",
        "protonmail_quote",
        "tutanota_quote",
        "zmail_extra",
        "OLK_SRC_BODY_SECTION",
        "replySplit",
        "samsung_quote",
    }
)
# In the order in which they are asked for. After the first ones all is quoted, to the end.
_MEANINGS = (
    (frozenset({"divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"}), Hint.ALL_AFTER),
    (frozenset({"moz-cite-prefix", "gmail_attr"}), Hint.ATTRIBUTION),
    (frozenset({"moz-forward-container"}), Hint.FORWARDED),
    (
        frozenset({"gmail_signature", "moz-signature", "ms-outlook-mobile-signature", "Signature", "signature"}),
        Hint.SIGNATURE,
    ),
)
_CLASS_OR_ID = re.compile(r"(class|id|type)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_LINE_OF_OUTLOOK = re.compile(r"border-top:\s?solid\s(?:#E1E1E1|#B5C4DF)", re.IGNORECASE)
_HIDDEN = re.compile(
    r"(?:display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden|max-height\s*:\s*0(?![.\d])|font-size\s*:\s*0(?![.\d]))",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"(?<![\w-])color\s*[:=]\s*[\"']?\s*([#\w][\w(),\s%#]{1,30})", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:dark|medium|royal|dodger|lime)?(?:red|blue|green|magenta|violet|lime)|purple|fuchsia|orange(?:red)?|crimson"
    r"|navy|teal|maroon|firebrick"
)
_SATURATED = 110  # how far the strongest and the weakest of red, green and blue are apart; Outlook's dark blue has 94


def lines_of(markup: Markup) -> list[Line]:
    """The lines of a mail's HTML; start and end are letters of markup.text."""
    found = _split(markup.text)
    depths = [0] * (len(found) + 1)
    made = [0] * (len(found) + 1)
    hints = [Hint.NONE] * len(found)
    starts = [start for start, _ in found]
    firsts = [_first_letter(markup.text, start, end) for start, end in found]
    blockquotes = [element.start for element in markup.elements if element.name == "blockquote"]
    coloured = 0
    for element in markup.elements:
        kind = _kind(element, blockquotes)
        is_hidden = bool(_HIDDEN.search(element.attributes))
        is_coloured = coloured < MOST_COLOURED and _is_coloured(element)
        if kind is None and not is_coloured and not is_hidden and element.name != "blockquote":
            continue
        start, end = markup.letter_at(element.start), markup.letter_at(element.end)
        first, last = bisect_left(firsts, start), bisect_left(firsts, end)
        if is_coloured:
            coloured += 1
            around = max(0, bisect_right(starts, start) - 1)  # an answer may stand on the line of its question
            for at in _whole_lines(found[around : min(last, around + MOST_LINES)], end, markup.text):
                hints[around + at] |= Hint.COLOURED
        if is_hidden:
            for at in _whole_lines(found[first : min(last, first + MOST_LINES)], end, markup.text):
                hints[first + at] |= Hint.HIDDEN
        if element.name == "blockquote" or kind is Hint.PROGRAM or kind is Hint.FORWARDED:
            depths[first] += 1
            depths[last] -= 1
        if kind is Hint.PROGRAM:
            made[first] += 1
            made[last] -= 1
        elif kind is Hint.ALL_AFTER:
            first = min(bisect_left(starts, start), len(found) - 1) if found else 0
            _hint(hints, first, max(first + 1, last), kind)
        elif kind is not None:
            _hint(hints, first, last, kind)
    levels, programs = list(accumulate(depths)), list(accumulate(made))
    return [
        Line(
            markup.text[start:end].rstrip(),
            start,
            end,
            levels[at],
            hints[at] | (Hint.PROGRAM if programs[at] > 0 else Hint.NONE),
        )
        for at, (start, end) in enumerate(found)
    ]


def without(markup: Markup, spans: Iterable[tuple[int, int, bool]], *, sign: str) -> str:
    """The source without spans of the text and the tags that stand there for them alone; True leaves a sign there."""
    quotes = [element.start for element in markup.elements if element.name == "blockquote"]
    stretches = []
    for start, end, is_signed in spans:
        begin, until = markup.stretch(start, end)
        holds_quote = bisect_left(quotes, until) > bisect_left(quotes, begin)
        block = f'<blockquote type="cite">{sign}</blockquote>' if holds_quote else f"<div>{sign}</div>"
        stretches.append((begin, until, block if is_signed else ""))
    return cut(markup, stretches)


def cut(markup: Markup, stretches: Iterable[tuple[int, int, str]]) -> str:
    """The source without stretches of itself, which are in order, each with what stands there instead."""
    kept, place = [], 0
    for begin, end, instead in stretches:
        start = max(begin, place)  # a tag between two of them belongs to both
        if start < end:
            # Tags that open within a part and close behind it stand around what follows it, too.
            kept += [markup.source[place:start], instead, markup.opened_before(end, since=start)]
            place = end
    return "".join([*kept, markup.source[place:]])


def _split(text: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, start + len(line)))
        start += len(line) + 1
    return found


def _first_letter(text: str, start: int, end: int) -> int:
    """Where a line begins to say anything: its place is told by that, not by the space before it."""
    line = text[start:end]
    return start + len(line) - len(line.lstrip())


def _hint(hints: list[Hint], first: int, last: int, hint: Hint) -> None:
    for at in range(first, min(last, first + 40, len(hints))):
        hints[at] |= hint


def _kind(element: Element, blockquotes: list[int]) -> Hint | None:
    """What a mail program means by an element."""
    if "=" not in element.attributes:
        return None
    facts = _facts(element)
    names = {name.removeprefix("x_") for name in (*facts.get("class", ()), *facts.get("id", ()))}
    meant = next((hint for meaning, hint in _MEANINGS if not meaning.isdisjoint(names)), None)
    if meant is not None:
        return meant
    if element.name == "blockquote":
        return Hint.PROGRAM if facts.get("type") == ["cite"] or not _QUOTES.isdisjoint(names) else None
    if not _QUOTES.isdisjoint(names) and not _holds(element, blockquotes):
        return Hint.PROGRAM  # a container of blockquotes may hold answers between them
    return Hint.HEADER if _LINE_OF_OUTLOOK.search(element.attributes) else None


def _holds(element: Element, places: list[int]) -> bool:
    at = bisect_left(places, element.start)
    return at < len(places) and places[at] < element.end


def _facts(element: Element) -> dict[str, list[str]]:
    found = _CLASS_OR_ID.findall(element.attributes)
    return {name.lower(): (a or b or c).split() for name, a, b, c in found}


def _whole_lines(lines: list[tuple[int, int]], end: int, text: str) -> list[int]:
    """Which of the lines say something that ends where the element does, or before."""
    return [
        at for at, (start, until) in enumerate(lines) if text[start:until].strip() and not text[end:until].strip()
    ]


def _is_coloured(element: Element) -> bool:
    if element.name == "a" or "olor" not in element.attributes.lower():
        return False
    found = _COLOUR.search(element.attributes)
    return bool(found) and _is_saturated(found[1].strip().lower()) if found else False


def _is_saturated(colour: str) -> bool:
    if _NAMED.fullmatch(colour):
        return True
    digits = re.match(r"#?([0-9a-f]{6}|[0-9a-f]{3})\b", colour)
    if digits:
        step = len(digits[1]) // 3
        values = [int(digits[1][at : at + step] * (2 // step), 16) for at in range(0, len(digits[1]), step)]
    else:
        values = [int(value) for value in re.findall(r"\b\d{1,3}\b", colour)[:3]] if colour.startswith("rgb") else []
    return len(values) == 3 and max(values) - min(values) >= _SATURATED
