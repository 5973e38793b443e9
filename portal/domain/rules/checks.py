"""What approval rules ask: a pure walk over a ticket's entries, tried on the past, and done for new work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from sqlalchemy import func, select

from portal import clock
from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.approvals import requests
from portal.domain.approvals.models import Approval, AtExpiry, card, is_closed, question_key
from portal.domain.billing import prices, time_report
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import HoursFilter, Worked
from portal.domain.companies.contacts import Technician
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.notifications import outbox, rendering
from portal.domain.rules import approval_rules as rules
from portal.domain.rules.approval_rules import NO_LIMIT, ApprovalRule, RuleCard, RuleRequest, Terms
from portal.domain.tickets.models import Ticket
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryVersion
from portal.lib.business_hours import close_after
from portal.lib.periods import Period

TRIED_ON = timedelta(days=91)  # three months of work that a rule is tried on
BEFORE_THAT = timedelta(days=366)  # what was worked on the same tickets earlier counts, too
NOT_INVOICED = (Billing.RUNNING, Billing.TO_BE_INVOICED)
BY = {"cs": "Pravidlo společnosti", "en": "A rule of the company"}  # who asks, in the company's language


@dataclass(frozen=True, slots=True)
class Passed:
    """A ticket's work passed a limit with this entry."""

    row: Worked
    total: Decimal  # in the rule's unit
    covers: Decimal  # up to how much a yes would hold


def passes(terms: Terms, rows: Iterable[Worked], covered: Decimal | None = None) -> Passed | None:
    """Whether a ticket's entries come to more than what was asked about: covered, None while nothing was."""
    mine = [row for row in rows if terms.concerns(row)]
    total = sum((terms.measure(row) for row in mine), NO_LIMIT)
    if not mine or (covered is not None and not terms.has_limit):
        return None
    if terms.has_limit and total <= max(terms.amount, covered or NO_LIMIT):
        return None
    return Passed(mine[-1], total, _covers(terms, total))


def would_ask(terms: Terms, rows: Sequence[Worked], since: Period) -> list[Passed]:
    """What a rule would have asked in a period, oldest first; rows are those of its tickets, earlier ones too."""
    of_tickets: dict[str, list[Worked]] = {}
    for row in rows:
        of_tickets.setdefault(row.number, []).append(row)
    asked = [passed for mine in of_tickets.values() for passed in _walked(terms, mine)]
    within = [passed for passed in asked if passed.row.day in since]
    return sorted(within, key=lambda passed: (passed.row.day, passed.row.at, passed.row.number))


def tried(reader: Reader, terms: Terms) -> list[Passed]:
    """The same over the last three months of a company."""
    period = last_months()
    within = list(time_report.rows(reader, HoursFilter(period=period)))
    numbers = {row.number for row in within}
    before = Period(period.since - BEFORE_THAT, period.since - timedelta(days=1))
    earlier = [row for row in time_report.rows(reader, HoursFilter(period=before)) if row.number in numbers]
    return would_ask(terms, [*earlier, *within], period)


def last_months() -> Period:
    """The days that tried() looks at."""
    return Period(clock.today() - TRIED_ON, clock.today())


def run() -> int:
    """Ask what the companies' rules want to be asked; how many questions. Commits each. Idempotent."""
    with_rules = select(ApprovalRule.company_id).where(ApprovalRule.ended_at.is_(None))
    companies = db.session.scalars(select(Company).where(Company.id.in_(with_rules)).order_by(Company.id)).all()
    return sum(_checked(company) for company in companies)


def _walked(terms: Terms, rows: Sequence[Worked]) -> list[Passed]:
    """One ticket's entries, one after another."""
    asked: list[Passed] = []
    for many in range(1, len(rows) + 1):
        passed = passes(terms, rows[:many], asked[-1].covers if asked else None)
        if passed:
            asked.append(passed)
    return asked


def _covers(terms: Terms, total: Decimal) -> Decimal:
    """The next whole multiple of the limit: a yes to 6 hours above 5 holds up to 10."""
    if not terms.has_limit:
        return NO_LIMIT
    return (total / terms.amount).to_integral_value(ROUND_CEILING) * terms.amount


def _checked(company: Company) -> int:
    """One company's rules over the tickets with work that is not invoiced."""
    reader = Reader.of(company, confidential=True)  # the managers who are asked may read it
    tickets = _tickets(reader)
    return sum(
        _asked(company, found, ticket, passed)
        for found in rules.in_force(reader)
        for ticket, rows, covered, touched in tickets_of(found, tickets)
        if touched and (passed := passes(found.terms, rows, covered))
    )


@dataclass(frozen=True, slots=True)
class _Worked:
    """A ticket with time that is not invoiced: all its entries, and when each was last noticed to be new."""

    ticket: Ticket
    rows: list[Worked]
    noticed: dict[int, Any]


