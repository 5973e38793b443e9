"""Recovery codes: ten words on paper for whoever lost the phone; each opens the door once."""

import secrets
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, rows_changed
from portal.db.unit_of_work import unit_of_work

HOW_MANY = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another in print
LENGTH, GROUP = 16, 4  # 79 bits: no copy of the database gives them away


class RecoveryCode(Base):
    """One code; only its hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


def left(person_id: int) -> int:
    """How many codes of this person are still good."""
    unused = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(unused) or 0


def make(person_id: int) -> list[str]:
    """A new set, told once; the old one is dead. In the caller's transaction."""
    remove(person_id)
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(HOW_MANY)]
    db.session.add_all([RecoveryCode(person_id=person_id, code_hash=_hash_of(person_id, code)) for code in codes])
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in codes]


@unit_of_work()
def use(person_id: int, code: str) -> bool:
    """Whether this is an unused code of the person; it is used up now, whoever else tries too. Commits."""
    unused = update(RecoveryCode).where(
        RecoveryCode.person_id == person_id,
        RecoveryCode.code_hash == _hash_of(person_id, code),
        RecoveryCode.used_at.is_(None),
    )
    used = rows_changed(unused.values(used_at=clock.now()))
    return bool(used)


def remove(person_id: int) -> None:
    """None is good any more. In the caller's transaction."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


def _hash_of(person_id: int, code: str) -> str:
    letters = "".join(letter for letter in code.lower() if letter in LETTERS)
    return sha256(f"{person_id}\n{letters}".encode()).hexdigest()
