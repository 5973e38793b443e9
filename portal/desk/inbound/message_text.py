"""What a mail says: its text and its HTML read once, with the lines that are to be taken out of both. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from portal.desk.inbound import html_mail
from portal.lib.mail_quotes import html, lines, markup, reading, rendering
from portal.lib.mail_quotes.lines import Part
from portal.lib.mail_quotes.markup import Markup
from portal.lib.mail_quotes.reading import About, Cut, Reading

_PLACEHOLDER = re.compile(r"\[(?:image|cid|obrázek|inline)[^\[\]]{0,200}\]", re.IGNORECASE)
_STAND_IN = re.compile(
    r"\bHTML\b.{0,200}(?:zobraz|nepodporuj|neum|view|support|display|anzeig|darstell|wyświetl|obsług)"
    r"|(?:zobraz|view|display|anzeig|wyświetl).{0,200}\bHTML\b",
    re.IGNORECASE | re.DOTALL,
)
_DATA = re.compile(r"([\"'])\s*data:[^\"']*\1", re.IGNORECASE)
_STASHED = re.compile(r'"data:#(\d+)"')
MOSTLY = 0.85  # of a text's words stand in the HTML that says the same


@dataclass(frozen=True, slots=True)
class Version:
    """A mail's text or HTML: its lines as a plain text has them, and the reading of each."""

    written: tuple[str, ...]
    reading: Reading

    def text(self, without: Collection[int] = (), cut: Sequence[Cut] = ()) -> str:
        """All of it, quoted history included."""
        return self.reading.whole(self.written, without, cut)

    def told(self, without: Collection[int] = (), cut: Sequence[Cut] = ()) -> str:
        """What a letter carries: the sender's words, what they forward and what they answer."""
        return self.reading.told(self.written, without, cut)

    def says_anything(self, without: Collection[int] = ()) -> bool:
        """Whether anything beside history and signature is left."""
        parts = {Part.HISTORY, Part.SIGNATURE, Part.FOOTER, Part.ANSWERED}
        return any(
            line.strip() and part not in parts and at not in without
            for at, (line, part) in enumerate(zip(self.written, self.reading.parts, strict=True))
        )


@dataclass(frozen=True, slots=True)
class MessageText:
    """The version that says what was written, and both there are. rich and read are None without usable HTML."""

    words: Version
    plain: Version
    rich: Version | None
    read: Markup | None
    source: str
    pictures: tuple[str, ...] = ()  # written into the HTML: they are long, and no tag of theirs is read

    def html(self, without: Collection[int], cut: Sequence[Cut] = (), *, also: Sequence[str] = ()) -> str:
        """The HTML without lines of its own; empty when one of the other lines can still be read in it."""
        if self.rich is None or self.read is None:
            return "" if also or without or cut else self.source
        dropped = {*without, *self.rich.reading.at(Part.FOOTER)}
        left = {_squeezed(line) for at, line in enumerate(self.rich.written) if at not in dropped}
        if any(_squeezed(line) in left for line in also if line.strip()):
            return ""
        if not dropped and not cut:
            return self.source
        left_over = html_mail.without_lines(self.read, self.rich.reading, dropped, cut)
        return _STASHED.sub(lambda found: self.pictures[int(found[1])], left_over)


def of(text: str, source: str, about: About) -> MessageText:
    """Text and HTML of a mail read together: the HTML speaks where it says all that the text says."""
    plain = _of_text(text, about)
    pictures: list[str] = []
    read = markup.read(_DATA.sub(lambda found: _stash(found[0], pictures), source)) if source.strip() else None
    if read is None or not read.is_reasonable:
        return MessageText(plain, plain, None, None, source)
    found = html.lines_of(read)
    rich = Version(tuple(rendering.written(read, found)), reading.read(found, about))
    words = rich if _stands_for(rich, plain) else plain
    return MessageText(words, plain, rich, read, source, tuple(pictures))


def _stash(picture: str, pictures: list[str]) -> str:
    pictures.append(picture)
    return f'"data:#{len(pictures) - 1}"'


def _of_text(text: str, about: About) -> Version:
    text = lines.without_mailbox_marks(text)
    return Version(tuple(text.split("\n")), reading.read_text(text, about))


def _stands_for(rich: Version, plain: Version) -> bool:
    """Whether the HTML says what the text says, or all there is to say."""
    told, said = rich.told(), plain.told()
    if not _words(told):
        return False
    wanted = _words(_PLACEHOLDER.sub(" ", said))
    if not wanted or (_STAND_IN.search(said[:1000]) and len(wanted) < 60):
        return True
    return len(wanted & _words(told)) >= MOSTLY * len(wanted)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
