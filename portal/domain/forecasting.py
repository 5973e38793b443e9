"""Where a forecast's figures come from: what waits, what runs, and what was worked in the days looked at."""

from portal import clock
from portal.domain import forecast, hours
from portal.domain.billing import Billing
from portal.domain.companies.reader import Client
from portal.domain.forecast import Forecast
from portal.domain.hours import HoursFilter
from portal.lib.money import Tally


def of(company: Client, waiting: Tally, running: Tally) -> Forecast:
    """This month's forecast for a company that has so much waiting to be invoiced and so much running."""
    today = clock.today()
    days = forecast.looked_at(today)
    worked = Tally()
    for billing in (Billing.RUNNING, Billing.TO_BE_INVOICED, Billing.INVOICED):
        worked.take(hours.totals(company, HoursFilter(period=days, billing=billing)))
    return forecast.make(today=today, waiting=waiting, running=running, looked_at=days, worked=worked)
