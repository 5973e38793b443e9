"""Approval rules: a company's wish to be asked when work on a ticket passes a limit, or is of a kind."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Select, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db, rows_changed
from portal.db.enums import EnumText
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.billing import disclosure
from portal.domain.billing.budgets import Unit
from portal.domain.billing.time_report import Worked
from portal.domain.companies.contacts import Employee
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.users.actor import Actor
from portal.errors import NotFound, Refused
from portal.lib.business_hours import is_working
from portal.lib.i18n import msgid

MOST_RULES = 20  # of one company
MOST_EMPLOYEES = 100  # of one rule
NO_LIMIT = Decimal("0.00")  # any work of its kind

_AMOUNT = re.compile(r"^[0-9]{1,9}([.,][0-9]{1,2})?\Z")


class ApprovalRule(Base):
    """One rule from a moment on, never changed, only ended. Work that was there before it is not asked about."""

    __tablename__ = "approval_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    unit: Mapped[Unit] = mapped_column(EnumText(Unit))
    amount: Mapped[Decimal]  # hours, or money without VAT, of one ticket; 0: any work of its kind
    category: Mapped[str] = mapped_column(default="", server_default="")  # empty: every one
    outside_hours: Mapped[bool]  # only work outside working hours
    set_by: Mapped[str]
    set_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RuleEmployee(Base):
    """Somebody for whose tickets a rule holds; a rule without any holds for all."""

    __tablename__ = "approval_rule_employee"

    rule_id: Mapped[int] = mapped_column(ForeignKey("approval_rule.id"), primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id"), primary_key=True)


class RuleRequest(Base):
    """A rule that asked about a ticket, and up to how much: it asks again only when that is passed, too."""

    __tablename__ = "approval_rule_request"
    __table_args__ = (UniqueConstraint("rule_id", "ticket_id", "covers"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("approval_rule.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"))
    covers: Mapped[Decimal]  # in the rule's unit; 0 of a rule without a limit
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule asks about: work that is all of this, above the amount of one ticket."""

    unit: Unit = Unit.HOURS
    amount: Decimal = NO_LIMIT
    category: str = ""
    outside_hours: bool = False
    employees: frozenset[int] = frozenset()

    @property
    def has_limit(self) -> bool:
        return self.amount > 0

    @property
    def is_of_people_alone(self) -> bool:
        """It asks whether somebody may be served at all: what a standing consent answers."""
        return bool(self.employees) and not (self.has_limit or self.category or self.outside_hours)

    def concerns(self, row: Worked) -> bool:
        """Whether the rule looks at this entry at all."""
        return (
            self.category in ("", row.category)
            and not (self.outside_hours and is_working(row.at))
            and (not self.employees or row.employee_id in self.employees)
        )

    def measure(self, row: Worked) -> Decimal:
        """What an entry adds, in the rule's unit; nothing while its price is not known."""
        return row.hours if self.unit is Unit.HOURS else row.amount or NO_LIMIT


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule with the names it speaks of."""

    rule: ApprovalRule
    terms: Terms
    names: tuple[str, ...]


def in_force(reader: Reader) -> list[RuleCard]:
    """The company's rules of today, oldest first."""
    mine = _visible_to(reader).where(ApprovalRule.ended_at.is_(None)).order_by(ApprovalRule.id)
    rules = db.session.scalars(mine).all()
    named: dict[int, list[tuple[int, str]]] = {}
    people = (
        select(RuleEmployee.rule_id, Employee.id, Employee.name, Employee.email)
        .join(Employee, Employee.id == RuleEmployee.employee_id)
        .where(RuleEmployee.rule_id.in_([rule.id for rule in rules]))
        .order_by(Employee.name, Employee.id)
    )
    for row in db.session.execute(people) if rules else ():
        named.setdefault(row.rule_id, []).append((row.id, row.name or row.email))
    return [_card(rule, named.get(rule.id, [])) for rule in rules]


def can_measure(reader: Reader) -> bool:
    """Rules tell of time before it is invoiced: they need a company that is shown it."""
    return not disclosure.of(reader).hides_hours


