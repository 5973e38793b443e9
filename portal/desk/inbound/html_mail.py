"""HTML mail as the desk needs it: its text with quoted history marked, and the same HTML without given lines."""

import re
from collections.abc import Collection, Iterable
from html import unescape

from portal.lib.mail_quotes import html, markup, rendering
from portal.lib.mail_quotes.markup import Markup
from portal.lib.mail_quotes.reading import OMITTED, Cut, Reading

_TAG = re.compile(r"<(script|style|title)\b[^<>]*>[^<]*(?:<(?!/\1)[^<]*)*|<[^<>]{0,5000}>", re.IGNORECASE)


def to_text(source: str) -> str:
    """The text of an HTML mail, its lists, links and quotes marked as in a plain one."""
    read = markup.read(source)
    if not read.is_reasonable:
        return re.sub(r"\n{3,}", "\n\n", unescape(_TAG.sub("\n", source)).replace("\xa0", " "))
    lines = html.lines_of(read)
    shown = [text for text, line in zip(rendering.written(read, lines), lines, strict=True) if not line.is_hidden]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(shown)).strip("\n")


def without_lines(read: Markup, found: Reading, numbers: Collection[int], cut: Iterable[Cut] = ()) -> str:
    """The HTML without some of its lines, or words of them; a sign stands where a line was taken out of a quote."""
    lines = found.lines
    spans = [
        (lines[at].start, lines[at].end, found.is_quoted(at)) for at in sorted(numbers) if lines[at].text.strip()
    ]
    for at, words in cut:
        place = lines[at].text.find(words)
        if place >= 0:
            spans.append((lines[at].start + place, lines[at].start + place + len(words), False))
    return html.without(read, sorted(spans), sign=OMITTED)
