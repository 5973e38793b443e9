"""HTML mail as the desk needs it: its text with quoted history marked, and the same HTML without given lines."""

import re
from collections.abc import Iterable, Iterator

import lxml.etree
import lxml.html
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

_PLAINLY = ParserConfig(css=CSS_PROFILES["strict"])  # without the indentation of a page
_LARGEST = 2_000_000  # characters; beyond that only tags are cut out
_DEEPEST = 200  # elements in elements; the renderer recurses
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)\s*>|<[^>]{0,5000}>", re.S | re.I)
# Where mail programs put what they quote: (XPath, whether everything after it is quoted too).
_QUOTES = (
    (".//blockquote", False),
    (".//*[contains(concat(' ', @class, ' '), ' gmail_quote ')]", False),
    (".//*[@class='moz-cite-prefix']", False),
    (".//*[@id='divRplyFwdMsg' or @id='appendonsend' or @id='OLK_SRC_BODY_SECTION']", True),
    (".//*[contains(@style, 'border-top:solid #E1E1E1') or contains(@style, 'border-top:solid #B5C4DF')]", True),
)


def to_text(html: str) -> str:
    """The text of an HTML mail. Quoted history stands after the sender's own text, each line behind "> "."""
    tree = _tree(html)
    if tree is None:
        return re.sub(r"\n{3,}", "\n\n", _unescaped(_TAG.sub("\n", html)))
    quotes = "\n".join(_rendered(quote) for quote in list(_cut_quotes(tree)))
    own = _rendered(tree).strip("\n")
    quoted = "\n".join(f"> {line}".rstrip() for line in quotes.strip("\n").splitlines())
    return f"{own}\n\n{quoted}".strip("\n") if quoted else own


def without_lines(html: str, lines: Iterable[str]) -> str:
    """The HTML without the text nodes that are one of the lines; empty when a line could not be taken out."""
    unwanted = {_squeezed(line) for line in lines}
    tree = _tree(html)
    if tree is None or not unwanted:
        return "" if unwanted else html
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        if _squeezed(element.text or "") in unwanted:
            element.text = None
        if _squeezed(element.tail or "") in unwanted:
            element.tail = None
    left = {_squeezed(line) for line in _rendered(tree).splitlines()}
    return "" if unwanted & left else lxml.html.tostring(tree, encoding="unicode")


def _tree(html: str) -> lxml.html.HtmlElement | None:
    """The parsed mail, or None for what is too large, too deep or not HTML at all."""
    if len(html) > _LARGEST or not html.strip():
        return None
    try:
        tree = lxml.html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", html))
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return None
    return None if _is_deep(tree) else tree


def _is_deep(tree: lxml.html.HtmlElement) -> bool:
    depth = 0
    for event, _ in lxml.etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST:
            return True
    return False


def _cut_quotes(tree: lxml.html.HtmlElement) -> Iterator[lxml.html.HtmlElement]:
    for path, all_after in _QUOTES:
        for quote in tree.xpath(path):
            if quote.getparent() is None or quote.getroottree().getroot() is not tree:
                continue  # it left with the quote it stands in
            if all_after:
                for element in [quote, *_following(quote)]:
                    element.getparent().remove(element)
                    yield element
            else:
                _lift_out(quote)
                yield quote


def _following(element: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """Everything after the element, also outside the one it stands in."""
    found = []
    while element.getparent() is not None:
        found += list(element.itersiblings())
        element = element.getparent()
    return found


def _lift_out(element: lxml.html.HtmlElement) -> None:
    """Take the element out; the text after it stays where it was."""
    parent, tail = element.getparent(), element.tail
    element.tail = None
    before = element.getprevious()
    parent.remove(element)
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail


def _rendered(tree: lxml.html.HtmlElement) -> str:
    try:
        rendered = get_text(lxml.html.tostring(tree, encoding="unicode"), _PLAINLY)
        return "\n".join(line.rstrip() for line in rendered.split("\n"))
    except (RecursionError, ValueError, AttributeError, IndexError, TypeError, KeyError, lxml.etree.LxmlError):
        return "\n".join(text for text in tree.itertext() if text.strip())


def _unescaped(text: str) -> str:
    return text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _squeezed(text: str) -> str:
    return " ".join(text.split())
