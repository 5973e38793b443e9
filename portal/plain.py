"""Plain words: text without case and diacritics, as Czechs type it when they search. Pure."""

import re
import unicodedata

_LATIN_MARKS = re.compile("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """No case, no diacritics, single spaces; equals lower(unaccent(…)) of PostgreSQL for Czech."""
    plain = text if text.isascii() else _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text))
    if not plain.isascii():  # other scripts have other marks
        plain = "".join(letter for letter in plain if letter.isascii() or not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())
