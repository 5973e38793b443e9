"""Single sign-on from the command line: connectica-portal sso add | list | test | change | link | unlink | remove."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from portal.cli.command_group import Commands
from portal.db.unit_of_work import unit_of_work
from portal.domain.accounts import sso_identities, sso_providers
from portal.domain.accounts.sso_providers import IdentityProvider, New
from portal.domain.audit import events as audit
from portal.domain.companies import models as companies
from portal.domain.users import models as people
from portal.domain.users.actor import OPERATOR
from portal.domain.users.models import Person
from portal.errors import NotFound, ProviderError, Refused
from portal.lib.encryption import SealBroken
from portal.oidc import discovery, flow
from portal.oidc.flow import ProviderClient

Answer = TypeVar("Answer")

cli = Commands("sso", help="Identity providers that a company's people sign in with.")


@cli.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="As its people call it, e.g. 'Microsoft 365 of Strojírny'.")
@click.option("--company", default="", help="Name of the company, or its id in the core.")
@click.option("--connectica", is_flag=True, help="For Connectica's own people instead of a company's.")
@click.option("--tenant", default="", help="Directory (tenant) id of Microsoft Entra.")
@click.option("--issuer", default="", help="Issuer of any other provider, exactly as its discovery document has it.")
@click.option("--client-id", required=True)
@click.option("--domain", "domains", multiple=True, help="Mail domain whose people are led here; as often as needed.")
@click.option("--second-factor", "words", multiple=True, help="Word of amr, acr or acrs that counts, e.g. mfa.")
@click.option("--no-password", is_flag=True, help="Its people do not sign in by a password of ours any more.")
@click.option("--make-viewers", is_flag=True, help="Whom we do not know gets an account that reads.")
def add(
    *,
    slug: str,
    name: str,
    company: str,
    connectica: bool,
    tenant: str,
    issuer: str,
    client_id: str,
    domains: tuple[str, ...],
    words: tuple[str, ...],
    no_password: bool,
    make_viewers: bool,
) -> None:
    """Add a provider at the sign-in address SLUG; its client secret is read from standard input."""
    if bool(company) == connectica:
        raise click.ClickException("Say either --company or --connectica.")
    with _plain_words():
        added = sso_providers.add(
            New(
                slug=slug,
                name=name,
                company=_company(company) if company else None,
                client_id=client_id,
                secret=_secret(),
                issuer=issuer,
                tenant=tenant,
                domains=domains,
                second_factor=words,
                allows_password=not no_password,
                makes_viewers=make_viewers,
            )
        )
    click.echo(f"Register this redirect address with the provider, exactly:  {added.redirect_address}")
    click.echo(f"Its people sign in at:                                      {added.sign_in_address}")
    click.echo(f"Now try it:  connectica-portal sso test {added.slug}")


@cli.command("list")
def list_providers() -> None:
    """Every provider: address, for whom, issuer, how many of its people are linked, what it may do."""
    for one in sso_providers.everything():
        linked, all_of_them = sso_identities.counts(one)
        click.echo(
            f"{one.slug}\t{one.company.name if one.company else 'Connectica'}\t{one.issuer}\t"
            f"{linked} of {all_of_them} linked\t{', '.join(_notes(one))}"
        )


@cli.command("test")
@click.argument("slug")
def test(slug: str) -> None:
    """Ask the provider SLUG for its description and keys, and whether it takes our name and secret."""
    found = _provider(slug)
    with _plain_words():
        discovery.forget(found.issuer)
        known = discovery.known(found.issuer)
        click.echo(f"{found.issuer} describes itself and shows {len(known.keys)} keys.")
        refusal = flow.refuses_us(
            ProviderClient(
                issuer=found.issuer,
                client_id=found.client_id,
                secret=found.secret,
                tenant=found.tenant,
                redirect_address=found.redirect_address,
            )
        )
    if refusal:
        raise click.ClickException(f"It does not take our client id and secret: {refusal}.")
    click.echo("It takes our client id and secret. Whether the redirect address is right shows at the first sign-in.")


@cli.command("change")
@click.argument("slug")
@click.option("--secret", is_flag=True, help="Read a new client secret from standard input.")
@click.option("--second-factor", "words", multiple=True, help="Words that count as one from now on; '' for none.")
@click.option("--password/--no-password", "allows_password", default=None)
@click.option("--make-viewers/--no-make-viewers", "makes_viewers", default=None)
def change(
    *, slug: str, secret: bool, words: tuple[str, ...], allows_password: bool | None, makes_viewers: bool | None
) -> None:
    """Change what may change; issuer and tenant may not: remove the provider and add another."""
    with _plain_words():
        sso_providers.change(
            _provider(slug),
            secret=_secret() if secret else None,
            second_factor=[word for word in words if word] if words else None,
            allows_password=allows_password,
            makes_viewers=makes_viewers,
        )
    click.echo(f"{slug} is changed.")


@cli.command("link")
@click.argument("slug")
@click.argument("email")
@click.argument("subject")
def link(slug: str, email: str, subject: str) -> None:
    """From now on SUBJECT (of Entra the object id of the user) is the account EMAIL."""
    person, found = _person(email), _provider(slug)
    with _plain_words(), unit_of_work():
        sso_identities.link(person.id, found, subject.strip())
        audit.note(audit.SSO_LINKED, OPERATOR, company_id=person.company_id, about=f"{person.email} with {slug}")
    click.echo(f"{person.email} signs in at {found.sign_in_address}")


@cli.command("unlink")
@click.argument("slug")
@click.argument("email")
def unlink(slug: str, email: str) -> None:
    """EMAIL does not sign in by SLUG any more; every session of the account ends."""
    person, found = _person(email), _provider(slug)
    with unit_of_work():
        _found(lambda: sso_identities.unlink(person.id, found), f"{email} is not linked with {slug}.")
        audit.note(audit.SSO_UNLINKED, OPERATOR, company_id=person.company_id, about=f"{person.email} from {slug}")
    click.echo(f"{person.email} is not linked with {slug} any more.")


@cli.command("remove")
@click.argument("slug")
def remove(slug: str) -> None:
    """Nobody signs in by SLUG any more: its links go, and the sessions begun by them end."""
    sso_identities.remove(_provider(slug))
    click.echo(f"{slug} is removed.")


def _notes(one: IdentityProvider) -> Iterator[str]:
    yield f"domains {' '.join(domain.name for domain in one.domains) or 'none'}"
    yield f"second factor {one.second_factor or 'ours'}"
    yield "password too" if one.allows_password else "no password"
    if one.makes_viewers:
        yield "makes viewers"


def _secret() -> str:
    return sys.stdin.readline().strip()


def _company(name: str) -> companies.Company:
    return _found(lambda: companies.by_name(name), f"There is no company called {name}.")


def _provider(slug: str) -> IdentityProvider:
    return _found(
        lambda: sso_providers.by_slug(slug), f"There is no provider {slug}; see connectica-portal sso list."
    )


def _person(email: str) -> Person:
    person = people.by_email(email)
    if person is None:
        raise click.ClickException(f"Nobody has the address {email}.")
    return person


def _found(read: Callable[[], Answer], otherwise: str) -> Answer:
    try:
        return read()
    except NotFound as error:
        raise click.ClickException(otherwise) from error


@contextmanager
def _plain_words() -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise click.ClickException("The account is not one of those the provider is for.") from error
    except (Refused, ProviderError) as error:
        raise click.ClickException(str(error)) from error
    except SealBroken as error:
        raise click.ClickException("Its secret was sealed under another SECRET_KEY: give it anew") from error
