"""Invoices: the upcoming one line by line, and what was invoiced in earlier months."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
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
from portal.domain.billing.agreements import meter
from portal.domain.billing.invoice_preview import InvoiceLine
from portal.domain.billing.status import Billing
from portal.domain.billing.vat import treatments
from portal.domain.companies.pseudonyms import Naming
from portal.domain.read_models import disputed, issued
from portal.domain.users.permissions import Right
from portal.errors import NotFound
from portal.exports import invoice as invoice_files
from portal.exports import parties
from portal.lib import periods
from portal.lib.money import bill
from portal.lib.periods import Period, month_of
from portal.web import downloads, languages, navigation, rendering
from portal.web.auth.access_control import actor, own_company, own_reader
from portal.web.fragment_cache import Fragment

bp = Blueprint("invoices", __name__)

COMPARED = 6  # earlier months beside the upcoming invoice
A_YEAR = 12  # months of one page of invoices
WAITING = {"month": "all", "billing": Billing.TO_BE_INVOICED.value}  # the hours of the upcoming invoice
LISTED, LISTED_ON_PAPER = 20, 500  # rows of each list beside the lines: differences, credits, oddities


@bp.get("/invoices/upcoming")
def show_upcoming() -> Response:
    reader, month, people = own_reader(), month_of(clock.today()), Naming.parse(request.args)
    unfolded = _unfolded()
    if unfolded and rendering.wants_part():
        line = invoice_preview.line(reader, unfolded, people)
        return _line(line, people, prices.list_of(reader).currency, hours_args=WAITING)
    time_report.load(reader, *invoice_preview.SUMS, *forecast.sums(), *budgets.sums(month))
    disputes = disputed.of(reader, navigation.around().in_question)
    found = invoice_preview.preview(reader, people, disputes, listed=_listed(unfolded))
    expected = forecast.of(reader, found.tally, found.running, adjusted=found.adjusted)
    return rendering.render(
        page="invoices/upcoming.html",
        has_parts=True,
        upcoming=found,
        month=month,
        namings=list(Naming),
        forecast=expected,
        forecast_bill=bill(expected.amount, treatments.on(reader, month.until).percent),
        agreement=meter.of(reader),
        use=budgets.use(reader, month),
        budget=budgets.chosen(reader, month),
        budgets=budgets.others(reader, month),
        units=list(budgets.Unit),
        everies=list(budgets.Every),
        categories=prices.list_of(reader).categories,
        earlier=invoices.months(reader, at_most=COMPARED),
        parties=parties.of(reader),
        disclosure=disclosure.of(reader),
        may_export=downloads.may(current_user),
        may_budget=current_user.may(Right.BUDGET),
        **_folds(unfolded, people, hours_args=WAITING),
    )


@bp.post("/invoices/budget")
def set_budget() -> AnyResponse:
    budgets.choose(
        actor(),
        own_company(),
        month_of(clock.today()),
        unit=request.form.get("unit", ""),
        amount=request.form.get("amount", ""),
        every=request.form.get("every", budgets.Every.MONTH),
        category=request.form.get("category", ""),
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
    found, unfolded = invoices.month(reader, month), _unfolded()
    hours_args = {"invoice": found.period_ends[0].isoformat()}
    if unfolded and rendering.wants_part():
        within = invoices.rows(reader, month, people, category=invoice_preview.category_of(unfolded))
        line = invoice_preview.line_of(invoice_preview.lines_of(within, prices.list_of(reader)), unfolded)
        return _line(line, people, found.currency, hours_args=hours_args)
    rows = list(invoices.rows(reader, month, people))
    return rendering.render(
        page="invoices/show.html",
        has_parts=True,
        invoice=found,
        namings=list(Naming),
        lines=invoice_preview.lines_of(rows, prices.list_of(reader), listed=_listed(unfolded)),
        differences=[row for row in rows if row.difference],
        added=invoices.added_later(reader, found),
        issued=issued.of_month(reader, found),
        adjustments=invoice_adjustments.on_invoices(reader, month, people),
        bridge=monthly_history.bridge(reader, found),
        parties=parties.of(reader),
        concerning=invoice_adjustments.of_invoices(reader, month, people),
        may_export=downloads.may(current_user),
        **_folds(unfolded, people, hours_args=hours_args),
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


def _unfolded() -> str:
    """The key of the line whose entries are asked for, or EVERY_LINE; empty when all are folded."""
    return request.args.get("unfold", "")[:80]


def _listed(unfolded: str) -> int:
    """How many entries are listed under a line at most."""
    is_for_paper = unfolded == invoice_preview.EVERY_LINE
    return invoice_preview.ENTRIES_ON_PAPER if is_for_paper else invoice_preview.ENTRIES_SHOWN


def _folds(unfolded: str, people: Naming, *, hours_args: dict[str, str]) -> dict[str, Any]:
    """What the lines and lists of a page need to know about what is folded."""
    is_for_paper = unfolded == invoice_preview.EVERY_LINE
    return {
        "people": people,
        "unfolded": unfolded,
        "is_for_paper": is_for_paper,
        "most": LISTED_ON_PAPER if is_for_paper else LISTED,
        "hours_args": hours_args | {"people": people.as_arg},
        "in_question": navigation.around().in_question,
    }


def _line(line: InvoiceLine, people: Naming, currency: str, *, hours_args: dict[str, str]) -> Response:
    """The part that takes the place of a folded line's link."""
    folds = _folds(line.key, people, hours_args=hours_args)
    part = render_template("invoices/_unfolded.html", line=line, currency=currency, is_focused=True, **folds)
    return rendering.send_part(Fragment.of(part))
