"""What companies prepaid, for staff: company by company, where the core does not tell it."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portal import clock
from portal.domain.billing.agreements import entering
from portal.domain.billing.budgets import Every, Unit
from portal.domain.companies import models as companies
from portal.lib import periods
from portal.web import rendering
from portal.web.auth.access_control import actor

bp = Blueprint("staff_agreements", __name__, url_prefix="/staff/agreements")


@bp.get("")
def index() -> Response:
    everyone = companies.everyone()
    chosen = request.args.get("company", type=rendering.row_id)
    company = companies.by_id(chosen) if chosen else next(iter(everyone), None)
    return rendering.render(
        page="staff/agreements.html",
        companies=everyone,
        company=company,
        agreements=entering.listed(company) if company else [],
        month=periods.month_of(clock.today()),
        units=list(Unit),
        everies=list(Every),
    )


@bp.post("/<int:company_id>")
def choose(company_id: int) -> AnyResponse:
    month = periods.parse(request.form.get("month", ""))
    entering.choose(actor(), companies.by_id(company_id), month, request.form)
    flash(_("The agreement is set, and the entries are reckoned by it."))
    return redirect(url_for(".index", company=company_id))


@bp.post("/<int:company_id>/<int:agreement_id>/remove")
def remove(company_id: int, agreement_id: int) -> AnyResponse:
    entering.remove(actor(), companies.by_id(company_id), agreement_id)
    flash(_("The agreement is removed."))
    return redirect(url_for(".index", company=company_id))
