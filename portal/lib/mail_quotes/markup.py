"""Foreign HTML read just closely enough to fold it: its text, the place of every letter, its elements. Pure."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from html import unescape

from portal.lib.html import tree, writer

MOST_LETTERS = 600_000  # of HTML; a longer body is shown as text
MOST_TAGS = 40_000
DEEPEST = 150  # nested elements: cleaning takes the square of the depth, and no mail needs more

BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    }
)
_EMPTY = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_UNSEEN = frozenset({"script", "style", "title"})  # not a head, which is only a wrapper and is often left open
_BREAKS = BLOCKS | {"br"}
_CELLS = frozenset({"caption", "table", "td", "th"})
_OF_TABLES = _CELLS | {"tbody", "tfoot", "thead", "tr"}
_CLOSED_BY_THE_NEXT = {"p": BLOCKS - {"caption", "tbody", "td", "tfoot", "th", "thead", "tr"}, "li": {"li"}}

# No attribute may be longer than this, so that a quote which is never closed costs little.
_TAG = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)((?:[^<>\"']|\"[^\"]{0,2000}\"|'[^']{0,2000}')*+)>|<!--|<[!?/][^<>]*>"
)
_PIECE = re.compile(r"([^\s&]++(?: [^\s&]++)*+|&(?!#?\w))|(\s+)|(&#?\w{1,31};?)")  # words in a line, space, entity
_ALT = re.compile(r"(?<![\w-])alt\s*=\s*(?:\"([^\"]{1,40})\"|'([^']{1,40})')", re.IGNORECASE)
_MOST_ENDS, _WIDEST_GAP = 3, 80  # line ends in a row, and spaces in one, of what keeps its lines
_LETTER_AND_TAGS = re.compile(r"(?:&#?\w{1,31};?|.)(?:\s|</[^<>]*>|<br\b[^<>]*>)*", re.DOTALL)
_DATA = re.compile(r"([\"'])\s*data:[^\"']*\1", re.IGNORECASE)


@dataclass(slots=True)
class Element:
    """One element: where its tag starts, where its content does, and where it ends, as offsets of the source."""

    name: str
    attributes: str
    start: int
    inside: int
    end: int


@dataclass(slots=True)
class Markup:
    """text is what a reader sees, a line a block; places[i] is where letter i of it stands in the source."""

    source: str
    text: str = ""
    places: list[int] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)  # in the order they start
    is_reasonable: bool = True  # False: too long, too many tags or too deep; the rest was not read

    def letter_at(self, place: int) -> int:
        """The first letter of the text that stands at this offset of the source or after it."""
        return bisect_left(self.places, place)

    def stretch(self, start: int, end: int) -> tuple[int, int]:
        """Where the letters from start to end stand in the source, with the tags that are there for them alone."""
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return self._before_the_tags_of(self.places[start]), self._after_the_tags_of(end)

    def _before_the_tags_of(self, place: int) -> int:
        for element in reversed(self.elements):
            if element.start < place and not self.source[element.inside : place].strip():
                place = element.start
            elif element.inside < place:
                break
        return place

    def _after_the_tags_of(self, end: int) -> int:
        if not self.text[end:].strip():
            return len(self.source)
        found = _LETTER_AND_TAGS.match(self.source, self.places[end - 1])
        return found.end() if found else self.places[end]

    def opened_before(self, place: int, *, since: int = 0) -> str:
        """The tags that are open at an offset: with them in front, a part cut out there keeps its table or list."""
        around = (each for each in self.elements if since <= each.start and each.inside <= place < each.end)
        return "".join(self.source[each.start : each.inside] for each in around)


def without_data(source: str) -> str:
    """The source with pictures written into its attributes left out: they are never shown, and they are long."""
    return _DATA.sub('""', source) if "data:" in source else source


def read(source: str) -> Markup:
    """The text and the elements of foreign HTML, which is written anew for it; never fails.

    It takes a time in proportion to its length, because what is read here is well-formed whatever was sent.
    """
    if len(source) > MOST_LETTERS or source.count("<") > MOST_TAGS:
        return Markup(source, is_reasonable=False)
    try:
        markup = Markup(writer.written(tree.parse(source)))
    except tree.TooComplex:
        return Markup(source, is_reasonable=False)
    _MarkupReader(markup).run()
    return markup


def _sign_of(attributes: str) -> str:
    """What a picture stands for when that is one sign (an emoji); empty for any other."""
    found = _ALT.search(attributes)
    sign = unescape((found[1] or found[2] or "").strip()) if found else ""
    is_sign = 0 < len(sign) <= 8 and not any(
        letter.isspace() or letter.isalpha() or letter.isascii() for letter in sign[:1]
    )
    return sign if is_sign and not any(letter.isascii() and letter.isalnum() for letter in sign) else ""


class _MarkupReader:
    def __init__(self, markup: Markup) -> None:
        self._markup = markup
        self._source = markup.source
        self._lower = markup.source.lower()
        self._letters: list[str] = []
        self._last = "\n"
        self._open: list[Element] = []
        self._open_names: dict[str, int] = {}

    def run(self) -> None:
        place, end = 0, len(self._source)
        while place < end and self._markup.is_reasonable:
            tag = _TAG.search(self._source, place)
            until = tag.start() if tag else end
            if until > place:
                self._text(place, until)
            if tag is None:
                break
            place = self._tag(tag)
        self._markup.text = "".join(self._letters)

    def _tag(self, tag: re.Match[str]) -> int:
        """Take one tag; answers where to read on."""
        closing, name, attributes = tag.groups()
        if name is None:
            return self._after("-->", tag.end()) if tag.group() == "<!--" else tag.end()
        name = name.lower()
        if name in _BREAKS:
            self._new_line(tag.start(), always=name == "br")
        if closing:
            self._close(name, tag.end())
        elif name in _UNSEEN:
            return self._after(">", self._after(f"</{name}", tag.end()))
        elif name not in _EMPTY:
            self._begin(Element(name, attributes, tag.start(), tag.end(), len(self._source)))
        else:
            self._markup.elements.append(Element(name, attributes, tag.start(), tag.end(), tag.end()))
            sign = _sign_of(attributes) if name == "img" else ""
            self._say(sign, [tag.end() - 1] * len(sign))
        return tag.end()

    def _after(self, mark: str, place: int) -> int:
        found = self._lower.find(mark, place)
        return len(self._source) if found < 0 else found + len(mark)

    def _begin(self, element: Element) -> None:
        if self._open and element.name in _CLOSED_BY_THE_NEXT.get(self._open[-1].name, ()):
            self._close(self._open[-1].name, element.start)
        self._open.append(element)
        self._open_names[element.name] = self._open_names.get(element.name, 0) + 1
        self._markup.elements.append(element)
        if len(self._open) > DEEPEST:
            self._markup.is_reasonable = False

    def _close(self, name: str, place: int) -> None:
        """End the innermost element of that name in its table cell; an end without a beginning ends nothing."""
        if not self._open_names.get(name):
            return
        for element in reversed(self._open):
            if element.name == name:
                break
            if element.name in _CELLS and name not in _OF_TABLES:
                return
        while True:
            element = self._open.pop()
            element.end = place
            self._open_names[element.name] -= 1
            if element.name == name:
                return

    def _text(self, start: int, end: int) -> None:
        keeps_lines = bool(self._open_names.get("pre"))
        for piece in _PIECE.finditer(self._source, start, end):
            words, space, entity = piece.groups()
            if words:
                self._say(words, range(piece.start(), piece.end()))
            elif entity:
                letters = unescape(entity).replace("\xa0", " ")
                self._say(letters, [piece.start()] * len(letters))
            elif keeps_lines:
                self._say_as_it_stands(space, piece.start())
            elif self._last not in " \n":
                self._say(" ", [piece.start()])
            elif "\xa0" in space and self._last == "\n":
                gap = min(len(space), _WIDEST_GAP)  # an indentation
                self._say(" " * gap, [piece.start()] * gap)

    def _say_as_it_stands(self, space: str, place: int) -> None:
        """Line ends and what indents the next line; of a long gap no more than anybody sees."""
        last = space.rfind("\n") + 1
        self._say("\n" * min(space.count("\n"), _MOST_ENDS), [place + last - 1] * min(space.count("\n"), _MOST_ENDS))
        gap = space[last:].replace("\r", "").expandtabs(8)[:_WIDEST_GAP]
        gap = re.sub(r"\s", " ", gap)
        self._say(gap, [place + last] * len(gap))

    def _new_line(self, place: int, *, always: bool) -> None:
        if always or self._last != "\n":
            self._say("\n", [place])

    def _say(self, letters: str, places: range | list[int]) -> None:
        if letters:
            self._letters.append(letters)
            self._markup.places.extend(places)
            self._last = letters[-1]
