"""TLS to foreign servers: every client's certificates are verified by these rules, and a refusal is said plainly."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.errors import Misconfigured

SETTING = "PORTAL_TLS_CA"
_WHY = {  # what OpenSSL calls it (X509_V_ERR_…), and what to say
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is signed by itself",
    19: "it is signed by an authority nobody here knows",
    20: "it is signed by an authority nobody here knows",
    21: "it is signed by an authority nobody here knows",
    62: "it is made out to another name",
    64: "it is made out to another address",
}
_own_authorities = ""  # PEM, beside those of the system


class CertificateRefused(ssl.SSLCertVerificationError):
    """The server could not prove who it is: nothing was sent to it."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words

    def __str__(self) -> str:
        return self.words


def trust(path: str) -> None:
    """Believe the authorities of a PEM file, too; an empty path means none. Said once, when a process begins.

    Raises Misconfigured for a file without certificates.
    """
    global _own_authorities  # noqa: PLW0603 - one process believes the same authorities
    _own_authorities = ""
    if not path:
        return
    try:
        written = Path(path).read_text(encoding="ascii")
        ssl.create_default_context().load_verify_locations(cadata=written)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{SETTING}={path!r}: no PEM file of certificates can be read there: {error}") from error
    _own_authorities = written


def client_context() -> ssl.SSLContext:
    """Verifies the server's chain, its time and its name: by the system's authorities and our own."""
    context = ssl.create_default_context()
    if _own_authorities:
        context.load_verify_locations(cadata=_own_authorities)
        context.verify_flags &= (
            ~ssl.VERIFY_X509_STRICT
        )  # of Python 3.13: authorities made by hand leave extensions out
    return context


def refusal(error: BaseException, host: str) -> str:
    """Why a server's certificate was refused, in plain words; nothing if that was not the reason."""
    for found in _causes(error):
        if isinstance(found, CertificateRefused):
            return found.words
        if isinstance(found, ssl.SSLCertVerificationError):
            why = _WHY.get(found.verify_code, found.verify_message)
            hint = f" If it is of an authority of your own, name that in {SETTING}." if _may_be_own(found) else ""
            return f"the certificate of {host} is refused: {why}. Nothing was sent there.{hint}"
    return ""


@contextmanager
def plainly(host: str) -> Iterator[None]:
    """A certificate that is refused within raises CertificateRefused, whose text is for whoever runs the portal."""
    try:
        yield
    except OSError as error:
        words = refusal(error, host)
        if words:
            raise CertificateRefused(words) from error
        raise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it carries and what it came from: libraries wrap it several times."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        carried = [one for one in (*found.args, getattr(found, "reason", None)) if isinstance(one, BaseException)]
        waiting += [*carried, found.__cause__, found.__context__]


def _may_be_own(error: ssl.SSLCertVerificationError) -> bool:
    return error.verify_code in {18, 19, 20, 21}
