"""Time that a company has not agreed to is marked wherever the invoice is looked at, and the core is told."""

from datetime import timedelta
from io import BytesIO

import pytest
from flask_babel import force_locale

from portal import clock
from portal.db import db
from portal.domain.approvals import deadlines, decisions
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import AtExpiry
from portal.domain.billing import invoice_preview
from portal.domain.companies.pseudonyms import Naming
from portal.domain.companies.reader import Reader
from portal.domain.questions import workflow
from portal.domain.read_models import disputed
from portal.exports import invoice, report
from tests.actors import acting
from tests.factories.approvals import MONDAY, Office, marked


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        office = Office()
        office.ledger.price("PROGP85", 850)
        office.entry = office.ledger.entry(office.ticket, "3.00", at="2026-11-20T10:00")
        db.session.commit()
        yield office


def rules(office):
    """What is said of the entry once its ticket is solved."""
    office.ticket.state = "to_be_invoiced"
    db.session.flush()
    reader = Reader.of(office.company)
    found = invoice_preview.preview(reader, disputes=disputed.of(reader))
    names = [rule.name for oddity in found.odd for rule in oddity.rules]
    assert found.disputed.entries == bool(names)
    return names


def test_an_open_approval_marks_the_tickets_time_and_the_core_is_told(office):
    asked = office.ask()
    assert marked() == [(f"approval-{asked.approval_id}", "", False)]
    assert rules(office) == ["approval_open"]


def test_a_yes_ends_the_dispute_and_a_no_does_not(office):
    first = office.ask()
    decisions.decide(acting(office.manager), first.approval_id, Decision(approve=False))
    assert marked()[-1] == (f"approval-{first.approval_id}", "", False)
    second = office.ask("Opravdu ne?")
    with clock.set_to(MONDAY + timedelta(minutes=5)):
        decisions.decide(acting(office.manager), second.approval_id, Decision(approve=True))
    assert marked()[-1] == (f"approval-{second.approval_id}", "", True)
    assert rules(office) == []


def test_a_declined_approval_marks(office):
    decisions.decide(acting(office.manager), office.ask().approval_id, Decision(approve=False))
    assert rules(office) == ["approval_declined"]


@pytest.mark.parametrize(("promise", "expected"), [(AtExpiry.DECLINE, ["approval_expired"]), (AtExpiry.SERVE, [])])
def test_an_expired_approval_marks_when_the_promise_was_not_to_serve(office, promise, expected):
    office.ask(days=1, at_expiry=promise)
    with clock.set_to(MONDAY + timedelta(days=3)):
        deadlines.run()
    assert rules(office) == expected


def test_an_entry_in_question_is_marked_until_the_question_is_over(office):
    asked = workflow.ask(acting(office.manager), office.company, office.entry.id, "Proč tři hodiny?")
    assert rules(office) == ["in_question"]
    workflow.take_back(acting(office.manager), office.company, asked)
    name = f"question-{asked}"
    assert marked() == [(name, office.entry.core_id, False), (name, office.entry.core_id, True)]
    assert rules(office) == []


def test_the_workbook_marks_the_same(app, office):
    office.ask()
    office.ticket.state = "to_be_invoiced"
    db.session.flush()
    with app.test_request_context(), force_locale("en"):
        made = invoice.upcoming_report(Reader.of(office.company), language="en", people=Naming.NAMES)
        (note,) = [report.entry_columns(made)[-1].value(row) for row in made.rows]
        assert note.startswith("Not agreed to yet")
        report.write(made, BytesIO())
