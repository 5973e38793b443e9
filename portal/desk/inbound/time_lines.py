"""A line of time as technicians type it: in a list, in bold, with a space or an equals sign, in minutes. Pure."""

import re
import unicodedata
from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from portal import clock, timecodes
from portal.errors import BadTimeCode
from portal.timecodes import TimeCode

_LIST_MARK = re.compile(r"^(?:[-–—•*·▪◦‣>+]|\(?\d{1,2}[.)]|[a-zA-Z][.)])\s+(?=\S)")
_LINKED = re.compile(
    r"(?<![^\s<>\[\]()])(?P<shown>[^\s<>\[\]()]++)\s?[<\[(](?:mailto:|https?://|tel:)[^<>\[\]()]*[>\])]"
)
_MARKDOWN_LINK = re.compile(r"\[(?P<shown>[^\[\]]{1,200})\]\((?:mailto:|https?://|tel:)[^()\s]*\)")
_BOLD_COLON = re.compile(r"(?<!\s)\s*+(?:\*{1,2}\s*+:|:\s*+\*{1,2})\s*+")
_AROUND = "*_~`\"'„“”‚‘’«»‹›|"
_COLONS = str.maketrans({"：": ":", "∶": ":", "﹕": ":", "ː": ":", "꞉": ":", "，": ",", "．": ".", "＝": "="})
_UNITS = r"(?:h|hod|hodin|hodina|hodiny|hodinu|hrs?|hours?)\.?"
_HOURS = re.compile(rf"^(\d{{1,6}}(?:[.,]\d{{1,6}})?)\s*(?:{_UNITS})?$", re.IGNORECASE)
_CLOCK = re.compile(rf"^(\d{{1,2}}):([0-5]\d)\s*(?:{_UNITS})?$", re.IGNORECASE)
_MINUTES = re.compile(r"^(\d{1,4})\s*(?:min|minut|minuty|minuta|minutes?|m|')\.?$", re.IGNORECASE)
_BOTH = re.compile(rf"^(\d{{1,2}})\s*{_UNITS}\s*(?:a\s*)?(\d{{1,2}})\s*(?:min|minut|minuty|m)?\.?$", re.IGNORECASE)
_BETWEEN = r"\s*(?P<between>[:=]|\s[-–—]\s|[-–—]|)\s*"
_WRITTEN_DAY = r"\d{1,2}\.\s?\d{1,2}\.(?:\s?\d{4})?|\d{4}-\d{2}-\d{2}"
_DAY_AT_END = re.compile(
    rf"^(?P<rest>.*?[^\s(,])[\s(,]+(?:(?:ze?\s+)?dne\s+)?(?P<day>{_WRITTEN_DAY})\)?$", re.IGNORECASE
)
_DAY = re.compile(r"^(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}))?$")
LONGEST_AGO = timedelta(days=366)  # of work that is written down now
_UNKNOWN = re.compile(r"^[A-Z]{2,}\d{1,4}(?:\s*=\s*|\s+)\d{1,2}[.,]\d{1,2}$")


def bare(line: str) -> str:
    """The line without the marks that programs and people put around it."""
    kept = "".join(letter for letter in line if unicodedata.category(letter) != "Cf").replace("\u00a0", " ")
    kept = _unlinked(kept.translate(_COLONS)).strip()
    for _ in range(4):
        before = kept
        kept = _LIST_MARK.sub("", kept.strip(_AROUND).strip(), count=1).strip()
        if kept == before:
            break
    return _BOLD_COLON.sub(": ", kept)


def _unlinked(line: str) -> str:
    """The line with each link once: Outlook writes "a@b<mailto:a@b>", others "[a@b](mailto:a@b)"."""
    if "<" not in line and "[" not in line and "(" not in line:
        return line
    return _LINKED.sub(lambda found: found["shown"], _MARKDOWN_LINK.sub(lambda found: found["shown"], line))


def understood(line: str, categories: Collection[str]) -> TimeCode | None:
    """The time a bare line says in whatever spelling has one meaning; None for ordinary text.

    A day at its end, "PROGP85:1,00 26.11.", says when it was worked. Raises BadTimeCode with the reason for a line
    that means time and cannot be billed as it stands.
    """
    found = _DAY_AT_END.match(line)
    code = _without_day(found["rest"], categories) if found else None
    if found and code:
        return code.on(worked_day(found["day"]))
    return _without_day(line, categories)


def day_apart(line: str) -> tuple[str, date | None]:
    """The line without the day at its end, and that day. Raises BadTimeCode for a day nobody can have worked."""
    found = _DAY_AT_END.match(line)
    return (found["rest"], worked_day(found["day"])) if found else (line, None)


