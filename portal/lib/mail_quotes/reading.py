"""The reading of a mail: of every line, whether it is the sender's own, history, or content from elsewhere. Pure.

History is what somebody else wrote before in this conversation, with the line that announces it. Where that is not
plain, nothing is history: own words that are folded are lost, history that stays open is only long.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from portal.lib.mail_quotes import attributions, footers, signatures
from portal.lib.mail_quotes.attributions import Announcement
from portal.lib.mail_quotes.lines import Hint, Line, Part, of_text
from portal.lib.text import fold

OMITTED = "[…]"  # stands for a line that was taken out of a quote
Cut = tuple[int, str]  # a line's number, and words that are taken out of it
_WINDOW = 24  # lines an announcement may have, with its headers
MOST_LINES = 30_000  # of one mail; what stands further below is shown as it is and steers nothing
_MAY_ANNOUNCE = re.compile(r"[:\d@_=–—]|--|napisana przez")
_FORWARD_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{0,80}\]\s*)*(?:fwd?|wg|pd|předáno|přeposláno|přep|doorst|tr)\s*(?:\[\d+\])?\s*:", re.IGNORECASE
)
_CLOSING = re.compile(
    r"^\s*(?:s pozdravem|s přáním|děkuj|hezký den|pěkný den|s úctou|zdrav|best|kind|regards|thank|mit freundlich"
    r"|viele gr|mfg|danke|pozdrawiam|z poważaniem|ďakuj|pekný deň|dziękuj)",
    re.IGNORECASE,
)
_COLOUR_SAID = re.compile(
    r"červen|modř|modr|zelen|barev|fareb|v textu|níže|nižšie|inline|in red|in blue|colou?r|below|rot\b|blau|farb"
    r"|czerwon|kolor|niebiesk|poniżej|unten",
    re.IGNORECASE,
)
_FOLDED = frozenset({Part.HISTORY, Part.SIGNATURE})
_SHOWN_QUOTED = frozenset({Part.ANSWERED, Part.CITED})


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a mail beside its body.

    author: the sender's name and address.
    opening: the first mail of a ticket, in which only what we or its sender wrote before can be history.
    known: addresses, domains ("@x.example") and names of those who may have written before; empty is unknown.
    earlier: what was said in the conversation before.
    """

    opening: bool = False
    subject: str = ""
    author: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    earlier: tuple[str, ...] = ()

    @property
    def is_forward(self) -> bool:
        return bool(_FORWARD_SUBJECT.match(self.subject[:200]))


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines and what each of them is, in order."""

    lines: tuple[Line, ...]
    parts: tuple[Part, ...]

    def at(self, *parts: Part) -> list[int]:
        """The numbers of the lines that are one of these."""
        return [at for at, part in enumerate(self.parts) if part in parts]

    @property
    def own(self) -> list[int]:
        return self.at(Part.OWN)

    @property
    def says_anything(self) -> bool:
        """Whether anything stands in it that is not history, a signature or our own small print."""
        shown = (line.text for line, part in self if part not in {*_FOLDED, Part.FOOTER})
        return any(text.strip() for text in shown)

    def __iter__(self) -> Iterator[tuple[Line, Part]]:
        return iter(zip(self.lines, self.parts, strict=True))

    def told(self, lines: Sequence[str], without: Collection[int] = (), cut: Iterable[Cut] = ()) -> str:
        """What to pass on, of lines as they stand: everything but history and our small print."""
        return self._joined(_cut(lines, cut), without, {Part.HISTORY, Part.FOOTER})

    def whole(self, lines: Sequence[str], without: Collection[int] = (), cut: Iterable[Cut] = ()) -> str:
        """All of it but our small print."""
        return self._joined(_cut(lines, cut), without, {Part.FOOTER})

    def _joined(self, lines: Sequence[str], without: Collection[int], never: Collection[Part]) -> str:
        kept = []
        for at, (line, part) in enumerate(zip(lines, self.parts, strict=True)):
            if part in never or (at in without and not self.is_quoted(at)):
                continue
            kept.append(f"{'> ' * self.lines[at].depth}{OMITTED}" if at in without else line)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n ")

    def is_quoted(self, at: int) -> bool:
        """Whether a line is a part of somebody else's words: without a sign, the rest changes its meaning."""
        return self.parts[at] not in {Part.OWN, Part.SIGNATURE, Part.FOOTER}

    def folded_runs(self) -> list[tuple[int, int]]:
        """Line numbers (start, end) of what a page may fold: history, and the signature that nothing follows."""
        last = max((at for at, (line, part) in enumerate(self) if _speaks(line, part)), default=-1)
        hidden = [
            part is Part.HISTORY or (part is Part.SIGNATURE and at > last) for at, part in enumerate(self.parts)
        ]
        runs = []
        for is_hidden, run in groupby(range(len(hidden)), key=lambda at: hidden[at]):
            numbers = list(run)
            if is_hidden and any(self.lines[at].text.strip() for at in numbers):
                runs.append((numbers[0], numbers[-1] + 1))
        return runs


