"""Hours times a rate, VAT, and sums that equal their parts."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import money
from portal.lib.money import Tally

HOURS = st.decimals("0.01", "99.99", places=2)
RATES = st.decimals("0", "9999.99", places=2)


@pytest.mark.parametrize(
    ("hours", "rate", "amount"),
    [("1.00", "850", "850.00"), ("0.25", "850.50", "212.63"), ("0.05", "0.10", "0.01"), ("0.05", "0.09", "0.00")],
)
def test_an_amount_is_rounded_half_up(hours, rate, amount):
    assert money.amount(Decimal(hours), Decimal(rate)) == Decimal(amount)


@given(st.lists(st.tuples(HOURS, st.none() | RATES, st.booleans())))
def test_a_sum_is_the_sum_of_what_is_shown_and_counts_the_rest(entries):
    tally = Tally()
    for hours, rate, told in entries:
        tally.add(hours, rate, told=told)
    shown = [money.amount(hours, rate) for hours, rate, told in entries if told and rate is not None]
    assert tally.amount == sum(shown, Decimal(0))
    assert tally.hours == sum((hours for hours, _, _ in entries), Decimal(0))
    assert tally.entries == len(entries)
    assert tally.unpriced + tally.untold + len(shown) == tally.entries
    assert tally.is_complete == (len(shown) == len(entries))


@given(HOURS, st.none() | RATES, st.booleans(), st.integers(1, 50))
def test_equal_entries_may_be_counted_at_once(hours, rate, told, times):
    at_once, one_by_one = Tally(), Tally()
    at_once.add(hours, rate, told=told, times=times)
    for _ in range(times):
        one_by_one.add(hours, rate, told=told)
    assert at_once == one_by_one


@given(st.decimals("0", "9999999.99", places=2), st.decimals("0", "30", places=2))
def test_vat_is_taken_once_on_the_base(base, percent):
    bill = money.bill(base, percent)
    assert bill.vat == (base * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert bill.total == bill.base + bill.vat
    assert abs(bill.vat * 100 - base * percent) <= Decimal("0.50")


def test_vat_is_that_of_the_period():
    assert money.vat_percent(date(2012, 12, 31)) == 20
    assert money.vat_percent(date(2013, 1, 1)) == 21
    assert money.vat_percent(date(2026, 11, 30)) == 21
