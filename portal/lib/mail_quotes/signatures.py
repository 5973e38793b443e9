"""Where a sender's signature begins and ends, without taking a list or a postscript for one. Pure."""

import re
from collections.abc import Collection, Sequence

from portal.lib.text import fold

MOST_LINES = 14  # of a signature that only "--" announces; more is a text with a dash in it
_PROGRAM = re.compile(
    r"""^\s*(?:
        Odesláno\ (?:z|ze|pomocí|přes)\ (?:mého\ |aplikace\ )?\w{3,}[^\n:]{0,80}
      | Odoslané\ (?:z|zo|pomocou|cez)\ (?:môjho\ )?\w{3,}[^\n:]{0,80}
      | Sent\ (?:from|via|with)\ (?:my|Mail|Outlook|Proton|Samsung|Yahoo|iPhone|Android)\b[^\n]{0,80}
      | (?:Von\ meinem|Gesendet\ (?:von|mit|über))\ \w{3,}[^\n:]{0,80}
      | Wysłane\ (?:z|ze|za\ pomocą|przez)\ \w{3,}[^\n:]{0,80}
      | (?:Získat|Získejte|Stáhnout|Získať|Stiahnuť)\ (?:aplikaci\ |aplikáciu\ )?Outlook\b[^\n]{0,80}
      | Get\ Outlook\ for\b[^\n]{0,80}
      | Outlook\ für\ \w+\ (?:herunterladen|beziehen)
      | Pobierz\ (?:aplikację\ )?Outlook\b[^\n]{0,80}
    )$""",
    re.VERBOSE,
)
_POSTSCRIPT = re.compile(
    r"^\s*(?:p\.?\s?){1,2}s\b\.?|^\s*(?:n\.?b\.?|pozn(?:ámka)?|dodatek|doplnění|ještě|a ještě|jinak|mimochodem"
    r"|zapomněla?|btw|by the way|also|one more|übrigens|nachtrag|ešte|mimochodom|jeszcze|dopisek)\b",
    re.IGNORECASE,
)
# What companies and virus scanners put below a mail.
_BOILERPLATE = re.compile(
    r"důvěrn|confidential|vertraulich|poufn|dôvern|\bvir[uy]|virus|avast|gdpr|osobních údajů|životní prostředí|vytisk"
    r"|printing|obchodní(?:m|ho)? rejst|zapsan|registered|\bIČO?\b|\bDIČ\b|HRB|neručí|nenahrazuje|závazn",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"^\W*(?:tent?o|tato|this|diese|ten|táto)\s(?:e-?mail|message|zpráva|správa|nachricht|wiadomość)\b.{0,300}"
    r"(?:důvěrn|confidential|vertraulich|poufn|dôvern|vir[uy]|virus)|^\W*(?:bez virů|virus-free|neobsahuje vir)",
    re.IGNORECASE | re.DOTALL,
)
_CONTACT = re.compile(r"\+?\d[\d ()/-]{7,}\d|@|www\.|https?://", re.IGNORECASE)
_NAME = re.compile(r"^\s*(?:[\w.]{2,6}\.\s){0,3}[^\W\d_][\w.'’-]*(?:\s[^\W\d_][\w.'’-]*){1,4}\s*(?:,.{0,40})?$")


def signature(lines: Sequence[str], author: Collection[str] = ()) -> set[int]:
    """Which of the lines, all of them a sender's own and in a row, are their signature."""
    dashed = [at for at, line in enumerate(lines) if line.strip(" \t*\r\u00a0") in {"--", "__"}]
    start = dashed[0] if len(dashed) == 1 and _is_signed(lines, dashed[0], author) else None
    found: set[int] = set()
    if start is not None:
        found.update(range(start, _end(lines, start + 1, until_blank=False)))
    for at, line in enumerate(lines):
        if at not in found and _NOTICE.match(" ".join(lines[at : at + 4])[:600]):
            found.update(range(at, _end(lines, at + 1, until_blank=True)))
        if at not in found and _PROGRAM.match(line.strip("*_ \r")):
            found.update(range(at, _end(lines, at + 1, until_blank=True)))
    return found


def _is_signed(lines: Sequence[str], at: int, author: Collection[str]) -> bool:
    """Whether dashes begin a signature. With their space they are the standard's; without it, somebody must sign."""
    before = next((line.strip() for line in reversed(lines[:at]) if line.strip()), "")
    below = [line for line in lines[at + 1 :] if line.strip()]
    if before.endswith(":") or not below:
        return not below
    if lines[at].strip("\r*") in {"-- ", "__ "}:
        return True
    after_a_gap = at == 0 or not lines[at - 1].strip()
    signs = _names(below[:2], author) or any(_CONTACT.search(line) for line in below[:6])
    return len(below) <= MOST_LINES and (signs or (after_a_gap and _is_name(below[0])))


def _names(lines: Sequence[str], author: Collection[str]) -> bool:
    """Whether a line is the sender's name and hardly anything else."""
    words = {word for name in author if "@" not in name for word in fold(name).split() if len(word) > 2}
    return any(len(line.split()) <= 5 and words & set(re.findall(r"\w+", fold(line))) for line in lines)


def _is_name(line: str) -> bool:
    return bool(_NAME.match(line)) and all(word[0].isupper() for word in line.split() if word[0].isalpha())


def _end(lines: Sequence[str], at: int, *, until_blank: bool) -> int:
    """Where the signature ends: before a postscript, or at the first gap below what a telephone adds."""
    while at < len(lines):
        if not lines[at].strip() and until_blank:
            return at
        follows_a_gap = at > 0 and not lines[at - 1].strip()
        if _POSTSCRIPT.match(lines[at]) and (follows_a_gap or lines[at].lstrip()[:1] in "Pp"):
            return at
        if follows_a_gap and _is_sentence(lines, at):
            return at
        at += 1
    return at


def _is_sentence(lines: Sequence[str], at: int) -> bool:
    """Whether a paragraph begins that a person wrote: nobody signs with sentences, but companies end with them."""
    end = at
    while end < len(lines) and lines[end].strip():
        end += 1
    said = " ".join(lines[at : min(end, at + 12)])
    return len(said.split()) >= 4 and said.rstrip().endswith((".", "!", "?")) and not _BOILERPLATE.search(said)
