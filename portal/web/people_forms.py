"""What managers do with their company's accounts and Connectica's administrators with everybody's: the same."""

from flask import Response, flash, request
from flask_babel import gettext as _

from portal.domain.accounts import access, invitations
from portal.domain.companies.models import Company
from portal.web import rendering
from portal.web.auth.access_control import actor
from portal.web.languages import LANGUAGES


def listed(company: Company | None) -> dict:
    """What the page of a company's people shows; None is Connectica itself."""
    return {
        "people": access.of(company),
        "roles": access.roles_in(company),
        "invitations": invitations.open_of(company),
        "languages": LANGUAGES,
    }


def invite(company: Company | None) -> None:
    written = {name: request.form.get(name, "") for name in ("email", "name", "role", "language")}
    invitations.invite(actor(), company, **written)
    flash(_("Invited. The letter is on its way."))


def repeat(company: Company | None, invitation_id: int) -> None:
    invitations.repeat(actor(), company, invitation_id)
    flash(_("Invited once more. The earlier link opens nothing now."))


def withdraw(company: Company | None, invitation_id: int) -> None:
    invitations.withdraw(actor(), company, invitation_id)
    flash(_("The invitation is withdrawn."))


def show(company: Company | None, person_id: int) -> Response:
    person = access.show(company, person_id)
    return rendering.render(
        page="people/show.html", person=person, theirs=access.role_of(company, person), roles=access.roles_in(company)
    )


def change_role(company: Company | None, person_id: int) -> None:
    access.change_role(actor(), company, person_id, request.form.get("role", ""))
    flash(_("The role is changed, from the next click on."))


def end(company: Company | None, person_id: int) -> None:
    access.end(actor(), company, person_id)
    flash(_("Their access has ended."))
