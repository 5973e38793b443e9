"""connectica-portal companies: list them, what each is shown live, VAT, approval rules and second factors."""

from datetime import datetime
from typing import Any

import click
from sqlalchemy import select

from portal.cli.command_group import Commands
from portal.db import db
from portal.domain.accounts import two_factor
from portal.domain.billing import disclosure
from portal.domain.billing.budgets import Unit
from portal.domain.billing.disclosure import Shown
from portal.domain.billing.vat import treatments
from portal.domain.billing.vat.treatments import Treatment
from portal.domain.companies import models as companies
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.rules import approval_rules as rules
from portal.domain.rules import checks
from portal.domain.rules.approval_rules import Terms
from portal.domain.users.actor import OPERATOR
from portal.errors import NotFound, Refused

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


@cli.command("vat")
@click.argument("company")
@click.argument("treatment", type=click.Choice([treatment.value for treatment in Treatment]))
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day, as 2026-12-01.")
def choose_vat(company: str, treatment: str, since: datetime) -> None:
    """Choose how the invoices of COMPANY are taxed from a day on; what is invoiced already keeps its VAT.

    czech is the Czech rate, reverse_charge none because the customer pays it, abroad none at all.
    """
    found, day = _known(company), since.date()
    treatments.choose(OPERATOR, found, Treatment(treatment), day)
    click.echo(f"{found.name}: VAT of periods that end on {day.isoformat()} or later: {treatment}")


@cli.command("second-factor")
@click.argument("company")
@click.argument("state", type=click.Choice(["on", "off"]))
def require_second_factor(company: str, state: str) -> None:
    """Say whether everybody of COMPANY must have a second factor; who has none is led to set one up."""
    found, is_on = _known(company), state == "on"
    two_factor.require_of(OPERATOR, found.id, required=is_on)
    click.echo(f"{found.name}: a second factor is {'required' if is_on else 'up to each of its people'}")


@cli.command("rules")
@click.argument("company")
@click.option("--dry-run", is_flag=True, help="Say what each rule would have asked over the last three months.")
@click.option("--hours", default="", help="Try a rule: above so many hours a ticket.")
@click.option("--money", default="", help="Try a rule: above so much money without VAT a ticket.")
@click.option("--category", default="", help="Try a rule: work of this price category alone.")
@click.option("--outside-hours", is_flag=True, help="Try a rule: work outside working hours alone.")
def show_rules(company: str, *, dry_run: bool, **trial: Any) -> None:
    """The approval rules of COMPANY (its name or its id in the core), and what they would have asked.

    With an option that tries a rule: what such a rule would have asked. This command never asks anybody.
    """
    reader = Reader.of(_known(company))
    chosen = [found.terms for found in rules.in_force(reader)]
    if any(trial.values()):
        chosen, dry_run = [_terms(reader, **trial)], True
    for terms in chosen:
        click.echo(rules.said(terms))
        for passed in checks.tried(reader, terms) if dry_run else ():
            holds = f"(a yes holds up to {passed.covers:f})" if terms.has_limit else ""
            click.echo(f"    {passed.row.day}  {passed.row.number}  {passed.total:f}  {holds}")
    if not chosen:
        click.echo("there is no rule")


def _terms(reader: Reader, *, hours: str, money: str, **kind: Any) -> Terms:
    try:
        return rules.parse(reader, unit=Unit.MONEY if money else Unit.HOURS, amount=money or hours, **kind)
    except Refused as error:
        raise click.ClickException(str(error)) from error


def _known(name: str) -> Company:
    try:
        return companies.by_name(name)
    except NotFound as error:
        raise click.ClickException(f"there is no company {name!r}; see connectica-portal companies list") from error


def _locks(company: Company) -> str:
    return ", second factor required" if company.requires_second_factor else ""
