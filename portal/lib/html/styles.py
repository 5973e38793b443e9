"""What styles of foreign HTML say, said by elements: what is hidden goes, what is struck out or kept is marked.

Both forms of a mail need it, the page, which takes all styles away, and the letter, which is plain text. Pure; every
character is looked at a fixed number of times.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from portal.lib.html import stylesheets
from portal.lib.html.stylesheets import Rules

MOST_TAGS = 100_000  # beyond these the HTML stays as it is

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,60})((?:[^<>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}')*+)>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,40})(?:\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_HIDDEN = re.compile(
    r"(?:^|[;\s])(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|mso-hide\s{0,9}:\s{0,9}all"
    r"|font-size\s{0,9}:\s{0,9}0(?:\.0)?(?:px|pt|em|%)?\s{0,9}(?:;|$|!)|opacity\s{0,9}:\s{0,9}0(?:\.0{1,3})?\s{0,9}(?:;|$|!))"
)
_NO_HEIGHT = re.compile(r"(?:max-)?height\s{0,9}:\s{0,9}0(?:px|pt|em)?\s{0,9}(?:;|$|!)")
_CUT_OFF = re.compile(r"overflow\s{0,9}:\s{0,9}hidden")
_STRUCK = re.compile(r"text-decoration(?:-line)?\s{0,9}:[^;]{0,60}line-through")
_KEPT = re.compile(r"white-space\s{0,9}:\s{0,9}(pre|normal|nowrap)")
_HINTS = re.compile(
    r"none|hidden|mso-hide|font-size\s{0,9}:\s{0,9}0|opacity|line-through|white-space|max-height|list-style", re.I
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
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
        "html",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "br",
    ]
)


@dataclass(slots=True)
class _Piece:
    """A tag, or the text before one. end is the place of the tag that closes it, -1 when nothing does."""

    source: str
    name: str = ""  # empty for text
    is_end: bool = False
    attributes: str = ""
    end: int = -1


def resolved(html: str) -> str:
    """The HTML without what its styles hide, what they strike out in <s>, the lines they keep ended by <br>.

    When nothing but hidden text is in it, it stays as it is: in doubt words are shown.
    """
    if not _HINTS.search(html):
        return html
    tokens = _tokens(html)
    if tokens is None:
        return html
    written = "".join(_resolved(tokens, stylesheets.read(html, _HINTS)))
    return written if _has_words(written) or not _has_words(html) else html


def _has_words(html: str) -> bool:
    return bool(re.search(r"[^\W_]", unescape(_TAG.sub("", html[:400_000])))) or "<img" in html.lower()


def _tokens(html: str) -> list[_Piece] | None:
    """Text and tags in order, each start with the place of its end; None when there are too many."""
    tokens: list[_Piece] = []
    place = 0
    html = _without_comments(html)
    for tag in _TAG.finditer(html):
        if tag.start() > place:
            tokens.append(_Piece(html[place : tag.start()]))
        place = tag.end()
        tokens.append(_Piece(tag[0], tag[2].lower(), bool(tag[1]), tag[3]))
        if len(tokens) > MOST_TAGS:
            return None
    tokens.append(_Piece(html[place:]))
    _pair(tokens)
    return tokens


def _without_comments(html: str) -> str:
    """The HTML without comments that end; Outlook's conditions are comments, too."""
    parts, place = [], 0
    while (start := html.find("<!--", place)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        parts.append(html[place:start])
        place = end + 3
    return "".join([*parts, html[place:]])


def _pair(tokens: list[_Piece]) -> None:
    """Match ends with starts: an end closes the nearest start of its name, and what is open within it stays open."""
    waiting: dict[str, list[int]] = {}
    for at, token in enumerate(tokens):
        if not token.name or token.name in _VOID or token.attributes.endswith("/"):
            continue
        if not token.is_end:
            waiting.setdefault(token.name, []).append(at)
        elif waiting.get(token.name):
            tokens[waiting[token.name].pop()].end = at


def _style(token: _Piece, rules: Rules) -> str:
    attributes = token.attributes.lower()
    if "style" not in attributes and (not rules or ("class" not in attributes and "id" not in attributes)):
        return ""
    facts = _facts(token)
    own = unescape(facts.get("style", "")).lower()
    if not rules:
        return own
    keys = [f".{name}" for name in facts.get("class", "").split()[:50]] + [f"#{facts.get('id', '')}"]
    return stylesheets.of_element(rules, token.name, keys, own)


def _facts(token: _Piece) -> dict[str, str]:
    found = _ATTRIBUTE.findall(token.attributes)
    return {name.lower(): a or b or c for name, a, b, c in reversed(found)}


def _is_hidden(token: _Piece, style: str) -> bool:
    if token.name in {"html", "body"} or token.end < 0:
        return False
    is_flat = bool(_NO_HEIGHT.search(style)) and bool(_CUT_OFF.search(style))
    return (
        bool(_HIDDEN.search(style)) or is_flat or ("hidden" in token.attributes.lower() and "hidden" in _facts(token))
    )


@dataclass(slots=True)
class _Open:
    """What holds within the elements that are open at a place."""

    struck: set[int] = field(default_factory=set)  # places of ends before which </s> is written
    kept: list[tuple[int, bool]] = field(default_factory=list)  # (place of the end, whether lines are kept)

    def keeps_lines(self, at: int) -> bool:
        while self.kept and self.kept[-1][0] <= at:
            self.kept.pop()
        return bool(self.kept) and self.kept[-1][1]


def _resolved(tokens: list[_Piece], rules: Rules) -> Iterator[str]:
    opened = _Open()
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if not token.name:
            yield _with_lines(tokens, at) if opened.keeps_lines(at) else token.source
        elif token.is_end:
            yield f"</s>{token.source}" if at in opened.struck else token.source
        else:
            style = _style(token, rules)
            if (style or "hidden" in token.attributes) and _is_hidden(token, style):
                at = token.end + 1
                continue
            yield _numbered(token, style)
            if style and token.end > at:
                yield from _marked(token, style, opened, is_marked=tokens[at + 1].name == "s")
        at += 1


_COUNTED = re.compile(r"list-style(?:-type)?\s{0,9}:[^;]{0,40}?\b(lower|upper)-(alpha|latin|roman)\b")
_COUNTS = {("lower", "roman"): "i", ("upper", "roman"): "I", ("lower", "alpha"): "a", ("upper", "alpha"): "A"}


def _numbered(token: _Piece, style: str) -> str:
    """The tag; a list whose style says how it counts says so by its attribute, too."""
    found = _COUNTED.search(style) if token.name == "ol" and style else None
    if found is None or "type" in _facts(token):
        return token.source
    count = _COUNTS[found[1], found[2].replace("latin", "alpha")]
    return f'<ol type="{count}"{token.source[3:]}'


def _marked(token: _Piece, style: str, opened: _Open, *, is_marked: bool) -> Iterator[str]:
    """What is written behind a start whose style means something."""
    kept = _KEPT.search(style)
    if kept and token.name != "pre":
        opened.kept.append((token.end, kept[1] == "pre"))
    if _STRUCK.search(style) and token.name not in _UNMARKED and not is_marked:
        opened.struck.add(token.end)
        yield "<s>"


_UNMARKED = frozenset({"s", "strike", "del", "table", "tbody", "tr"})


def _with_lines(tokens: list[_Piece], at: int) -> str:
    """A text whose line ends count, but for those that only part the tags of blocks."""
    text = tokens[at].source.replace("\r\n", "\n")
    before = tokens[at - 1].name if at else "p"
    after = tokens[at + 1].name if at + 1 < len(tokens) else "p"
    start = len(text) - len(text.lstrip("\n")) if before in _BLOCKS else 0
    end = len(text.rstrip("\n")) if after in _BLOCKS else len(text)
    if start >= end:
        return text
    return text[start:end].replace("\n", "<br>").replace("  ", "&nbsp; ").replace("\t", "&nbsp; &nbsp; ")
