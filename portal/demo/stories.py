"""Stories as people wrote them: the text files of stories/, read into titles, words to vary and lines to say.

    === Subject | Another subject with a {place}
    companies = vltava lipy       only there; everywhere when it is missing
    weight = 3                    how often it happens beside others (2)
    once = yes                    happens once in the year
    start = 12 days ago           happens then (also "7 months ago", "day 20, 2 months ago")
    woman = yes                   only a woman can have written it
    ends = open                   open | done | error as the lines say; otherwise a technician closes it
    place = in the hall | upstairs
    --- employee [photo.png]      who speaks, and files: employee | colleague | technician | machine
    text, without greeting and signature
    --- technician +2d            no sooner than two days later (also +20m, +5h)

In a text, {place} is one of the words above, {+3} the working day three days after the beginning, {technician} a
login, {dělal|dělala} the speaker's gender, {~dělal|dělala} that of the person addressed, <this|that> either.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "stories"
SPEAKERS = {"employee", "colleague", "technician", "machine"}
ENDINGS = {"", "open", "done", "error"}

_SPEAKS = re.compile(r"^--- (\w+)(?: \+(\d+)([mhd]))?(?: \[(.+)\])?$")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_START = re.compile(r"^(\d+) (days|months) ago$")
_DAY_OF_MONTH = re.compile(r"^day (\d+), (\d) months ago$")
_DAYS = {"days": 1, "months": 30}
_GENDER = re.compile(r"\{(~?)([^{}|]*)\|([^{}|]*)\}")
_EITHER = re.compile(r"<([^<>]*\|[^<>]*)>")
_WORD = re.compile(r"\{([^{}|]+)\}")
_CATEGORY = re.compile(r"^([A-Z]+[0-9]+):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One mail of a story: who writes it, how long they wait at least, the files they add."""

    speaker: str
    wait: timedelta | None
    files: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """One kind of trouble, from the first mail to the last."""

    titles: tuple[str, ...]
    lines: tuple[SpokenLine, ...]
    words: Mapping[str, tuple[str, ...]]
    companies: frozenset[str]
    weight: int = 2
    is_once: bool = False
    needs_woman: bool = False
    ends: str = ""
    days_ago: int | None = None
    day_of_month: tuple[int, int] | None = None  # a day, and of which month: so many before the present one

    @property
    def category(self) -> str:
        """The price category its first time is written in; empty when no time is."""
        found = _CATEGORY.search("\n".join(line.text for line in self.lines if line.speaker == "technician"))
        return found.group(1) if found else ""

    def fits(self, company: str) -> bool:
        return not self.companies or company in self.companies


def stories(folder: Path = FOLDER) -> list[Story]:
    """Every story of the folder, in the order of the files."""
    return [story for path in sorted(folder.glob("*.txt")) for story in _read(path.read_text())]


def say(text: str, words: Mapping[str, str], *, choice: int, is_woman: bool, to_woman: bool) -> str:
    """The text as it is said. choice picks from every <this|that> alike, so that alternatives of a text agree."""
    text = _GENDER.sub(lambda found: found.group(3 if (to_woman if found.group(1) else is_woman) else 2), text)
    text = _EITHER.sub(lambda found: _pick(found.group(1).split("|"), choice), text)
    return _WORD.sub(lambda found: words[found.group(1)], text)


def _pick(options: list[str], choice: int) -> str:
    return options[choice % len(options)]


def _read(written: str) -> Iterator[Story]:
    for block in re.split(r"^=== ", written, flags=re.MULTILINE)[1:]:
        head, *rest = re.split(r"(?=^--- )", block, flags=re.MULTILINE)
        titles, *facts = head.strip().splitlines()
        yield Story(titles=_options(titles), lines=tuple(_line(piece) for piece in rest), **_facts(facts))


def _facts(lines: list[str]) -> dict[str, Any]:
    said = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines) if name.strip()}
    facts: dict[str, Any] = {
        "companies": frozenset(said.pop("companies", "").split()),
        "weight": int(said.pop("weight", "2")),
        "is_once": said.pop("once", "") == "yes",
        "needs_woman": said.pop("woman", "") == "yes",
        "ends": said.pop("ends", ""),
    }
    if day := _DAY_OF_MONTH.match(said.get("start", "")):
        facts["day_of_month"] = int(day.group(1)), int(day.group(2))
    if start := _START.match(said.pop("start", "")):
        facts["days_ago"] = int(start.group(1)) * _DAYS[start.group(2)]
    return facts | {"words": {name: _options(options) for name, options in said.items()}}


def _line(piece: str) -> SpokenLine:
    first, _, text = piece.partition("\n")
    found = _SPEAKS.match(first)
    if not found:
        raise ValueError(f"a speaker was expected, not {first!r}")
    speaker, number, unit, files = found.groups()
    wait = int(number) * _UNITS[unit] if number else None
    return SpokenLine(
        speaker, wait, tuple(name.strip() for name in (files or "").split(",") if name.strip()), text.strip()
    )


def _options(written: str) -> tuple[str, ...]:
    return tuple(option.strip() for option in written.split("|"))