def parse(
    reader: Reader,
    *,
    unit: str,
    amount: str,
    category: str = "",
    outside_hours: bool = False,
    employees: Collection[int] = (),
) -> Terms:
    """What a form asks for. Raises Refused for what is no rule, NotFound for somebody else's employee."""
    written = re.sub(r"\s", "", amount)
    if unit not in set(Unit) or not _AMOUNT.match(written or "0"):
        raise Refused(msgid("Write the limit as a number, for example 5 or 10000."))
    terms = Terms(
        unit=Unit(unit),
        amount=Decimal((written or "0").replace(",", ".")).quantize(NO_LIMIT),
        category=category.strip()[:40],
        outside_hours=outside_hours,
        employees=_known(reader, employees),
    )
    if not (terms.has_limit or terms.category or terms.outside_hours or terms.employees):
        raise Refused(msgid("Say what to ask about: a limit, a category, work outside working hours or employees."))
    if terms.unit is Unit.MONEY and disclosure.of(reader).hides_money:
        raise Refused(msgid("Money is not shown to your company before the invoice: set the limit in hours."))
    return terms


@unit_of_work()
def choose(actor: Actor, company: Company, terms: Terms) -> int:
    """Ask about such work from now on; the rule's id. Commits. Raises Refused when there are too many."""
    person = actor.known
    same = [card for card in in_force(Reader.of(company)) if card.terms == terms]
    if same:
        return same[0].rule.id
    if len(in_force(Reader.of(company))) >= MOST_RULES:
        raise Refused(msgid("These are many rules already: end one first."))
    rule = ApprovalRule(
        company_id=company.id,
        unit=terms.unit,
        amount=terms.amount,
        category=terms.category,
        outside_hours=terms.outside_hours,
        set_by=person.name,
        set_by_id=person.id,
        set_at=clock.now(),
    )
    db.session.add(rule)
    db.session.flush()
    db.session.add_all(RuleEmployee(rule_id=rule.id, employee_id=one) for one in sorted(terms.employees))
    audit.note(audit.RULE_SET, actor, company_id=company.id, about=said(terms))
    return rule.id


@unit_of_work()
def end(actor: Actor, company: Company, rule_id: int) -> None:
    """The rule asks no more; what it asked already waits for its answer. Commits. Raises NotFound."""
    rule = db.session.scalar(_visible_to(Reader.of(company)).where(ApprovalRule.id == rule_id))
    if rule is None:
        raise NotFound
    ended = update(ApprovalRule).where(ApprovalRule.id == rule_id, ApprovalRule.ended_at.is_(None))
    if not rows_changed(ended.values(ended_at=clock.now()).execution_options(synchronize_session=False)):
        raise NotFound
    audit.note(audit.RULE_ENDED, actor, company_id=company.id, about=f"{rule.amount:f}: {rule.unit}")


def said(terms: Terms) -> str:
    """For the log and for commands, part by part: figures and codes alone, never a name."""
    outside = "outside hours" if terms.outside_hours else ""
    people = f"employees: {len(terms.employees)}" if terms.employees else ""
    return ": ".join(
        part for part in (f"{terms.amount:f}", terms.unit.value, terms.category, outside, people) if part
    )


def _visible_to(reader: Reader) -> Select[ApprovalRule]:
    return select(ApprovalRule).where(ApprovalRule.company_id == reader.company_id)


def _card(rule: ApprovalRule, people: Collection[tuple[int, str]]) -> RuleCard:
    terms = Terms(
        unit=Unit(rule.unit),
        amount=rule.amount,
        category=rule.category,
        outside_hours=rule.outside_hours,
        employees=frozenset(one for one, _ in people),
    )
    return RuleCard(rule, terms, tuple(name for _, name in people))


def _known(reader: Reader, employees: Collection[int]) -> frozenset[int]:
    wanted = frozenset(employees)
    if len(wanted) > MOST_EMPLOYEES:
        raise Refused(msgid("These are too many employees for one rule."))
    mine = select(Employee.id).where(Employee.company_id == reader.company_id, Employee.id.in_(wanted))
    if wanted and set(db.session.scalars(mine)) != wanted:
        raise NotFound
    return wanted
