"""Budget alerts: managers are told once when half, four fifths and all of a month's budget is worked."""

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain import budgets, deputies, prices
from portal.domain.budgets import Budget, Use
from portal.domain.companies.models import Company
from portal.domain.notifications import preferences
from portal.lib.periods import month_of

PATH = "/invoices/upcoming"


def run() -> int:
    """Tell what was reached since the last time; how many companies. Commits company by company."""
    month, told = month_of(clock.today()), 0
    with_budget = select(Budget.company_id).where(Budget.from_month <= month.since)
    for company in db.session.scalars(select(Company).where(Company.id.in_(with_budget)).order_by(Company.id)).all():
        use = budgets.use(company, month)
        percent = budgets.tell_once(use) if use else None
        if use and percent:
            _tell(company, use, percent)
            told += 1
        db.session.commit()
    return told


def _tell(company: Company, use: Use, percent: int) -> None:
    for person in deputies.managers(company.id):
        preferences.tell(
            person, preferences.BUDGET_REACHED,
            key=f"budget-{use.budget_id}-{use.month.slug}-{percent}-{person.id}", text="budget_reached", path=PATH,
            company=company, use=use, percent=percent, currency=prices.list_of(company).currency,
        )  # fmt: skip
