"""Forgotten people: the hash of an address, so that its owner stays a pseudonym whatever the core tells later."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db


class Forgotten(Base):
    """One address that must not come back. The salt is the same in all rows: a lookup is one hash."""

    __tablename__ = "forgotten"

    id: Mapped[int] = mapped_column(primary_key=True)
    email_hash: Mapped[str] = mapped_column(unique=True)
    salt: Mapped[str]
    with_messages: Mapped[bool]  # what they wrote, and its files, is gone as well
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """Who stands where somebody was forgotten: the same in every language and every table."""

    number: int
    with_messages: bool

    @property
    def name(self) -> str:
        return f"Anonym {self.number}"

    @property
    def email(self) -> str:
        return f"anonym-{self.number}@forgotten.invalid"


@dataclass(slots=True)
class Register:
    """Everybody who was forgotten, as of one moment."""

    salt: str = ""
    by_hash: dict[str, Pseudonym] = field(default_factory=dict)

    def of(self, email: str) -> Pseudonym | None:
        """The pseudonym of an address, if it was forgotten."""
        return self.by_hash.get(_hash(self.salt, email)) if self.by_hash and email else None

    def __bool__(self) -> bool:
        return bool(self.by_hash)


def register() -> Register:
    """Read with one question."""
    found = Register()
    for row in db.session.execute(
        select(Forgotten.id, Forgotten.email_hash, Forgotten.salt, Forgotten.with_messages)
    ):
        found.salt = row.salt
        found.by_hash[row.email_hash] = Pseudonym(row.id, row.with_messages)
    return found


def put(email: str, *, with_messages: bool) -> Pseudonym:
    """From now on this address is a pseudonym, the same one if it is already. In the caller's transaction."""
    salt = db.session.scalar(select(Forgotten.salt).limit(1)) or secrets.token_hex(16)
    hashed = _hash(salt, email)
    row = db.session.scalar(select(Forgotten).where(Forgotten.email_hash == hashed))
    if row is None:
        row = Forgotten(email_hash=hashed, salt=salt, with_messages=with_messages, at=clock.now())
        db.session.add(row)
    row.with_messages = row.with_messages or with_messages
    db.session.flush()
    return Pseudonym(row.id, row.with_messages)


def _hash(salt: str, email: str) -> str:
    return sha256(f"{salt} {email.strip().lower()}".encode()).hexdigest()
