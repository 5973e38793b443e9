"""Passwords: long and hard to guess, kept by argon2, checked in the same time whether there is an account or not."""

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from zxcvbn_rs_py import zxcvbn

from portal.db import collation
from portal.errors import Refused
from portal.lib.i18n import msgid

SHORTEST, LONGEST = 12, 256  # characters; more is not typed by a person, and hashing it would only cost us
LEFT = 8  # characters that are nothing about its owner
GUESSES = 1e9  # that it has to stand: a thousand a second would take two weeks, and the door allows a few a minute

_hasher = PasswordHasher()  # argon2id, salted by itself, with the library's current cost


def check(password: str, *, about: Iterable[str] = ()) -> None:
    """Raises Refused, with the reason, for a password that is short, or easy to guess for who knows the texts about
    its owner: their name, address, company. No rule says which letters it is made of.
    """
    if len(password) < SHORTEST:
        raise Refused(
            msgid("A password has at least %(shortest)s characters. A sentence is easy to remember."),
            shortest=SHORTEST,
        )
    if len(password) > LONGEST:
        raise Refused(msgid("A password has at most %(longest)s characters."), longest=LONGEST)
    folded = collation.fold(password)
    own = [word for text in about for word in re.findall(r"\w{3,}", collation.fold(text))]
    stands = zxcvbn(folded, [*_czech_words(), *own]).guesses_log10
    if stands < math.log10(GUESSES) or len(_without(folded, own)) < LEFT:
        raise Refused(
            msgid("This password is easy to guess: a common one, or made of your name, address or company.")
        )


def hash_of(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password kept; as much work when none is kept, so that time tells nothing."""
    try:
        return _hasher.verify(kept or _nobodys(), password[:LONGEST]) and bool(kept)
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was hashed more cheaply than passwords are now."""
    return _hasher.check_needs_rehash(kept)


def _without(folded: str, own: Iterable[str]) -> str:
    for word in sorted(own, key=len, reverse=True):
        folded = folded.replace(word, "")
    return folded


@lru_cache(maxsize=1)
def _czech_words() -> tuple[str, ...]:
    """What Czechs choose first, folded; English, names, dates and keyboards are known to the library."""
    return tuple((Path(__file__).parent / "czech_words.txt").read_text().split())


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return hash_of("nobody has this password")
