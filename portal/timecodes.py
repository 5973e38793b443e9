"""Time as technicians write it, "PROGP85:1,00", to and from (category, hours). Pure."""

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from portal.errors import BadTimeCode

MOST_HOURS = Decimal(24)  # one intervention is never longer than a day: write two lines

# A category is written as in the price list: capitals and digits, a letter first.
_LINE = re.compile(r"^\s*([A-Z][A-Z0-9]{2,19})\s*:\s*(\S.*?)\s*$")
_HOURS = re.compile(r"^[0-9]{1,6}([.,][0-9]{1,6})?$")


@dataclass(frozen=True, slots=True)
class TimeCode:
    """One stretch of work: a price category and hours to two places."""

    category: str
    hours: Decimal
    day: date | None = None  # the Prague day it was worked, where the line says it

    def on(self, day: date | None) -> "TimeCode":
        """The same, worked on that day; None leaves what it says itself."""
        return self if day is None else replace(self, day=day)

    def __str__(self) -> str:
        return f"{self.category}:{self.hours:.2f}".replace(".", ",")


def parse(line: str) -> TimeCode:
    """The time a line says. Raises BadTimeCode with the reason, in Czech, when it says none we may bill."""
    found = _LINE.match(line)
    if not found:
        raise BadTimeCode("není to čas ve tvaru PROGP85:1,00")
    category, written = found.groups()
    written = re.sub(r"\s*h(od)?\.?$", "", written)
    if not _HOURS.match(written):
        raise BadTimeCode(f"„{written}“ není počet hodin; napište například {category}:0,25")
    try:
        hours = Decimal(written.replace(",", "."))
    except InvalidOperation as error:  # pragma: no cover - the pattern above admits only numbers
        raise BadTimeCode(f"„{written}“ není počet hodin") from error
    if hours != hours.quantize(Decimal("0.01")):
        raise BadTimeCode(f"„{written}“ má více než dvě desetinná místa")
    if hours <= 0:
        raise BadTimeCode("čas musí být větší než nula")
    if hours > MOST_HOURS:
        raise BadTimeCode(f"{written} hodin je více než den; rozdělte čas na více řádků")
    return TimeCode(category, hours.quantize(Decimal("0.01")))