def worked_day(said: str) -> date:
    """The Prague day of "26.11.2026", "26. 11." (the last one there was) or "2026-11-26". Raises BadTimeCode."""
    said, today = said.strip(" ,()"), clock.today()
    found = _DAY.match(said)
    try:
        if not found:
            day = date.fromisoformat(said)
        else:
            day = date(int(found[3] or today.year), int(found[2]), int(found[1]))
            if not found[3] and day > today:
                day = day.replace(year=today.year - 1)
    except ValueError as error:
        raise BadTimeCode(f"„{said}“ není den v kalendáři; napište například 26.11.2026") from error
    if not today - LONGEST_AGO <= day <= today:
        raise BadTimeCode(f"{said} je v budoucnosti nebo přes rok zpět; čas jsme nezapsali")
    return day


def _without_day(line: str, categories: Collection[str]) -> TimeCode | None:
    found = _split(line, categories)
    if found is None:
        if _UNKNOWN.match(line):
            category = re.split(r"[\s=]", line)[0]
            hours = re.split(r"[\s=]+", line)[-1]
            raise BadTimeCode(f"neznámá kategorie a chybí dvojtečka; napište například {category}:{hours}")
        return None
    category, between, said = found
    hours = _hours(said)
    if hours is None:
        if between not in {":", "="}:
            return None  # "SPRAVA60 je levnější" is a sentence
        return timecodes.parse(f"{category}:{said}")  # says what is wrong with it
    if hours != hours.quantize(Decimal("0.01")):
        raise BadTimeCode(
            f"„{said}“ není na setiny hodiny přesně; napište například {category}:{hours:.2f}".replace(".", ",")
        )
    return timecodes.parse(f"{category}:{hours.normalize():f}")


def is_time(line: str, categories: Collection[str]) -> bool:
    """Whether a bare line says time of a known category, for lines that are not to be booked but not to be shown."""
    dated = _DAY_AT_END.match(line)
    found = _split(dated["rest"] if dated else line, categories)
    return found is not None and (_hours(found[2]) is not None or found[1] in {":", "="})


def is_split(line: str, below: str, categories: Collection[str]) -> bool:
    """Whether a category stands in one line and its hours in the next, as the cells of a table do."""
    return line.rstrip(": ").upper() in categories and _hours(below.strip(" .")) is not None


def inside(line: str, categories: Collection[str]) -> str:
    """Time of a known category that a line says in other words, as it stands there; empty when there is none.

    The whole line, where nothing else is said but that it is time.
    """
    line = line[:2000]
    for category in categories:
        name = re.escape(category)
        found = (
            re.search(rf"(?<=[\s(\[,;.]){name}\s?[:=]\s?\d[\d.,:]*\d?", line, re.IGNORECASE)
            or re.search(rf"(?<!\w){name}(?:\s?[/|,;x×]\s?|\s{{1,3}}){_TWO_PLACES_NEXT}", line, re.IGNORECASE)
            or re.search(
                rf"(?:{_TWO_PLACES}\s?(?:{_UNITS})?|(?<![\w.,:])\d{{1,2}}\s?{_UNITS})\s{{0,3}}[-–—x×:]?\s{{0,3}}{name}(?!\w)",
                line,
                re.IGNORECASE,
            )
        )
        if found:
            rest = re.sub(r"[\W_]+", "", f"{line[: found.start()]}{line[found.end() :]}")
            return line if rest.casefold() in _CALLS_ITSELF_TIME else found[0].rstrip(".,:")
    return ""


_TWO_PLACES_NEXT = r"\d{1,2}[.,]\d{1,2}(?![\w.]|,\d)"
_TWO_PLACES = rf"(?<![\w.,:]){_TWO_PLACES_NEXT}"
_CALLS_ITSELF_TIME = {
    "",
    "čas",
    "cas",
    "práce",
    "prace",
    "hodiny",
    "odpracováno",
    "celkem",
    "time",
    "work",
    "h",
    "hod",
}


def _split(line: str, categories: Collection[str]) -> tuple[str, str, str] | None:
    """(category, what stands between, hours as written) where a line begins with a known category."""
    if len(line) > 200:
        return None
    for category in categories:
        letters, digits = re.fullmatch(r"(.*?)(\d*)", category).groups()  # type: ignore[union-attr]
        name = rf"{re.escape(letters)}[ \-_]?{digits}" if digits else re.escape(letters)
        found = re.match(rf"^{name}(?![A-Za-z0-9]){_BETWEEN}(?P<said>\S.*)$", line, re.IGNORECASE)
        if found:
            return category, found["between"].strip(), found["said"].strip(" .;*_\"'“”")
    return None


def _hours(said: str) -> Decimal | None:
    """Hours, of "1,5", "1:30", "90 min", "1 h 30 min"; None for anything else."""
    try:
        if found := _HOURS.match(said):
            return Decimal(found[1].replace(",", "."))
        if found := _CLOCK.match(said):
            return int(found[1]) + Decimal(int(found[2])) / 60
        if found := _MINUTES.match(said):
            return Decimal(int(found[1])) / 60
        if found := _BOTH.match(said):
            return int(found[1]) + Decimal(int(found[2])) / 60
    except InvalidOperation:  # pragma: no cover - the patterns admit only numbers
        return None
    return None
