"""Folding: the history a sender quoted and their signature, put aside for a reader who asks for it. Pure.

Nothing is dropped but the small print of our own letters: what is not visible is quoted. Which lines are history is
decided by lib.mail_quotes; a quote between answers stays visible, because an answer makes no sense without it.
"""

from dataclasses import dataclass
from itertools import groupby

from portal.lib.mail_quotes import html, lines, reading
from portal.lib.mail_quotes.lines import Part
from portal.lib.mail_quotes.markup import Markup, read
from portal.lib.mail_quotes.reading import About, Reading

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Folded:
    """visible is what the sender wrote now, quoted the history and the signature; either may be empty."""

    visible: str
    quoted: str


def of_text(text: str, about: About | None = None) -> Folded:
    """A plain text parted; lines are separated by \\n."""
    text = lines.without_mailbox_marks(text)
    found = reading.read_text(text, about)
    hidden, dropped = _folded(found), _footers(found)
    if not hidden and not dropped:
        return Folded(text, "")
    quoted = "\n".join(text[start:end] for start, end in hidden)
    return Folded(_without(text, sorted([*hidden, *dropped])).strip("\n"), quoted)


def of_html(source: str, about: About | None = None) -> Folded:
    """Foreign HTML parted, before its classes are cleaned away; both parts still want cleaning."""
    return of_markup(read(source), about)


def of_markup(markup: Markup, about: About | None = None) -> Folded:
    """The same for HTML that was read already."""
    if not markup.is_reasonable:
        return Folded(markup.source, "")
    found = reading.read(html.lines_of(markup), about)
    hidden = [markup.stretch(*span) for span in _folded(found)]
    dropped = [markup.stretch(*span) for span in _footers(found)]
    if not hidden and not dropped:
        return Folded(markup.source, "")
    quoted = "".join(markup.opened_before(start) + markup.source[start:end] for start, end in hidden)
    return Folded(html.cut(markup, [(*span, "") for span in sorted([*hidden, *dropped])]), quoted)


def _folded(found: Reading) -> list[Span]:
    return [_span(found, start, end) for start, end in found.folded_runs()] if _is_foldable(found) else []


def _is_foldable(found: Reading) -> bool:
    """A mail of a signature alone is shown; history alone is folded where somebody announced it."""
    return found.says_anything or Part.HISTORY in found.parts


def _footers(found: Reading) -> list[Span]:
    """Where our own small print stands."""
    runs = []
    for part, run in groupby(range(len(found.parts)), key=lambda at: found.parts[at]):
        numbers = list(run)
        if part is Part.FOOTER:
            runs.append(_span(found, numbers[0], numbers[-1] + 1))
    return [span for span in runs if span[0] < span[1]]


def _span(found: Reading, start: int, end: int) -> Span:
    """The letters of lines, without the empty ones at both ends."""
    said = [line for line in found.lines[start:end] if line.text.strip()]
    return (said[0].start, said[-1].end) if said else (0, 0)


def _without(text: str, spans: list[Span]) -> str:
    """The text without spans that are in order."""
    kept, place = [], 0
    for start, end in spans:
        if start >= place:
            kept.append(text[place:start])
            place = end
    return "".join([*kept, text[place:]])
