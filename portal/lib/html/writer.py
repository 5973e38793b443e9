"""A tree as HTML which every parser reads as the same tree, and which is hardly longer than its source. Pure.

Formatting is closed before a block begins or ends and opened again for the words that follow: so no parser that reads
it ever opens formatting by itself, which is how 20 kB of mail became an 18 MB page.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from lxml.html import HtmlElement

DEEPEST_FORMATTING = 16  # formatting in formatting that is kept
_SPARE = 20_000  # letters that opening again may cost beside the length of the words
_MOST_ESCAPES = 500  # in a row: parsers take the square of the number of those in one text
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9-]{0,40}\Z")
_CUT = " […]"

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "frameset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hgroup",
        "html",
        "iframe",
        "legend",
        "li",
        "listing",
        "main",
        "math",
        "menu",
        "nav",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "ol",
        "optgroup",
        "option",
        "p",
        "plaintext",
        "pre",
        "search",
        "section",
        "select",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "template",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "video",
        "audio",
        "canvas",
        "xmp",
        "colgroup",
    ]
)
VOID = frozenset({"br", "hr", "img", "wbr"})
_NEVER = frozenset(
    [
        "area",
        "base",
        "basefont",
        "bgsound",
        "col",
        "embed",
        "frame",
        "input",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
    ]
)
# What a parser knows by these names stays; any other block is a division, any other formatting a span.
_RENAMED = {"strike": "s"}  # an old name that still says something
_OWN_NAMES = frozenset(
    [
        "a",
        "abbr",
        "address",
        "article",
        "aside",
        "b",
        "center",
        "details",
        "figcaption",
        "figure",
        "font",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "main",
        "nav",
        "section",
        "summary",
        "blockquote",
        "br",
        "code",
        "dd",
        "del",
        "div",
        "dl",
        "dt",
        "em",
        "hr",
        "i",
        "img",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "strong",
        "sub",
        "sup",
        "u",
        "ul",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
    ]
)
_WITHIN = {  # a part of a table and where it may stand; anywhere else it is a division
    "caption": frozenset({"table"}),
    "thead": frozenset({"table"}),
    "tbody": frozenset({"table"}),
    "tfoot": frozenset({"table"}),
    "tr": frozenset({"table", "thead", "tbody", "tfoot"}),
    "td": frozenset({"tr"}),
    "th": frozenset({"tr"}),
}
_ROWS = frozenset({"tr"})
_HOLDS = {  # parts of a table that hold nothing but these
    "table": frozenset({"caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr"}),
    "thead": _ROWS,
    "tbody": _ROWS,
    "tfoot": _ROWS,
    "tr": frozenset({"td", "th"}),
}
_WRAPPERS = frozenset({"html", "body", "head"})


def written(tree: HtmlElement, *, attributes: frozenset[str] | None = None, longest: int = 2_000_000) -> str:
    """The tree below <html> or any other root. attributes: the names of those to keep, None for all.

    longest: letters of words; what is longer is cut visibly.
    """
    writer = _Writer(attributes, longest)
    writer.element(tree, "div")
    writer.close_formats()
    return "".join(writer.parts)


@dataclass(slots=True)
class _Format:
    name: str
    tag: str
    was_open: bool = False


@dataclass(slots=True)
class _Writer:
    attributes: frozenset[str] | None
    letters: int  # that may still be written
    parts: list[str] = field(default_factory=list)
    formats: list[_Format] = field(default_factory=list)  # around the place where we are
    open: list[_Format] = field(default_factory=list)  # of these, the ones whose tags are written: always the first
    spare: int = _SPARE

    def element(self, element: HtmlElement, within: str) -> None:
        """Write an element; within is the block around it, as it was written."""
        name = element.tag
        if not isinstance(name, str):
            return
        if name in VOID:
            self._void(element)
        elif name in _WRAPPERS or name in _NEVER:
            self._content(element, within)
        elif name in BLOCKS:
            self._block(element, _block_name(element, within))
        else:
            self._formatted(element, within)

    def close_formats(self, keep: int = 0) -> None:
        """Write the ends of open formatting but for the first few."""
        while len(self.open) > keep:
            ended = self.open.pop()
            if ended.name:
                self.parts.append(f"</{ended.name}>")

    def _content(self, element: HtmlElement, within: str) -> None:
        self._text(element.text, within)
        for child in element:
            self.element(child, within)
            self._text(child.tail, within)

    def _block(self, element: HtmlElement, name: str) -> None:
        self.close_formats()
        self.parts.append(self._tag(element, name))
        self._content(element, name)
        self.close_formats()
        self.parts.append(f"</{name}>")

    def _formatted(self, element: HtmlElement, within: str) -> None:
        name = _RENAMED.get(element.tag, element.tag)
        name = name if name in _OWN_NAMES else "span"
        is_kept = len(self.formats) < DEEPEST_FORMATTING and not (name == "a" and self._is_in_link())
        if is_kept:
            self.formats.append(_Format(name, self._tag(element, name)))
        self._content(element, within)
        if is_kept:
            self.formats.pop()
            self.close_formats(keep=len(self.formats))

    def _is_in_link(self) -> bool:
        return any(each.name == "a" for each in self.formats)

    def _void(self, element: HtmlElement) -> None:
        if element.tag == "hr":
            self.close_formats()
        elif element.tag == "img":
            self._open_formats()
        self.parts.append(self._tag(element, element.tag))

    def _text(self, text: str | None, within: str) -> None:
        if not text or (within in _HOLDS and text.isspace()):
            return
        if not text.isspace():
            self._open_formats()
            self.spare += len(text)
        if len(text) > self.letters:
            text = (text[: self.letters] + _CUT) if self.letters else ""
            self.letters = 0
        else:
            self.letters -= len(text)
        self.parts.append(_escaped(text))

    def _open_formats(self) -> None:
        for each in self.formats[len(self.open) :]:
            if each.was_open:
                self.spare -= len(each.tag)
            self.open.append(each if self.spare > 0 or not each.was_open else _Format("", ""))
            each.was_open = True
            if self.open[-1].name:
                self.parts.append(each.tag)

    def _is_kept(self, attribute: str) -> bool:
        return bool(_ATTRIBUTE.match(attribute)) and (self.attributes is None or attribute in self.attributes)

    def _tag(self, element: HtmlElement, name: str) -> str:
        kept = ((key, value) for key, value in element.items() if self._is_kept(key))
        return "".join([f"<{name}", *(f' {key}="{escape(value)}"' for key, value in kept), ">"])


def _block_name(element: HtmlElement, within: str) -> str:
    """What a block is called: a part of a table stays one only where it stands right and holds what it should."""
    name = element.tag
    if name in _WITHIN and within not in _WITHIN[name]:
        return "div"
    return name if name in _OWN_NAMES and _is_sound(element) else "div"


def _is_sound(element: HtmlElement) -> bool:
    holds = _HOLDS.get(element.tag)
    if holds is None:
        return True
    has_words = any(not text.isspace() for text in _texts(element) if text)
    return not has_words and all(child.tag in holds and _is_sound(child) for child in element)


def _escaped(text: str) -> str:
    marks = text.count("&") + text.count("<") + text.count(">")
    if marks <= _MOST_ESCAPES:
        return escape(text, quote=False)
    pieces = (text[start : start + _MOST_ESCAPES] for start in range(0, len(text), _MOST_ESCAPES))
    return "<!---->".join(escape(piece, quote=False) for piece in pieces)  # comments part texts, and are taken out


def _texts(element: HtmlElement) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield child.tail or ""
