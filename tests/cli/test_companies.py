"""Companies from the command line."""

from datetime import date

import pytest
from sqlalchemy import select

from portal.db import db
from portal.domain.audit import events as audit
from portal.domain.audit.events import AuditEvent
from portal.domain.billing.vat import treatments
from portal.domain.companies import models as companies
from portal.domain.companies.reader import Reader
from tests.factories import mirror


@pytest.fixture
def run(app):
    mirror.company("Strojírny Vltava, a. s.")
    db.session.commit()
    runner = app.test_cli_runner()

    def run(*words):
        answer = runner.invoke(args=["companies", *words])
        db.session.expire_all()
        return answer

    return run


def test_a_company_may_be_made_to_require_a_second_factor_and_freed_again(run):
    for state, required in (("on", True), ("off", False)):
        assert run("second-factor", "Strojírny Vltava, a. s.", state).exit_code == 0
        assert companies.by_name("Strojírny Vltava, a. s.").requires_second_factor is required
        assert ("second factor required" in run("list").output) is required
    noted = list(db.session.scalars(select(AuditEvent.what).order_by(AuditEvent.id)))
    assert noted == [audit.SECOND_FACTOR_REQUIRED, audit.SECOND_FACTOR_NOT_REQUIRED]


def test_how_a_company_is_taxed_is_chosen_from_a_day_on(run):
    assert run("vat", "Strojírny Vltava, a. s.", "abroad", "--since", "2026-12-01").exit_code == 0
    reader = Reader.of(companies.by_name("Strojírny Vltava, a. s."))
    days = (date(2026, 11, 30), date(2026, 12, 1))
    assert [treatments.on(reader, day).percent for day in days] == [21, 0]
    assert run("vat", "Strojírny Vltava, a. s.", "none", "--since", "2026-12-01").exit_code != 0


def test_a_company_nobody_knows_is_said_to_be_unknown(run):
    assert "there is no company" in run("second-factor", "Nikdo, s. r. o.", "on").output
