"""Hours: the time of every intervention, what changed in it, and its files."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _
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
        "name_of": prices.list_of(reader).name_of,
        "by": by,
        "choices": sheet.choices,
        "chips": _chips(wanted, by, sheet.choices),
        "spans": periods.spans(clock.today()),
        "namings": list(Naming),
        "billings": list(Billing),
        "today": clock.today(),
        "day_period": _day_period,
        "bridge": _bridge(wanted),
        "hides_hours": disclosure.of(reader).hides_hours,
        "may_export": downloads.may(current_user),
    }


def _chips(wanted: HoursFilter, by: str, choices: dict[str, list[tuple[Any, str]]]) -> list[tuple[str, str, str]]:
    """Label and value of what narrows the hours within their days, and the hours without it."""
    said = {
        "billing": (_("Billing"), _(wanted.billing.label) if wanted.billing else ""),
        "invoiced_on": (_("Invoice"), wanted.invoiced_on.isoformat() if wanted.invoiced_on else ""),
        "ticket": (_("Ticket"), wanted.ticket),
    }
    for name, offered in choices.items():
        value = getattr(wanted, name)
        said[name] = (_(GROUPINGS[name].label), dict(offered).get(value, str(value)) if value else "")
    empty = HoursFilter()
    return [
        (label, value, _address({"by": by} | wanted.but(**{name: getattr(empty, name)}).as_args()))
        for name, (label, value) in said.items()
        if value
    ]


def _address(args: dict[str, str]) -> str:
    return f"{url_for('.index')}?{urlencode(args)}"


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
