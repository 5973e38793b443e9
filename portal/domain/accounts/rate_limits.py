"""Attempts: what strangers could repeat until it gives in, counted for all processes together and slowed down.

Each kind has limits for several who share one: an account from one place, a place, an account from everywhere. The
browsers in which an account was signed in to before have limits of their own, all of them together, and are under no
other: nobody can lock somebody out by failing in their name, and many cookies guess no more than one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, insert_once
from portal.db.unit_of_work import unit_of_work
from portal.errors import TooMany

KEPT = timedelta(days=1)
A_WHILE, AN_HOUR, A_DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
NETWORK = 64  # bits of an IPv6 address: a household or an office has all the rest to itself


class AttemptKind(StrEnum):
    SIGN_IN = "sign_in"
    CODE = "code"  # of a second factor
    PASSKEY = "passkey"  # signatures: nobody guesses one, but checking it is work
    RESET = "reset"  # letters with a link to a new password
    ELSEWHERE = "elsewhere"  # answers of identity providers
    LINK = "link"  # answers through the link of a letter
    LETTER = "letter"  # invitations and the like that one person may send


class Sharing(StrEnum):
    """Who shares a limit."""

    ACCOUNT_HERE = "account_here"  # one account, tried from one network address
    BROWSER = "browser"  # one account, in all browsers that knew it before together
    BROWSER_LONG = "browser_long"  # the same, for longer: whoever copied a cookie does not guess for ever
    PLACE = "place"  # all accounts, from one network address
    ACCOUNT = "account"  # one account, from everywhere it was never used before


@dataclass(frozen=True, slots=True)
class Limit:
    tries: int
    within: timedelta


LIMITS: dict[AttemptKind, dict[Sharing, Limit]] = {
    AttemptKind.SIGN_IN: {
        Sharing.ACCOUNT_HERE: Limit(10, A_WHILE),  # a person who forgot
        Sharing.BROWSER: Limit(10, A_WHILE),
        Sharing.BROWSER_LONG: Limit(100, A_DAY),
        Sharing.PLACE: Limit(100, A_WHILE),  # a company behind one address signs in together in the morning
        Sharing.ACCOUNT: Limit(100, A_WHILE),
    },
    AttemptKind.CODE: {
        Sharing.ACCOUNT_HERE: Limit(6, A_WHILE),
        Sharing.BROWSER: Limit(6, A_WHILE),
        Sharing.BROWSER_LONG: Limit(60, A_DAY),
        Sharing.PLACE: Limit(100, A_WHILE),
        Sharing.ACCOUNT: Limit(60, A_DAY),  # a million codes: guessing them all takes longer than anybody waits
    },
    AttemptKind.PASSKEY: {Sharing.PLACE: Limit(60, A_WHILE)},
    AttemptKind.RESET: {
        Sharing.PLACE: Limit(30, AN_HOUR)
    },  # an account's own letters are limited where they are written
    AttemptKind.ELSEWHERE: {Sharing.PLACE: Limit(100, A_WHILE)},  # each makes us ask the provider
    AttemptKind.LINK: {Sharing.PLACE: Limit(60, A_WHILE)},
    AttemptKind.LETTER: {Sharing.ACCOUNT: Limit(50, A_DAY)},
}


class Attempt(Base):
    """How often something was tried since its window began; the key is a hash: no address is kept."""

    __tablename__ = "attempt"

    key: Mapped[str] = mapped_column(primary_key=True)
    tries: Mapped[int]
    since: Mapped[datetime]


def count(kind: AttemptKind, *, account: str = "", address: str = "", browser: str = "") -> None:
    """Count one try, before it is answered. Commits. Raises TooMany when any of its limits is passed.

    account: whatever the visitor says it is, known or not. browser: proof that the account was used there before.
    """
    with unit_of_work(alone=True):
        waits = [_wait(key, limit) for key, limit in _limits(kind, account, address, browser)]
        db.session.execute(delete(Attempt).where(Attempt.since < clock.now() - KEPT))
    longest = max(waits, default=timedelta())
    if longest > timedelta():
        raise TooMany(longest)


@unit_of_work()
def forget(kind: AttemptKind, *, account: str, address: str, browser: str = "") -> None:
    """They had it right: their own tries no longer count against them. Commits."""
    own = [_key(kind, Sharing.ACCOUNT_HERE, account, _place(address))]
    if browser:
        own.append(_key(kind, Sharing.BROWSER, account))
    db.session.execute(delete(Attempt).where(Attempt.key.in_(own)))


def _limits(kind: AttemptKind, account: str, address: str, browser: str) -> Iterator[tuple[str, Limit]]:
    """The limits one try falls under: a browser that is known, only under those of the account's known ones."""
    place = _place(address)
    shared_by: dict[Sharing, tuple[str, ...]] = {
        Sharing.ACCOUNT_HERE: (account, place),
        Sharing.PLACE: (place,),
        Sharing.ACCOUNT: (account,),
    }
    if browser:
        shared_by = {Sharing.BROWSER: (account,), Sharing.BROWSER_LONG: (account,)}
    for sharing, limit in LIMITS[kind].items():
        if sharing in shared_by:
            yield _key(kind, sharing, *shared_by[sharing]), limit


def _wait(key: str, limit: Limit) -> timedelta:
    """One more; how long to wait if that is too many. Exact whatever happens at the same moment."""
    now = clock.now()
    if insert_once(Attempt, key=key, tries=1, since=now):
        return timedelta()
    is_over = Attempt.since < now - limit.within
    db.session.execute(
        update(Attempt)
        .where(Attempt.key == key)
        .values(tries=case((is_over, 1), else_=Attempt.tries + 1), since=case((is_over, now), else_=Attempt.since))
        .execution_options(synchronize_session=False)
    )
    tries, since = db.session.execute(select(Attempt.tries, Attempt.since).where(Attempt.key == key)).one()
    return since + limit.within - now if tries > limit.tries else timedelta()


def _place(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, NETWORK), strict=False)) if isinstance(known, IPv6Address) else address


def _key(kind: AttemptKind, sharing: Sharing, *whose: str) -> str:
    return sha256("\n".join((kind, sharing, *whose)).encode()).hexdigest()
