"""The monthly summary: on the first working day, to those who want it, once, with the workbook that says the same."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from portal import clock
from portal.db import db
from portal.domain.billing import monthly_summary
from portal.domain.notifications.outbox import Letter
from portal.lib.periods import month_of
from portal.mailer import monthly_summary as monthly


def prague(text: str):
    return clock.set_to(datetime.fromisoformat(text).replace(tzinfo=clock.PRAGUE))


@pytest.fixture
def company(ledger):
    company = ledger.company()
    ledger.price("PROGP85", 850)
    ledger.entry(ledger.ticket(company), "2.50", at="2026-10-20T10:00")
    ledger.entry(ledger.ticket(company), "1.00", at="2026-11-01T00:00")
    return company


def letters() -> list[Letter]:
    return list(db.session.query(Letter).order_by(Letter.id))


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2026-10-01", "2026-11-02"),
        ("2025-12-01", "2026-01-02"),
        ("2027-04-01", "2027-05-03"),
        ("2026-06-01", "2026-07-01"),
    ],
)
def test_the_first_working_day_knows_weekends_and_czech_holidays(month, day):
    assert monthly_summary.first_working_day(month_of(date.fromisoformat(month))) == date.fromisoformat(day)


def test_it_is_written_on_the_first_working_day_and_once(ledger, company):
    ledger.person(company)
    for too_early in ("2026-10-31T23:59", "2026-11-01T12:00", "2026-11-02T06:59"):
        with prague(too_early):
            assert monthly.write_due() == 0
    with prague("2026-11-02T07:00"):
        assert (monthly.write_due(), monthly.write_due()) == (1, 0)
    with prague("2026-11-05T07:00"):
        assert monthly.write_due() == 0
    (letter,) = letters()
    assert letter.subject == "Connectica: hodiny za říjen 2026, Strojírny Vltava, a. s."
    assert "1\xa0zásah · 2,50\xa0h · 2\xa0125,00\xa0Kč" in letter.text
    assert letter.attachment_name == "hodiny-strojirny-vltava-2026-10.xlsx"
    sheets = CalamineWorkbook.from_object(BytesIO(letter.attachment))
    assert sheets.sheet_names[0] == "Souhrn"
    assert 2125.0 in [row[-1] for row in sheets.get_sheet_by_name("Souhrn").to_python()]


def test_an_empty_month_sends_no_workbook(ledger):
    ledger.person(ledger.company())
    with prague("2026-11-02T07:00"):
        assert monthly.write_due() == 1
    (letter,) = letters()
    assert (letter.attachment, letter.attachment_name) == (None, "")
    assert "sešit" not in letter.text


def test_a_portal_that_was_away_makes_up_for_it_but_not_for_weeks(ledger, company):
    ledger.person(company)
    with prague("2026-11-15T12:00"):
        assert monthly.write_due() == 0
    with prague("2026-11-08T03:00"):
        assert monthly.write_due() == 1


def test_it_goes_to_managers_who_want_it_in_their_language(ledger, company):
    english = ledger.person(company, language="en")
    silent = ledger.person(company)
    ledger.person(company, "viewer")
    ledger.person(None, "staff")
    ledger.person(company).active = False
    newcomer = ledger.person(company)
    newcomer.created_at = datetime(2026, 11, 2, 5, tzinfo=UTC)
    monthly_summary.choose(silent, wanted=False)
    with prague("2026-11-02T08:00"):
        assert monthly.write_due() == 1
    (letter,) = letters()
    assert letter.person_id == english.id
    assert letter.subject == "Connectica: hours of October 2026, Strojírny Vltava, a. s."
    monthly_summary.choose(silent, wanted=True)
    assert monthly_summary.wants(silent.id)


def test_nothing_is_said_before_it_may_be(ledger, company):
    ledger.person(company)
    company.shown_live = "nothing"
    with prague("2026-11-02T08:00"):
        assert monthly.write_due() == 0
    company.shown_live = "hours"
    with prague("2026-11-02T09:00"):
        assert monthly.write_due() == 1
    assert "Kč" not in letters()[0].text