def _cut(lines: Sequence[str], cut: Iterable[Cut]) -> Sequence[str]:
    """The lines without words that are cut out of them."""
    left = list(lines)
    for at, words in cut:
        left[at] = re.sub(rf"\s?[(\[]?{re.escape(words)}[)\]]?", "", left[at], count=1)
    return left


def _speaks(line: Line, part: Part) -> bool:
    return part not in {*_FOLDED, Part.FOOTER} and bool(line.text.strip())


def read_text(text: str, about: About | None = None) -> Reading:
    """The reading of a plain text, separated by \\n."""
    return read(of_text(text), about)


def own_text(text: str) -> str:
    """The sender's own lines with their signature, and nothing that anybody else wrote."""
    found = read_text(text)
    kept = "\n".join(found.lines[at].text for at in found.at(Part.OWN, Part.SIGNATURE))
    return re.sub(r"\n{3,}", "\n\n", kept).strip()


def read(lines: Sequence[Line], about: About | None = None) -> Reading:
    """The reading of any lines."""
    reader = _Reader(lines[:MOST_LINES], about or About())
    reader.run()
    unread = [Part.CITED] * (len(lines) - len(reader.parts))
    return Reading(tuple(lines), (*reader.parts, *unread))


@dataclass(slots=True)
class _Reader:
    lines: Sequence[Line]
    about: About
    parts: list[Part] = field(default_factory=list)
    is_announced: bool = False  # a line said that what is marked from here on is history
    earlier: "Earlier | None" = None  # made when it is first asked for

    def run(self) -> None:
        self.parts = [Part.OWN] * len(self.lines)
        at = 0
        while at < len(self.lines):
            at = self._marked(at) if self.lines[at].depth else self._unmarked(at)
        self._open_what_is_answered()
        self._find_inserted()
        self._sign()
        for number, line in enumerate(self.lines):
            if line.is_hidden:
                self.parts[number] = Part.FOOTER
        for number in footers.footer_lines([line.text for line in self.lines]):
            self.parts[number] = Part.FOOTER

    def _unmarked(self, at: int) -> int:
        """Take an unmarked line, or all that it announces; answers where to read on."""
        found = self._announced(at)
        if found is None:
            return at + 1
        kind = self._kind(found)
        below = self._next_said(found.end)
        if found.needs_marks and (below is None or not self.lines[below].depth):
            return at + 1
        if below is not None and self.lines[below].depth and not (found.is_forward and kind is Part.FORWARDED):
            self._set(found.start, below, kind)
            self.is_announced = kind is Part.HISTORY
            if kind is not Part.HISTORY:
                end = self._end_of_marked(below)
                self._set(below, end, kind)
                return end
            return below
        self._set(found.start, len(self.lines), kind)
        return len(self.lines)

    def _marked(self, at: int) -> int:
        """Take a run of marked lines; answers where it ends."""
        end = self._end_of_marked(at)
        own = self._announced_within(at, end)
        if own is not None and not self.is_announced:
            kind = self._kind(own)
        elif self.is_announced or self._is_history_unannounced(at, end):
            kind = Part.HISTORY
        else:
            kind = Part.CITED
        is_first = own is not None and kind is Part.HISTORY
        self.is_announced = self.is_announced or is_first
        self._set(self._rule_before(at) if is_first else at, end, kind)
        return end

    def _kind(self, found: Announcement) -> Part:
        if found.is_forward or (found.is_header and self.about.is_forward):
            return Part.FORWARDED
        return Part.FORWARDED if self._is_foreign(found) else Part.HISTORY

    def _is_foreign(self, found: Announcement) -> bool:
        """Whether what is announced comes from outside the conversation, and so is content."""
        known = self.about.known
        sender = attributions.sender_of(found) or found.words
        if self.about.opening:
            # Whoever copies headers of their own mail into a first one forwards it: nobody here has read it.
            return not _is_known(
                sender, known - {fold(name) for name in self.about.author} if found.is_header else known
            )
        addresses = attributions.addresses(sender)
        if not known or not addresses or _is_known(sender, known):
            return False
        return not self._was_said(self.lines[found.end : found.end + 200])

    def _is_history_unannounced(self, at: int, end: int) -> bool:
        """Quotes a mail program made, and marked lines that the conversation holds already."""
        said = [line for line in self.lines[at:end] if line.text.strip()]
        if any(Hint.FORWARDED in line.hint for line in said) or self.about.opening:
            return False
        return all(Hint.PROGRAM in line.hint for line in said) or self._was_said(said)

    def _was_said(self, lines: Sequence[Line]) -> bool:
        if not self.about.earlier:
            return False
        self.earlier = self.earlier or Earlier.of(self.about.earlier)
        return self.earlier.holds(line.text for line in lines)

    def _announced(self, at: int) -> Announcement | None:
        line = self.lines[at]
        if line.hint is not Hint.NONE and Hint.FORWARDED in line.hint:
            return Announcement(at, at + 1, "", is_forward=True)
        if line.hint is not Hint.NONE and line.hint & (Hint.ATTRIBUTION | Hint.ALL_AFTER | Hint.HEADER):
            return self._hinted(at)
        if not _MAY_ANNOUNCE.search(line.text[:400]):
            return None
        window = [other.text if other.depth == line.depth else "" for other in self.lines[at : at + _WINDOW]]
        found = attributions.announcement(window, 0)
        if found is None:
            return None
        return replace(found, start=at, end=at + found.end)

    def _hinted(self, at: int) -> Announcement | None:
        """What the markup calls an attribution, or the place from which all is quoted."""
        hint, depth = self.lines[at].hint, self.lines[at].depth
        end = at
        while (
            end < len(self.lines)
            and end - at < _WINDOW
            and self.lines[end].hint & hint
            and self.lines[end].depth == depth
        ):
            end += 1
        words = [line.text for line in self.lines[at:end]]
        written = attributions.announcement([*words, ""], 0)
        if Hint.ATTRIBUTION in hint:
            return Announcement(at, end, "\n".join(words), bool(written and written.is_forward))
        if written is None and Hint.HEADER in hint and not attributions.looks_like_headers(words):
            return None
        if written is None and Hint.ALL_AFTER in hint:
            window = [line.text for line in self.lines[at : at + _WINDOW]]
            start = next((place for place, text in enumerate(window) if text.strip()), 0)
            below = attributions.announcement(window, start)
            if below is not None:
                return Announcement(at, at + below.end, below.words, below.is_forward, is_header=True)
        return Announcement(at, end, "\n".join(words), bool(written and written.is_forward), is_header=True)

    def _announced_within(self, at: int, end: int) -> Announcement | None:
        """What the first lines of a marked run announce."""
        said = [place for place in range(at, min(end, at + 6)) if self.lines[place].text.strip()]
        return next((found for place in said[:2] if (found := self._announced(place))), None)

    def _end_of_marked(self, at: int) -> int:
        """The end of a run of marked lines, the empty ones between them included."""
        end = last = at
        while end < len(self.lines) and (self.lines[end].depth or not self.lines[end].text.strip()):
            last = end if self.lines[end].depth else last
            end += 1
        return last + 1

    def _rule_before(self, at: int) -> int:
        """Where the rule above a marked header begins, or the header itself."""
        before = at - 1
        while before >= 0 and not self.lines[before].text.strip():
            before -= 1
        is_rule = before >= 0 and re.fullmatch(r"\s*[_-]{8,}\s*", self.lines[before].text)
        return before if is_rule and self.parts[before] is Part.OWN else at

    def _next_said(self, at: int) -> int | None:
        return next((place for place in range(at, len(self.lines)) if self.lines[place].text.strip()), None)

    def _set(self, start: int, end: int, part: Part) -> None:
        self.parts[start:end] = [part] * (end - start)

    def _open_what_is_answered(self) -> None:
        """History with own words on both sides, or between its pieces, is what they answer."""
        signed = self._signed()
        speaking = [
            at
            for at, part in enumerate(self.parts)
            if part is Part.OWN and at not in signed and self.lines[at].text.strip()
        ]
        quoted = [at for at, part in enumerate(self.parts) if part is Part.HISTORY and self.lines[at].text.strip()]
        if not speaking or not quoted or speaking[-1] < quoted[0]:
            return
        is_between = any(quoted[0] < at < quoted[-1] for at in speaking)
        if not is_between and speaking[0] > quoted[-1]:
            return  # an answer below the whole
        for at in range(speaking[-1]):
            if self.parts[at] is Part.HISTORY:
                self.parts[at] = Part.ANSWERED

    def _find_inserted(self) -> None:
        """Answers within the newest mail of the history: in a colour of their own, or between lines said before."""
        if Part.HISTORY not in self.parts:
            return
        first = self.parts.index(Part.HISTORY)
        start, end = self._after_announcement(first), self._end_of_newest(first)
        said = [at for at in range(start, end) if self.parts[at] is Part.HISTORY and self.lines[at].text.strip()]
        inside = self._coloured(said) or self._unsaid(said)
        if inside:
            for at in range(first, max(inside) + 1):
                if self.parts[at] is Part.HISTORY:
                    self.parts[at] = Part.INSERTED if at in inside else Part.ANSWERED

    def _coloured(self, said: list[int]) -> set[int]:
        """Lines in colour; none where the mail itself is written in colour."""
        found = {at for at in said if Hint.COLOURED in self.lines[at].hint}
        return found if (said and said[0] not in found) or self._asks_and_answers(said, found) else set()

    def _asks_and_answers(self, said: list[int], found: set[int]) -> bool:
        """Whether the first line is a question with its answer, the rest not all in colour."""
        return bool(said) and said[0] in found and "?" in self.lines[said[0]].text and len(found) < len(said)

    def _unsaid(self, said: list[int]) -> set[int]:
        """Lines nobody wrote before, among unmarked ones of which most were: somebody answered where they read."""
        if not self.about.earlier or any(self.lines[at].depth for at in said):
            return set()
        self.earlier = self.earlier or Earlier.of(self.about.earlier)
        known = {at for at in said if self.earlier.holds_line(self.lines[at].text)}
        if not known:
            return set()
        found = {at for at in said if at > min(known)} - known
        return found if len(found) <= 2 * len(known) else set()

    def _end_of_newest(self, first: int) -> int:
        """Where the newest quoted mail ends: at its closing words, unless the sender says that they wrote in it."""
        own = " ".join(self.lines[at].text for at in range(len(self.lines)) if self.parts[at] is Part.OWN)
        is_said = bool(_COLOUR_SAID.search(own[:5000]))
        start = self._after_announcement(first)
        for at in range(start, len(self.lines)):
            line = self.lines[at]
            is_coloured = Hint.COLOURED in line.hint
            ends = line.text.strip() == "--" or (not is_said and bool(_CLOSING.match(line.text)))
            if ends and not is_coloured:
                return at
            if self._announced(at):
                return at
        return len(self.lines)

    def _after_announcement(self, first: int) -> int:
        place = self._next_said(first)
        found = self._announced(place) if place is not None else None
        return found.end if found else first + 1

    def _signed(self) -> set[int]:
        """Own lines that are a signature."""
        found: set[int] = {
            at
            for at, line in enumerate(self.lines)
            if line.hint is not Hint.NONE and Hint.SIGNATURE in line.hint and self.parts[at] is Part.OWN
        }
        for is_own, run in groupby(range(len(self.lines)), key=lambda at: self.parts[at] is Part.OWN):
            numbers = list(run)
            if is_own:
                texts = [self.lines[at].text for at in numbers]
                found.update(numbers[at] for at in signatures.signature(texts, self.about.author))
        return found

    def _sign(self) -> None:
        for at in self._signed():
            self.parts[at] = Part.SIGNATURE


