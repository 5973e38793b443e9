"""Approval rules: what a manager wants to be asked about, tried on the last months before it is set."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.billing import disclosure, prices, time_report
from portal.domain.companies.reader import Reader
from portal.domain.rules import approval_rules as rules
from portal.domain.rules import checks
from portal.domain.rules.approval_rules import Terms
from portal.domain.tickets import models as tickets
from portal.web import rendering
from portal.web.auth.access_control import actor, own_company, own_reader

bp = Blueprint("rules", __name__, url_prefix="/rules")


@bp.get("")
def index() -> Response:
    """The rules of today; with terms in the address, what such a rule would have asked."""
    reader = own_reader()
    terms = _terms(reader, request.args) if request.args.get("unit") else None
    return rendering.render(
        page="rules/index.html",
        rules=rules.in_force(reader),
        can_measure=rules.can_measure(reader),
        categories=time_report.choices(reader, None)["category"],
        employees=tickets.requesters(reader),
        terms=terms,
        tried=checks.tried(reader, terms) if terms else [],
        days=checks.last_months(),
        disclosure=disclosure.of(reader),
        currency=prices.list_of(reader).currency,
    )


@bp.post("")
def choose() -> AnyResponse:
    rules.choose(actor(), own_company(), _terms(own_reader(), request.form))
    flash(_("From now on we ask you about such work."))
    return redirect(url_for(".index"))


@bp.post("/<int:rule_id>/end")
def end(rule_id: int) -> AnyResponse:
    rules.end(actor(), own_company(), rule_id)
    flash(_("The rule asks no more. What it asked already waits for your answer."))
    return redirect(url_for(".index"))


def _terms(reader: Reader, said: MultiDict[str, Any]) -> Terms:
    return rules.parse(
        reader,
        unit=said.get("unit", ""),
        amount=said.get("amount", ""),
        category=said.get("category", ""),
        outside_hours=bool(said.get("outside")),
        employees=[one for one in said.getlist("employee", type=rendering.row_id) if one],
    )
