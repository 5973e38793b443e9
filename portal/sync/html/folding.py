"""Folding: where the history a sender quoted begins, in Czech and English mail of the usual programs. Pure.

Nothing is ever dropped: what is not visible is quoted. A quote between answers stays visible, because an answer
makes no sense without it; only what stands at the end, or alone at the beginning, is folded.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from portal.sync.html.scanner import Element, Markup, read

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Folded:
    """visible is what the sender wrote now, quoted the history and the signature; either may be empty."""

    visible: str
    quoted: str


def of_text(text: str) -> Folded:
    """A plain text parted; lines are separated by \\n."""
    hidden = _foldable(text, _all_spans(text, _marked_lines(text), also_announced=[]))
    if not hidden:
        return Folded(text, "")
    return Folded(_without(text, hidden).strip("\n"), "\n".join(text[start:end].strip("\n") for start, end in hidden))


def of_html(source: str) -> Folded:
    """Foreign HTML parted, before its classes are cleaned away; both parts still want cleaning."""
    return of_markup(read(source))


def of_markup(markup: Markup) -> Folded:
    """The same for HTML that was read already."""
    if not markup.is_reasonable:
        return Folded(markup.source, "")
    spans = _all_spans(markup.text, _quoting_elements(markup), also_announced=_blockquotes(markup))
    hidden = [markup.stretch(start, end) for start, end in _foldable(markup.text, spans)]
    if not hidden:
        return Folded(markup.source, "")
    quoted = "".join(markup.opened_before(start) + markup.source[start:end] for start, end in hidden)
    # Tags that open within a part and close behind it stand around what follows it, too.
    visible = _without(markup.source, hidden, lambda start, end: markup.opened_before(end, since=start))
    return Folded(visible, quoted)


# A line that announces a quote. The sender's program may wrap it, so two more lines may belong to it.
_WROTE = r"(?:napsala?|napsal\(a\)|napsal/a|píše|wrote|writes)"
_DATE = r"\d{1,2}\.\s?\d{1,2}\.\s?\d{2,4}"
_ATTRIBUTION = re.compile(
    rf"""^[ \t]*(?:
        (?:Dne|On)\b (?=[^\n]{{0,300}}(?:\n[^\n]{{0,200}})?(?:\d[:.]\d\d|@|\d{{4}}))
            [^\n]{{3,300}} (?:\n[^\n]{{0,200}}){{0,2}}? \b{_WROTE} [ \t]?: [ \t]*$  # Thunderbird, Roundcube
      | (?:\w{{2,9}}\.?\ )? {_DATE} \s [^\n]{{0,300}} (?:\n[^\n]{{0,200}}){{0,2}}? \b{_WROTE} [ \t]?: [ \t]*$  # Gmail
      | {_DATE} \s ve?\s \d{{1,2}}[:.]\d\d [^\n]{{0,10}}, \s [^\n]{{1,200}} (?:\n[^\n]{{0,200}})? <[^\n<>]{{3,200}}>
            [ \t]?: [ \t]*$  # Apple Mail
    )""",
    re.MULTILINE | re.VERBOSE,
)
# Lines after which nothing is the sender's own: separators, and the heads that Outlook copies into the text.
_SEPARATOR = re.compile(
    r"""^[ \t]*(?:
        [-_–—]{2,} [ \t]* (?:Původní\ (?:e-?mail|zpráva)|Přeposlan(?:á\ zpráva|ý\ e-?mail)|Přeposílaná\ zpráva
            |Original\ (?:message|e-?mail)|Forwarded\ (?:message|e-?mail)) [ \t]* [-_–—]{2,}
      | (?:Začátek\ přeposílané\ zprávy|Begin\ forwarded\ message) [ \t]?: [ \t]*$
      | (?:[_-]{10,}[ \t]*\n\s{0,20})?
        \*?(?:Od|From)[ \t]?:\*? [ \t]* [^\n]{1,300} \n (?:[^\n]{0,200}\n){0,2}?
        [ \t]*\*?(?:Odesláno|Datum|Komu|Předmět|Sent|Date|To|Subject)[ \t]?:
    )""",
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"""^[ \t]*(?:
        --[ ]?$
      | Odesláno\ (?:z|ze|pomocí)\ (?:mého\ )?\w{3,}[^\n:]{0,80}$
      | (?:Získat|Získejte|Stáhnout)\ (?:aplikaci\ )?Outlook\b[^\n]{0,80}$
      | Sent\ from\ (?:my|Mail|Outlook)\b[^\n]{0,80}$
      | Get\ Outlook\ for\b[^\n]{0,80}$
    )""",
    re.MULTILINE | re.VERBOSE,
)
_MARKED = re.compile(r"(?:^[ \t]?>[^\n]*(?:\n|\Z)(?:(?:[ \t]*\n)++(?=[ \t]?>))?)+", re.MULTILINE)
_BLANK = re.compile(r"\s*")

# Classes and ids. Outlook puts x_ in front of those that it quotes itself.
_QUOTES = frozenset(
    {
        "gmail_quote",
        "gmail_extra",
        "yahoo_quoted",
        "protonmail_quote",
        "tutanota_quote",
        "moz-cite-prefix",
        "moz-forward-container",
        "zmail_extra",
        "gmail_signature",
        "moz-signature",
        "ms-outlook-mobile-signature",
        "OLK_SRC_BODY_SECTION",
        "mail-editor-reference-message-container",
    }
)
_ALL_AFTER = frozenset({"divRplyFwdMsg", "appendonsend"})  # Outlook on the web: the quote is what follows
_CLASS_OR_ID = re.compile(r"(class|id|type)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)


def _all_spans(text: str, quotes: list[Span], *, also_announced: list[Span]) -> list[Span]:
    quotes = _merged(text, quotes)
    quotes = _merged(text, quotes + _announced(text, quotes, marked=quotes + also_announced))
    return quotes + _signatures(text, quotes)


def _marked_lines(text: str) -> list[Span]:
    return [found.span() for found in _MARKED.finditer(text)]


def _announced(text: str, quotes: list[Span], marked: list[Span]) -> list[Span]:
    """Quotes by the line before them: to the end of a quote that follows at once, or to the end of everything."""
    ends = dict(marked)
    spans = []
    for found in _outside(quotes, _ATTRIBUTION.finditer(text)):
        after = _blank_end(text, found.end())
        end = next((ends[start] for start in range(found.end(), after + 1) if start in ends), len(text))
        spans.append((found.start(), end))
    return spans + [(found.start(), len(text)) for found in _outside(quotes, _SEPARATOR.finditer(text))]


def _signatures(text: str, quotes: list[Span]) -> list[Span]:
    """Each up to the quote that follows, or to the end."""
    starts = sorted(start for start, _ in quotes)
    found = [found.start() for found in _outside(quotes, _SIGNATURE.finditer(text))]
    return [(start, next((quote for quote in starts if quote > start), len(text))) for start in found]


def _outside(quotes: list[Span], found: Iterable[re.Match[str]]) -> Iterator[re.Match[str]]:
    """The first few finds that stand in no quote: what stands in one is the history's own."""
    free = (match for match in found if not any(start <= match.start() < end for start, end in quotes))
    return islice(free, 20)


