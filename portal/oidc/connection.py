"""The connection to an identity provider: JSON over HTTPS, bounded; what goes wrong becomes our error."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

import msgspec
import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from portal.errors import ProviderAway, ProviderLied, ProviderRefused
from portal.lib import http
from portal.lib.http import BUSY
from portal.lib.security import tls

TIMEOUTS = (3.0, 5.0)  # seconds to connect, seconds of silence: somebody waits in front of a page
PATIENCE = 10.0  # seconds for a whole answer
MOST_BYTES = 512 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Form = TypeVar("Form")


def read(address: str) -> bytes:
    """The JSON body of a GET."""
    with _asked("GET", address) as (status, body):
        if status != 200:
            raise ProviderLied(f"{http.place(address)} answered {status}")
        return body


def exchange(address: str, form: Mapping[str, str], *, name: str, secret: str, in_form: bool) -> bytes:
    """POST a form under our name and secret; the JSON body. Raises ProviderRefused with the error it names."""
    if in_form:
        form, by = {**form, "client_id": name, "client_secret": secret}, None
    else:  # RFC 6749 has both written as in a form first, so that a colon or an umlaut survives
        by = HTTPBasicAuth(quote_plus(name), quote_plus(secret))
    with _asked("POST", address, data=dict(form), auth=by) as (status, body):
        if status != 200:
            raise ProviderRefused(_named_error(body) or f"{http.place(address)} answered {status}")
        return body


def is_safe(address: str, *, beside: str = "") -> bool:
    """Whether we may ask there: HTTPS and a name. Plain HTTP and bare numbers only where the administrator's own
    address (beside) is on that very host; plain HTTP only on this machine."""
    try:
        parts = urlsplit(address)
        host, own = parts.hostname or "", urlsplit(beside).hostname
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None or not address.isprintable():
        return False
    if parts.scheme == "http":
        return host in LOOPBACK and own in (host, None)
    return parts.scheme == "https" and (own in (host, None) or not (_is_number(host) or host in LOOPBACK))


def understood(body: bytes, form: type[Form], *, what: str) -> Form:
    """JSON as we expect it. Raises ProviderLied, saying what is wrong, for anything else."""
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProviderLied(f"{what} cannot be read") from error


@contextmanager
def _asked(method: str, address: str, **what: Any) -> Iterator[tuple[int, bytes]]:
    with _ours(address), http.session(TIMEOUTS) as session:
        session.headers["Accept"] = "application/json"
        with http.due_within(PATIENCE):
            answer = session.request(method, address, allow_redirects=False, stream=True, **what)
        with answer:
            if answer.status_code in BUSY:
                raise ProviderAway(f"{http.place(address)} answered {answer.status_code}")
            yield answer.status_code, http.whole(answer, MOST_BYTES)


@contextmanager
def _ours(address: str) -> Iterator[None]:
    """Foreign exceptions become ours; their texts may hold what is secret, so that only their kind is said."""
    try:
        yield
    except http.TooManyBytes as error:
        raise ProviderLied(f"{http.place(address)} answered with more than {MOST_BYTES} bytes") from error
    except (requests.RequestException, HTTPError, OSError) as error:
        if isinstance(http.first_cause(error), http.SlowAnswer):
            raise ProviderAway(f"{http.place(address)} did not finish its answer within {PATIENCE:.0f} s") from error
        why = tls.refusal(error, urlsplit(address).hostname or "") or type(error).__name__
        raise ProviderAway(f"{http.place(address)} cannot be reached: {why}") from error


def _named_error(body: bytes) -> str:
    try:
        return named(understood(body, _Error, what="its refusal").error)
    except ProviderLied:
        return ""


def named(error: str) -> str:
    """The error a provider names, if it is one of the short words the standards allow: it goes into a log."""
    return error if error.replace("_", "").isalnum() and error.isascii() and len(error) <= 60 else ""


def _is_number(host: str) -> bool:
    """Whether a host is written as an IP address, in any of the ways a resolver understands."""
    return ":" in host or host.rstrip(".").rpartition(".")[2][:1].isdigit()


class _Error(msgspec.Struct):
    error: str