def _is_known(words: str, known: Collection[str]) -> bool:
    """Whether an address, a domain or a name that is known stands in the words."""
    folded = fold(words)
    return any(name in folded for name in known)


def known_people(
    *, addresses: Iterable[str] = (), domains: Iterable[str] = (), names: Iterable[str] = ()
) -> frozenset[str]:
    """The set for About.known; what is too short to tell people apart is left out."""
    found = {fold(address) for address in addresses} | {f"@{fold(domain)}" for domain in domains if domain}
    found |= {folded for name in names if len(folded := fold(name)) >= 4}
    return frozenset(word for word in found if len(word) >= 4)


_MOST_WORDS = 100_000  # of a conversation that are looked at


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was said before: its groups of one, two and three words, so that asking for any costs nothing."""

    groups: frozenset[tuple[str, ...]]
    lines: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Earlier":
        said = "\n".join(text[:200_000] for text in texts)
        words = _words(said)[:_MOST_WORDS]
        lines = frozenset(" ".join(_words(line)) for line in said.split("\n")[:_MOST_WORDS])
        return cls(frozenset(group for many in (1, 2, 3) for group in _groups(words, many)), lines)

    def holds_line(self, line: str) -> bool:
        """Whether a line was said before; a short one as a whole line, for "yes" stands in many a sentence."""
        words = _words(line)
        return " ".join(words) in self.lines or (len(words) > 3 and self.holds([line]))

    def holds(self, lines: Iterable[str]) -> bool:
        """Whether nearly all of the lines were said before."""
        words = _words("\n".join(lines))[:_MOST_WORDS]
        if len(words) < 3:
            return tuple(words) in self.groups
        threes = list(_groups(words, 3))
        return sum(three in self.groups for three in threes) >= 0.8 * len(threes)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def _groups(words: Sequence[str], many: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(many)), strict=False)