def tickets_of(found: RuleCard, tickets: Iterable[_Worked]) -> Iterable[tuple[Ticket, list[Worked], Any, bool]]:
    """Tickets with what a rule asked about them already, and whether there is work newer than the rule."""
    asked = select(RuleRequest.ticket_id, func.max(RuleRequest.covers).label("covers"))
    mine = asked.where(RuleRequest.rule_id == found.rule.id).group_by(RuleRequest.ticket_id)
    covered = {row.ticket_id: row.covers for row in db.session.execute(mine)}
    for one in tickets:
        is_new = any(
            one.noticed[row.id] >= found.rule.set_at
            for row in one.rows
            if found.terms.concerns(row) and row.billing in NOT_INVOICED
        )
        yield one.ticket, one.rows, covered.get(one.ticket.id), is_new


def _tickets(reader: Reader) -> list[_Worked]:
    waiting = [row for billing in NOT_INVOICED for row in time_report.rows(reader, HoursFilter(billing=billing))]
    numbers = sorted({row.number for row in waiting})
    mine = select(Ticket).where(Ticket.company_id == reader.company_id, Ticket.withdrawn_at.is_(None))
    tickets = [
        ticket
        for start in range(0, len(numbers), 500)
        for ticket in db.session.scalars(mine.where(Ticket.number.in_(numbers[start : start + 500])))
    ]
    rows: dict[str, list[Worked]] = {}
    for row in waiting:
        rows.setdefault(row.number, []).append(row)
    for number in _invoiced_in_part(tickets):
        rows[number] += time_report.rows(reader, HoursFilter(ticket=number, billing=Billing.INVOICED))
    changed = _changed([row.id for row in waiting])
    return [
        _Worked(
            ticket,
            sorted(rows[ticket.number], key=lambda row: (row.day, row.at, row.id)),
            {row.id: changed.get(row.id, row.noticed_at) for row in rows[ticket.number]},
        )
        for ticket in sorted(tickets, key=lambda ticket: ticket.id)
        if not is_closed(ticket.state, ticket.withdrawn_at)
    ]


def _invoiced_in_part(tickets: Sequence[Ticket]) -> list[str]:
    """Numbers of those tickets an invoice has some time of already."""
    ids = {ticket.id: ticket.number for ticket in tickets}
    invoiced = select(TimeEntry.ticket_id).where(TimeEntry.invoiced_on.is_not(None)).distinct()
    return [ids[one] for part in _parts(list(ids)) for one in db.session.scalars(invoiced.where(_in(part)))]


def _changed(entry_ids: Sequence[int]) -> dict[int, Any]:
    """When entries were last noticed to have changed."""
    newest = select(TimeEntryVersion.time_entry_id, func.max(TimeEntryVersion.replaced_at).label("at"))
    grouped = newest.group_by(TimeEntryVersion.time_entry_id)
    return {
        row.time_entry_id: row.at
        for part in _parts(entry_ids)
        for row in db.session.execute(grouped.where(TimeEntryVersion.time_entry_id.in_(part)))
    }


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def _in(ids: Sequence[int]):
    return TimeEntry.ticket_id.in_(ids)


@unit_of_work()
def _asked(company: Company, found: RuleCard, ticket: Ticket, passed: Passed) -> int:
    """Ask the managers, tell the core and the technician, and remember up to how much was asked."""
    currency = prices.list_of(Reader.of(company)).currency
    question = rendering.text(
        company.language, "rule_question", terms=found.terms, passed=passed, currency=currency
    ).strip()
    approval = Approval(
        company_id=company.id,
        ticket_id=ticket.id,
        question=question,
        question_key=question_key(f"rule {found.rule.id}: {question}"),
        rule_id=found.rule.id,
        asked_by=BY.get(company.language, BY["cs"]),
        asked_at=clock.now(),
        expires_at=close_after(clock.now(), requests.WORKING_DAYS),
        at_expiry=AtExpiry.STAY,
    )
    outcome = requests.ask_by_rule(approval, heeds_consent=found.terms.is_of_people_alone)
    db.session.add(
        RuleRequest(
            rule_id=found.rule.id,
            ticket_id=ticket.id,
            approval_id=outcome.approval_id,
            covers=passed.covers,
            at=clock.now(),
        )
    )
    if not outcome.was_answered:
        _tell_technician(outcome.approval_id, passed)
    return 1


def _tell_technician(approval_id: int, passed: Passed) -> None:
    """Whose entry passed the rule, by mail where the core gave an address."""
    technician, found = db.session.get_one(Technician, passed.row.technician_id), card(approval_id)
    if "@" not in technician.email:
        return
    subject, body = rendering.letter("cs", "rule_asked_by_mail", card=found, approval=found.approval)
    outbox.write(
        key=f"approval-{approval_id}-rule-technician",
        to=technician.email,
        name=technician.name,
        subject=subject,
        text=body,
    )
