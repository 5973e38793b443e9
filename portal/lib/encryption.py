"""Sealing: secrets the database must keep but not know, under a key drawn from the portal's own secret."""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.errors import PortalError

_secret = ""


class SealBroken(PortalError):
    """It was sealed under another secret (or changed since): it is lost, and has to be made anew."""


def keyed_by(secret: str) -> None:
    """Said once, when the application is made."""
    global _secret  # noqa: PLW0603 - one process is one portal
    _secret = secret


def seal(text: str) -> str:
    return _box(_secret).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises SealBroken when the portal's secret is another one now."""
    try:
        return _box(_secret).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealBroken from error


def alias(text: str) -> bytes:
    """32 bytes that stand for a text: always the same, and telling nothing about it."""
    return hmac.digest(_key(_secret, b"connectica portal: aliases"), text.encode(), "sha256")


@lru_cache(maxsize=2)
def _box(secret: str) -> Fernet:
    return Fernet(urlsafe_b64encode(_key(secret, b"connectica portal: secrets in the database")))


@lru_cache(maxsize=4)
def _key(secret: str, purpose: bytes) -> bytes:
    """A key of its own for each purpose: the same secret signs the cookies."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
