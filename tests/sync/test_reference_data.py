"""Companies and prices: mirrored when they change, never lost to a core that says nothing, faults set aside."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select

from portal.cores.records import AgreementRecord, AsideRecord, CompanyRecord, PriceRecord
from portal.db import db
from portal.domain import sync_state as memory
from portal.domain.billing.agreements.models import Agreement, AgreementPeriod
from portal.domain.billing.prices import Price
from portal.domain.companies.models import Company
from tests.sync.conftest import aside, counts, ticket


def price(category: str = "PROGP85", rate: str = "850", **facts) -> PriceRecord:
    usual = {"category": category, "name": category.title(), "valid_from": date(2026, 1, 1)}
    return PriceRecord(**{**usual, "rate": Decimal(rate), **facts})


def known() -> list[tuple]:
    rows = db.session.execute(
        select(Price.category, Price.rate, Price.valid_from, Company.core_id)
        .outerjoin(Company, Company.id == Price.company_id)
        .order_by(Price.category, Price.valid_from, Price.rate)
    )
    return [(category, str(rate), day.isoformat(), company) for category, rate, day, company in rows]


def test_a_company_renamed_keeps_its_tickets_and_one_told_no_more_stays(core, sync):
    core.put(ticket(1))
    sync()
    before = memory.generation()
    core.told_companies = [CompanyRecord(core_id="vltava", name="Vltava Holding", language="xx")]
    sync()
    names = {company.core_id: (company.name, company.language) for company in db.session.scalars(select(Company))}
    assert names == {"vltava": ("Vltava Holding", "cs"), "hora": ("Hora Law", "en")}
    assert (counts(), memory.generation()) == ({("vltava", "open"): 1}, before + 1)


def test_the_price_list_is_mirrored_exactly(core, sync):
    core.told_prices = [price(), price("SPRAVA60", "600.50"), price(company="hora", rate="700")]
    sync()
    assert known() == [
        ("PROGP85", "700.00", "2026-01-01", "hora"),
        ("PROGP85", "850.00", "2026-01-01", None),
        ("SPRAVA60", "600.50", "2026-01-01", None),
    ]
    core.told_prices = [price(), price(rate="900", valid_from=date(2026, 7, 1))]
    sync()
    assert known() == [("PROGP85", "850.00", "2026-01-01", None), ("PROGP85", "900.00", "2026-07-01", None)]


def test_a_core_without_prices_leaves_the_portals_own_list_alone(core, sync):
    core.told_prices = [price()]
    sync()
    core.told_prices = None
    sync()
    assert len(known()) == 1


def test_an_empty_price_list_empties_nothing_and_is_listed_for_staff(core, sync):
    core.told_prices = [price()]
    sync()
    core.told_prices = []
    sync()
    assert (len(known()), aside()) == (
        1,
        {"price: ": "the core's price list is empty: the one that was known is kept"},
    )
    core.told_prices = [price()]
    sync()
    assert aside() == {}


FAULTS = [
    ({"category": "A", "rate": "NaN"}, "NaN is no hourly rate"),
    ({"category": "B", "rate": "-1"}, "-1 is no hourly rate"),
    ({"category": "C", "rate": "0.005"}, "0.005 is no hourly rate"),
    ({"category": ""}, "it names no category"),
    ({"category": "D", "currency": "Kč"}, "'Kč' is no currency"),
    ({"category": "E", "company": "nobody"}, "the company 'nobody' is unknown"),
]


def test_prices_that_make_no_sense_are_set_aside_and_take_no_other_with_them(core, sync):
    core.told_prices = [price(), price("SPRAVA60", "600")]
    sync()
    core.put(ticket(1))
    core.told_prices = [*(price(**fault) for fault, _ in FAULTS), price("SPRAVA60", "650")]
    sync()
    assert sorted(aside().values()) == sorted(reason for _, reason in FAULTS)
    assert [row[:2] for row in known()] == [("PROGP85", "850.00"), ("SPRAVA60", "650.00")]
    assert (counts(), memory.age().trouble) == ({("vltava", "open"): 1}, "")


def test_an_unchanged_list_costs_no_new_generation(core, sync):
    core.told_prices = [price()]
    sync()
    before = memory.generation()
    sync()
    assert memory.generation() == before


def test_what_the_core_set_aside_is_listed_for_staff_while_it_waits(core, sync):
    core.told_aside = [AsideRecord(core_id="12", reason="says it is from Radek, and nothing proves it")]
    core.put(ticket(1))
    sync()
    assert [(row.core_id, row.reason) for row in memory.set_aside()] == [
        ("mail: 12", "says it is from Radek, and nothing proves it")
    ]
    core.told_aside = []
    sync()
    assert memory.set_aside() == []


def agreed(core, *records: AgreementRecord) -> None:
    core.told_companies = [CompanyRecord(core_id="vltava", name="Vltava", agreements=records)]


def agreement(amount: str = "20", since: date = date(2026, 1, 1), **facts) -> AgreementRecord:
    return AgreementRecord(**{"valid_from": since, "unit": "hours", "amount": Decimal(amount)} | facts)


def agreements() -> list[tuple[str, str]]:
    rows = db.session.scalars(select(Agreement).order_by(Agreement.valid_from))
    return [(row.valid_from.isoformat(), str(row.amount)) for row in rows]


def test_agreements_are_mirrored_exactly_and_make_their_periods(core, sync):
    agreed(core, agreement(), agreement("5", date(2026, 6, 1), carries=None, rate_over=Decimal("990.00")))
    sync()
    assert agreements() == [("2026-01-01", "20.00"), ("2026-06-01", "5.00")]
    assert db.session.scalars(select(AgreementPeriod)).first() is not None
    agreed(core, agreement("30"))
    sync()
    assert agreements() == [("2026-01-01", "30.00")]
    agreed(core)
    sync()
    assert agreements() == []
    assert db.session.scalars(select(AgreementPeriod)).first() is None


def test_agreements_that_make_no_sense_are_set_aside_and_none_is_lost(core, sync):
    agreed(core, agreement())
    sync()
    wrong = [
        agreement("5", date(2026, 2, 3)),
        agreement("5", date(2026, 3, 1), unit="days"),
        agreement("5", date(2026, 4, 1), every="week"),
        agreement("-5", date(2026, 5, 1)),
        agreement("NaN", date(2026, 6, 1)),
        agreement("5", date(2026, 7, 1), carries=Decimal("1E+30")),
    ]
    agreed(core, *wrong)
    sync()
    assert agreements() == [("2026-01-01", "20.00")]
    assert len([name for name in aside() if name.startswith("agreement: vltava")]) == len(wrong)
