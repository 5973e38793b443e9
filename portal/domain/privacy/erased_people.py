"""The forgotten: people whose data were removed on request, known by hashes so that the core cannot bring them back.

A hash is keyed with a salt of this database: the portal's secret may change, and they must stay forgotten.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db
from portal.domain.companies.models import Company
from portal.lib.redaction import Redaction, address_key, keys


class Forgotten(Base):
    """Somebody in one company, or of Connectica's own people (no company): what stands instead of the name."""

    __tablename__ = "forgotten"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)
    instead: Mapped[str]
    salt: Mapped[str]  # one for all rows, in hex
    forgotten_at: Mapped[datetime]


class ForgottenKey(Base):
    """What somebody is recognised by when the core tells of them: the address or two words of the name, hashed."""

    __tablename__ = "forgotten_key"

    forgotten_id: Mapped[int] = mapped_column(ForeignKey("forgotten.id"), primary_key=True)
    key_hash: Mapped[str] = mapped_column(primary_key=True)
    is_address: Mapped[bool]


@dataclass(frozen=True, slots=True)
class Memory:
    """Everybody who is forgotten. An address is one person's wherever it stands, a name only in its company."""

    salt: str
    addresses: Mapping[str, str] = field(default_factory=dict)  # hash: what stands instead
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # company's core_id, empty for all: the same

    def instead_of(self, email: str) -> str:
        """What stands instead of the person with this address; empty when nobody has to be forgotten."""
        return self.addresses.get(_hash(self.salt, address_key(email)), "") if email else ""

    def in_company(self, core_id: str) -> Redaction:
        """What to take out of texts about a company's tickets."""
        known = {**self.addresses, **self.names.get("", {}), **self.names.get(core_id, {})}
        return Redaction(known, lambda key: _hash(self.salt, key))

    def anywhere(self) -> Redaction:
        """What to take out of a text that nobody understood."""
        known = dict(self.addresses)
        for names in self.names.values():
            known |= names
        return Redaction(known, lambda key: _hash(self.salt, key))


def memory() -> Memory | None:
    """Everybody who is forgotten; None when nobody is."""
    rows = db.session.execute(
        select(Forgotten.instead, Forgotten.salt, Company.core_id, ForgottenKey.key_hash, ForgottenKey.is_address)
        .join(ForgottenKey, ForgottenKey.forgotten_id == Forgotten.id)
        .outerjoin(Company, Company.id == Forgotten.company_id)
        .order_by(Forgotten.id)
    ).all()
    if not rows:
        return None
    addresses: dict[str, str] = {}
    names: dict[str, dict[str, str]] = {}
    for row in rows:
        (addresses if row.is_address else names.setdefault(row.core_id or "", {}))[row.key_hash] = row.instead
    return Memory(rows[0].salt, addresses, names)


def remember(company_id: int | None, *, instead: str, names: Iterable[str], email: str) -> None:
    """Somebody is to be forgotten from now on. In the caller's transaction."""
    salt = db.session.scalar(select(Forgotten.salt).limit(1)) or secrets.token_hex(16)
    row = Forgotten(company_id=company_id, instead=instead, salt=salt, forgotten_at=clock.now())
    db.session.add(row)
    db.session.flush()
    found = {key for name in names for key in keys(name, "")}
    for key in {address_key(email), *found}:
        is_address = key not in found
        db.session.add(ForgottenKey(forgotten_id=row.id, key_hash=_hash(salt, key), is_address=is_address))


def _hash(salt: str, key: str) -> str:
    return hashlib.blake2b(key.encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()
