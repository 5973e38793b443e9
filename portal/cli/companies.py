"""connectica-portal companies: list them, what each is shown live, and whether its people need a second factor."""

import click
from sqlalchemy import select

from portal.cli.command_group import Commands
from portal.db import db
from portal.domain.accounts import two_factor
from portal.domain.billing import disclosure
from portal.domain.billing.disclosure import Shown
from portal.domain.companies import models as companies
from portal.domain.companies.models import Company
from portal.domain.users.actor import OPERATOR
from portal.errors import NotFound

cli = Commands("companies", help="The client companies.")


@cli.command("list")
def list_companies() -> None:
    """Every company, and what it is shown live."""
    for company in db.session.scalars(select(Company).order_by(Company.name)):
        click.echo(f"{company.core_id:<24} {company.name}  (shown live: {company.shown_live}{_locks(company)})")


@cli.command("show-live")
@click.argument("company")
@click.argument("shown", type=click.Choice([shown.value for shown in Shown]))
def show_live(company: str, shown: str) -> None:
    """Choose what COMPANY (its name or its id in the core) sees before the invoice: nothing, hours, or money too."""
    found = _known(company)
    disclosure.choose(OPERATOR, found, Shown(shown))
    click.echo(f"{found.name} is now shown live: {shown}")


@cli.command("second-factor")
@click.argument("company")
@click.argument("state", type=click.Choice(["on", "off"]))
def require_second_factor(company: str, state: str) -> None:
    """Say whether everybody of COMPANY must have a second factor; who has none is led to set one up."""
    found, is_on = _known(company), state == "on"
    two_factor.require_of(OPERATOR, found.id, required=is_on)
    click.echo(f"{found.name}: a second factor is {'required' if is_on else 'up to each of its people'}")


def _known(name: str) -> Company:
    try:
        return companies.by_name(name)
    except NotFound as error:
        raise click.ClickException(f"there is no company {name!r}; see connectica-portal companies list") from error


def _locks(company: Company) -> str:
    return ", second factor required" if company.requires_second_factor else ""
