"""A forgotten password: the same for every address, by a key that works once and not for long."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.accounts import password_resets
from portal.domain.notifications.outbox import Letter
from portal.domain.users import models as people
from portal.domain.users import passwords, sessions
from portal.domain.users.permissions import MANAGER
from portal.errors import NotFound, Refused
from tests.actors import ADDRESS
from tests.factories import mirror

PASSWORD = "modrý kůň skáče přes plot"


@pytest.fixture
def jana(app):
    with clock.set_to(mirror.NOW - timedelta(days=1)):
        person = mirror.person(mirror.company("Strojírny"), role=MANAGER, email="jana@a.example")
    with clock.set_to(mirror.NOW):
        yield person


def _key():
    password_resets.wish("Jana@A.example ")
    password_resets.write_due()
    letter = db.session.scalars(select(Letter).order_by(Letter.id.desc())).first()
    return re.search(r"/password/(\S+)", letter.text).group(1)


def test_the_key_of_the_letter_gives_a_new_password_once_and_ends_every_session(jana):
    before, key = sessions.start(jana.id, how="password"), _key()
    password_resets.use(key, PASSWORD, address=ADDRESS)
    assert passwords.matches(PASSWORD, people.by_email("jana@a.example").password)
    assert people.visitor(before) is None
    with pytest.raises(NotFound):
        password_resets.use(key, PASSWORD + "!", address=ADDRESS)


def test_an_address_without_an_account_gets_no_letter(jana):
    for email in ("nobody@a.example", "", "x" * 300, "a\0b@c.example"):
        password_resets.wish(email)
    assert password_resets.write_due() == 0
    assert db.session.scalar(select(Letter)) is None


def test_a_closed_account_gets_no_letter_and_its_key_opens_nothing(jana):
    key = _key()
    people.deactivate("jana@a.example")
    with pytest.raises(NotFound):
        password_resets.opened(key)
    password_resets.wish("jana@a.example")
    assert password_resets.write_due() == 0


def test_a_key_ends_after_half_an_hour(jana):
    key = _key()
    with clock.set_to(mirror.NOW + password_resets.LASTS + timedelta(seconds=1)), pytest.raises(NotFound):
        password_resets.opened(key)


def test_a_password_changed_otherwise_voids_the_keys_sent_before(jana):
    key = _key()
    with clock.set_to(mirror.NOW + timedelta(seconds=1)):
        people.set_password("jana@a.example", passwords.hash_of(PASSWORD))
        with pytest.raises(NotFound):
            password_resets.opened(key)


def test_a_weak_password_is_refused_and_the_key_stays_good(jana):
    key = _key()
    with pytest.raises(Refused):
        password_resets.use(key, "janajanajana", address=ADDRESS)
    password_resets.use(key, PASSWORD, address=ADDRESS)


def test_nobodys_mailbox_is_flooded_in_our_name(jana):
    for _ in range(10):
        password_resets.wish("jana@a.example")
    assert password_resets.write_due() == password_resets.MOST_LETTERS


def test_a_letter_tells_that_the_password_has_changed(jana):
    password_resets.use(_key(), PASSWORD, address=ADDRESS)
    assert (
        "všechna ostatní přihlášení skončila"
        in db.session.scalars(select(Letter).order_by(Letter.id.desc())).first().text
    )


def test_old_wishes_are_swept_away(jana):
    password_resets.wish("nobody@a.example")
    with clock.set_to(mirror.NOW + password_resets.KEPT + timedelta(seconds=1)):
        password_resets.write_due()
    assert db.session.scalar(select(password_resets.PasswordReset)) is None
