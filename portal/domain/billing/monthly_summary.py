"""Monthly summaries: who gets last month's hours by mail, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from sqlalchemy import Select, select

from portal import clock
from portal.db import db
from portal.db.unit_of_work import unit_of_work
from portal.domain.companies.models import Company
from portal.domain.notifications import outbox
from portal.domain.notifications.outbox import Letter
from portal.domain.users.models import Person, PersonRole, Role
from portal.domain.users.permissions import ACCOUNTANT, MANAGER
from portal.lib.business_hours import next_working_day
from portal.lib.periods import Period, month_of

EARLIEST = time(7)  # on a clock in Prague, on the first working day
KEEPS_TRYING = timedelta(days=10)  # after a long outage an old summary is worth no mail any more


@dataclass(frozen=True, slots=True)
class MonthlySummary:
    """One letter to be written."""

    key: str
    person: Person
    company: Company
    month: Period


def due() -> Sequence[MonthlySummary]:
    """Summaries of last month that nobody has written yet; none before the first working day's morning."""
    month = month_of(clock.today()).earlier()
    if not _is_time(month):
        return []
    found = [
        MonthlySummary(f"monthly-{month.slug}-{person.id}", person, company, month)
        for person, company in db.session.execute(
            _recipients().where(Person.created_at < clock.end_of(month.until)).order_by(Company.id, Person.id)
        )
        if outbox.choice(person.id, outbox.MONTHLY_SUMMARY) != outbox.Delivery.NEVER
    ]
    written = set(db.session.scalars(select(Letter.key).where(Letter.key.in_([summary.key for summary in found]))))
    return [summary for summary in found if summary.key not in written]


def first_working_day(month: Period) -> date:
    """The first working day after a month."""
    return next_working_day(month.until)


def wants(person_id: int) -> bool:
    """Whether somebody wants the summary; they do until they say otherwise."""
    return outbox.choice(person_id, outbox.MONTHLY_SUMMARY) != outbox.Delivery.NEVER


@unit_of_work()
def choose(person: Person, *, wanted: bool) -> None:
    """Remember whether somebody wants the summary. Commits."""
    outbox.choose(person, outbox.MONTHLY_SUMMARY, outbox.Delivery.AT_ONCE if wanted else outbox.Delivery.NEVER)


def _is_time(month: Period) -> bool:
    day = first_working_day(month)
    now = clock.prague(clock.now())
    return day <= now.date() <= day + KEEPS_TRYING and (now.date() > day or now.time() >= EARLIEST)


def _recipients() -> Select[Person, Company]:
    return (
        select(Person, Company)
        .join(Company, Company.id == Person.company_id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .join(Role, Role.id == PersonRole.role_id)
        .where(Role.name.in_((MANAGER, ACCOUNTANT)), Person.active)
    )
