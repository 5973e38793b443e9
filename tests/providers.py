"""Identity providers to sign in with: a real one from PyPI, and one that signs whatever it is told."""

import hmac
import json
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from werkzeug import Request, Response
from werkzeug.serving import make_server

from portal import clock
from portal.config import ROOT
from portal.oidc import discovery
from tests.canaille_server import PEOPLE

TENANT = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
SUBJECT, OBJECT = "jana at the provider", "11111111-2222-3333-4444-555555555555"
SECRET = "a secret of ours at the provider"


@contextmanager
def canaille() -> Iterator[str]:
    """Its issuer; the process ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.canaille_server", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output: list[str] = []
    threading.Thread(target=lambda: output.extend(process.stdout), daemon=True).start()
    issuer, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while not _answers(issuer):
            assert process.poll() is None, "".join(output)
            assert time.monotonic() < until, "canaille did not come up: " + "".join(output)
            time.sleep(0.1)
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=20)


def register(issuer: str, redirect_address: str) -> tuple[str, str]:
    """A client at canaille, by its own registration endpoint: id and secret."""
    asked = {
        "client_name": "Connectica",
        "redirect_uris": [redirect_address],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": "openid profile email",
        "token_endpoint_auth_method": "client_secret_basic",
    }
    answer = requests.post(f"{issuer}/oauth/register", json=asked, timeout=20)
    assert answer.status_code == 201, answer.text
    return answer.json()["client_id"], answer.json()["client_secret"]


@lru_cache(maxsize=1)
def _own_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


def signed_in_at(address: str, name: str, *, consent: str = "accept") -> str:
    """Fill canaille's forms as a person would; the address within the portal that it leads back to."""
    browser, own = requests.Session(), urlsplit(address).netloc
    said: list[dict[str, str]] = [{"login": name}, {"password": PEOPLE[name]}, {"answer": consent}]
    page = browser.get(address, allow_redirects=False, timeout=20)
    while True:
        while page.is_redirect:
            if urlsplit(onward := urljoin(page.url, page.headers["Location"])).netloc != own:
                return within(onward)
            page = browser.get(onward, allow_redirects=False, timeout=20)
        form = said.pop(0) | {"csrf_token": _form_token(page.text)}
        page = browser.post(page.url, data=form, allow_redirects=False, timeout=20)


def _form_token(html: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found, html
    return found.group(1)


@dataclass
class Liar:
    """An OpenID provider that keeps the protocol (a code is good once, PKCE holds) and lies only where it is told to.

    claims, header and parameters change what it says; sign makes the token; answers replaces whole pages.
    """

    path: str = ""
    claims: dict[str, Any] = field(default_factory=dict)  # None takes a claim away
    header: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)  # of the answer the browser brings back
    metadata: dict[str, Any] = field(default_factory=dict)
    sign: Callable[["Liar", dict, dict], str] | None = None
    answers: dict[str, Callable[[Request], Response]] = field(default_factory=dict)  # by page
    asked: list[str] = field(default_factory=list)  # pages, in order
    key: RSAKey = field(default_factory=_own_key)
    shown: list[dict] | None = None
    issuer: str = ""
    tokens: list[str] = field(default_factory=list)  # that it gave: no log may hold them
    _codes: dict[str, dict] = field(default_factory=dict)

    def __call__(self, environ: dict, start_response: Callable) -> Any:
        request = Request(environ)
        page = request.path.removeprefix(self.path)
        self.asked.append(page)
        answer = self.answers.get(page) or {
            "/.well-known/openid-configuration": self._describe,
            "/keys": self._keys,
            "/authorize": self._authorize,
            "/token": self._token,
        }.get(page, lambda _: Response("nothing here", 404))
        return answer(request)(environ, start_response)

    def _describe(self, request: Request) -> Response:
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        return _json(described | self.metadata)

    def _keys(self, request: Request) -> Response:
        return _json({"keys": self.shown if self.shown is not None else [self.key.as_dict(private=False)]})

    def _authorize(self, request: Request) -> Response:
        code = secrets.token_urlsafe(16)
        self._codes[code] = request.args.to_dict()
        brings = {"code": code, "state": request.args["state"], "iss": self.issuer} | self.parameters
        return Response(status=302, headers={"Location": f"{request.args['redirect_uri']}?{urlencode(brings)}"})

    def _token(self, request: Request) -> Response:
        given = self._codes.pop(request.form.get("code", ""), None)
        by = request.authorization
        if by is None or by.password != SECRET.replace(" ", "+"):
            return _json({"error": "invalid_client"}, 401)
        if given is None or _challenge(request.form["code_verifier"]) != given["code_challenge"]:
            return _json({"error": "invalid_grant"}, 400)
        token = self.token(nonce=given["nonce"], audience=given["client_id"])
        self.tokens += [token, given["nonce"], given["state"], request.form["code_verifier"]]
        return _json({"id_token": token, "access_token": "an access token", "token_type": "Bearer"})

    def token(self, *, nonce: str, audience: str = "portal") -> str:
        now = int(clock.now().timestamp())
        said = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": audience,
            "exp": now + 3600,
            "iat": now,
            "nonce": nonce,
            "name": "Jana Nováková",
        } | self.claims
        claims = {name: value for name, value in said.items() if value is not None}
        header = {"alg": "RS256", "kid": "first"} | self.header
        header = {name: value for name, value in header.items() if value is not None}
        return (self.sign or _signed)(self, header, claims)


