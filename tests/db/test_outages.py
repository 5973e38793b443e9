"""An outage is one line when it begins, one a minute while it lasts, and one when it is over."""

import logging

import pytest

from portal.db.outages import Outage


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def test_ten_thousand_failures_within_a_minute_are_one_line(lines):
    outage = Outage("the database", logging.getLogger("portal.test"))
    for failure in range(10_000):
        outage.began(OSError("connection refused\nsecond line"), now=100 + failure * 0.0024)
    assert lines() == ["the database does not answer: OSError: connection refused"]


def test_it_is_said_once_a_minute_and_when_it_is_over(lines):
    outage = Outage("the database", logging.getLogger("portal.test"))
    for second in range(150):
        outage.began(OSError("away"), now=1000.0 + second)
    outage.ended(now=1155)
    assert lines()[1:] == [
        "the database does not answer for 60 s, 61 failures: OSError: away",
        "the database does not answer for 120 s, 121 failures: OSError: away",
        "the database answers again after 155 s and 150 failures",
    ]


def test_without_an_outage_nothing_is_said(lines):
    Outage("the database", logging.getLogger("portal.test")).ended()
    assert lines() == []


def test_what_fails_now_and_then_is_one_outage(lines):
    outage = Outage("the database", logging.getLogger("portal.test"))
    for second in range(10):
        outage.began(OSError("locked"), now=float(second))
        outage.ended(now=second + 0.5)
    assert len(lines()) == 1
