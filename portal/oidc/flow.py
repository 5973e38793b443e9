"""Asking who somebody is: where to send them, and what to believe of the signed answer that comes back."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hmac import compare_digest
from typing import Any

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError

from portal import clock
from portal.errors import ProviderLied, ProviderRefused
from portal.oidc import connection, discovery

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SKEW = timedelta(minutes=2)  # how far the provider's clock may be from ours
OLDEST = timedelta(minutes=15)  # a token was made just now; Entra writes a moment five minutes earlier
LONGEST_SUBJECT = 255  # characters, as the standard says
LONGEST_CODE = 4096


@dataclass(frozen=True, slots=True)
class ProviderClient:
    """What a provider knows us by, and which answers are from it."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    tenant: str = ""  # of Microsoft Entra: there a person is (tid, oid)
    redirect_address: str = ""
    wants_address: bool = False  # only where an account may be made of the answer


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What ties an answer to the browser that was sent out: kept in its signed cookie, good for one answer."""

    state: str
    nonce: str
    verifier: str = field(repr=False)

    @classmethod
    def anew(cls) -> "SignInRequest":
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """Whom the provider named. The three first words are the identity; the others only describe."""

    issuer: str
    tenant: str
    subject: str
    proofs: frozenset[str] = frozenset()  # what amr, acr and acrs say
    name: str = ""
    email: str = ""  # only one the provider vouches for


def address_to_ask(client: ProviderClient, asked: SignInRequest) -> str:
    """Where to send the browser."""
    return prepare_grant_uri(
        discovery.known(client.issuer).metadata.authorization_endpoint,
        client_id=client.client_id,
        response_type="code",
        redirect_uri=client.redirect_address,
        scope="openid profile email" if client.wants_address else "openid profile",  # Entra tells oid with profile
        state=asked.state,
        nonce=asked.nonce,
        code_challenge=create_s256_code_challenge(asked.verifier),
        code_challenge_method="S256",
    )


def check_answer(client: ProviderClient, asked: SignInRequest, answer: Mapping[str, str]) -> None:
    """Raises when the answer is not one to our question, or says no."""
    if not compare_digest(answer.get("state", "").encode(), asked.state.encode()):
        raise ProviderLied("the answer is not one to this browser's question")
    says_issuer = discovery.known(client.issuer).metadata.authorization_response_iss_parameter_supported
    if answer.get("iss", "" if says_issuer else client.issuer) != client.issuer:
        raise ProviderLied("the answer is from another provider")
    if "error" in answer:
        raise ProviderRefused(connection.named(answer["error"]) or "an error without a name")
    if not 0 < len(answer.get("code", "")) <= LONGEST_CODE:
        raise ProviderLied("the answer brings no code")


def who(client: ProviderClient, asked: SignInRequest, answer: Mapping[str, str]) -> ProvenIdentity:
    """Whom the provider names, from the token it signed and gave to us alone. Raises ProviderError."""
    check_answer(client, asked, answer)
    metadata = discovery.known(client.issuer).metadata
    body = connection.exchange(
        metadata.token_endpoint,
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": client.redirect_address,
            "code_verifier": asked.verifier,
        },
        name=client.client_id,
        secret=client.secret,
        in_form=metadata.takes_secret_in_form_only,
    )
    return identity_in(connection.understood(body, _Tokens, what="the token").id_token, client, nonce=asked.nonce)


def identity_in(token: str, client: ProviderClient, *, nonce: str) -> ProvenIdentity:
    """Whom a signed token names. Raises ProviderLied when anything about it is not as it must be."""
    claims = _proven(token, client, nonce=nonce)
    if client.tenant and claims.get("tid") != client.tenant:
        raise ProviderLied("the token is from another tenant")
    subject = claims.get("oid") if client.tenant else claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise ProviderLied("the token names nobody")
    return ProvenIdentity(
        issuer=client.issuer,
        tenant=client.tenant,
        subject=subject,
        proofs=_proofs(claims),
        name=_text(claims.get("name")),
        email=_email(claims, client),
    )


def refuses_us(client: ProviderClient) -> str:
    """Why the provider does not take our name and secret; nothing when it does: a made-up code shows which."""
    metadata = discovery.known(client.issuer).metadata
    try:
        connection.exchange(
            metadata.token_endpoint,
            {
                "grant_type": "authorization_code",
                "code": "made-up",
                "redirect_uri": client.redirect_address,
                "code_verifier": SignInRequest.anew().verifier,
            },
            name=client.client_id,
            secret=client.secret,
            in_form=metadata.takes_secret_in_form_only,
        )
    except ProviderRefused as error:
        return "" if str(error) == "invalid_grant" else str(error)
    return "it took a code that we made up"


def _proven(token: str, client: ProviderClient, *, nonce: str) -> dict[str, Any]:
    def key_of(signed: Any) -> Any:
        name = signed.headers().get("kid")
        return discovery.only_key(client.issuer) if name is None else discovery.key(client.issuer, str(name))

    options = {
        "iss": {"essential": True, "value": client.issuer},
        "aud": {"essential": True, "value": client.client_id},
        "sub": {"essential": True},
        "nonce": {"essential": True, "value": nonce},
    }
    now = int(clock.now().timestamp())
    try:
        opened = jwt.decode(token, key_of, algorithms=ALGORITHMS)
        params = {"nonce": nonce, "client_id": client.client_id}
        claims = CodeIDToken(opened.claims, opened.header, options, params)
        claims.validate(now=now, leeway=int(SKEW.total_seconds()))
    except JoseError as error:
        raise ProviderLied(f"the token is not good: {error.error}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:  # a key of another kind, and the like
        raise ProviderLied(f"the token cannot be checked: {type(error).__name__}") from error
    if claims["iat"] < now - (OLDEST + SKEW).total_seconds():
        raise ProviderLied("the token is an old one")
    return dict(claims)


def _proofs(claims: Mapping[str, Any]) -> frozenset[str]:
    """By what the person proved themself to the provider, in its words."""
    said: list[Any] = [claims.get("acr")]
    for name in ("amr", "acrs"):
        value = claims.get(name)
        said += value if isinstance(value, list) else [value]
    return frozenset(word for word in said if isinstance(word, str) and word)


def _email(claims: Mapping[str, Any], client: ProviderClient) -> str:
    """An address the provider vouches for: of Entra the sign-in name, whose domain the tenant had to prove."""
    if client.tenant:
        return _text(claims.get("preferred_username")).lower()
    return _text(claims.get("email")).lower() if claims.get("email_verified") is True else ""


def _text(value: Any) -> str:
    return value.strip()[:200] if isinstance(value, str) and value.isprintable() else ""


class _Tokens(msgspec.Struct):
    id_token: str
