"""The meter of an agreement: how much of it is used in the present period, and telling managers of it."""

from sqlalchemy import select

from portal import clock
from portal.db import db, insert_once
from portal.db.unit_of_work import unit_of_work
from portal.domain.billing import disclosure, prices
from portal.domain.billing.agreements import sharing
from portal.domain.billing.agreements.models import AgreementAlert, AgreementPeriod
from portal.domain.billing.budgets import ALERT_PATH, ALERTS, Unit
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.notifications import preferences
from portal.domain.users import models as people
from portal.lib.periods import Period


def of(reader: Reader) -> AgreementPeriod | None:
    """The present period of the company's agreement; None without one, and where it may not be shown live."""
    return reader.once(_present)


def within(reader: Reader, period: Period) -> list[AgreementPeriod]:
    """The periods of which some day is in these days, in order."""
    if _is_hidden(reader):
        return []
    mine = select(AgreementPeriod).where(AgreementPeriod.company_id == reader.company_id)
    some = mine.where(AgreementPeriod.since <= period.until, AgreementPeriod.until >= period.since)
    rows = db.session.scalars(some.order_by(AgreementPeriod.since)).all()
    return [row for row in rows if not _hides(reader, row)]


def run() -> int:
    """Begin new periods and tell managers what was reached since the last time; how many companies were told."""
    with unit_of_work():
        sharing.begin_periods()
    present = select(AgreementPeriod.company_id).where(
        AgreementPeriod.since <= clock.today(), AgreementPeriod.until >= clock.today()
    )
    companies = select(Company).where(Company.id.in_(present)).order_by(Company.id)
    return sum(_alerted(company) for company in db.session.scalars(companies).all())


@unit_of_work()
def _alerted(company: Company) -> bool:
    use = of(Reader.of(company))
    if use is None:
        return False
    fresh = [
        percent
        for percent in ALERTS
        if use.percent >= percent
        and insert_once(AgreementAlert, company_id=company.id, since=use.since, percent=percent, at=clock.now())
    ]
    if fresh:
        _tell(company, use, max(fresh))
    return bool(fresh)


def _tell(company: Company, use: AgreementPeriod, percent: int) -> None:
    currency = prices.list_of(Reader.of(company)).currency
    for person in people.managers(company.id):
        preferences.tell(
            person,
            preferences.BUDGET_REACHED,
            key=f"agreement-{company.id}-{use.since}-{percent}-{person.id}",
            text="agreement_reached",
            path=ALERT_PATH,
            company=company,
            use=use,
            percent=percent,
            currency=currency,
        )


def _present(reader: Reader) -> AgreementPeriod | None:
    today = clock.today()
    found = within(reader, Period(today, today))
    return found[0] if found else None


def _is_hidden(reader: Reader) -> bool:
    return disclosure.of(reader).hides_hours


def _hides(reader: Reader, row: AgreementPeriod) -> bool:
    return row.unit == Unit.MONEY and disclosure.of(reader).hides_money
