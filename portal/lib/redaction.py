"""Redaction: names and e-mail addresses of people taken out of text, in whatever case Czech puts them. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from portal.lib.text import fold

# Begun only where a word begins: a run of a million letters is read once, not from each of its letters.
_ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]++@[\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(r"[^\W\d_][\w'’]*(?:-[^\W\d_][\w'’]*)*")
_SPACE = r"(?:\s|&nbsp;|&#160;)"
_SPACES, _COMMA = re.compile(f"{_SPACE}+"), re.compile(f"{_SPACE}*,{_SPACE}*")
_TITLES = frozenset(
    ("ing", "mgr", "bc", "dr", "mudr", "judr", "rndr", "phdr", "doc", "prof", "phd", "csc", "mba", "pan", "pani")
)

# What nouns and adjectives end with in their cases, folded; the longest rest in common with the name is its stem.
_ENDINGS = (
    "",
    "a",
    "e",
    "i",
    "o",
    "u",
    "y",
    "em",
    "im",
    "ym",
    "um",
    "am",
    "ech",
    "ich",
    "ych",
    "ach",
    "ou",
    "ovi",
    "ove",
    "ova",
    "uv",
    "in",
    "ina",
    "iny",
    "eho",
    "emu",
    "iho",
    "imu",
    "ho",
    "mu",
    "m",
)
_SHORTEST_STEM = 2  # letters
_LONGEST_WORD = 60  # letters; no name is longer


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who is not to be named, and what stands instead."""

    name: str
    email: str
    instead: str


@dataclass(frozen=True, slots=True)
class Redaction:
    """Whom to take out of text. With a sign the keys are kept as it makes them: hashes that tell nobody's name."""

    instead: Mapping[str, str]  # by key
    sign: Callable[[str], str] = str

    @classmethod
    def of(cls, people: Iterable[Named], *, alone: bool = False) -> "Redaction":
        """For people whose names are known. alone: also by the last name only, where nobody else can be meant."""
        return cls({key: one.instead for one in people for key in keys(one.name, one.email, alone=alone)})

    def out_of(self, text: str) -> str:
        """The text without them; plain or HTML, whose tags stay as they are."""
        if not self.instead or not text:
            return text
        text = _ADDRESS.sub(lambda found: self.instead.get(self.sign(address_key(found[0])), found[0]), text)
        pieces, done = [], 0
        for start, end, instead in self._found(text):
            pieces += [text[done:start], instead]
            done = end
        return "".join([*pieces, text[done:]])

    def _found(self, text: str) -> Iterator[tuple[int, int, str]]:
        words = [found for found in _WORD.finditer(text) if found[0][0].isupper() and _may_be_a_name(found[0])]
        place = 0
        while place < len(words):
            first = words[place]
            for last in reversed(list(_neighbours(text, words, place))):
                if instead := self._named(first[0], words[last][0] if last > place else ""):
                    yield first.start(), words[last].end(), instead
                    place = last
                    break
            place += 1

    def _named(self, one: str, other: str) -> str:
        """What stands instead of a name of these two words, in either order, or of the one alone."""
        for stem in stems(one):
            for second in stems(other) if other else ("",):
                if instead := self.instead.get(self.sign(_key(stem, second))):
                    return instead
        return ""


def keys(name: str, email: str, *, alone: bool = False) -> list[str]:
    """What somebody is found by in text: the address, every two words of the name, the last one if it is enough."""
    words = [stem(word) for word in _WORD.findall(name) if _may_be_a_name(word)] if "@" not in name else []
    pairs = [_key(one, other) for place, one in enumerate(words) for other in words[place + 1 :]]
    last = [_key(words[-1])] if alone and words else []
    return [*([address_key(email)] if "@" in email else []), *pairs, *last]


def _may_be_a_name(word: str) -> bool:
    """No title, and no initial either: one letter is nobody's own, and stands in every stand-in."""
    return _SHORTEST_STEM <= len(word) <= _LONGEST_WORD and fold(word) not in _TITLES


def address_key(email: str) -> str:
    return email.strip().lower()


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """What stays of a name in all its cases: novakov of Nováková, vank of Vaněk."""
    folded = fold(word)
    if len(folded) > 4 and folded[-2:] in ("ek", "ec", "el"):
        return folded[:-2] + folded[-1]
    return folded[:-1] if len(folded) > _SHORTEST_STEM and folded[-1] in "aeiouy" else folded


@lru_cache(maxsize=16384)
def stems(word: str) -> tuple[str, ...]:
    """Every stem whose name could stand so in a sentence."""
    folded = fold(word)
    rests = [folded.removesuffix(ending) for ending in _ENDINGS if folded.endswith(ending)]
    found = [rest for rest in rests if len(rest) >= _SHORTEST_STEM]
    found.append(stem(word))
    if folded.endswith("ce"):  # Lence is Lenka
        found.append(folded[:-2] + "k")
    if folded.endswith("ze"):  # Olze is Olga
        found += [folded[:-2] + "g", folded[:-2] + "h"]
    return tuple(dict.fromkeys(found))


def _neighbours(text: str, words: list[re.Match[str]], place: int) -> Iterator[int]:
    """The word itself, the next one also behind a comma, and the one behind that: a name may have a middle."""
    yield place
    for after, gaps in ((place + 1, (_SPACES, _COMMA)), (place + 2, (_SPACES,))):
        if after >= len(words):
            return
        between = words[after - 1].end(), words[after].start()
        if not any(gap.fullmatch(text, *between) for gap in gaps):
            return
        yield after
        if _COMMA.fullmatch(text, *between):
            return


def _key(*stems: str) -> str:
    return " ".join(sorted(filter(None, stems)))
