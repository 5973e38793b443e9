"""connectica-portal people: add | list | password | second-factor | deactivate | activate | forget."""

import secrets
import sys
from collections.abc import Callable

import click
from flask import current_app

from portal.cli.command_group import Commands
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import access, two_factor
from portal.domain.audit import events as audit
from portal.domain.companies import models as companies
from portal.domain.privacy import erasure
from portal.domain.users import models as people
from portal.domain.users import passwords, permissions
from portal.domain.users.actor import OPERATOR
from portal.domain.users.models import Person
from portal.errors import NotFound, Refused

cli = Commands("people", help="Who may sign in to the portal.")


@cli.command("add")
@click.argument("email")
@click.option("--name", required=True, help="First and last name.")
@click.option("--company", default="", help="Name of the company, or its id in the core; staff have none.")
@click.option("--role", type=click.Choice(list(permissions.ROLES)), required=True)
@click.option("--language", type=click.Choice(["cs", "en"]), default="cs", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; otherwise one is made.")
def add(*, email: str, name: str, company: str, role: str, language: str, password_stdin: bool) -> None:
    """Make an account; its password is printed once if it was made here."""
    if not name.strip() or "@" in name:
        raise click.UsageError(f"{name!r} is no name of a person")
    password, was_made = _password(email, name, company, from_stdin=password_stdin)
    try:
        address = people.address(email)
        owner = companies.by_name(company) if company else None
        password_hash = passwords.hash_of(password)
        with unit_of_work():
            person = people.add(
                email=address, name=name, company=owner, role=role, language=language, password_hash=password_hash
            )
            audit.note(audit.ACCOUNT_MADE, OPERATOR, company_id=person.company_id, about=f"{person.email}: {role}")
    except NotFound as error:
        raise click.ClickException(f"There is no company called {company}. Is the first sync over?") from error
    except Refused as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{person.email} may sign in as {role}.")
    if was_made:
        click.echo(f"Password: {password}")


@cli.command("list")
def list_people() -> None:
    """Every account: address, name, roles, company."""
    for person in people.everybody():
        company = person.company.name if person.company else "Connectica"
        roles = ", ".join(sorted(person.role_names))
        click.echo(f"{person.email}\t{person.name}\t{roles}\t{company}{'' if person.active else chr(9) + 'inactive'}")


@cli.command("password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; otherwise one is made.")
def password(email: str, password_stdin: bool) -> None:
    """Give an account a new password; all its sessions end."""
    chosen, was_made = _password(email, from_stdin=password_stdin)
    password_hash = passwords.hash_of(chosen)
    with unit_of_work():
        person = _known(lambda: people.set_password(email, password_hash), email)
        audit.note(audit.PASSWORD_CHANGED, OPERATOR, company_id=person.company_id, about=person.email)
    click.echo(f"{email} has a new password{': ' + chosen if was_made else '.'}")


@cli.command("second-factor")
@click.argument("email")
@click.argument("state", type=click.Choice(["off"]))
def end_second_factor(email: str, state: str) -> None:
    """Take the second factor of EMAIL away: for who lost phone, keys and recovery codes. All sessions end."""
    person = _known(lambda: two_factor.take_away(OPERATOR, email), email)
    click.echo(f"{person.email} signs in by the first proof alone until a new second factor is set up.")


@cli.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Nobody signs in with this account any more; its sessions and open invitations end now."""
    person = _known(lambda: access.deactivate(OPERATOR, email), email)
    click.echo(f"{person.email} may not sign in any more.")


@cli.command("activate")
@click.argument("email")
def activate(email: str) -> None:
    """An account that was deactivated signs in again, with the role, password and second factor it had."""
    person = _known(lambda: access.activate(OPERATOR, email), email)
    click.echo(f"{person.email} may sign in again.")


@cli.command("forget")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do it. Without this, only what would be done is said.")
def forget(*, email: str, yes: bool) -> None:
    """Remove the personal data of whoever has EMAIL. Hours and money stay. There is no way back."""
    try:
        sought = erasure.seek(email)
    except NotFound as error:
        raise click.ClickException(f"Nobody has the address {email}.") from error
    except Refused as error:
        raise click.ClickException(str(error)) from error
    if not yes:
        click.echo(f"{', '.join(sought.names) or email} would be called {sought.instead} everywhere.")
        click.echo("Their own messages would lose their words and files, all other texts their name and address,")
        click.echo(
            "their account every way in. Hours, money and decisions stay:  connectica-portal people forget --yes …"
        )
        return
    try:
        removed = erasure.forget(OPERATOR, sought, current_app.config["INSTANCE"] / "attachments")
    except Refused as error:
        raise click.ClickException(str(error)) from error
    for what, rows in sorted(removed.rows.items()):
        if rows:
            click.echo(f"{what}: {rows}")
    click.echo(f"{sought.instead} stands instead of them. The core and older backups still have what they had.")


def _password(*about: str, from_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was made here; one that is given is judged by what is known of its owner."""
    if not from_stdin:
        return secrets.token_urlsafe(12), True
    given = sys.stdin.readline().rstrip("\r\n")
    try:
        passwords.check(given, about=about)
    except Refused as error:
        raise click.ClickException(str(error)) from error
    return given, False


def _known(change: Callable[[], Person], email: str) -> Person:
    try:
        return change()
    except NotFound as error:
        raise click.ClickException(f"Nobody has the address {email}.") from error
    except Refused as error:
        raise click.ClickException(str(error)) from error
