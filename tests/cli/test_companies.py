"""Companies from the command line."""

import pytest
from sqlalchemy import select

from portal.db import db
from portal.domain.audit import events as audit
from portal.domain.audit.events import AuditEvent
from portal.domain.companies import models as companies
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


def test_a_company_nobody_knows_is_said_to_be_unknown(run):
    assert "there is no company" in run("second-factor", "Nikdo, s. r. o.", "on").output
