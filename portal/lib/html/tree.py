"""Foreign HTML as a tree of lxml: read by libxml2 in one pass, with bounds on all that can be many. Pure.

Unlike a browser's, this tree never holds more than its source: elements left open are not opened again in every
paragraph (docs/decisions/0014-hostile-mail.md). Scripts, styles, titles and comments are not in it.
"""

import re

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, html_parser

MOST_LETTERS = 2_000_000
MOST_ELEMENTS = 60_000
DEEPEST = 200  # elements in elements; mail programs that quote each other for months come to a hundred
MOST_ATTRIBUTES = 40  # of an element
LONGEST_ATTRIBUTE = 4_000  # letters; a longer one, as a picture written into its address, is left out

_SMALL = 20_000  # letters; most mails are smaller
_PIECE = 10_000  # letters told to the parser at once
_UNSEEN = frozenset({"script", "style", "title"})
_NAME = re.compile(r"[a-z][a-z0-9]{0,30}\Z")
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9-]{0,40}\Z")
_DECLARATION = re.compile(r"<\?xml[^<>]{0,300}>", re.IGNORECASE)  # lxml refuses one that names a charset
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class TooComplex(Exception):
    """More elements, or deeper ones, than any mail needs; what words it holds may be had from words()."""


def parse(source: str) -> HtmlElement:
    """The tree, its root is <html>. Raises TooComplex; everything else that is wrong with HTML is put up with."""
    if len(source) > MOST_LETTERS:
        raise TooComplex(f"it is longer than {MOST_LETTERS} letters")
    source = _DECLARATION.sub("", source)
    return _small(_without_controls(source)) if len(source) <= _SMALL else _large(_without_controls(source))


def _small(source: str) -> HtmlElement:
    """By libxml2's own tree, five times as fast: too short for the square of anything in it to matter."""
    if not source.strip():
        return html_parser.makeelement("html")
    parser = HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = etree.fromstring(source, parser)
    except etree.XMLSyntaxError:  # nothing but comments and ends of tags
        tree = None
    if tree is None:
        return html_parser.makeelement("html")
    if tree.xpath(f"boolean(//*[count(ancestor::*) >= {DEEPEST}])"):
        raise TooComplex(_too_many_levels())
    for unseen in list(tree.iter(*_UNSEEN)):
        unseen.drop_tree()
    return tree


def _large(source: str) -> HtmlElement:
    parser = etree.HTMLParser(target=_Bounded(), huge_tree=True, remove_comments=True, remove_pis=True)
    for start in range(0, len(source), _PIECE):  # after a refusal libxml2 would read a piece to its end
        parser.feed(source[start : start + _PIECE])
    return parser.close()


def words(source: str) -> str:
    """The words of HTML that has too much structure to be read, a line a tag; every letter is looked at once."""
    parts, place = [], 0
    source = _without_controls(source)
    lower = source.lower() if source.isascii() else "".join(letter.lower()[:1] for letter in source)
    while (start := source.find("<", place)) >= 0:
        parts.append(source[place:start])
        unseen = next((name for name in ("script", "style") if lower.startswith(f"<{name}", start)), "")
        close = lower.find(f"</{unseen}", start) if unseen else start
        end = source.find(">", close) if close >= 0 else -1
        if end < 0:
            break
        parts.append("\n")
        place = end + 1
    else:
        parts.append(source[place:])
    return "".join(parts)


class _Bounded:
    """What libxml2 tells of a document, put into a tree as long as it is within the bounds."""

    def __init__(self) -> None:
        self._tree = etree.TreeBuilder(element_factory=html_parser.makeelement)
        self._depth = 0
        self._elements = 0
        self._unseen = 0  # open elements nobody sees
        self._is_empty = True
        self._is_refused = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS:
            self._is_refused = True
            what = (
                f"elements in elements than {DEEPEST}" if self._depth > DEEPEST else f"elements than {MOST_ELEMENTS}"
            )
            raise TooComplex(f"it has more {what}")
        if self._unseen or name in _UNSEEN:
            self._unseen += 1
            return
        self._is_empty = False
        self._tree.start(name if _NAME.match(name) else "span", _few(attributes))

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._unseen:
            self._unseen -= 1
            return
        self._tree.end(name if _NAME.match(name) else "span")

    def data(self, text: str) -> None:
        if not self._unseen and not self._is_empty:
            self._tree.data(_without_controls(text))

    def close(self) -> HtmlElement | None:
        if self._is_refused:  # lxml closes, whatever start() raised
            return None
        if self._is_empty:
            self._tree.start("html", {})
            self._tree.end("html")
        return self._tree.close()


def _too_many_levels() -> str:
    return f"its elements are nested deeper than {DEEPEST}"


def _few(attributes: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in attributes.items():
        if len(kept) == MOST_ATTRIBUTES:
            break
        if _ATTRIBUTE.match(name) and len(value or "") <= LONGEST_ATTRIBUTE:
            kept[name] = _without_controls(value or "")
    return kept


def _without_controls(text: str) -> str:
    return _CONTROLS.sub("", text)