def _blank_end(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return found.end() if found else place


def _quoting_elements(markup: Markup) -> list[Span]:
    spans = []
    for element in markup.elements:
        if "=" not in element.attributes:
            continue
        facts = _facts(element)
        names = {name.removeprefix("x_") for name in (*facts.get("class", ()), *facts.get("id", ()))}
        if not _ALL_AFTER.isdisjoint(names):
            spans.append((markup.letter_at(element.start), len(markup.text)))
        elif not _QUOTES.isdisjoint(names) or (element.name == "blockquote" and facts.get("type") == ["cite"]):
            spans.append(_letters_of(element, markup))
    return spans


def _blockquotes(markup: Markup) -> list[Span]:
    """Every blockquote, mere indentations too: behind a line that announces it, it is a quote."""
    return [_letters_of(element, markup) for element in markup.elements if element.name == "blockquote"]


def _letters_of(element: Element, markup: Markup) -> Span:
    return markup.letter_at(element.start), markup.letter_at(element.end)


def _facts(element: Element) -> dict[str, list[str]]:
    found = _CLASS_OR_ID.findall(element.attributes)
    return {name.lower(): (a or b or c).split() for name, a, b, c in found}


def _foldable(text: str, spans: list[Span]) -> list[Span]:
    """The spans to hide: those at the end, and a lone one at the beginning. None when nothing would remain."""
    merged = _merged(text, spans)
    start_of_end = len(text)
    while merged and not text[merged[-1][1] : start_of_end].strip():
        start_of_end = merged.pop()[0]
    hidden = [(start_of_end, len(text))] if text[start_of_end:].strip() else []
    if len(merged) == 1 and not text[: merged[0][0]].strip():
        hidden.insert(0, merged[0])
    return hidden if _without(text, hidden).strip() else []


def _merged(text: str, spans: list[Span]) -> list[Span]:
    """The spans that say anything, in order, those that touch or overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if text[slice(*span)].strip()):
        if merged and not text[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _without(text: str, hidden: list[Span], instead: Callable[[int, int], str] = lambda start, end: "") -> str:
    kept, place = [], 0
    for start, end in hidden:
        kept += [text[place:start], instead(start, end)]
        place = end
    return "".join([*kept, text[place:]])
