"""Invoices: the upcoming one line by line, and what was invoiced in earlier months."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.domain.billing import (
    budgets,
    disclosure,
    forecast,
    invoice_adjustments,
    invoice_preview,
    invoices,
    monthly_history,
    monthly_summary,
    prices,
    time_report,
)
from portal.domain.companies.pseudonyms import Naming
from portal.domain.read_models import disputed, issued
from portal.errors import NotFound
from portal.exports import invoice as invoice_files
from portal.exports import parties
from portal.lib import periods
from portal.lib.money import bill, vat_percent
from portal.lib.periods import Period, month_of
from portal.web import downloads, languages, navigation, rendering
from portal.web.auth.access_control import actor, own_company, own_reader

bp = Blueprint("invoices", __name__)

COMPARED = 6  # earlier months beside the upcoming invoice
A_YEAR = 12  # months of one page of invoices


@bp.get("/invoices/upcoming")
def show_upcoming() -> Response:
    reader, month = own_reader(), month_of(clock.today())
    people = Naming.parse(request.args)
    time_report.load(reader, *invoice_preview.SUMS, *forecast.sums(), *budgets.sums(month))
    found = invoice_preview.preview(reader, people, disputed.of(reader, navigation.around().in_question))
    expected = forecast.of(reader, found.tally, found.running, adjusted=found.adjusted)
    return rendering.render(
        page="invoices/upcoming.html",
        upcoming=found,
        month=month,
        people=people,
        namings=list(Naming),
        forecast=expected,
        forecast_bill=bill(expected.amount, vat_percent(month.until)),
        use=budgets.use(reader, month),
        budget=budgets.chosen(reader, month),
        units=list(budgets.Unit),
        earlier=invoices.months(reader, at_most=COMPARED),
        parties=parties.of(reader),
        disclosure=disclosure.of(reader),
        in_question=navigation.around().in_question,
        may_export=downloads.may(current_user),
    )


@bp.post("/invoices/budget")
def set_budget() -> AnyResponse:
    budgets.choose(
        actor(),
        own_company(),
        month_of(clock.today()),
        unit=request.form.get("unit", ""),
        amount=request.form.get("amount", ""),
    )
    flash(_("The budget is set."))
    return redirect(url_for(".show_upcoming"))


@bp.get("/invoices")
def index() -> Response:
    reader = own_reader()
    found = invoices.months(reader, before=periods.parse(request.args.get("before", "")), at_most=A_YEAR + 1)
    shown = found[:A_YEAR]
    return rendering.render(
        page="invoices/index.html",
        months=shown,
        differing=invoices.differing(reader, shown),
        earlier=shown[-1].month if len(found) > A_YEAR else None,
        wants_mail=monthly_summary.wants(current_user.id),
        may_export=downloads.may(current_user),
    )


@bp.post("/invoices/mail")
def set_mail() -> AnyResponse:
    monthly_summary.choose(current_user, wanted=request.form.get("wanted") == "yes")
    flash(_("Saved."))
    return redirect(url_for(".index"))


@bp.get("/invoices/<slug>")
def show(slug: str) -> Response:
    reader, month, people = own_reader(), _month(slug), Naming.parse(request.args)
    found, rows = invoices.month(reader, month), list(invoices.rows(reader, month, people))
    return rendering.render(
        page="invoices/show.html",
        invoice=found,
        people=people,
        namings=list(Naming),
        lines=invoice_preview.lines_of(rows, prices.list_of(reader)),
        differences=[row for row in rows if row.difference],
        added=invoices.added_later(reader, found),
        issued=issued.of_month(reader, found),
        adjustments=invoice_adjustments.on_invoices(reader, month, people),
        bridge=monthly_history.bridge(reader, found),
        parties=parties.of(reader),
        concerning=invoice_adjustments.of_invoices(reader, month, people),
        in_question=navigation.around().in_question,
        may_export=downloads.may(current_user),
    )


@bp.get("/invoices/upcoming.xlsx")
def upcoming_workbook() -> AnyResponse:
    reader = own_reader()
    report = invoice_files.upcoming_report(reader, language=languages.current(), people=Naming.parse(request.args))
    return downloads.workbook(report, invoice_files.upcoming_file_name(reader))


@bp.get("/invoices/upcoming.csv")
def upcoming_csv() -> AnyResponse:
    reader = own_reader()
    report = invoice_files.upcoming_report(reader, language=languages.current(), people=Naming.parse(request.args))
    return downloads.csv(report, invoice_files.upcoming_file_name(reader))


@bp.get("/invoices/<slug>.xlsx")
def workbook(slug: str) -> AnyResponse:
    reader, month, people = own_reader(), _month(slug), Naming.parse(request.args)
    report = invoice_files.invoiced_report(reader, month, language=languages.current(), people=people)
    return downloads.workbook(report, invoice_files.invoiced_file_name(reader, month))


@bp.get("/invoices/<slug>.csv")
def csv(slug: str) -> AnyResponse:
    reader, month, people = own_reader(), _month(slug), Naming.parse(request.args)
    report = invoice_files.invoiced_report(reader, month, language=languages.current(), people=people)
    return downloads.csv(report, invoice_files.invoiced_file_name(reader, month))


def _month(slug: str) -> Period:
    month = periods.parse(slug)
    if month is None or not month.is_month:
        raise NotFound
    return month
