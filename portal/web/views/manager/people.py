"""The people of a company: who may sign in, invitations, roles, and the end of somebody's access."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.web import people_forms, rendering
from portal.web.auth.access_control import own_company

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("")
def index() -> Response:
    return rendering.render(page="people/index.html", **people_forms.listed(own_company()))


@bp.post("")
def invite() -> AnyResponse:
    people_forms.invite(own_company())
    return redirect(url_for(".index"))


@bp.post("/invitations/<int:invitation_id>/repeat")
def repeat(invitation_id: int) -> AnyResponse:
    people_forms.repeat(own_company(), invitation_id)
    return redirect(url_for(".index"))


@bp.post("/invitations/<int:invitation_id>/withdraw")
def withdraw(invitation_id: int) -> AnyResponse:
    people_forms.withdraw(own_company(), invitation_id)
    return redirect(url_for(".index"))


@bp.get("/<int:person_id>")
def show(person_id: int) -> Response:
    return people_forms.show(own_company(), person_id)


@bp.post("/<int:person_id>/role")
def change_role(person_id: int) -> AnyResponse:
    people_forms.change_role(own_company(), person_id)
    return redirect(url_for(".index"))


@bp.post("/<int:person_id>/end")
def end(person_id: int) -> AnyResponse:
    people_forms.end(own_company(), person_id)
    return redirect(url_for(".index"))
