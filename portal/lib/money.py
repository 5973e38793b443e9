"""Money: hours times a rate, rounded once, and VAT on the base. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")

# The Czech basic rate by the last day of the invoiced period. A table and no setting: a new law must not change
# what an old invoice said.
VAT_SINCE = ((date(2010, 1, 1), Decimal(20)), (date(2013, 1, 1), Decimal(21)))


@dataclass(frozen=True, slots=True)
class Bill:
    """What an invoice ends with."""

    base: Decimal
    vat_percent: Decimal | None  # None where parts of it have different rates of VAT
    vat: Decimal
    total: Decimal


@dataclass(slots=True)
class Tally:
    """A running sum of entries. Its amount is the sum of what is shown: entries whose money is not shown or not known
    are counted apart and add nothing, which every page and file says beside the sum."""

    entries: int = 0
    hours: Decimal = NOTHING
    amount: Decimal = NOTHING
    unpriced: int = 0  # entries without a price
    unpriced_hours: Decimal = NOTHING
    untold: int = 0  # entries whose money this company is not shown yet
    untold_hours: Decimal = NOTHING

    def add(self, hours: Decimal, rate: Decimal | None, *, told: bool = True, times: int = 1) -> None:
        """Take in so many equal entries; each is rounded before it is summed."""
        self.entries += times
        self.hours += hours * times
        if not told:
            self.untold += times
            self.untold_hours += hours * times
        elif rate is None:
            self.unpriced += times
            self.unpriced_hours += hours * times
        else:
            self.amount += amount(hours, rate) * times

    def take(self, other: "Tally") -> None:
        """Take in another sum."""
        self.entries += other.entries
        self.hours += other.hours
        self.amount += other.amount
        self.unpriced += other.unpriced
        self.unpriced_hours += other.unpriced_hours
        self.untold += other.untold
        self.untold_hours += other.untold_hours

    @property
    def has_money(self) -> bool:
        """At least one entry's money is known and told, so that the amount means something."""
        return self.entries > self.untold + self.unpriced

    @property
    def is_complete(self) -> bool:
        """The amount is the money of every entry."""
        return not self.unpriced and not self.untold


def amount(hours: Decimal, rate: Decimal) -> Decimal:
    """The money of one entry, rounded half up to a hundredth."""
    return (hours * rate).quantize(CENT, ROUND_HALF_UP)


def bill(base: Decimal, vat_percent: Decimal) -> Bill:
    """VAT once, on the base, rounded half up to a hundredth."""
    vat = (base * vat_percent / 100).quantize(CENT, ROUND_HALF_UP)
    return Bill(base=base, vat_percent=vat_percent, vat=vat, total=base + vat)


def together(bills: Iterable[Bill]) -> Bill:
    """Several bills as one sum."""
    parts = list(bills)
    percents = {part.vat_percent for part in parts if part.base or len(parts) == 1}
    base, vat = (sum((getattr(part, name) for part in parts), NOTHING) for name in ("base", "vat"))
    percent = percents.pop() if len(percents) == 1 else None if percents else parts[0].vat_percent
    return Bill(base=base, vat_percent=percent, vat=vat, total=base + vat)


def bill_with(base: Decimal, percent: Decimal, adjusted: Iterable[tuple[Decimal, Decimal]]) -> Bill:
    """A base with credits and charges (amount and VAT's percent): VAT once on the base of each percent."""
    bases = {percent: base}
    for more, at in adjusted:
        bases[at] = bases.get(at, NOTHING) + more
    return together(bill(part, at) for at, part in bases.items())


def vat_percent(day: date) -> Decimal:
    """The rate of VAT for a period that ends on this day."""
    return [percent for since, percent in VAT_SINCE if since <= day or since == VAT_SINCE[0][0]][-1]
