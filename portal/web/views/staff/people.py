"""Every account, for Connectica's administrators: the same as a company's managers see, company by company."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import access, invitations
from portal.domain.companies import models as companies
from portal.domain.companies.models import Company
from portal.web import people_forms, rendering

bp = Blueprint("staff_people", __name__, url_prefix="/staff/people")


@bp.get("")
def index() -> Response:
    company = _company(request.args)
    return rendering.render(
        page="staff/people.html", company=company, companies=companies.everyone(), **people_forms.listed(company)
    )


@bp.post("")
def invite() -> AnyResponse:
    company = _company(request.form)
    people_forms.invite(company)
    return _back(company)


@bp.post("/invitations/<int:invitation_id>/repeat")
def repeat(invitation_id: int) -> AnyResponse:
    company = invitations.company_of(invitation_id)
    people_forms.repeat(company, invitation_id)
    return _back(company)


@bp.post("/invitations/<int:invitation_id>/withdraw")
def withdraw(invitation_id: int) -> AnyResponse:
    company = invitations.company_of(invitation_id)
    people_forms.withdraw(company, invitation_id)
    return _back(company)


@bp.get("/<int:person_id>")
def show(person_id: int) -> Response:
    return people_forms.show(access.company_of(person_id), person_id)


@bp.post("/<int:person_id>/role")
def change_role(person_id: int) -> AnyResponse:
    company = access.company_of(person_id)
    people_forms.change_role(company, person_id)
    return _back(company)


@bp.post("/<int:person_id>/end")
def end(person_id: int) -> AnyResponse:
    company = access.company_of(person_id)
    people_forms.end(company, person_id)
    return _back(company)


def _company(given) -> Company | None:
    """The company chosen; none is Connectica itself."""
    chosen = given.get("company", type=rendering.row_id)
    return companies.by_id(chosen) if chosen else None


def _back(company: Company | None) -> AnyResponse:
    return redirect(url_for(".index", company=company.id if company else None))
