"""Every account, for Connectica's administrators: the same as a company's managers see, company by company."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import access, invitations
from portal.domain.companies import models as companies
from portal.domain.companies.models import Company
from portal.web import rendering
from portal.web.auth.access_control import actor
from portal.web.languages import LANGUAGES

bp = Blueprint("staff_people", __name__, url_prefix="/staff/people")


@bp.get("")
def index() -> Response:
    company = _company(request.args)
    return rendering.render(
        page="staff/people.html",
        company=company,
        companies=companies.everyone(),
        people=access.of(company),
        roles=access.roles_in(company),
        invitations=invitations.open_of(company),
        languages=LANGUAGES,
    )


@bp.post("")
def invite() -> AnyResponse:
    company = _company(request.form)
    invitations.invite(
        actor(),
        company,
        email=request.form.get("email", ""),
        name=request.form.get("name", ""),
        role=request.form.get("role", ""),
        language=request.form.get("language", ""),
    )
    flash(_("Invited. The letter is on its way."))
    return _back(company)


@bp.post("/invitations/<int:invitation_id>/repeat")
def repeat(invitation_id: int) -> AnyResponse:
    company = invitations.company_of(invitation_id)
    invitations.repeat(actor(), company, invitation_id)
    flash(_("Invited once more. The earlier link opens nothing now."))
    return _back(company)


@bp.post("/invitations/<int:invitation_id>/withdraw")
def withdraw(invitation_id: int) -> AnyResponse:
    company = invitations.company_of(invitation_id)
    invitations.withdraw(actor(), company, invitation_id)
    flash(_("The invitation is withdrawn."))
    return _back(company)


@bp.get("/<int:person_id>")
def show(person_id: int) -> Response:
    company = access.company_of(person_id)
    person = access.show(company, person_id)
    return rendering.render(
        page="people/show.html", person=person, theirs=access.role_of(company, person), roles=access.roles_in(company)
    )


@bp.post("/<int:person_id>/role")
def change_role(person_id: int) -> AnyResponse:
    company = access.company_of(person_id)
    access.change_role(actor(), company, person_id, request.form.get("role", ""))
    flash(_("The role is changed, from the next click on."))
    return _back(company)


@bp.post("/<int:person_id>/end")
def end(person_id: int) -> AnyResponse:
    company = access.company_of(person_id)
    access.end(actor(), company, person_id)
    flash(_("Their access has ended."))
    return _back(company)


def _company(given) -> Company | None:
    """The company chosen; none is Connectica itself."""
    chosen = given.get("company", type=rendering.row_id)
    return companies.by_id(chosen) if chosen else None


def _back(company: Company | None) -> AnyResponse:
    return redirect(url_for(".index", company=company.id if company else None))
