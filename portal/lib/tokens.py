"""Tokens: the secret in a link of a letter, good for one thing. Only its hash is ever stored."""

import hashlib
import re
import secrets

from portal.errors import NotFound

_FORM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # 32 random bytes
_IN_TEXT = re.compile(r"(/(?:decide|invitation|password|address)/)[A-Za-z0-9_-]{43}")


def new() -> tuple[str, str]:
    """A new key, to be told once, and the hash to be kept."""
    key = secrets.token_urlsafe(32)
    return key, _hashed(key)


def hash_of(key: str) -> str:
    """What is kept of a key. Raises NotFound for whatever could not be one: empty, cut, in other letters."""
    if not _FORM.fullmatch(key):
        raise NotFound
    return _hashed(key)


def without(text: str) -> str:
    """A letter's text without the keys in its links."""
    return _IN_TEXT.sub(r"\1…", text)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
