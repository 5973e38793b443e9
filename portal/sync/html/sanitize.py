"""Cleaning: foreign HTML and plain text become the little HTML that is safe to show as it is. Pure.

Every word stays; scripts, styles, forms, ids, classes, remote pictures and addresses of our own pages do not.
"""

import re
from collections.abc import Mapping
from html import escape, unescape
from urllib.parse import unquote

import nh3

from portal.lib.html import tree, writer
from portal.sync.html import summary

TAGS = {
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "col",
    "colgroup",
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
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
}
ATTRIBUTES = {
    "*": {"lang"},  # how it is to be pronounced
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start", "type"},
    "li": {"value"},
}
SCHEMES = {"http", "https", "mailto", "tel", "cid"}
LINK_REL = "noopener noreferrer nofollow"
MOST_SHOWN = 200_000  # letters of clean HTML or text; a longer message is cut visibly, and is whole in the core
_CUT = " […]"


def from_html(source: str) -> str:
    """Foreign HTML, cleaned; inline pictures keep their `cid:` address until pictures() gives them ours."""
    try:
        return from_written(writer.written(tree.parse(source), longest=MOST_SHOWN)) if source else ""
    except tree.TooComplex:
        return from_text(stripped(source[: MOST_SHOWN * 4]))


def from_written(source: str) -> str:
    """The same for HTML that lib.html.writer wrote as a whole: only such may be given to a parser like nh3's."""
    return _tidy(_CLEANER.clean(_NAMES.sub(_renamed, source))) if source else ""


def from_text(text: str) -> str:
    """Plain text as paragraphs, its lines kept, its links and addresses clickable."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", shortened(without_controls(text)).strip())
    return "".join(f"<p>{_linked(paragraph).replace(chr(10), '<br>')}</p>" for paragraph in paragraphs if paragraph)


def plain(cleaned: str) -> str:
    """The words of clean HTML, a line a block."""
    return unescape(_ANY_TAG.sub("", _LINE_END.sub("\n", cleaned))).replace("\xa0", " ")


def stripped(source: str) -> str:
    """The words of HTML that is too long or too deep to be cleaned, as text."""
    return unescape(_ANY_TAG.sub("", _LINE_END.sub("\n", _UNSEEN.sub("", source)))).replace("\xa0", " ")


def excerpt(cleaned: str, *, longest: int = 200) -> str:
    """What the message says was done, as one line; empty where it tells nothing of the kind."""
    return summary.of(plain(cleaned[: longest * 40]), longest=longest)


def says_something(cleaned: str) -> bool:
    """Whether a reader would see anything of it."""
    return has_pictures(cleaned) or bool(plain(cleaned).strip())


def has_pictures(cleaned: str) -> bool:
    return '<img src="cid:' in cleaned


def pictures(cleaned: str, addresses: Mapping[str, str]) -> str:
    """Inline pictures at their address by Content-ID; those of no known attachment are left out."""

    def _placed(tag: re.Match[str]) -> str:
        name = unescape(tag[1]).strip("<>")
        address = addresses.get(name) or addresses.get(unquote(name))
        return f'<img src="{escape(address)}"{tag[2]}>' if address else ""

    return _CID_PICTURE.sub(_placed, cleaned)


def without_controls(text: str) -> str:
    """The text without the control letters no page may hold and no database takes."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def shortened(text: str) -> str:
    """The text, or its beginning and a sign that there is more."""
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN].rstrip() + _CUT


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# What a parser has to meet by its own name: wrappers, what has no content, and what is removed with its content.
_OWN_NAMES = TAGS | {
    "html",
    "body",
    "head",
    "script",
    "style",
    "title",
    "area",
    "base",
    "embed",
    "frame",
    "image",
    "input",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
}
# Elements that part the text but may not stay, and those whose content a parser would take for text or for a picture:
# as divisions they keep their words, and keep them apart.
_DIVISIONS = {
    "address",
    "article",
    "aside",
    "audio",
    "canvas",
    "center",
    "details",
    "dialog",
    "dir",
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
    "header",
    "hgroup",
    "iframe",
    "legend",
    "listing",
    "main",
    "math",
    "menu",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "optgroup",
    "option",
    "plaintext",
    "search",
    "section",
    "select",
    "summary",
    "svg",
    "template",
    "textarea",
    "video",
    "xmp",
}
_NAMES = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_LINE_END = re.compile(
    r"<(?:br|hr|/?(?:p|div|li|tr|t[dh]|table|ul|ol|dl|dt|dd|blockquote|pre|caption))\b[^<>]*>", re.I
)
_ANY_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile(r"<(script|style|title)\b[^<>]*>[^<]*(?:<(?!/\1)[^<]*)*", re.IGNORECASE)
_CID_PICTURE = re.compile(r'<img src="cid:([^"]*)"((?: [a-z]+="[^"]*")*)>')
_NO_PICTURE = re.compile(r'<img(?! src="cid:)(?: [a-z]+="[^"]*")*>')
_EMPTY_PARAGRAPH = re.compile(r"<p>(?:&nbsp;|\s|<br>)*</p>")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_LINK = re.compile(
    r"(?P<web>\b(?:https?://|www\.)[^\s<>\"']{2,2000})"
    r"|(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
)