@contextmanager
def liar(*, path: str = "", **lies: Any) -> Iterator[Liar]:
    told = Liar(path=path, **lies)
    server = make_server("127.0.0.1", 0, told, threaded=True)
    told.issuer = f"http://127.0.0.1:{server.server_port}{path}"
    discovery.forget(told.issuer)  # of an earlier one that had this port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def entra(**claims: Any) -> dict[str, Any]:
    """The claims of Microsoft Entra's token: who somebody is, is tid and oid; sub is another one for each client."""
    return {
        "tid": TENANT,
        "oid": OBJECT,
        "sub": "pairwise",
        "ver": "2.0",
        "preferred_username": "jana@a.example",
        "aio": "opaque",
        "rh": "opaque",
        "uti": "opaque",
    } | claims


def come_back(address: str) -> str:
    """Go where the portal sends a browser; the address within the portal that the provider sends it on to."""
    answer = requests.get(address, allow_redirects=False, timeout=20)
    assert answer.status_code == 302, answer.text
    return within(answer.headers["Location"])


def within(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def with_parameters(address: str, **changed: str | None) -> str:
    """The same address with other parameters; None takes one away."""
    path, _, query = address.partition("?")
    said = dict(parse_qsl(query)) | changed
    return f"{path}?{urlencode({name: value for name, value in said.items() if value is not None})}"


def parameters(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def unsigned(told: Liar, header: dict, claims: dict) -> str:
    """alg none: everything but a signature."""
    return ".".join((_part(header | {"alg": "none"}), _part(claims), ""))


def by_public_key(told: Liar, header: dict, claims: dict) -> str:
    """HS256 with the public key as its secret: what a careless library takes."""
    head = f"{_part(header | {'alg': 'HS256'})}.{_part(claims)}"
    return f"{head}.{_bytes(hmac.digest(told.key.as_pem(private=False), head.encode(), 'sha256'))}"


def by_another_key(told: Liar, header: dict, claims: dict) -> str:
    """The name of the known key, the signature of another."""
    return jws.serialize_compact(header, json.dumps(claims), RSAKey.generate_key(2048), algorithms=["RS256"])


def by_unknown_key(told: Liar, header: dict, claims: dict) -> str:
    stranger = RSAKey.generate_key(2048)
    return jws.serialize_compact(header | {"kid": "stranger"}, json.dumps(claims), stranger, algorithms=["RS256"])


def by_key_in_header(told: Liar, header: dict, claims: dict) -> str:
    """A token that brings its own key."""
    own = RSAKey.generate_key(2048)
    head = header | {"jwk": own.as_dict(private=False), "kid": None}
    return jws.serialize_compact(
        {name: value for name, value in head.items() if value}, json.dumps(claims), own, algorithms=["RS256"]
    )


def by_curve(told: Liar, header: dict, claims: dict) -> str:
    """ES256 under the name of an RSA key."""
    return jws.serialize_compact(
        header | {"alg": "ES256"}, json.dumps(claims), ECKey.generate_key("P-256"), algorithms=["ES256"]
    )


def changed_after_signing(told: Liar, header: dict, claims: dict) -> str:
    head, _, signature = _signed(told, header, claims).split(".")
    return f"{head}.{_part(claims | {'sub': 'somebody else'})}.{signature}"


def with_unknown_extension(told: Liar, header: dict, claims: dict) -> str:
    """Well signed, and critical in a way nobody here understands."""
    head = f"{_part(header | {'crit': ['exp2'], 'exp2': 1})}.{_part(claims)}"
    return f"{head}.{_bytes(told.key.raw_value.sign(head.encode(), PKCS1v15(), SHA256()))}"


def _signed(told: Liar, header: dict, claims: dict) -> str:
    return jws.serialize_compact(header, json.dumps(claims), told.key, algorithms=[header["alg"]])


def _part(value: dict) -> str:
    return _bytes(json.dumps(value).encode())


def _bytes(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _challenge(verifier: str) -> str:
    return _bytes(sha256(verifier.encode()).digest())


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")


def _answers(issuer: str) -> bool:
    try:
        return requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).ok
    except requests.ConnectionError:
        return False
