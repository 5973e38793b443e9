"""Attempts to sign in, counted for all processes together, so that guessing stays slow."""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, insert_once

WINDOW = timedelta(minutes=15)
KEPT = timedelta(days=1)
FROM_ONE_PLACE = 10  # tries of one account from one address: a person who forgot
OF_ONE_ACCOUNT = 100  # from everywhere; high, or a stranger could lock somebody out
FROM_ONE_ADDRESS = 100  # of all accounts: a company behind one address signs in together in the morning


class Attempt(Base):
    """How often something was tried since its window began; the key is a hash: no address is kept."""

    __tablename__ = "attempt"

    key: Mapped[str] = mapped_column(primary_key=True)
    tries: Mapped[int]
    since: Mapped[datetime]


def too_many(account: str, address: str) -> bool:
    """Count one try of an account from a network address, before it is answered. Commits."""
    exceeded = [_count(key) > limit for key, limit in _limits(account, address).items()]
    db.session.execute(delete(Attempt).where(Attempt.since < clock.now() - KEPT))
    db.session.commit()
    return any(exceeded)


def forget(account: str, address: str) -> None:
    """They knew the password: their own tries no longer count against them. Commits."""
    db.session.execute(delete(Attempt).where(Attempt.key == _key("place", account, address)))
    db.session.commit()


def _limits(account: str, address: str) -> dict[str, int]:
    return {
        _key("place", account, address): FROM_ONE_PLACE,
        _key("account", account): OF_ONE_ACCOUNT,
        _key("address", address): FROM_ONE_ADDRESS,
    }


def _count(key: str) -> int:
    """One more; a window that is over begins anew. Exact whatever happens at the same moment."""
    now = clock.now()
    if insert_once(Attempt, key=key, tries=1, since=now):
        return 1
    is_over = Attempt.since < now - WINDOW
    db.session.execute(
        update(Attempt)
        .where(Attempt.key == key)
        .values(tries=case((is_over, 1), else_=Attempt.tries + 1), since=case((is_over, now), else_=Attempt.since))
        .execution_options(synchronize_session=False)
    )
    return db.session.scalar(select(Attempt.tries).where(Attempt.key == key)) or 0


def _key(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
