"""Wording: the plain texts of letters and notes, one file a text and language, in the folder texts beside it."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal.clock import PRAGUE
from portal.lib.text import line

LANGUAGES = ("cs", "en")


def letter(language: str, name: str, /, **facts: Any) -> tuple[str, str]:
    """Subject and text of a letter: the first line of its file, and the rest."""
    subject, _, body = text(language, name, **facts).partition("\n")
    return line(subject.removeprefix("Subject: ")), body.strip() + "\n"


def text(language: str, name: str, /, **facts: Any) -> str:
    """One text with its facts. Facts are put in as they are and never read as a template."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    return _environment(known).get_template(f"{known}/{name}.txt").render(**facts).strip() + "\n"


@lru_cache(maxsize=len(LANGUAGES))
def _environment(language: str) -> Environment:
    folder = Path(__file__).parent / "texts"
    plain = Environment(  # noqa: S701 - plain text for mail: there is no markup to escape
        loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    plain.filters["line"] = line
    plain.filters["quoted"] = _quoted
    plain.filters["day"] = lambda day: format_date(day, "d. M. y" if language == "cs" else "medium", locale=language)
    plain.filters["moment"] = lambda moment: format_datetime(
        moment, "d. M. y H:mm" if language == "cs" else "medium", tzinfo=PRAGUE, locale=language
    )
    plain.filters["money"] = lambda amount, currency: format_currency(amount, currency, locale=language)
    plain.filters["hours"] = lambda hours: f"{hours:.2f}".replace(".", "," if language == "cs" else ".")
    return plain


def _quoted(text: str) -> str:
    """Somebody's words, set in: they can never pass for ours."""
    return "\n".join(f"    {row}" for row in text.splitlines())
