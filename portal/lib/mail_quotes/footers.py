"""The small print of our own letters, the technicians' list of lines, found wherever it is quoted back. Pure."""

import re
from collections.abc import Sequence

# What the letters to technicians end with (portal/desk/outbound/letters). Programs wrap it, mark it, lose its dots.
_BEGINS = re.compile(r"^\W{0,6}Odpověd[íi] se požadavku ujmete\b", re.IGNORECASE)
_WORDS = ("STAV:", "TERMIN:", "RESI:", "SCHVALIT:", "PRIDAT:", "DUVERNE", "INTERNI")
MOST_LINES = 16  # the list wrapped by a telephone


def footer_lines(lines: Sequence[str]) -> set[int]:
    """Which lines are our small print, the dashes above it included."""
    found: set[int] = set()
    for at, line in enumerate(lines):
        if at not in found and (_BEGINS.match(line) or _lists(line) >= 3):
            found.update(_around(lines, at))
    return found


def _around(lines: Sequence[str], at: int) -> range:
    start = at
    if start and lines[start - 1].strip() in {"--", "-- "}:
        start -= 1
    end = at + 1
    while end < len(lines) and end - at < MOST_LINES and _belongs(lines, end):
        end += 1
    return range(start, end)


def _belongs(lines: Sequence[str], at: int) -> bool:
    """Whether a line goes on with the list: it names lines between dots, or tells where more is written."""
    line = lines[at].strip()
    if line.startswith(
        (
            "Všechny řádky s příklady: ",
            "Řádky na konci",
            "Radky na konci",
            "vašeho textu",
            "konci vašeho",
            "na konci vašeho",
        )
    ):
        return True
    return bool(_lists(line)) or " ·" in line or bool(_CONTINUES.match(line))


_CONTINUES = re.compile(
    r"^(?:jmeno\.prijmeni|otázka ·|be invoiced ·|adresa ·|jan@firma\.cz ·|\d\d?\.\d\d?\.\d{4} ·|· |textu:)"
)


def _lists(line: str) -> int:
    return sum(word in line for word in _WORDS)
