"""Certificates for tests: an authority, what it signs, and what a liar or a sleepy administrator shows instead."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portal import clock

HOST = "localhost"


@dataclass(frozen=True)
class Authority:
    """An authority of our own; its certificate and those it makes are PEM files in a folder."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Tests")
        made = _built(name, name, key, since=clock.now() - timedelta(days=90), until=clock.now() + timedelta(days=1))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        authority = cls(folder, key, made.sign(key, hashes.SHA256()))
        authority.path.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    @property
    def path(self) -> Path:
        return self.folder / "authority.pem"

    def good(self) -> Path:
        return self._signed("good")

    def of_another_name(self) -> Path:
        return self._signed("name", host="elsewhere.example")

    def expired(self) -> Path:
        return self._signed("expired", until=clock.now() - timedelta(days=1))

    def of_itself(self) -> Path:
        """A certificate that no authority signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(HOST)
        until = clock.now() + timedelta(days=1)
        made = _for(HOST, _built(name, name, key, since=clock.now() - timedelta(days=1), until=until))
        return self._kept("itself", key, made.sign(key, hashes.SHA256()))

    def _signed(self, file: str, *, host: str = HOST, until: datetime | None = None) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        until = until or clock.now() + timedelta(days=1)
        since = until - timedelta(days=30)
        made = _for(host, _built(_name(host), self.certificate.subject, key, since=since, until=until))
        return self._kept(file, key, made.sign(self.key, hashes.SHA256()))

    def _kept(self, file: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Path:
        text, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        path = self.folder / f"{file}.pem"
        path.write_bytes(
            key.private_bytes(text, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(text)
        )
        return path


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _built(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return made.not_valid_before(since).not_valid_after(until)


def _for(host: str, made: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
