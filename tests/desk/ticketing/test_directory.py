"""Whom the desk knows, and what it charges."""

from datetime import date
from decimal import Decimal

import pytest

from portal.desk.ticketing import directory, prices
from portal.errors import Refused


def companies(store):
    with store.read() as db:
        return {company["core_id"]: company for company in directory.companies(db)}


def test_adding_a_company_twice_changes_it(store):
    directory.add_company(store, "vltava", "Vltava", ["vltava.example", "Strojirny-Vltava.example "], language="en")
    found = companies(store)["vltava"]
    assert (found["name"], found["language"]) == ("Vltava", "en")
    assert found["domains"] == ["strojirny-vltava.example", "vltava.example"]


@pytest.mark.parametrize("domain", ["seznam.cz", "GMAIL.com", "ak-hora.example", "nonsense", "a b.cz", "", "j@x.cz"])
def test_a_domain_that_says_nothing_about_a_company_is_refused(store, domain):
    with pytest.raises(Refused):
        directory.add_company(store, "vltava", "Vltava", ["vltava.example", domain])
    assert companies(store)["vltava"]["domains"] == ["strojirny-vltava.example"]


def test_a_company_is_found_by_the_whole_domain_only(store):
    with store.read() as db:
        assert directory.company_of(db, "Jan@STROJIRNY-VLTAVA.example").core_id == "vltava"
        assert directory.company_of(db, "jan@evil-strojirny-vltava.example").core_id == ""
        assert directory.company_of(db, "jan@strojirny-vltava.example.evil.cz").core_id == ""


def test_an_address_belongs_to_one_technician(store):
    directory.add_technician(store, "Radek.Vymazal", "Radek Vymazal ml.", "radek@connectica.cz")
    with store.read() as db:
        assert directory.technician_by_login(db, "radek.vymazal").name == "Radek Vymazal ml."
    with pytest.raises(Refused, match="another technician"):
        directory.add_technician(store, "jiny", "Jiný", "RADEK@connectica.cz")


def test_the_newest_price_counts_and_the_companys_own_before_the_general_one(store):
    prices.add_price(store, "PROGP85", "Práce", 1400, date(2026, 7, 1))
    prices.add_price(store, "PROGP85", "Práce", "1000.50", date(2026, 9, 1), company="vltava", currency="EUR")
    with store.read() as db:
        rates = [
            prices.price_on(db, "PROGP85", company, day)
            for company, day in [
                ("vltava", date(2025, 12, 31)),
                ("vltava", date(2026, 6, 30)),
                ("vltava", date(2026, 7, 1)),
                ("vltava", date(2026, 9, 1)),
                ("hora", date(2026, 9, 1)),
            ]
        ]
    assert rates[0] is None
    assert [price.rate for price in rates[1:]] == [Decimal(rate) for rate in ("1250.00", "1400", "1000.50", "1400")]
    assert rates[3].currency == "EUR"


def test_adding_a_price_twice_replaces_it(store):
    for rate in ("1.00", "2.00"):
        prices.add_price(store, "nova70", "Nová", rate, date(2026, 1, 1))
    with store.read() as db:
        assert [row["rate"] for row in prices.price_list(db) if row["category"] == "NOVA70"] == ["2.00"]


@pytest.mark.parametrize("rate", ["-1", "1.005", "NaN", "Infinity", "tisíc", ""])
def test_a_rate_that_is_no_amount_is_refused(store, rate):
    with pytest.raises(Refused):
        prices.add_price(store, "PROGP85", "Práce", rate, date(2026, 1, 1))


def test_a_price_of_an_unknown_company_is_refused(store):
    with pytest.raises(Refused, match="nobody"):
        prices.add_price(store, "PROGP85", "Práce", "1.00", date(2026, 1, 1), company="nobody")
