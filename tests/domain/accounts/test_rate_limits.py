"""Attempts are counted exactly, for all processes together; nobody is locked out by what others do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal import clock
from portal.domain.accounts import rate_limits
from portal.domain.accounts.rate_limits import LIMITS, AttemptKind, Sharing
from portal.errors import TooMany
from tests.factories import mirror

SIGN_IN = LIMITS[AttemptKind.SIGN_IN]
HERE, EVERYWHERE = SIGN_IN[Sharing.ACCOUNT_HERE].tries, SIGN_IN[Sharing.ACCOUNT].tries


def _is_refused(account="a@b.example", address="10.0.0.1", browser=""):
    try:
        rate_limits.count(AttemptKind.SIGN_IN, account=account, address=address, browser=browser)
    except TooMany:
        return True
    return False


def test_the_last_try_allowed_is_answered_and_the_next_is_not(app):
    assert [_is_refused() for _ in range(HERE + 1)] == [False] * HERE + [True]


def test_another_account_and_another_place_are_not_stopped(app):
    for _ in range(HERE + 1):
        _is_refused()
    assert not _is_refused(address="10.0.0.2")
    assert not _is_refused(account="c@b.example")


def test_one_account_is_stopped_from_everywhere_in_the_end(app):
    stopped = [_is_refused(address=f"10.0.{n}.1") for n in range(EVERYWHERE + 1)]
    assert stopped.index(True) == EVERYWHERE


def test_while_strangers_fail_in_their_name_the_owner_gets_in_where_they_were_before(app):
    for n in range(EVERYWHERE + 1):
        _is_refused(address=f"10.0.{n}.1")
    assert _is_refused(address="192.0.2.7")
    assert not _is_refused(address="192.0.2.7", browser="known here")


def test_a_known_browser_does_not_guess_for_ever_either(app):
    limit = SIGN_IN[Sharing.BROWSER].tries
    tries = [_is_refused(address=f"10.0.{n}.1", browser="stolen") for n in range(limit + 1)]
    assert tries == [False] * limit + [True]


@pytest.mark.parametrize("kind", [AttemptKind.SIGN_IN, AttemptKind.CODE])
def test_many_cookies_of_an_account_guess_no_more_than_one(app, kind):
    limit, answers = LIMITS[kind][Sharing.BROWSER].tries, []
    for n in range(4 * limit):
        try:
            rate_limits.count(kind, account="a@b.example", address=f"10.0.{n}.1", browser=f"cookie {n % 4}")
            answers.append(True)
        except TooMany:
            answers.append(False)
    assert answers == [True] * limit + [False] * (3 * limit)
    rate_limits.count(kind, account="c@b.example", address="10.0.0.1", browser="cookie 0")


@pytest.mark.parametrize("kind", [AttemptKind.SIGN_IN, AttemptKind.CODE])
@pytest.mark.parametrize("browser", ["", "known"])
def test_an_account_has_a_ceiling_whoever_tries_and_however_patiently(app, kind, browser):
    """As many tries as one limit lets through, then a pause until it is over, or another place."""
    limits = LIMITS[kind]
    ceiling = limits[Sharing.BROWSER_LONG if browser else Sharing.ACCOUNT]
    short = limits[Sharing.BROWSER if browser else Sharing.ACCOUNT_HERE]
    answered, moment = 0, mirror.NOW
    for n in range(ceiling.tries // short.tries + 2):
        with clock.set_to(moment):
            for _ in range(short.tries):
                try:
                    rate_limits.count(kind, account="a@b.example", address=f"10.0.{n}.1", browser=browser)
                    answered += 1
                except TooMany:
                    pass
        moment += short.within + timedelta(seconds=1) if browser else timedelta(seconds=1)
    assert moment < mirror.NOW + ceiling.within
    assert answered == ceiling.tries


def test_one_place_is_stopped_whatever_accounts_it_tries(app):
    limit = SIGN_IN[Sharing.PLACE].tries
    assert [_is_refused(account=f"{n}@b.example") for n in range(limit + 1)].index(True) == limit


def test_a_network_of_ipv6_is_one_place(app):
    for n in range(HERE):
        _is_refused(address=f"2001:db8:1:2::{n + 1:x}")
    assert _is_refused(address="2001:db8:1:2:ffff::1")
    assert not _is_refused(address="2001:db8:1:3::1")


def test_whoever_is_stopped_is_told_when_to_come_back(app):
    with clock.set_to(mirror.NOW):
        for _ in range(HERE):
            _is_refused()
    with clock.set_to(mirror.NOW + timedelta(minutes=5)), pytest.raises(TooMany) as stopped:
        rate_limits.count(AttemptKind.SIGN_IN, account="a@b.example", address="10.0.0.1")
    assert stopped.value.wait == timedelta(minutes=10)


def test_after_the_window_counting_begins_anew(app):
    with clock.set_to(mirror.NOW):
        for _ in range(HERE + 1):
            _is_refused()
    with clock.set_to(mirror.NOW + SIGN_IN[Sharing.ACCOUNT_HERE].within + timedelta(seconds=1)):
        assert not _is_refused()


def test_a_password_known_after_all_clears_ones_own_tries(app):
    for _ in range(HERE):
        _is_refused()
    rate_limits.forget(AttemptKind.SIGN_IN, account="a@b.example", address="10.0.0.1")
    assert not _is_refused()


def test_kinds_are_counted_apart(app):
    for _ in range(HERE + 1):
        _is_refused()
    rate_limits.count(AttemptKind.CODE, account="a@b.example", address="10.0.0.1")


def test_tries_at_the_same_moment_are_all_counted(app):
    def try_once(_):
        with app.app_context():
            return _is_refused()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(try_once, range(HERE + 4)))
    assert answers.count(False) == HERE
