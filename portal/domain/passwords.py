"""Passwords: kept by argon2, and checked in the same time whether there is an account or not."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

LONGEST = 256  # characters; more is not typed by a person, and hashing it would only cost us

_hasher = PasswordHasher()  # argon2id, salted by itself, with the library's current cost


def hash_of(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password kept; as much work when none is kept, so that time tells nothing."""
    try:
        return _hasher.verify(kept or _nobodys(), password[:LONGEST]) and kept is not None
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was hashed more cheaply than passwords are now."""
    return _hasher.check_needs_rehash(kept)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return hash_of("nobody has this password")
