"""Invoices: the upcoming one line by line, and what was invoiced in earlier months."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.domain.billing import budgets, disclosure, forecast, invoice_preview, invoices, monthly_summary, prices
from portal.domain.companies.pseudonyms import Naming
from portal.domain.questions import models as questions
from portal.errors import NotFound
from portal.exports import invoice as invoice_files
from portal.lib import periods
from portal.lib.periods import Period, month_of
from portal.web import downloads, languages, rendering
from portal.web.auth.access_control import actor, own_company

bp = Blueprint("invoices", __name__)


@bp.get("/invoices/upcoming")
def show_upcoming() -> Response:
    company, month = own_company(), month_of(clock.today())
    people = Naming.parse(request.args)
    found = invoice_preview.preview(company, people)
    return rendering.render(
        page="invoices/upcoming.html",
        upcoming=found,
        month=month,
        people=people,
        namings=list(Naming),
        forecast=forecast.of(company, found.tally, found.running),
        use=budgets.use(company, month),
        budget=budgets.chosen(company, month),
        units=list(budgets.Unit),
        earlier=invoices.months(company)[:6],
        disclosure=disclosure.of(company),
        in_question=questions.by_entry(company),
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
    company = own_company()
    return rendering.render(
        page="invoices/index.html",
        months=invoices.months(company),
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
    company, month, people = own_company(), _month(slug), Naming.parse(request.args)
    found = invoices.month(company, month)
    return rendering.render(
        page="invoices/show.html",
        invoice=found,
        people=people,
        namings=list(Naming),
        lines=invoice_preview.lines_of(invoices.rows(company, month, people), prices.list_of(company)),
        differences=invoices.differences(company, month, people),
        added=invoices.added_later(company, month),
        in_question=questions.by_entry(company),
        may_export=downloads.may(current_user),
    )


@bp.get("/invoices/upcoming.xlsx")
def upcoming_workbook() -> AnyResponse:
    company = own_company()
    report = invoice_files.upcoming_report(company, language=languages.current(), people=Naming.parse(request.args))
    return downloads.workbook(report, invoice_files.upcoming_file_name(company))


@bp.get("/invoices/upcoming.csv")
def upcoming_csv() -> AnyResponse:
    company = own_company()
    report = invoice_files.upcoming_report(company, language=languages.current(), people=Naming.parse(request.args))
    return downloads.csv(report, invoice_files.upcoming_file_name(company))


@bp.get("/invoices/<slug>.xlsx")
def workbook(slug: str) -> AnyResponse:
    company, month, people = own_company(), _month(slug), Naming.parse(request.args)
    report = invoice_files.invoiced_report(company, month, language=languages.current(), people=people)
    return downloads.workbook(report, invoice_files.invoiced_file_name(company, month))


@bp.get("/invoices/<slug>.csv")
def csv(slug: str) -> AnyResponse:
    company, month, people = own_company(), _month(slug), Naming.parse(request.args)
    report = invoice_files.invoiced_report(company, month, language=languages.current(), people=people)
    return downloads.csv(report, invoice_files.invoiced_file_name(company, month))


def _month(slug: str) -> Period:
    month = periods.parse(slug)
    if month is None or not month.is_month:
        raise NotFound
    return month
