"""One-time codes of an app: six digits that change every half minute (RFC 6238), each good for one use."""

import secrets
from base64 import b32decode, b32encode
from datetime import datetime
from hmac import compare_digest

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.errors import Refused
from portal.lib import encryption
from portal.lib.encryption import SealBroken
from portal.lib.i18n import msgid

DIGITS, STEP = 6, 30  # of every app there is; seconds
WINDOW = 1  # steps before and after now: clocks of phones differ, and typing takes a while
SECRET_BYTES = 20
ISSUER = "Connectica"


class OneTimeCode(Base):
    """The secret a person's app shares with us, sealed; until its first code was typed it proves nothing."""

    __tablename__ = "one_time_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    secret: Mapped[str]
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_counter: Mapped[int] = mapped_column(default=0)  # the step of the newest code used: none up to it is good


def has(person_id: int) -> bool:
    """Whether an app of this person is set up."""
    return _of(person_id, confirmed=True) is not None


def waiting_secret(person_id: int) -> str | None:
    """The secret that waits for its first code, in the letters people type into an app; None if there is none."""
    row = _of(person_id, confirmed=False)
    try:
        return b32encode(bytes.fromhex(encryption.unseal(row.secret))).decode() if row else None
    except SealBroken:
        return None


def address(secret: str, email: str) -> str:
    """What the picture for the app says: whose codes these are, and the secret they come from."""
    key = b32decode(secret)
    return TOTP(key, DIGITS, SHA1(), STEP).get_provisioning_uri(email, ISSUER)  # noqa: S303 - RFC 6238's, all apps'


@unit_of_work()
def begin(person_id: int) -> None:
    """A new secret for an app, in place of one that never got its first code. Commits."""
    unconfirmed = OneTimeCode.confirmed_at.is_(None)
    db.session.execute(delete(OneTimeCode).where(OneTimeCode.person_id == person_id, unconfirmed))
    sealed = encryption.seal(secrets.token_bytes(SECRET_BYTES).hex())
    db.session.add(OneTimeCode(person_id=person_id, secret=sealed, made_at=clock.now(), last_counter=0))


def confirm(person_id: int, code: str) -> bool:
    """Whether this is the first code of the waiting secret: from now on it counts, and an older app's does not.

    In the caller's transaction.
    """
    row = _of(person_id, confirmed=False)
    counter = _counter_of(row, code) if row else None
    if row is None or counter is None:
        return False
    waiting = update(OneTimeCode).where(OneTimeCode.id == row.id, OneTimeCode.confirmed_at.is_(None))
    if not rows_changed(waiting.values(confirmed_at=clock.now(), last_counter=counter)):
        return False  # another tab was faster
    db.session.execute(delete(OneTimeCode).where(OneTimeCode.person_id == person_id, OneTimeCode.id != row.id))
    return True


@unit_of_work()
def accept(person_id: int, code: str) -> bool:
    """Whether this is a code of the person's app that was not used before; it is from now on. Commits.

    Raises Refused when the secret cannot be read any more.
    """
    row = _of(person_id, confirmed=True)
    counter = _counter_of(row, code) if row else None
    if row is None or counter is None:
        return False
    unused = update(OneTimeCode).where(OneTimeCode.id == row.id, OneTimeCode.last_counter < counter)
    used = rows_changed(unused.values(last_counter=counter))
    return bool(used)


def remove(person_id: int) -> bool:
    """No app proves this person any more; whether one did. In the caller's transaction."""
    return bool(rows_changed(delete(OneTimeCode).where(OneTimeCode.person_id == person_id)))


def _of(person_id: int, *, confirmed: bool) -> OneTimeCode | None:
    is_so = OneTimeCode.confirmed_at.is_not(None) if confirmed else OneTimeCode.confirmed_at.is_(None)
    wanted = select(OneTimeCode).where(OneTimeCode.person_id == person_id, is_so)
    return db.session.scalar(wanted.order_by(OneTimeCode.id.desc()).limit(1))


def _counter_of(row: OneTimeCode, code: str) -> int | None:
    """The step whose code this is, near enough to now; None for any other code."""
    try:
        key = bytes.fromhex(encryption.unseal(row.secret))
    except SealBroken as error:
        raise Refused(
            msgid(
                "The codes of your app cannot be checked any more: the portal's secret key is another one now. "
                "Use a recovery code, or ask the administrator."
            )
        ) from error
    digits = "".join(code.split()).encode()
    now = int(clock.now().timestamp()) // STEP
    codes = HOTP(key, DIGITS, SHA1())  # noqa: S303 - what RFC 6238 and every app use
    near = range(now - WINDOW, now + WINDOW + 1)
    return next((step for step in near if compare_digest(codes.generate(step), digits)), None)
