"""Hours: the time of every intervention, what changed in it, and its files."""

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.domain.accounts import last_seen
from portal.domain.billing import disclosure, entry_changes, invoices, monthly_history, prices, time_report
from portal.domain.billing.monthly_history import Bridge
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import GROUPINGS, HoursFilter
from portal.domain.companies.pseudonyms import Naming
from portal.errors import NotFound
from portal.exports import hours as hours_files
from portal.lib import periods
from portal.lib.periods import Period
from portal.web import charts, downloads, languages, navigation, rendering
from portal.web.auth.access_control import own_reader

bp = Blueprint("hours", __name__)


@bp.get("/hours")
def index() -> Response:
    wanted = HoursFilter.parse(request.args)
    if rendering.wants_part() and "after" in request.args:
        return rendering.render(page="hours/index.html", part="hours/_more.html", **_entries(wanted))
    visits = last_seen.Visits(current_user)
    since = visits.previous(last_seen.HOURS)
    shown = _entries(wanted) | _sums(wanted) | _news(since)
    shown["exported"] = visits.last(last_seen.EXPORT)
    last_seen.note(current_user, last_seen.HOURS)
    return rendering.render(page="hours/index.html", part="hours/_results.html", **shown)


@bp.get("/hours/changes")
def changed() -> Response:
    exported = last_seen.Visits(current_user).last(last_seen.EXPORT)
    return rendering.render(
        page="hours/changes.html", changes=entry_changes.since(own_reader(), None), exported=exported
    )


@bp.get("/hours/<slug>.xlsx")
def workbook(slug: str) -> AnyResponse:
    reader, wanted = own_reader(), _of_slug(slug)
    report = hours_files.report(reader, wanted, language=languages.current())
    return downloads.workbook(report, hours_files.file_name(reader, wanted.period))


@bp.get("/hours/<slug>.csv")
def csv(slug: str) -> AnyResponse:
    reader, wanted = own_reader(), _of_slug(slug)
    report = hours_files.report(reader, wanted, language=languages.current())
    return downloads.csv(report, hours_files.file_name(reader, wanted.period))


def _entries(wanted: HoursFilter) -> dict[str, Any]:
    reader = own_reader()
    rows, following = time_report.page(reader, wanted, request.args.get("after", type=rendering.row_id))
    return {
        "wanted": wanted,
        "rows": rows,
        "following": following,
        "currency": prices.list_of(reader).currency,
        "in_question": navigation.around().in_question,
    }


def _sums(wanted: HoursFilter) -> dict[str, Any]:
    reader, by = own_reader(), request.args.get("by", "")
    by = by if by in GROUPINGS else "category"
    months = monthly_history.months(wanted.period or periods.month_of(clock.today()))
    sheet = time_report.sheet(reader, wanted, by, months)
    history = monthly_history.of(months, sheet.by_month)
    return {
        "tally": time_report.sum_of(sheet.groups),
        "groups": sheet.groups,
        "history": history,
        "chart": charts.columns(history),
        "groupings": GROUPINGS,
        "by": by,
        "choices": sheet.choices,
        "namings": list(Naming),
        "billings": list(Billing),
        "today": clock.today(),
        "day_period": _day_period,
        "bridge": _bridge(wanted),
        "hides_hours": disclosure.of(reader).hides_hours,
        "may_export": downloads.may(current_user),
    }


def _bridge(wanted: HoursFilter) -> Bridge | None:
    """Of a whole month that is over and was invoiced."""
    month = wanted.period
    if month is None or not month.is_month or month.until >= clock.today() or wanted.narrows:
        return None
    invoiced = invoices.month_if_any(own_reader(), month)
    return monthly_history.bridge(own_reader(), invoiced) if invoiced else None


def _news(since: datetime | None) -> dict[str, Any]:
    """What is new to this person; nothing is to somebody who never looked."""
    changes, fresh = entry_changes.news(own_reader(), since)
    return {"since": since, "changes": changes, "fresh": fresh}


def _of_slug(slug: str) -> HoursFilter:
    """The page's filter with the period of the file's address; what is no period is no file."""
    period = periods.parse(slug)
    if period is None and slug != "all":
        raise NotFound
    return HoursFilter.parse(request.args).but(period=period)


def _day_period(day: date) -> Period:
    return Period(day, day)
