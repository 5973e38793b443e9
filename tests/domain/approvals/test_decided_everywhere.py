"""What managers answered lately is seen by staff: all companies, the newest first, nothing that is still open."""

from datetime import timedelta

import pytest

from portal import clock
from portal.domain.approvals import decisions
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from tests.actors import acting
from tests.factories.approvals import MONDAY, Office


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        yield Office()


def _decided(since):
    return [card.approval.question for card in approvals.decided_everywhere(since)]


def test_staff_see_the_answers_of_all_companies_the_newest_first(office):
    for days, question in ((1, "Smíme první?"), (2, "Smíme druhé?")):
        asked = office.ask(question)
        with clock.set_to(MONDAY + timedelta(hours=days)):
            decisions.decide(acting(office.manager), asked.approval_id, Decision(approve=days == 1))
    theirs = office.ask("Smíme u cizích?", ticket=office.foreign_ticket)
    with clock.set_to(MONDAY + timedelta(hours=3)):
        decisions.decide(acting(office.foreign_manager), theirs.approval_id, Decision(approve=True))
    office.ask("Smíme ještě něco?")
    assert _decided(MONDAY) == ["Smíme u cizích?", "Smíme druhé?", "Smíme první?"]
    assert _decided(MONDAY + timedelta(hours=2)) == ["Smíme u cizích?", "Smíme druhé?"]
