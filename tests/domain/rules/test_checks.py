"""A rule asks by itself, once, and what it asked about is marked until it is decided."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.approvals import decisions
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Scope
from portal.domain.billing import invoice_preview, time_report
from portal.domain.billing.budgets import Unit
from portal.domain.companies.reader import Reader
from portal.domain.notifications.outbox import Letter
from portal.domain.read_models import disputed
from portal.domain.rules import approval_rules, checks
from portal.domain.rules.approval_rules import Terms
from portal.domain.rules.checks import passes
from portal.errors import NotFound, Refused
from portal.lib.periods import Period
from tests.actors import acting
from tests.factories.approvals import MONDAY, Office, letters_to, marked

LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def office(app):
    with clock.set_to(MONDAY):
        office = Office()
        office.ledger.price("PROGP85", 850)
        office.ledger.price("VYJEZD70", 700)
        db.session.commit()
        yield office


def rule(office, **terms):
    terms = {"amount": Decimal(5)} | terms
    return approval_rules.choose(acting(office.manager), office.company, Terms(**terms))


def work(office, hours="6.00", category="PROGP85", at="2026-11-23T10:00", ticket=None, **said):
    entry = office.ledger.entry(ticket or office.ticket, hours, category, at, **{"noticed_at": LATER} | said)
    db.session.commit()
    return entry


def asked(office):
    return [card.approval for card in approvals.waiting(Reader.of(office.company, confidential=True))]


def test_work_above_the_limit_asks_by_itself_and_everybody_is_told(office):
    rule_id = rule(office)
    work(office, "5.00")
    assert checks.run() == 0
    work(office, "1.50")
    assert [checks.run() for _ in range(3)] == [1, 0, 0]
    (approval,) = asked(office)
    assert (approval.rule_id, approval.core_id) == (rule_id, None)
    assert "6,50 h" in approval.question and "10,00 h" in approval.question
    assert marked() == [(f"approval-{approval.id}", "", False)]
    for person in (office.manager, office.other_manager):
        assert "/decide/" in letters_to(person)[0].text
    technician = db.session.scalar(select(Letter).where(Letter.key == f"approval-{approval.id}-rule-technician"))
    assert "6,50 h" in technician.text and SUBJECT in technician.subject


SUBJECT = "čeká na schválení"


def test_its_time_is_marked_until_the_answer_and_after_a_no(office):
    rule(office)
    work(office)
    checks.run()
    assert odd(office) == ["approval_open"]
    decisions.decide(acting(office.manager), asked(office)[0].id, Decision(approve=False))
    assert odd(office) == ["approval_declined"]


def test_a_yes_ends_the_mark_and_holds_up_to_what_was_asked(office):
    rule(office)
    work(office)
    checks.run()
    decisions.decide(acting(office.manager), asked(office)[0].id, Decision(approve=True))
    assert odd(office) == []
    assert marked()[-1][2]
    work(office, "4.00")
    assert checks.run() == 0
    work(office, "0.25")
    assert checks.run() == 1
    assert "10,25 h" in asked(office)[0].question and "15,00 h" in asked(office)[0].question
    assert odd(office) == ["approval_open", "approval_open", "approval_open"]


def odd(office):
    reader = Reader.of(office.company)
    state, office.ticket.state = office.ticket.state, "to_be_invoiced"
    db.session.flush()
    found = invoice_preview.preview(reader, disputes=disputed.of(reader))
    names = [one.name for oddity in found.odd for one in oddity.rules if one.is_dispute]
    office.ticket.state = state
    db.session.commit()
    return names


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"amount": Decimal(4000), "unit": Unit.MONEY}, "5\N{NO-BREAK SPACE}100,00\N{NO-BREAK SPACE}Kč bez DPH"),
        ({"amount": Decimal(0), "category": "PROGP85"}, "v kategorii PROGP85"),
        ({"amount": Decimal(0), "outside_hours": True}, "mimo pracovní dobu"),
        (
            {"amount": Decimal(2), "category": "PROGP85", "outside_hours": True},
            "PROGP85 mimo pracovní dobu",
        ),
    ],
)
def test_every_kind_of_rule_says_what_passed_it(office, terms, said):
    rule(office, **terms)
    work(office, at="2026-11-22T10:00")  # a Sunday
    assert checks.run() == 1
    assert said in asked(office)[0].question


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": Decimal(6000), "unit": Unit.MONEY},
        {"amount": Decimal(0), "category": "VYJEZD70"},
        {"amount": Decimal(0), "outside_hours": True},
        {"amount": Decimal(6)},
    ],
)
def test_other_work_passes_no_rule(office, terms):
    rule(office, **terms)
    work(office)
    assert checks.run() == 0


@pytest.mark.parametrize(
    ("at", "is_outside"),
    [
        ("2026-11-23T16:59", False),
        ("2026-11-23T17:30", True),
        ("2026-11-23T07:30", True),
        ("2026-11-21T10:00", True),
        ("2026-11-17T10:00", True),  # a public holiday, on a Tuesday
    ],
)
def test_outside_working_hours_is_what_a_czech_calendar_says(office, at, is_outside):
    rule(office, amount=Decimal(0), outside_hours=True)
    work(office, at=at)
    assert checks.run() == is_outside


def test_a_rule_about_employees_asks_about_their_tickets_alone(office):
    eva = office.ticket.requester_id
    other = office.new_ticket(employee="Karel Jiný")
    rule(office, amount=Decimal(0), employees=frozenset({eva}))
    work(office, ticket=other)
    assert checks.run() == 0
    work(office)
    assert checks.run() == 1


def test_a_standing_consent_answers_whom_to_serve_but_not_for_how_much(office):
    decisions.decide(acting(office.manager), office.ask().approval_id, Decision(approve=True, scope=Scope.ALWAYS))
    rule(office, amount=Decimal(0), employees=frozenset({office.ticket.requester_id}))
    work(office, "1.00")
    assert checks.run() == 1
    assert asked(office) == []
    rule(office)
    work(office)
    assert checks.run() == 1
    assert len(asked(office)) == 1


def test_work_from_before_the_rule_asks_nothing_by_itself_but_counts(office):
    work(office, "4.00", noticed_at=MONDAY - timedelta(days=1))
    work(office, "4.00", noticed_at=MONDAY - timedelta(days=1))
    rule(office)
    assert checks.run() == 0
    work(office, "0.50")
    assert checks.run() == 1
    assert "8,50 h" in asked(office)[0].question


def test_a_correction_upwards_is_new_work(office):
    entry = work(office, "4.00", noticed_at=MONDAY - timedelta(days=1))
    rule(office)
    office.ledger.change(entry, at=LATER, hours="7.00")
    db.session.commit()
    assert checks.run() == 1


def test_what_is_invoiced_counts_but_is_asked_about_no_more(office):
    work(office, "6.00", invoiced_on=date(2026, 10, 31))
    rule(office)
    assert checks.run() == 0
    work(office, "0.50")
    assert checks.run() == 1
    assert "6,50 h" in asked(office)[0].question


@pytest.mark.parametrize("state", ["done", "error"])
def test_a_ticket_that_is_closed_is_asked_about_no_more(office, state):
    rule(office)
    work(office)
    office.ticket.state = state
    db.session.commit()
    assert checks.run() == 0


def test_an_ended_rule_asks_nothing_and_what_it_asked_waits(office):
    rule_id = rule(office)
    work(office)
    checks.run()
    approval_rules.end(acting(office.manager), office.company, rule_id)
    work(office, "20.00")
    assert checks.run() == 0
    assert len(asked(office)) == 1


def test_a_company_that_is_shown_nothing_before_the_invoice_is_asked_nothing(office):
    rule(office)
    office.company.shown_live = "nothing"
    work(office)
    assert checks.run() == 0


def test_another_companys_rule_is_not_found_and_its_employees_are_not_taken(office):
    rule_id = rule(office)
    with pytest.raises(NotFound):
        approval_rules.end(acting(office.foreign_manager), office.foreign, rule_id)
    with pytest.raises(NotFound):
        approval_rules.parse(
            Reader.of(office.company), unit="hours", amount="5", employees=[office.foreign_ticket.requester_id]
        )
    work(office, ticket=office.foreign_ticket)
    assert checks.run() == 0


@pytest.mark.parametrize(
    "said",
    [
        {"unit": "hours", "amount": "moc"},
        {"unit": "days", "amount": "5"},
        {"unit": "hours", "amount": ""},
        {"unit": "hours", "amount": "-1"},
    ],
)
def test_nonsense_is_no_rule(office, said):
    with pytest.raises(Refused):
        approval_rules.parse(Reader.of(office.company), **said)


def test_the_same_rule_is_set_once(office):
    assert rule(office) == rule(office)
    assert len(approval_rules.in_force(Reader.of(office.company))) == 1


def test_a_trial_says_what_would_have_been_asked_and_asks_nobody(office):
    work(office, "4.00", at="2026-07-01T10:00")  # before the three months: it counts
    work(office, "2.00", at="2026-10-01T10:00")
    work(office, "3.00", at="2026-10-02T10:00")
    work(office, "2.00", at="2026-10-05T10:00")
    tried = checks.tried(Reader.of(office.company), Terms(amount=Decimal(5)))
    assert [(passed.row.day.isoformat(), passed.total, passed.covers) for passed in tried] == [
        ("2026-10-01", Decimal(6), Decimal(10)),
        ("2026-10-05", Decimal(11), Decimal(15)),
    ]
    assert asked(office) == []


hundredths = st.integers(1, 2000).map(lambda value: Decimal(value) / 100)


@given(st.lists(hundredths, max_size=12), st.integers(1, 8).map(Decimal))
def test_what_is_agreed_to_is_never_asked_again(amounts, limit):
    """Asked at once after every entry, or at the end: never twice for a threshold, and never silent above one."""
    rows = [Piece(hours) for hours in amounts]
    covered, questions = None, 0
    for many in range(1, len(rows) + 1):
        passed = passes(Terms(amount=limit), rows[:many], covered)
        total = sum(amounts[:many])
        assert (passed is not None) == (total > max(limit, covered or 0))
        if passed:
            questions, covered = questions + 1, passed.covers
            assert total <= passed.covers < total + limit
    assert questions <= sum(amounts) / limit + 1


class Piece:
    """As much of an entry as a limit of hours looks at."""

    category, employee_id, at, amount, number = "PROGP85", 1, MONDAY, None, "1"

    def __init__(self, hours: Decimal) -> None:
        self.hours = hours


def test_a_trial_and_the_rule_itself_agree(office):
    terms = Terms(amount=Decimal(2), category="PROGP85")
    rule(office, amount=terms.amount, category=terms.category)
    questions = 0
    for hours in ("1.50", "0.25", "0.75", "1.25", "0.50", "4.00"):
        work(office, hours)
        questions += checks.run()
        for approval in asked(office):
            decisions.decide(acting(office.manager), approval.id, Decision(approve=True))
    tried = checks.would_ask(terms, rows_of(office), Period(date(2026, 11, 1), date(2026, 11, 30)))
    assert len(tried) == questions == 2 + 1


def rows_of(office):
    return list(time_report.rows(Reader.of(office.company), time_report.HoursFilter()))
