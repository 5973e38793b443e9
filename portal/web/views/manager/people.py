"""The people of a company: who may sign in, invitations, roles, and the end of somebody's access."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from portal.domain.accounts import access, invitations
from portal.web import rendering
from portal.web.auth.access_control import actor, own_company
from portal.web.languages import LANGUAGES

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("")
def index() -> Response:
    company = own_company()
    return rendering.render(
        page="people/index.html",
        people=access.of(company),
        roles=access.roles_in(company),
        invitations=invitations.open_of(company),
        languages=LANGUAGES,
    )


@bp.post("")
def invite() -> AnyResponse:
    invitations.invite(
        actor(),
        own_company(),
        email=request.form.get("email", ""),
        name=request.form.get("name", ""),
        role=request.form.get("role", ""),
        language=request.form.get("language", ""),
    )
    flash(_("Invited. The letter is on its way."))
    return redirect(url_for(".index"))


@bp.post("/invitations/<int:invitation_id>/repeat")
def repeat(invitation_id: int) -> AnyResponse:
    invitations.repeat(actor(), own_company(), invitation_id)
    flash(_("Invited once more. The earlier link opens nothing now."))
    return redirect(url_for(".index"))


@bp.post("/invitations/<int:invitation_id>/withdraw")
def withdraw(invitation_id: int) -> AnyResponse:
    invitations.withdraw(actor(), own_company(), invitation_id)
    flash(_("The invitation is withdrawn."))
    return redirect(url_for(".index"))


@bp.get("/<int:person_id>")
def show(person_id: int) -> Response:
    company = own_company()
    person = access.show(company, person_id)
    return rendering.render(
        page="people/show.html", person=person, theirs=access.role_of(company, person), roles=access.roles_in(company)
    )


@bp.post("/<int:person_id>/role")
def change_role(person_id: int) -> AnyResponse:
    access.change_role(actor(), own_company(), person_id, request.form.get("role", ""))
    flash(_("The role is changed, from the next click on."))
    return redirect(url_for(".index"))


@bp.post("/<int:person_id>/end")
def end(person_id: int) -> AnyResponse:
    access.end(actor(), own_company(), person_id)
    flash(_("Their access has ended."))
    return redirect(url_for(".index"))
