"""Names of periods and of files, in the reader's language."""

import re
from dataclasses import dataclass

from babel import dates
from flask_babel import gettext as _

from portal.domain.companies.pseudonyms import Naming
from portal.lib.periods import Period
from portal.lib.text import fold

_LEGAL_FORM = re.compile(r",?\s*(a\.\s*s\.|s\.\s*r\.\s*o\.|spol\..*|v\.\s*o\.\s*s\.|k\.\s*s\.)\s*$")


def period(wanted: Period | None, language: str) -> str:
    """listopad 2026, or 1. 11. 2026 – 15. 11. 2026."""
    if wanted is None:
        return _("all days")
    if wanted.is_month:
        return dates.format_date(wanted.since, "LLLL yyyy", locale=language)
    form = "d. M. yyyy" if language == "cs" else "d MMM yyyy"
    return " – ".join(dates.format_date(day, form, locale=language) for day in (wanted.since, wanted.until))


def people(naming: Naming) -> tuple[tuple[str, str], ...]:
    """How employees are called in a file, where it is not by their names."""
    return () if naming is Naming.NAMES else ((_("Employees"), _(naming.label)),)


@dataclass(frozen=True, slots=True)
class FileName:
    """A file's name without its ending, twice: one that every system can keep, and one as a person would write it."""

    plain: str
    spoken: str


def file(*words: str) -> FileName:
    """Words as a file's name. The plain one has no diacritics and no spaces and is never empty."""
    plain = (re.sub(r"[^a-z0-9]+", "-", fold(_LEGAL_FORM.sub("", word))).strip("-")[:60] for word in words)
    spoken = (re.sub(r"[^\w .,()-]+", " ", _LEGAL_FORM.sub("", word)).strip(" .,")[:80] for word in words)
    return FileName(
        plain="-".join(word for word in plain if word) or "connectica",
        spoken=" – ".join(word for word in spoken if word) or "Connectica",
    )
