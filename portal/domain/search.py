"""Searching: how stored text and a query are folded alike, so that "prilis" finds "Příliš"."""

import unicodedata


def fold(text: str) -> str:
    """No case, no diacritics, single spaces; equals lower(unaccent(…)) of PostgreSQL for Czech."""
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    )
    return " ".join(plain.casefold().split())
