"""A core over HTTP that repeats ids, numbers, minutes, and is put back from a backup: nothing is lost in silence."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest

from portal import clock
from portal.cores.core_api import DeskCore
from portal.cores.records import PriceRecord
from portal.db import db
from portal.domain.billing.time_report import HoursFilter, totals
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.lib.money import amount
from tests.cores.lying import LyingCore
from tests.sync.conftest import NOON, aside, entry, message, mirrored, ticket


@pytest.fixture
def read(core, sync):
    """Run the sync over HTTP."""
    with LyingCore(core) as server:
        adapter = DeskCore(server.url, "secret", page=50)
        yield lambda **how: sync(other=adapter, **how)


def test_ids_and_numbers_of_another_ticket_set_the_second_one_aside(core, read):
    core.put(ticket(1), ticket(2), ticket(3))
    read()
    core.put(ticket(4, messages=(message("m1"),)), msgspec.structs.replace(ticket(5), number="20260002"))
    read()
    assert set(aside()) == {"t4", "t5"}
    assert all(mirrored(f"t{number}").withdrawn_at is None for number in (1, 2, 3))


def test_twenty_minutes_three_times_and_seventy_five_are_two_hours_and_a_quarter(core, read):
    minutes = ("0.3333", "0.3333", "0.3333", "1.25")
    rate = Decimal("1250.00")
    core.told_prices = [PriceRecord(category="PROGP85", name="Práce", rate=rate, valid_from=date(2026, 1, 1))]
    core.put(ticket(1, time_entries=tuple(entry(f"e{n}", hours) for n, hours in enumerate(minutes))))
    read()
    company = db.session.query(Company).filter_by(core_id="vltava").one()
    sums = totals(Reader.of(company), HoursFilter(period=None))
    assert (f"{mirrored('t1').hours:.2f}", f"{sums.hours:.2f}") == ("2.25", "2.25")
    assert sums.amount == sum(amount(Decimal(hours), rate) for hours in minutes) == Decimal("2812.39")


def test_time_that_is_taken_back_by_an_entry_below_zero_is_taken_off_the_sum(core, read):
    core.told_prices = [
        PriceRecord(category="PROGP85", name="Práce", rate=Decimal("999.99"), valid_from=date(2026, 1, 1))
    ]
    core.put(ticket(1, time_entries=(entry("e1", "2.00"), entry("e2", "-0.3333"))))
    read()
    company = db.session.query(Company).filter_by(core_id="vltava").one()
    sums = totals(Reader.of(company), HoursFilter(period=None))
    assert (f"{sums.hours:.2f}", sums.amount) == ("1.67", Decimal("1999.98") - Decimal("333.30"))


def test_a_core_put_back_and_grown_past_the_cursor_is_mirrored_as_it_is_within_a_week(core, read):
    with clock.set_to(NOON):
        core.put(ticket(1), ticket(2), ticket(3), ticket(4))
        read()
        core.put(ticket(2, time_entries=(entry("e2", "9.00"),)))
        read()
    core.rewind(1)  # to what it was before three of them
    core.put(ticket(2, subject="Po obnově"), *(ticket(number) for number in (5, 6, 7, 8)))
    with clock.set_to(NOON + timedelta(days=1)):
        read()
        assert mirrored("t3").withdrawn_at is None
    with clock.set_to(NOON + timedelta(days=7, minutes=1)):
        read()
    assert mirrored("t3").withdrawn_at is not None
    assert (mirrored("t2").subject, mirrored("t2").hours) == ("Po obnově", Decimal(0))
