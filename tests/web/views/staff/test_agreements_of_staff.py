"""Staff enter what a company prepaid; what the core tells they cannot remove."""

import re
from datetime import date
from decimal import Decimal

import pytest

from portal.db import db
from portal.domain.billing.agreements import entering, meter
from portal.domain.billing.agreements.models import Agreement
from portal.domain.companies.reader import Reader

SAID = {
    "month": "2026-11",
    "amount": "20",
    "unit": "hours",
    "every": "month",
    "carries": "all",
    "rate_over": "1400,50",
}


@pytest.fixture
def staff(world, sign_in):
    return sign_in(world.staff)


def _post(client, address, **data):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/staff/agreements").text)[1]
    return client.post(address, data={"csrf_token": token, **data})


def test_an_agreement_is_entered_reckoned_with_and_removed(world, staff):
    company = world.a.company
    assert _post(staff, f"/staff/agreements/{company.id}", **SAID).status_code == 302
    assert meter.of(Reader.of(company)).used == Decimal("1.25")
    page = staff.get(f"/staff/agreements?company={company.id}").text
    assert "1400,50" in page
    (row,) = entering.listed(company)
    assert (row.carries, row.rate_inside, row.rate_over) == (None, None, Decimal("1400.50"))
    assert _post(staff, f"/staff/agreements/{company.id}/{row.id}/remove").status_code == 302
    assert meter.of(Reader.of(company)) is None


@pytest.mark.parametrize(
    "wrong", [{"month": "listopad"}, {"amount": "moc"}, {"unit": "days"}, {"every": "week"}, {"rate_over": "-1"}]
)
def test_nonsense_is_refused_in_plain_words(world, staff, wrong):
    assert _post(staff, f"/staff/agreements/{world.a.company.id}", **SAID | wrong).status_code == 422
    assert entering.listed(world.a.company) == []


def test_what_the_core_tells_is_not_removed_here(world, staff):
    told = Agreement(
        company_id=world.a.company.id,
        valid_from=date(2026, 11, 1),
        unit="hours",
        amount=Decimal(5),
        every="month",
        carries=Decimal(0),
        from_core=True,
    )
    db.session.add(told)
    db.session.commit()
    assert "sděluje core" in staff.get(f"/staff/agreements?company={world.a.company.id}").text
    assert _post(staff, f"/staff/agreements/{world.a.company.id}/{told.id}/remove").status_code == 404
    assert _post(staff, f"/staff/agreements/{world.b.company.id}/{told.id}/remove").status_code == 404


def test_a_manager_enters_none(world, manager):
    assert manager.get("/staff/agreements").status_code == 404
