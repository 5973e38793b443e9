"""Names of periods and of files, in the reader's language."""

import re

from babel import dates
from flask_babel import gettext as _

from portal.domain.periods import Period
from portal.domain.search import fold

_LEGAL_FORM = re.compile(r",?\s*(a\.\s*s\.|s\.\s*r\.\s*o\.|spol\..*|v\.\s*o\.\s*s\.|k\.\s*s\.)\s*$")


def period(wanted: Period | None, language: str) -> str:
    """listopad 2026, or 1. 11. 2026 – 15. 11. 2026."""
    if wanted is None:
        return _("all days")
    if wanted.is_month:
        return dates.format_date(wanted.since, "LLLL yyyy", locale=language)
    form = "d. M. yyyy" if language == "cs" else "d MMM yyyy"
    return " – ".join(dates.format_date(day, form, locale=language) for day in (wanted.since, wanted.until))


def file(*words: str) -> str:
    """Words as a file's name that every system can keep: no diacritics, no spaces, never empty."""
    plain = (re.sub(r"[^a-z0-9]+", "-", fold(_LEGAL_FORM.sub("", word))).strip("-")[:60] for word in words)
    return "-".join(word for word in plain if word) or "connectica"
