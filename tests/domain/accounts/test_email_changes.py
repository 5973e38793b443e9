"""An account moves to another address when both have said yes, and not when one has said no."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.accounts import email_changes
from portal.domain.notifications.outbox import Letter
from portal.domain.users import models as people
from portal.domain.users import passwords, sessions
from portal.domain.users.permissions import MANAGER
from portal.errors import NotFound, Refused
from tests.actors import ADDRESS, acting
from tests.factories import mirror


@pytest.fixture
def jana(app):
    with clock.set_to(mirror.NOW - timedelta(days=1)):
        person = mirror.person(mirror.company("Strojírny"), role=MANAGER, email="jana@a.example")
    with clock.set_to(mirror.NOW):
        yield people.visitor(sessions.start(person.id, how="password"))


def _keys(jana, new="jana@new.example"):
    email_changes.wish(acting(jana), email=new, password=mirror.PASSWORD)
    letters = db.session.scalars(select(Letter).order_by(Letter.id)).all()[-2:]
    found = [re.search(r"/address/(\S+)", letter.text) for letter in letters]
    return [key and key.group(1) for key in found]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_account_moves_once_both_addresses_have_confirmed(jana, order):
    keys = _keys(jana)
    assert not email_changes.confirm(keys[order[0]], address=ADDRESS)
    assert people.by_email("jana@new.example") is None
    assert email_changes.confirm(keys[order[1]], address=ADDRESS)
    assert people.by_email("jana@new.example").id == jana.id
    assert people.by_email("jana@a.example") is None


def test_one_address_saying_yes_twice_is_one_yes(jana):
    keys = _keys(jana)
    assert not email_changes.confirm(keys[1], address=ADDRESS)
    assert not email_changes.confirm(keys[1], address=ADDRESS)
    assert people.by_email("jana@a.example") is not None


@pytest.mark.parametrize("which", [0, 1])
def test_either_address_stops_it_for_both(jana, which):
    keys = _keys(jana)
    email_changes.stop(keys[which], address=ADDRESS)
    for key in keys:
        with pytest.raises(NotFound):
            email_changes.confirm(key, address=ADDRESS)


def test_without_the_present_password_nobody_is_asked(jana):
    with pytest.raises(Refused):
        email_changes.wish(acting(jana), email="thief@x.example", password="wrong password")
    assert db.session.scalar(select(Letter)) is None


def test_a_key_ends_after_a_day_with_a_new_wish_and_with_a_new_password(jana):
    first = _keys(jana)
    second = _keys(jana, "other@new.example")
    with pytest.raises(NotFound):
        email_changes.opened(first[0])
    with clock.set_to(mirror.NOW + email_changes.LASTS + timedelta(seconds=1)), pytest.raises(NotFound):
        email_changes.opened(second[0])
    with clock.set_to(mirror.NOW + timedelta(seconds=1)):
        people.set_password("jana@a.example", passwords.hash_of("modrý kůň skáče přes plot"))
        with pytest.raises(NotFound):
            email_changes.opened(second[0])


def test_an_address_with_an_account_is_told_so_and_who_asked_learns_nothing(jana):
    mirror.person(mirror.company("Vodárny"), role=MANAGER, email="petr@b.example")
    keys = _keys(jana, "petr@b.example")
    assert keys[0] is not None
    assert keys[1] is None
    assert not email_changes.confirm(keys[0], address=ADDRESS)
    assert people.by_email("petr@b.example").id != jana.id


def test_an_address_taken_meanwhile_moves_nobody(jana):
    keys = _keys(jana)
    mirror.person(mirror.company("Vodárny"), role=MANAGER, email="jana@new.example")
    email_changes.confirm(keys[0], address=ADDRESS)
    with pytest.raises(NotFound):
        email_changes.confirm(keys[1], address=ADDRESS)
    assert people.by_email("jana@a.example").id == jana.id
