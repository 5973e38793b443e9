"""Passkeys: keys that a person's device keeps for this portal alone and shows by signing a challenge (WebAuthn)."""

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import BigInteger, ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from portal import clock
from portal.db import Base, db, insert_once, rows_changed
from portal.db.unit_of_work import unit_of_work
from portal.errors import NotFound, Refused
from portal.lib import encryption, urls
from portal.lib.i18n import msgid

LIFETIME = timedelta(minutes=5)  # of a challenge: a person looks for the device, plugs it in, touches it
LONGEST_NAME = 60  # characters
MOST = 20  # passkeys of one person
NAME_OF_PORTAL = "Connectica"
_ID = re.compile(r"[A-Za-z0-9_-]{1,1364}", re.ASCII)  # base64url of at most 1023 bytes, as WebAuthn says
NOT_GENUINE = msgid("The passkey was not recognised. Please try again, or use another way.")


class Passkey(Base):
    """A key's public half. Its credential_id is chosen by the device and nobody else has the same."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)  # how often the device signed; 0 for ever on those that share
    user_handle: Mapped[str]  # the device's name for the account: tells nothing; one on all keys of a person
    name: Mapped[str]
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UsedChallenge(Base):
    """A challenge that was answered: no second answer counts. Kept as long as one could come."""

    __tablename__ = "used_challenge"

    hash: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Challenge:
    """Random bytes a device has to sign; made for one browser, which keeps them in its signed cookie."""

    value: str  # base64url
    made_at: datetime

    @classmethod
    def new(cls) -> "Challenge":
        return cls(bytes_to_base64url(secrets.token_bytes(32)), clock.now())


def are_possible() -> bool:
    """Whether browsers would make passkeys for this portal: it has a name, and TLS (or is this machine)."""
    base = urlsplit(urls.base_url())
    host = base.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return base.scheme == "https" or host == "localhost"
    return False


def of(person_id: int) -> Sequence[Passkey]:
    """A person's passkeys, oldest first."""
    return db.session.scalars(select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)).all()


def count(person_id: int) -> int:
    return db.session.scalar(select(func.count()).where(Passkey.person_id == person_id)) or 0


