"""Entering agreements: by staff, where the core tells none."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.audit import events as audit
from portal.domain.billing.agreements import sharing
from portal.domain.billing.agreements.models import Agreement
from portal.domain.billing.budgets import LARGEST, Every, Unit
from portal.domain.companies.models import Company
from portal.domain.users.actor import Actor
from portal.errors import NotFound, Refused
from portal.lib.i18n import msgid
from portal.lib.periods import Period

ALL = "all"  # of what is left is carried

_AMOUNT = re.compile(r"^[0-9]{1,9}([.,][0-9]{1,2})?\Z")


def listed(company: Company) -> Sequence[Agreement]:
    """A company's agreements, the newest first: for staff."""
    mine = select(Agreement).where(Agreement.company_id == company.id)
    return db.session.scalars(mine.order_by(Agreement.valid_from.desc(), Agreement.from_core.desc())).all()


@unit_of_work()
def choose(actor: Actor, company: Company, month: Period | None, said: Mapping[str, str]) -> None:
    """What a company prepaid from a month on; an amount of 0 ends it. Commits. Raises Refused for nonsense.

    said: amount, unit, every, carries, rate_inside and rate_over, as a form has them.
    """
    if month is None or not month.is_month:
        raise Refused(msgid("Choose the month from which it holds."))
    if said.get("unit") not in set(Unit) or said.get("every") not in set(Every):
        raise Refused(msgid("Choose hours or money, a month or a year."))
    row = _own(company, month.since) or Agreement(company_id=company.id, valid_from=month.since, from_core=False)
    row.unit, row.every = Unit(said["unit"]), Every(said["every"])
    row.amount = _number(said.get("amount", "")) or Decimal(0)
    carries = said.get("carries", "").strip()
    row.carries = None if carries == ALL else _number(carries) or Decimal(0)
    row.rate_inside, row.rate_over = _number(said.get("rate_inside", "")), _number(said.get("rate_over", ""))
    db.session.add(row)
    db.session.flush()
    sharing.keep_changed({company.id})
    about = f"{month.slug}: {row.amount:f}: {row.unit.value}: {row.every.value}"
    audit.note(audit.AGREEMENT_SET, actor, company_id=company.id, about=about)


@unit_of_work()
def remove(actor: Actor, company: Company, agreement_id: int) -> None:
    """Entered by mistake: it never was. Commits. Raises NotFound, also for what the core tells."""
    row = db.session.get(Agreement, agreement_id)
    if row is None or row.company_id != company.id or row.from_core:
        raise NotFound
    about = f"{row.valid_from:%Y-%m}: –"
    db.session.delete(row)
    db.session.flush()
    sharing.keep_changed({company.id})
    audit.note(audit.AGREEMENT_SET, actor, company_id=company.id, about=about)


def _own(company: Company, since: date) -> Agreement | None:
    mine = select(Agreement).where(Agreement.company_id == company.id, Agreement.valid_from == since)
    return db.session.scalar(mine.where(Agreement.from_core.is_(False)))


def _number(written: str) -> Decimal | None:
    """None where nothing is written."""
    found = re.sub(r"\s", "", written)
    if not found:
        return None
    if not _AMOUNT.match(found) or Decimal(found.replace(",", ".")) > LARGEST:
        raise Refused(msgid("Write amounts and rates as numbers, for example 20 or 1250,50."))
    return Decimal(found.replace(",", ".")).quantize(Decimal("0.01"))
