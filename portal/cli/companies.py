"""flask companies: list them, and choose what each is shown before it is invoiced."""

import click
from sqlalchemy import select

from portal.cli.groups import Commands
from portal.db import db
from portal.domain import companies, disclosure
from portal.domain.companies import Company
from portal.domain.disclosure import Shown
from portal.errors import NotFound

cli = Commands("companies", help="The client companies.")


@cli.command("list")
def list_companies() -> None:
    """Every company, and what it is shown live."""
    for company in db.session.scalars(select(Company).order_by(Company.name)):
        click.echo(f"{company.core_id:<24} {company.name}  (shown live: {company.shown_live})")


@cli.command("show-live")
@click.argument("company")
@click.argument("shown", type=click.Choice([shown.value for shown in Shown]))
def show_live(company: str, shown: str) -> None:
    """Choose what COMPANY (its name or its id in the core) sees before the invoice: nothing, hours, or money too."""
    try:
        found = companies.by_name(company)
    except NotFound as error:
        raise click.ClickException(f"there is no company {company!r}; see flask companies list") from error
    disclosure.choose(found, Shown(shown))
    click.echo(f"{found.name} is now shown live: {shown}")
