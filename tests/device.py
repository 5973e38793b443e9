"""A device with passkeys, in software: it does what an authenticator and a browser do, and wrong on request."""

import json
import secrets
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Device:
    """One passkey. Its answers are JSON, as the page's script writes them into the form."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.handle = ""
        self.signed = 0

    def make(self, options: str) -> str:
        """Answer to navigator.credentials.create()."""
        asked = json.loads(options)
        self.handle = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + public
        data = self._data(asked["rp"]["id"], PRESENT | VERIFIED | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._written(
            clientDataJSON=self._client_data("webauthn.create", asked["challenge"]), attestationObject=attestation
        )

    def show(
        self, options: str, *, verified: bool = True, rp_id: str = "", origin: str = "", handle: str = ""
    ) -> str:
        """Answer to navigator.credentials.get()."""
        asked = json.loads(options)
        self.signed += 1
        data = self._data(rp_id or asked["rpId"], PRESENT | (VERIFIED if verified else 0))
        client_data = self._client_data("webauthn.get", asked["challenge"], origin)
        return self._written(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256())),
            userHandle=base64url_to_bytes(handle or self.handle),
        )

    def _data(self, rp_id: str, flags: int) -> bytes:
        return sha256(rp_id.encode()).digest() + bytes([flags]) + self.signed.to_bytes(4)

    def _client_data(self, kind: str, challenge: str, origin: str = "") -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin or self.origin}).encode()

    def _written(self, **parts: bytes) -> str:
        name = bytes_to_base64url(self.id)
        response = {key: bytes_to_base64url(part) for key, part in parts.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
