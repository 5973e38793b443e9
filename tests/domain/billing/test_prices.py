"""Which rate an entry has: the newest of the company's own that day, else the newest general one, else a warning."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portal.db import db
from portal.domain.billing import prices
from portal.domain.billing.prices import NoPrice, PriceFact, PriceList
from portal.domain.companies.reader import Reader

DAY = date(2026, 11, 10)
SOME_DAYS = st.integers(-400, 400).map(lambda days: DAY + timedelta(days=days))
FACTS = st.lists(
    st.builds(
        PriceFact,
        category=st.sampled_from("AB"),
        name=st.just(""),
        rate=st.integers(0, 9).map(Decimal),
        currency=st.just("CZK"),
        valid_from=SOME_DAYS,
        own=st.booleans(),
    ),
    unique_by=lambda fact: (fact.category, fact.valid_from, fact.own),
)


def fact(rate, since, *, own=False, category="PROGP85", currency="CZK"):
    return PriceFact(category, "Programátorské práce", Decimal(rate), currency, date.fromisoformat(since), own)


@given(FACTS, SOME_DAYS, st.sampled_from("AB"))
def test_the_rate_is_the_one_the_contract_names(facts, day, category):
    valid = [row for row in facts if row.category == category and row.valid_from <= day]
    chosen = [row for row in valid if row.own] or valid
    expected = max(chosen, key=lambda row: row.valid_from).rate if chosen else None
    found = PriceList(facts).rate_on(category, day)
    assert found == expected
    assert (found is None) == (PriceList(facts).why_not(category, day) is not None)


def test_a_price_holds_from_its_first_day():
    prices_ = PriceList([fact(850, "2026-01-01"), fact(890, "2026-11-10")])
    assert prices_.rate_on("PROGP85", date(2026, 11, 9)) == 850
    assert prices_.rate_on("PROGP85", date(2026, 11, 10)) == 890


def test_an_old_price_of_their_own_beats_a_new_general_one():
    assert PriceList([fact(700, "2024-01-01", own=True), fact(890, "2026-07-01")]).rate_on("PROGP85", DAY) == 700


def test_no_price_has_its_reason_and_never_is_a_zero():
    prices_ = PriceList(
        [
            fact(850, "2026-12-01"),
            fact(40, "2026-01-01", category="EURO", currency="EUR"),
            fact(1, "2026-01-01", category="B"),
        ]
    )
    assert prices_.rate_on("NEVIDANO", DAY) is None
    assert prices_.why_not("NEVIDANO", DAY) is NoPrice.UNKNOWN
    assert prices_.why_not("PROGP85", DAY) is NoPrice.TOO_EARLY
    assert prices_.why_not("EURO", DAY) is NoPrice.CURRENCY


def test_another_companys_prices_are_not_in_the_list(ledger):
    ours, theirs = ledger.company(), ledger.company("Pekárna U Tří lip, s. r. o.")
    ledger.price("PROGP85", 900)
    ledger.price("PROGP85", 700, company=theirs)
    db.session.commit()
    assert prices.list_of(Reader.of(ours)).rate_on("PROGP85", DAY) == 900
    assert prices.list_of(Reader.of(theirs)).rate_on("PROGP85", DAY) == 700
