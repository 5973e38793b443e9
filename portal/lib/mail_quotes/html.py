"""The lines of an HTML mail: what they say, how deep they are quoted, what its mail program calls them. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from portal.lib.mail_quotes.lines import Hint, Line
from portal.lib.mail_quotes.markup import Element, Markup

MOST_STYLED = 2_000  # coloured or hidden elements that are looked at; a mail has a dozen
MOST_LINES = 200  # of one such element
MOST_HINTED = 40  # lines of an attribution or a header

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
    found = _Found(markup)
    for element in markup.elements:
        found.take(element)
    return found.lines()


class _Found:
    """What the elements say of each line; every element is looked at once."""

    def __init__(self, markup: Markup) -> None:
        self._markup = markup
        self._spans = _split(markup.text)
        self._starts = [start for start, _ in self._spans]
        self._firsts = [_first_letter(markup.text, start, end) for start, end in self._spans]
        self._blockquotes = [element.start for element in markup.elements if element.name == "blockquote"]
        self._hints = [Hint.NONE] * len(self._spans)
        self._depths = [0] * (len(self._spans) + 1)  # how many quotes begin, less those that end
        self._made = [0] * (len(self._spans) + 1)  # the same of those that a mail program made
        self._styled = 0

    def take(self, element: Element) -> None:
        """Note what an element means for the lines it holds."""
        kind = _kind(element, self._blockquotes)
        is_looked_at = self._styled < MOST_STYLED
        is_hidden = is_looked_at and bool(_HIDDEN.search(element.attributes))
        is_coloured = is_looked_at and _is_coloured(element)
        if kind is None and not is_coloured and not is_hidden and element.name != "blockquote":
            return
        start, end = self._markup.letter_at(element.start), self._markup.letter_at(element.end)
        first, last = bisect_left(self._firsts, start), bisect_left(self._firsts, end)
        self._styled += is_coloured or is_hidden
        if is_coloured:
            # An answer may stand on the line of its question.
            self._mark_whole(max(0, bisect_right(self._starts, start) - 1), last, end, Hint.COLOURED)
        if is_hidden:
            self._mark_whole(first, last, end, Hint.HIDDEN)
        if element.name == "blockquote" or kind in {Hint.PROGRAM, Hint.FORWARDED}:
            _count(self._depths, first, last)
        if kind is Hint.PROGRAM:
            _count(self._made, first, last)
        elif kind is Hint.ALL_AFTER and self._spans:
            first = min(bisect_left(self._starts, start), len(self._spans) - 1)
            self._mark(first, max(first + 1, last), kind)
        elif kind is not None:
            self._mark(first, last, kind)

    def lines(self) -> list[Line]:
        """The lines, with what was noted."""
        levels, programs = list(accumulate(self._depths)), list(accumulate(self._made))
        return [
            Line(
                self._markup.text[start:end].rstrip(),
                start,
                end,
                levels[at],
                self._hints[at] | (Hint.PROGRAM if programs[at] > 0 else Hint.NONE),
            )
            for at, (start, end) in enumerate(self._spans)
        ]

    def _mark(self, first: int, last: int, hint: Hint) -> None:
        for at in range(first, min(last, first + MOST_HINTED, len(self._hints))):
            self._hints[at] |= hint

    def _mark_whole(self, first: int, last: int, end: int, hint: Hint) -> None:
        """Mark those of the lines that end where the element does, or before."""
        text = self._markup.text
        for at in range(first, min(last, first + MOST_LINES)):
            start, until = self._spans[at]
            if text[start:until].strip() and not text[end:until].strip():
                self._hints[at] |= hint


def _count(changes: list[int], first: int, last: int) -> None:
    changes[first] += 1
    changes[last] -= 1


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
