"""Attempts at the door are counted exactly, for all processes together."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from portal import clock
from portal.domain import attempts
from tests import samples


def test_the_last_try_allowed_is_answered_and_the_next_is_not(app):
    answers = [attempts.too_many("a@b.example", "10.0.0.1") for _ in range(attempts.FROM_ONE_PLACE + 1)]
    assert answers == [False] * attempts.FROM_ONE_PLACE + [True]


def test_another_account_and_another_place_are_not_stopped(app):
    for _ in range(attempts.FROM_ONE_PLACE + 1):
        attempts.too_many("a@b.example", "10.0.0.1")
    assert not attempts.too_many("a@b.example", "10.0.0.2")
    assert not attempts.too_many("c@b.example", "10.0.0.1")


def test_one_account_is_stopped_from_everywhere_in_the_end(app):
    stopped = [attempts.too_many("a@b.example", f"10.0.{n}.1") for n in range(attempts.OF_ONE_ACCOUNT + 1)]
    assert stopped.index(True) == attempts.OF_ONE_ACCOUNT


def test_after_the_window_counting_begins_anew(app):
    with clock.set_to(samples.NOW):
        for _ in range(attempts.FROM_ONE_PLACE + 1):
            attempts.too_many("a@b.example", "10.0.0.1")
    with clock.set_to(samples.NOW + attempts.WINDOW + timedelta(seconds=1)):
        assert not attempts.too_many("a@b.example", "10.0.0.1")


def test_a_password_known_after_all_clears_ones_own_tries(app):
    for _ in range(attempts.FROM_ONE_PLACE):
        attempts.too_many("a@b.example", "10.0.0.1")
    attempts.forget("a@b.example", "10.0.0.1")
    assert not attempts.too_many("a@b.example", "10.0.0.1")


def test_tries_at_the_same_moment_are_all_counted(app):
    def try_once(_):
        with app.app_context():
            return attempts.too_many("a@b.example", "10.0.0.1")

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(try_once, range(attempts.FROM_ONE_PLACE + 4)))
    assert answers.count(False) == attempts.FROM_ONE_PLACE
