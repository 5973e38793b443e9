"""An identity provider: where it wants to be asked and with which keys it signs; remembered for a while."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, cast

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from portal import clock
from portal.errors import ProviderAway, ProviderError, ProviderLied
from portal.oidc import connection

REMEMBERED = timedelta(hours=1)
PAUSE = timedelta(seconds=15)  # after one that did not answer: so many who wait at the door must not all wait again
NEW_KEYS = timedelta(seconds=30)  # between two looks for a key that we do not know
MOST_KEYS = 50
SHORTEST_KEY = 2048  # bits of an RSA key
KINDS_OF_KEY = frozenset({"RSA", "EC", "OKP"})  # never a shared secret: it could sign, too


class Metadata(msgspec.Struct, frozen=True):
    """What we need of a provider's own description (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool | None = None

    @property
    def takes_secret_in_form_only(self) -> bool:
        ways = self.token_endpoint_auth_methods_supported
        return ways is not None and "client_secret_basic" not in ways and "client_secret_post" in ways


@dataclass(slots=True)
class Provider:
    """A provider as it described itself, and its keys by their names."""

    metadata: Metadata
    keys: dict[str, Key]
    until: datetime
    keys_at: datetime


@dataclass(slots=True)
class _Place:
    lock: Lock = field(default_factory=Lock)
    provider: Provider | None = None
    failed_until: datetime | None = None
    failure: ProviderError | None = None


_places: defaultdict[str, _Place] = defaultdict(_Place)  # by issuer; the administrator names them, so they are few


def known(issuer: str) -> Provider:
    """The provider of an issuer. Raises ProviderAway or ProviderLied; who fails is left alone for a few seconds."""
    place = _places[issuer]
    with place.lock:
        now = clock.now()
        if place.provider is not None and now < place.provider.until:
            return place.provider
        if place.failure is not None and place.failed_until is not None and now < place.failed_until:
            raise type(place.failure)(str(place.failure))
        try:
            place.provider, place.failure = _read(issuer), None
        except ProviderError as error:
            place.failure, place.failed_until = error, now + PAUSE
            raise
        return place.provider


def key(issuer: str, name: str) -> Key:
    """The key of that name; asked for anew once when it is unknown. Raises ProviderLied when there is none."""
    provider = known(issuer)
    if name not in provider.keys:
        with _places[issuer].lock:
            if clock.now() - provider.keys_at >= NEW_KEYS:
                provider.keys, provider.keys_at = _keys(provider.metadata.jwks_uri), clock.now()
    try:
        return provider.keys[name]
    except KeyError as error:
        raise ProviderLied("the token is signed with a key that the provider does not show") from error


def only_key(issuer: str) -> Key:
    """The key of a token that names none: allowed where the provider has a single one."""
    keys = list(known(issuer).keys.values())
    if len(keys) != 1:
        raise ProviderLied("the token does not say with which key it is signed")
    return keys[0]


def forget(issuer: str) -> None:
    """Ask anew the next time."""
    _places.pop(issuer, None)


def _read(issuer: str) -> Provider:
    described = connection.read(issuer.rstrip("/") + "/.well-known/openid-configuration")
    metadata = connection.understood(described, Metadata, what="the provider's description")
    if metadata.issuer != issuer:
        raise ProviderLied("the provider describes itself as another issuer")
    for address in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
        if not connection.is_safe(address, beside=issuer):
            raise ProviderLied("the provider names an address that we must not use")
    now = clock.now()
    return Provider(metadata=metadata, keys=_keys(metadata.jwks_uri), until=now + REMEMBERED, keys_at=now)


def _keys(address: str) -> dict[str, Key]:
    keys = {}
    described = connection.understood(connection.read(address), _KeySet, what="the provider's key set")
    for row in described.keys[:MOST_KEYS]:
        if row.get("kty") not in KINDS_OF_KEY or row.get("use", "sig") != "sig":
            continue
        try:
            found = import_key({name: value for name, value in row.items() if name != "x5c"})
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # of a kind we do not know; a token signed with it is refused
        if found.key_type == "RSA" and cast(Any, found.raw_value).key_size < SHORTEST_KEY:
            continue
        keys[str(row.get("kid", ""))] = found
    if not keys:
        raise ProviderAway("the provider shows no key")
    return keys


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]