def _renamed(tag: re.Match[str]) -> str:
    """The tag by a name that every parser takes the same way; an unknown element is as good as none."""
    name = tag[2].lower()
    if name == "strike":
        return f"<{tag[1]}s"
    return tag[0] if name in _OWN_NAMES else f"<{tag[1]}{'div' if name in _DIVISIONS else 'span'}"


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """The value of an attribute we show, or None."""
    if attribute == "src":
        return value if value.lower().startswith("cid:") else None
    if attribute == "href":  # an address without a scheme would be one of our own pages
        return value if value.lower().startswith(("http://", "https://", "mailto:", "tel:")) else None
    if attribute in {"width", "height", "colspan", "rowspan", "start", "value"}:
        return value if _NUMBER.fullmatch(value) else None
    if attribute == "type":
        return value if value in {"1", "a", "A", "i", "I"} else None
    return value


_CLEANER = nh3.Cleaner(  # made once: making it takes ten times as long as cleaning a short message
    tags=TAGS,
    attributes=ATTRIBUTES,
    attribute_filter=_kept,
    clean_content_tags={"script", "style", "title", "head"},
    url_schemes=SCHEMES,
    link_rel=LINK_REL,
)


def _tidy(cleaned: str) -> str:
    cleaned = _NO_PICTURE.sub("", cleaned) if "<img" in cleaned else cleaned
    cleaned = _EMPTY_PARAGRAPH.sub("", cleaned)  # Outlook's empty lines: our paragraphs keep a distance as it is
    cleaned = cleaned[: _end_without_emptiness(cleaned)].strip()
    inner = cleaned
    while inner.endswith("</div>"):  # as often as elements are nested, which is not often
        inner = inner.removesuffix("</div>")
    return inner[: _end_without_emptiness(inner)].rstrip() + cleaned[len(inner) :]


def _end_without_emptiness(cleaned: str) -> int:
    """Where the last words end: mail programs leave empty paragraphs behind them."""
    end = len(cleaned)
    while True:
        end = len(cleaned[:end].rstrip()) if cleaned[end - 1 : end].isspace() else end
        if cleaned.endswith(("<br>", "<hr>"), 0, end):
            end -= len("<br>")
            continue
        name = next((name for name in ("p", "div") if cleaned.endswith(f"</{name}>", 0, end)), None)
        start = cleaned.rfind(f"<{name}>", 0, end) if name else -1
        is_its_own = start >= 0 and cleaned.find(f"</{name}>", start) + len(f"</{name}>") == end
        if not is_its_own or says_something(cleaned[start:end]):
            return end  # a tag that closes another one stays: what is cut off must be whole
        end = start


def _linked(text: str) -> str:
    """Escaped text whose web and mail addresses are links; nothing but http, https and mailto is ever made."""
    parts, place = [], 0
    for found in _LINK.finditer(text):
        address = _without_trail(found.group())
        parts += [escape(text[place : found.start()]), _anchor(address, mail=bool(found["mail"]))]
        place = found.start() + len(address)
    return "".join([*parts, escape(text[place:])])


def _anchor(address: str, *, mail: bool) -> str:
    target = f"mailto:{address}" if mail else address if "://" in address else f"http://{address}"
    return f'<a href="{escape(target)}" rel="{LINK_REL}">{escape(address)}</a>'


def _without_trail(address: str) -> str:
    """Without the full stop or bracket that belongs to the sentence."""
    address = address.rstrip(".,;:!?…“”\"'")
    while address.endswith(")") and address.count("(") < address.count(")"):
        address = address[:-1].rstrip(".,;:!?")
    return address
