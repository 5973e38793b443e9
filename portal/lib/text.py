"""Text: what people type, bounded and harmless, and the folded form in which Czechs search. Pure."""

import html
import re
import unicodedata

from portal.errors import Refused
from portal.lib.i18n import msgid

LONGEST = 5_000  # characters of a question, a reason or a note


def paragraph(text: str, *, longest: int = LONGEST) -> str:
    """What was typed, its lines kept. Raises Refused when it is longer than anybody would read."""
    kept = "".join(letter for letter in _one_ending(text) if letter in "\n\t" or _is_harmless(letter)).strip()
    if len(kept) > longest:
        raise Refused(msgid("This text is longer than %(longest)s characters."), longest=longest)
    return kept


def needed(text: str, *, longest: int = LONGEST) -> str:
    """The same, where nothing is not enough. Raises Refused for an empty text too."""
    kept = paragraph(text, longest=longest)
    if not kept:
        raise Refused(msgid("Write a few words."))
    return kept


def line(text: str, *, longest: int = 200) -> str:
    """The text as one line, cut visibly where it is too long: for names, subjects and lists."""
    harmless = text if text.isprintable() else "".join(letter if _is_harmless(letter) else " " for letter in text)
    kept = " ".join(harmless.split())
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def excerpt(text: str, *, longest: int = LONGEST) -> str:
    """What a mail said, its lines kept, cut visibly where it is too long: nobody is there to be asked again."""
    kept = "".join(letter for letter in _one_ending(text) if letter in "\n\t" or _is_harmless(letter)).strip()
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def of_html(clean_html: str) -> str:
    """The words of a message's clean HTML, its paragraphs as lines."""
    spaced = re.sub(r"(?i)<(br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", "\n", clean_html)
    return re.sub(r"\n{3,}", "\n\n", html.unescape(re.sub(r"<[^>]*>", "", spaced))).strip()


_WHOLE_VERSES = {0xFDFA: " ", 0xFDFB: " "}  # one letter each, and in pieces eighteen and eight


def fold(text: str) -> str:
    """No case, no diacritics, single spaces; equals lower(unaccent(…)) of PostgreSQL for Czech."""
    plain = (
        text if text.isascii() else _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text.translate(_WHOLE_VERSES)))
    )
    if not plain.isascii():  # other scripts have other marks
        plain = "".join(letter for letter in plain if letter.isascii() or not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())


def _in_pieces(text: str) -> str:
    return unicodedata.normalize("NFKD", text.translate(_WHOLE_VERSES))


def _one_ending(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")


def _is_harmless(letter: str) -> bool:
    """No control, no lone surrogate, nothing that turns the direction of the text around it."""
    return unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"} and letter not in _TURNING


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LATIN_MARKS = re.compile("[\u0300-\u036f]+")
