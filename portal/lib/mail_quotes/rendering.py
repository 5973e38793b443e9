"""An HTML mail as plain text: lists with their numbers, links with their addresses, quotes with marks. Pure."""

import re
from collections.abc import Sequence
from html import unescape

from portal.lib.mail_quotes.lines import Line
from portal.lib.mail_quotes.markup import Element, Markup

_HREF = re.compile(r"href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_START = re.compile(r"(?<![\w-])(?:start|value)\s*=\s*[\"']?\s*(\d{1,4})", re.IGNORECASE)
_CLOSE = re.compile(r"MsoNormal|MsoList|margin(?:-top)?\s*:\s*0", re.IGNORECASE)
_LETTERED = re.compile(r"(?<![\w-])type\s*=\s*[\"']?\s*([aAiI])(?![\w])")
MOST_LETTERS = 2_000  # of one address

Insertion = tuple[int, int, str]  # letter of the text, rank among those at the same letter, what is written there


def written(markup: Markup, lines: Sequence[Line]) -> list[str]:
    """Each line as a plain text would have it."""
    insertions = sorted(_insertions(markup))
    letters = _with_gaps(markup)
    paragraphs = _paragraphs(markup)
    made: list[str] = []
    at = 0
    for line in lines:
        pieces, place = [], line.start
        while at < len(insertions) and insertions[at][0] <= line.end:
            letter, _, words = insertions[at]
            letter = max(letter, line.start)
            pieces += [letters[place:letter], words]
            place, at = letter, at + 1
        pieces.append(letters[place : line.end])
        text = _GAP.sub("", "".join(pieces)).rstrip()
        gap = "\n" if line.start in paragraphs and made and made[-1].strip() and not line.depth else ""
        made.append(f"{'> ' * line.depth}{text.strip()}".rstrip() if line.depth else f"{gap}{text}")
    return made


_STRIKING = frozenset({"s", "strike", "del"})
_GAP = re.compile("\0+ ?")


def _with_gaps(markup: Markup) -> str:
    """The text with NUL for every letter that is struck out: plain text cannot strike, and "5 ks 8 ks" is wrong.

    All of it, when nothing else is in it.
    """
    pieces, place = [], 0
    for element in markup.elements:
        start, end = markup.letter_at(element.start), markup.letter_at(element.end)
        if element.name in _STRIKING and end > place:
            start = max(start, place)
            pieces += [markup.text[place:start], "\0" * (end - start)]
            place = end
    text = "".join([*pieces, markup.text[place:]])
    return text if text.replace("\0", "").strip() else markup.text


def _paragraphs(markup: Markup) -> set[int]:
    """Letters at which a paragraph begins that a reader sees apart from what is above it."""
    return {
        _first_said(markup, element)
        for element in markup.elements
        if element.name == "p" and not _CLOSE.search(element.attributes)
    }


def _insertions(markup: Markup) -> list[Insertion]:
    found: list[Insertion] = []
    lists: list[tuple[Element, list[int]]] = []  # open lists, each with its last number
    for element in markup.elements:
        while lists and lists[-1][0].end <= element.start:
            lists.pop()
        if element.name in {"ol", "ul"}:
            lists.append((element, [_first_number(element) - 1]))
        elif element.name == "li":
            found.append((_first_said(markup, element), 1, _mark(element, lists)))
        elif element.name == "a":
            found += _address(markup, element)
        elif element.name == "sup":
            start = markup.letter_at(element.start)
            if markup.text[start : start + 1].isdigit() and markup.text[max(0, start - 1) : start].isdigit():
                found.append((start, 2, "^"))
    return found


def _first_said(markup: Markup, element: Element) -> int:
    """The first letter of an element that says something: markers stand before words, not before gaps."""
    letter = markup.letter_at(element.inside)
    while letter < len(markup.text) and markup.text[letter].isspace() and markup.places[letter] < element.end:
        letter += 1
    return letter


def _first_number(element: Element) -> int:
    found = _START.search(element.attributes)
    return int(found[1]) if found else 1


def _mark(item: Element, lists: list[tuple[Element, list[int]]]) -> str:
    indent = "  " * (len(lists) - 1)
    if not lists or lists[-1][0].name == "ul":
        return f"{indent}- "
    around, last = lists[-1]
    last[0] = _first_number(item) if _START.search(item.attributes) else last[0] + 1
    letters = _LETTERED.search(around.attributes)
    return f"{indent}{_numeral(last[0], letters[1] if letters else '')}. "


def _numeral(number: int, count: str) -> str:
    """The number as a list of that type counts; in figures where it cannot."""
    if count in {"a", "A"} and 1 <= number <= 26:
        return chr(ord(count) + number - 1)
    if count in {"i", "I"} and 1 <= number < 40:
        roman = "x" * (number // 10) + _ROMAN[number % 10]
        return roman.upper() if count == "I" else roman
    return str(number)


_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")


def _address(markup: Markup, element: Element) -> list[Insertion]:
    """Where a link leads, unless its words say it."""
    found = _HREF.search(element.attributes)
    if not found:
        return []
    address = unescape(next(group for group in found.groups() if group is not None)).strip()
    start, end = markup.letter_at(element.start), markup.letter_at(element.end)
    said = markup.text[start:end].strip().rstrip("/").casefold()
    shown = re.sub(r"^(?:mailto:|tel:)", "", address, flags=re.IGNORECASE)
    bare = re.sub(r"^https?://", "", shown, flags=re.IGNORECASE).rstrip("/").casefold()
    is_link = address.lower().startswith(("http://", "https://", "mailto:", "tel:")) and len(address) <= MOST_LETTERS
    if not is_link or not said or bare.partition("?")[0] in said or said in {bare, shown.casefold()}:
        return []
    while end > start and markup.text[end - 1].isspace():
        end -= 1
    return [(end, 0, f" <{shown}>")]
