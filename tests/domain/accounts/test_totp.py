"""One-time codes: each is good once, for its own person, near its own time; what is kept gives none of them away."""

from base64 import b32decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import select, text

from portal import clock
from portal.db import db
from portal.domain.accounts import recovery_codes, totp
from portal.domain.accounts.totp import STEP, OneTimeCode
from portal.domain.users.permissions import MANAGER
from portal.errors import Refused
from portal.lib import encryption
from tests.factories import mirror


def code_at(secret, moment):
    """What an app that knows the secret shows at a moment."""
    return TOTP(b32decode(secret), 6, SHA1(), STEP).generate(int(moment.timestamp())).decode()


@pytest.fixture
def jana(app):
    with clock.set_to(mirror.NOW):
        yield mirror.person(mirror.company("Strojírny"), role=MANAGER, email="jana@a.example")


@pytest.fixture
def secret(jana):
    """Of an app set up a while ago."""
    with clock.set_to(mirror.NOW - timedelta(hours=1)):
        return set_up(jana.id)


def set_up(person_id):
    totp.begin(person_id)
    secret = totp.waiting_secret(person_id)
    assert totp.confirm(person_id, code_at(secret, clock.now()))
    db.session.commit()
    return secret


def test_the_codes_are_those_of_the_standard(jana, monkeypatch):
    """RFC 6238, appendix B, cut to six digits."""
    monkeypatch.setattr(totp.secrets, "token_bytes", lambda _: b"12345678901234567890")
    totp.begin(jana.id)
    with clock.set_to(mirror.NOW.fromtimestamp(1111111109, mirror.NOW.tzinfo)):
        assert totp.confirm(jana.id, "081804")
    assert totp.has(jana.id)


def test_a_code_is_good_once(jana, secret):
    code = code_at(secret, mirror.NOW)
    assert totp.accept(jana.id, f"{code[:3]} {code[3:]}")
    assert not totp.accept(jana.id, code)


def test_a_code_from_before_the_newest_used_one_is_dead(jana, secret):
    assert totp.accept(jana.id, code_at(secret, mirror.NOW))
    assert not totp.accept(jana.id, code_at(secret, mirror.NOW - timedelta(seconds=STEP)))


def test_of_two_uses_at_the_same_moment_one_wins(app, jana, secret):
    together, person_id, code = Barrier(2), jana.id, code_at(secret, mirror.NOW)
    db.session.commit()

    def use(_):
        with app.app_context():
            together.wait(10)
            return totp.accept(person_id, code)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(use, range(2))) == [False, True]


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_wrong(jana, secret, steps, is_good):
    assert totp.accept(jana.id, code_at(secret, mirror.NOW + timedelta(seconds=steps * STEP))) is is_good


@pytest.mark.parametrize("nonsense", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00" * 6, "0" * 10_000])
def test_nonsense_is_no_code(jana, secret, nonsense):
    assert not totp.accept(jana.id, nonsense)


def test_the_first_code_is_used_up_by_setting_up(jana):
    secret = set_up(jana.id)
    assert not totp.accept(jana.id, code_at(secret, mirror.NOW))


def test_a_secret_without_its_first_code_proves_nothing(jana):
    totp.begin(jana.id)
    code = code_at(totp.waiting_secret(jana.id), mirror.NOW)
    assert not totp.has(jana.id)
    assert not totp.accept(jana.id, code)


def test_a_wrong_first_code_changes_nothing(jana, secret):
    totp.begin(jana.id)
    assert not totp.confirm(jana.id, code_at(secret, mirror.NOW))  # of the old app
    assert totp.accept(jana.id, code_at(secret, mirror.NOW))


def test_a_new_app_takes_the_place_of_the_old_one(jana, secret):
    newer = set_up(jana.id)
    with clock.set_to(mirror.NOW + timedelta(minutes=2)):
        assert not totp.accept(jana.id, code_at(secret, clock.now()))
        assert totp.accept(jana.id, code_at(newer, clock.now()))


def test_a_code_of_another_account_is_refused(jana, secret):
    other = mirror.person(mirror.company("Vodárny"), role=MANAGER, email="petr@b.example")
    with clock.set_to(mirror.NOW - timedelta(hours=1)):
        set_up(other.id)
    assert not totp.accept(other.id, code_at(secret, mirror.NOW))


def test_a_copy_of_the_database_makes_no_codes(jana, secret):
    kept = " ".join(str(value) for row in db.session.execute(text("SELECT * FROM one_time_code")) for value in row)
    assert secret not in kept
    assert b32decode(secret).hex() not in kept


def test_after_a_new_secret_key_the_page_says_in_plain_words_what_to_do(app, jana, secret):
    encryption.keyed_by("another secret key than the one before")
    with pytest.raises(Refused, match="recovery code"):
        totp.accept(jana.id, code_at(secret, mirror.NOW))
    assert db.session.scalar(select(OneTimeCode.last_counter)) is not None


def test_the_address_for_the_app_names_the_account(jana, secret):
    written = totp.address(secret, jana.email)
    assert written.startswith("otpauth://totp/Connectica:jana%40a.example?")
    assert f"secret={secret}" in written


def test_a_recovery_code_is_good_once(jana):
    codes = recovery_codes.make(jana.id)
    assert recovery_codes.use(jana.id, codes[0].upper().replace("-", " "))
    assert not recovery_codes.use(jana.id, codes[0])
    assert recovery_codes.left(jana.id) == recovery_codes.HOW_MANY - 1


def test_of_two_uses_of_a_recovery_code_at_the_same_moment_one_wins(app, jana):
    together, person_id, code = Barrier(2), jana.id, recovery_codes.make(jana.id)[0]
    db.session.commit()

    def use(_):
        with app.app_context():
            together.wait(10)
            return recovery_codes.use(person_id, code)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(use, range(2))) == [False, True]


def test_a_new_set_kills_the_old_one(jana):
    old = recovery_codes.make(jana.id)
    recovery_codes.make(jana.id)
    assert not recovery_codes.use(jana.id, old[0])


@pytest.mark.parametrize("nonsense", ["", " ", "-", "\x00", "0000-0000-0000-0000"])
def test_nonsense_is_no_recovery_code(jana, nonsense):
    recovery_codes.make(jana.id)
    assert not recovery_codes.use(jana.id, nonsense)


def test_a_recovery_code_of_somebody_else_is_refused(jana):
    other = mirror.person(mirror.company("Vodárny"), role=MANAGER, email="petr@b.example")
    assert not recovery_codes.use(other.id, recovery_codes.make(jana.id)[0])


def test_a_copy_of_the_database_shows_no_recovery_code(jana):
    codes = recovery_codes.make(jana.id)
    kept = str(db.session.execute(text("SELECT * FROM recovery_code")).all())
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]
