"""A line of time as technicians type it: in a list, in bold, with a space or an equals sign, in minutes. Pure."""

import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal, InvalidOperation

from portal import timecodes
from portal.errors import BadTimeCode
from portal.timecodes import TimeCode

_LIST_MARK = re.compile(r"^(?:[-–—•*·▪◦‣>+]|\(?\d{1,2}[.)]|[a-zA-Z][.)])\s+(?=\S)")
_LINKED = re.compile(r"(?P<shown>[^\s<>\[\]()]+)\s?[<\[(](?:mailto:|https?://|tel:)[^<>\[\]()]*[>\])]")
_MARKDOWN_LINK = re.compile(r"\[(?P<shown>[^\[\]]{1,200})\]\((?:mailto:|https?://|tel:)[^()\s]*\)")
_AROUND = "*_~`\"'„“”‚‘’«»‹›|"
_COLONS = str.maketrans({"：": ":", "∶": ":", "﹕": ":", "ː": ":", "꞉": ":", "，": ",", "．": ".", "＝": "="})
_UNITS = r"(?:h|hod|hodin|hodina|hodiny|hodinu|hrs?|hours?)\.?"
_HOURS = re.compile(rf"^(\d{{1,6}}(?:[.,]\d{{1,6}})?)\s*(?:{_UNITS})?$", re.IGNORECASE)
_CLOCK = re.compile(rf"^(\d{{1,2}}):([0-5]\d)\s*(?:{_UNITS})?$", re.IGNORECASE)
_MINUTES = re.compile(r"^(\d{1,4})\s*(?:min|minut|minuty|minuta|minutes?|m|')\.?$", re.IGNORECASE)
_BOTH = re.compile(rf"^(\d{{1,2}})\s*{_UNITS}\s*(?:a\s*)?(\d{{1,2}})\s*(?:min|minut|minuty|m)?\.?$", re.IGNORECASE)
_BETWEEN = r"\s*(?P<between>[:=]|\s[-–—]\s|[-–—]|)\s*"
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
    return re.sub(r"\s*\*{1,2}\s*:\s*|\s*:\s*\*{1,2}\s*", ": ", kept)


def _unlinked(line: str) -> str:
    """The line with each link once: Outlook writes "a@b<mailto:a@b>", others "[a@b](mailto:a@b)"."""
    if "<" not in line and "[" not in line and "(" not in line:
        return line
    return _LINKED.sub(lambda found: found["shown"], _MARKDOWN_LINK.sub(lambda found: found["shown"], line))


def understood(line: str, categories: Collection[str]) -> TimeCode | None:
    """The time a bare line says in whatever spelling has one meaning; None for ordinary text.

    Raises BadTimeCode with the reason for a line that means time and cannot be billed as it stands.
    """
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
    found = _split(line, categories)
    return found is not None and (_hours(found[2]) is not None or found[1] in {":", "="})


def inside(line: str, categories: Collection[str]) -> str:
    """Time of a known category that a line says after other words, as it stands there; empty when there is none."""
    for category in categories:
        found = re.search(rf"(?<=[\s(\[,;.]){re.escape(category)}\s?[:=]\s?\d[\d.,:]*\d?", line[:2000], re.IGNORECASE)
        if found:
            return found[0].rstrip(".,:")
    return ""


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
