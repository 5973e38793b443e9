"""How amounts, hours, days and sizes are written, in the reader's language; spaces inside them never break."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates, numbers
from babel.numbers import NumberPattern
from flask import Flask
from flask_babel import gettext as _

from portal import clock
from portal.web.languages import current

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"  # the Czech locale has a hyphen, which is too short and may end a line
LONGEST_NAME = 120  # characters of a file's name
UNITS = ("B", "kB", "MB", "GB")


def install(app: Flask) -> None:
    """Every filter under the name of its function."""
    for filter_ in (
        money,
        number,
        hours,
        places,
        day,
        short_day,
        moment,
        time_of_day,
        month,
        size,
        ago,
        lasting,
        file_name,
        written_day,
    ):
        app.jinja_env.filters[filter_.__name__] = filter_


def money(amount: Decimal, currency: str = "CZK") -> str:
    """1 250,00 Kč"""
    language = current()
    return _signed(_money_pattern(language).apply(amount, _locale(language), currency=currency))


def number(value: Decimal | int) -> str:
    """1 234 or 0,5: as many places as it has."""
    language = current()
    return _unbroken(_number_pattern(language).apply(value, _locale(language)))


def hours(value: Decimal) -> str:
    """1,00 h"""
    return _signed(_HOURS.apply(value, _locale(current())) + " h")


def places(value: Decimal) -> str:
    """1,00: hours as they are booked, without their unit"""
    return numbers.format_decimal(value, format="0.00", locale=current())


def day(value: date | datetime) -> str:
    """23. 11. 2026, the day in Prague"""
    return _date(_prague_day(value), _DAY[language := current()], language)


def short_day(value: date | datetime) -> str:
    """23. 11.: the year goes without saying"""
    return _date(_prague_day(value), _SHORT_DAY[language := current()], language)


def moment(value: datetime) -> str:
    """po 23. 11. 2026 7:42, on a clock in Prague"""
    language = current()
    return _unbroken(dates.format_datetime(clock.prague(value), _MOMENT[language], locale=_locale(language)))


def time_of_day(value: datetime) -> str:
    """7:42, on a clock in Prague"""
    return dates.format_time(clock.prague(value), "H:mm", locale=_locale(current()))


def month(value: date) -> str:
    """listopad 2026"""
    return _date(value, "LLLL yyyy", current())


def size(amount: int) -> str:
    """84 kB; a kilobyte is 1000 bytes, as in file managers"""
    value, unit = Decimal(amount), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    written = numbers.format_decimal(round(value, 1 if unit and value < 10 else 0), locale=current())
    return _unbroken(f"{written} {UNITS[unit]}")


def ago(value: datetime) -> str:
    """před 3 hodinami; up to a few seconds ago is now"""
    passed = clock.now() - value
    if passed < timedelta(seconds=5):
        return _("just now")
    if passed < timedelta(seconds=60):
        return _unbroken(dates.format_timedelta(-passed, granularity="second", add_direction=True, locale=current()))
    return _unbroken(dates.format_timedelta(-passed, granularity="minute", add_direction=True, locale=current()))


def lasting(length: timedelta) -> str:
    """3 hodiny: how long something took, in the one unit a person would say it in"""
    return _unbroken(dates.format_timedelta(length, granularity="minute", locale=current()))


def file_name(name: str) -> str:
    """The name of a file without what could lead out of a folder, break a header or turn the text around."""
    letters = "".join(letter if letter.isprintable() and letter not in '\\/:*?"<>|' else "_" for letter in name)
    kept = letters.strip(" .") or "attachment"
    stem, dot, ending = kept.rpartition(".")
    if len(kept) > LONGEST_NAME and dot and len(ending) <= 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
    return kept[:LONGEST_NAME]


def written_day(words: str) -> str:
    """A day or a moment as a core wrote it (ISO 8601); anything else stays as it is."""
    try:
        return day(datetime.fromisoformat(words) if "T" in words else date.fromisoformat(words))
    except ValueError:
        return words


_DAY = {"cs": "d. M. yyyy", "en": "d MMM yyyy"}
_SHORT_DAY = {"cs": "d. M.", "en": "d MMM"}
_MOMENT = {"cs": "EEEEEE d. M. yyyy H:mm", "en": "EEEEEE d MMM yyyy H:mm"}


_HOURS = numbers.parse_pattern("#,##0.00")


@lru_cache
def _locale(language: str) -> Locale:
    """Babel looks a locale up by its name for every amount; we have two."""
    return Locale.parse(language)


@lru_cache
def _money_pattern(language: str) -> NumberPattern:
    return _locale(language).currency_formats["standard"]


@lru_cache
def _number_pattern(language: str) -> NumberPattern:
    return _locale(language).decimal_formats[None]


@lru_cache(maxsize=4096)  # days of ten years: a page writes the same ones over and over
def _date(value: date, pattern: str, language: str) -> str:
    return _unbroken(dates.format_date(value, pattern, locale=_locale(language)))


def _prague_day(value: date | datetime) -> date:
    return clock.prague_day(value) if isinstance(value, datetime) else value


def _signed(text: str) -> str:
    return _unbroken(text).replace("-", MINUS)


def _unbroken(text: str) -> str:
    return text.replace(" ", NO_BREAK)
