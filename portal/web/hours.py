"""Hours: the time of every intervention, what changed in it, and its files."""

from flask import Blueprint, Response, request
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.domain import changes, history, hours, periods, prices, visits
from portal.domain.hours import GROUPINGS, HoursFilter
from portal.errors import NotFound
from portal.exports import hours as hours_files
from portal.web import charts, downloads, languages, pages
from portal.web.gate import own_company

bp = Blueprint("hours", __name__)


@bp.get("/hours")
def index() -> Response:
    company, wanted = own_company(), HoursFilter.parse(request.args)
    by = request.args.get("by", "category")
    rows, following = hours.page(company, wanted, request.args.get("after", type=pages.row_id))
    shown = {"wanted": wanted, "rows": rows, "following": following, "currency": prices.list_of(company).currency}
    if pages.wants_part() and "after" in request.args:
        return pages.render(page="hours/index.html", part="hours/_more.html", **shown)
    since = visits.previous(current_user, visits.HOURS)
    year = history.until(company, wanted.period or periods.month_of(clock.today()), wanted)
    response = pages.render(
        page="hours/index.html",
        part="hours/_part.html",
        by=by if by in GROUPINGS else "category",
        groups=hours.groups(company, wanted, by if by in GROUPINGS else "category"),
        groupings=GROUPINGS,
        tally=hours.totals(company, wanted),
        choices=hours.choices(company, wanted.period),
        chart=charts.columns(year),
        history=year,
        changes=changes.since(company, since) if since else [],
        fresh=changes.count_new(company, since),
        since=since,
        exported=visits.last(current_user, visits.EXPORT),
        **shown,
    )
    visits.note(current_user, visits.HOURS)
    return response


@bp.get("/hours/changes")
def changed() -> Response:
    found = changes.since(own_company(), None)
    return pages.render(page="hours/changes.html", changes=found, exported=visits.last(current_user, visits.EXPORT))


@bp.get("/hours/<slug>.xlsx")
def workbook(slug: str) -> AnyResponse:
    company, wanted = own_company(), _of_slug(slug)
    report = hours_files.report(company, wanted, language=languages.current())
    return downloads.workbook(report, hours_files.file_name(company, wanted.period))


@bp.get("/hours/<slug>.csv")
def csv(slug: str) -> AnyResponse:
    company, wanted = own_company(), _of_slug(slug)
    report = hours_files.report(company, wanted, language=languages.current())
    return downloads.csv(report, hours_files.file_name(company, wanted.period))


def _of_slug(slug: str) -> HoursFilter:
    """The page's filter with the period of the file's address; what is no period is no file."""
    period = periods.parse(slug)
    if period is None and slug != "all":
        raise NotFound
    return HoursFilter.parse(request.args).but(period=period)