def to_make(person_id: int, *, email: str, name: str, challenge: Challenge) -> str:
    """What the browser needs to make a new passkey for this person, as JSON.

    Raises NotFound where none is possible.
    """
    _only_where_possible()
    options = webauthn.generate_registration_options(
        rp_id=_relying_party(),
        rp_name=NAME_OF_PORTAL,
        user_id=base64url_to_bytes(_handle_of(person_id)),
        user_name=email,
        user_display_name=name,
        challenge=base64url_to_bytes(challenge.value),
        exclude_credentials=_described(of(person_id)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,  # kept on the device, it can be the first proof, too
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return webauthn.options_to_json(options)


def to_show(challenge: Challenge, *, person_id: int | None) -> str:
    """What the browser needs to ask for a passkey, as JSON; of one person, or, for None, of whoever is at the device.

    Raises NotFound where none is possible.
    """
    _only_where_possible()
    needed = UserVerificationRequirement.REQUIRED if person_id is None else UserVerificationRequirement.PREFERRED
    options = webauthn.generate_authentication_options(
        rp_id=_relying_party(),
        challenge=base64url_to_bytes(challenge.value),
        allow_credentials=_described(of(person_id)) if person_id is not None else None,
        user_verification=needed,
    )
    return webauthn.options_to_json(options)


def made(person_id: int, *, written: str, challenge: Challenge | None) -> VerifiedRegistration:
    """The passkey that a device has just made for this person. The challenge is used up: commits.

    Raises Refused for other answers.
    """
    if count(person_id) >= MOST:
        raise Refused(msgid("You have enough passkeys. Remove one first."))
    expected = _answered_once(challenge)
    with _plain_words():
        return webauthn.verify_registration_response(
            credential=_parsed(written),
            expected_challenge=expected,
            expected_rp_id=_relying_party(),
            expected_origin=_origin(),
        )


def add(person_id: int, new: VerifiedRegistration, *, name: str) -> None:
    """Keep a passkey, in the caller's transaction. Raises Refused when anybody has it already."""
    kept = insert_once(
        Passkey,
        person_id=person_id,
        credential_id=bytes_to_base64url(new.credential_id),
        public_key=new.credential_public_key,
        sign_count=new.sign_count,
        user_handle=_handle_of(person_id),
        name=_readable(name) or NAME_OF_PORTAL,
        added_at=clock.now(),
        used_at=None,
    )
    if not kept:
        raise Refused(msgid("This passkey is known already."))


def accept(written: str, *, challenge: Challenge | None, person_id: int | None) -> Passkey:
    """The passkey that has signed the challenge: a second proof of one person or, for None, both proofs at once.

    Commits. Raises Refused for every other answer: of another portal, another person, a copied device, or twice.
    """
    expected = _answered_once(challenge)
    answer = _parsed(written)
    wanted = select(Passkey).where(Passkey.credential_id == answer["id"])
    found = db.session.scalar(wanted if person_id is None else wanted.where(Passkey.person_id == person_id))
    if found is None or not _names(answer, found.user_handle, must=person_id is None):
        raise Refused(NOT_GENUINE)
    with _plain_words():
        seen = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=expected,
            expected_rp_id=_relying_party(),
            expected_origin=_origin(),
            credential_public_key=found.public_key,
            credential_current_sign_count=found.sign_count,
            require_user_verification=person_id is None,  # alone it has to prove a person, not only a device
        )
    _count_use(found, seen.new_sign_count)
    return found


def remove(person_id: int, passkey_id: int) -> None:
    """Forget one passkey of a person. In the caller's transaction. Raises NotFound when it is not theirs."""
    if not rows_changed(delete(Passkey).where(Passkey.id == passkey_id, Passkey.person_id == person_id)):
        raise NotFound


def remove_all(person_id: int) -> None:
    """Forget every passkey of a person. In the caller's transaction."""
    db.session.execute(delete(Passkey).where(Passkey.person_id == person_id))


def _only_where_possible() -> None:
    if not are_possible():
        raise NotFound


def _relying_party() -> str:
    """The name passkeys are bound to: the configured one, whatever a request says."""
    return urlsplit(urls.base_url()).hostname or ""


def _origin() -> str:
    base = urlsplit(urls.base_url())
    return f"{base.scheme}://{base.netloc}"


def _described(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in passkeys]


def _answered_once(challenge: Challenge | None) -> bytes:
    """The bytes of a challenge that is young and gets its first answer now. Commits. Raises Refused."""
    now = clock.now()
    if challenge is None or now - challenge.made_at > LIFETIME:
        raise Refused(msgid("That took too long. Please try again."))
    with unit_of_work(alone=True):
        db.session.execute(delete(UsedChallenge).where(UsedChallenge.used_at < now - 2 * LIFETIME))
        is_first = insert_once(UsedChallenge, hash=sha256(challenge.value.encode()).hexdigest(), used_at=now)
    if not is_first:
        raise Refused(msgid("That took too long. Please try again."))
    return base64url_to_bytes(challenge.value)


@unit_of_work()
def _count_use(passkey: Passkey, sign_count: int) -> None:
    """Once for each use. Raises Refused for the same device at the same moment, elsewhere."""
    unchanged = update(Passkey).where(Passkey.id == passkey.id, Passkey.sign_count == passkey.sign_count)
    if not rows_changed(unchanged.values(sign_count=sign_count, used_at=clock.now())):
        raise Refused(NOT_GENUINE)


def _parsed(written: str) -> dict[str, Any]:
    with _plain_words():
        answer = json.loads(written)
    name = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise Refused(NOT_GENUINE)
    return answer


def _names(answer: dict[str, Any], user_handle: str, *, must: bool) -> bool:
    """Whether the device says whose key it is as we do; as a second proof it need not say it."""
    said = answer.get("response")
    named = said.get("userHandle") if isinstance(said, dict) else None
    return named == user_handle or (not must and not named)


def _readable(name: str) -> str:
    letters = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(letters.split())[:LONGEST_NAME]


def _handle_of(person_id: int) -> str:
    return bytes_to_base64url(encryption.alias(f"passkeys of person {person_id}"))


@contextmanager
def _plain_words() -> Iterator[None]:
    """Whatever the parsers make of a stranger's bytes, we say one thing."""
    try:
        yield
    except Exception as error:
        raise Refused(NOT_GENUINE) from error
