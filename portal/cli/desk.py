"""connectica-portal desk: the embedded core served, looked after, and its month closed."""

import re
import ssl
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import clock, config
from portal.cli import desk_entries, desk_invoices
from portal.cli.command_group import Commands, say_doubts
from portal.desk import database
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.inbound.imap_poller import ImapMailbox
from portal.desk.outbound import outbox
from portal.desk.outbound.outbox import Carrier, OutboxFolder, OutboxServer
from portal.desk.server import DeskBroken, Doors, HostPort, serve
from portal.desk.settings import House
from portal.desk.ticketing import directory, erasure, invoicing, prices, tickets
from portal.errors import Misconfigured, PortalError
from portal.lib import worker_process

cli = Commands("desk", help="The embedded core: a mailbox turned into tickets.")


def open_store(values: dict[str, Any]) -> Store:
    """The desk's store as the settings say."""
    house = House(
        address=values["NOC_ADDRESS"],
        trusted_authserv=values["DESK_TRUSTED_AUTHSERV"],
        dispatch=values["DESK_DISPATCH"],
        technicians_page=values["DESK_TECHNICIANS_PAGE"].strip(),
        largest_mail=values["DESK_LARGEST_MB"] * 1024 * 1024,
        keep_raw_days=values["DESK_KEEP_RAW_DAYS"],
    )
    return Store(folder(values) / "desk.db", house, worker=worker_process.shared())


def folder(values: dict[str, Any]) -> Path:
    """Where the desk keeps its database and, without a mail server, the letters it wrote."""
    given = Path(values["DESK_FOLDER"])
    return given if given.is_absolute() else values["INSTANCE"] / given


@cli.command("restored")
def restored_command() -> None:
    """After desk.db was put back from a copy of your own (`restore` does it itself): all of it is read anew."""
    store = _store()
    database.rename(store.path)
    click.echo("cursors given before are refused from now on; the portal reads everything anew at its next look")


@cli.command("serve")
def serve_command() -> None:
    """Mail in, mail out and the Core API, until Ctrl-C."""
    values = current_app.config
    say_doubts(values)
    try:
        serve(_store(), _doors(values), _say_ready)
    except DeskBroken as error:
        raise click.ClickException(f"{error}; start it again, as its unit does") from error
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error}; see PORTAL_DESK_HTTP and PORTAL_DESK_SMTP") from error


@cli.group(invoke_without_command=True)
@click.option("--ignored", is_flag=True, help="Also automatic mail that made no ticket.")
@click.pass_context
@with_appcontext
def aside(context: click.Context, ignored: bool) -> None:
    """Mail that made no ticket, and letters that do not leave."""
    if context.invoked_subcommand is None:
        _list_aside(_store(), ("aside", "ignored") if ignored else ("aside",))


@aside.command("show")
@click.argument("mail", type=int)
def show_command(mail: int) -> None:
    """The raw form of a mail."""
    with _plain_words():
        sys.stdout.buffer.write(intake.raw_mail(_store(), mail))


@aside.command("take")
@click.argument("mail", type=int)
@click.option("--trust", is_flag=True, help="You vouch that it is from whom it says.")
def take_command(mail: int, trust: bool) -> None:
    """Try a mail again."""
    store = _store()
    with _plain_words():
        received = intake.take_again(store, mail, trusted=trust)
        if received.outcome == "waiting":  # it killed its reader once: once more, and it is set aside again
            received = intake.settle(store, mail)
    click.echo(f"{received.outcome} {received.ticket} {received.reason}".strip())


@aside.command("drop")
@click.argument("mail", type=int)
def drop_command(mail: int) -> None:
    """Forget a mail."""
    with _plain_words():
        intake.drop(_store(), mail)
    click.echo(f"mail {mail} is forgotten")


@aside.command("send")
@click.argument("letter", type=int)
def send_command(letter: int) -> None:
    """Try again to send a letter that was given up."""
    with _plain_words():
        outbox.try_again(_store(), letter)
    click.echo(f"letter {letter} is tried again within seconds")


@cli.command("prices")
@click.option("--add", nargs=3, metavar="CATEGORY RATE FROM", help="For example --add PROGP85 1250.00 2026-01-01.")
@click.option("--name", default="", help="With --add: what the category is called.")
@click.option("--company", default="", help="With --add: for this company only.")
@click.option("--currency", default="CZK", show_default=True, help="With --add.")
def prices_command(add: tuple[str, str, str] | None, name: str, company: str, currency: str) -> None:
    """The price list, or one more price."""
    _only_with_add(add, name=name, company=company)
    store = _store()
    with _plain_words():
        if add:
            category, rate, valid_from = add
            prices.add_price(store, category, name or category, rate, _day(valid_from), company, currency)
            click.echo(
                f"{category.upper()} costs {rate} {currency} from {valid_from} for {company or 'everybody'}.\n"
            )
    with store.read() as db:
        for row in prices.price_list(db):
            price = f"{row['category']:<12} {row['rate']:>10} {row['currency']}"
            click.echo(f"{price}  {row['valid_from']}  {row['company']:<20} {row['name']}")


@cli.command("companies")
@click.option("--add", nargs=2, metavar="ID NAME", help="Know a company, or change it.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    help="With --add: one more mail domain, with all below it; =firma.cz is that one alone. Repeat for more.",
)
@click.option("--drop-domain", "dropped", multiple=True, help="With --add: a domain that is not its own any more.")
@click.option("--language", type=click.Choice(["cs", "en"]), help="With --add: of letters to it; cs at first.")
@click.option("--ico", help="With --add: its number (IČO).")
@click.option("--dic", help="With --add: its tax number (DIČ).")
def companies_command(
    *,
    add: tuple[str, str] | None,
    domains: tuple[str, ...],
    dropped: tuple[str, ...],
    language: str | None,
    ico: str | None,
    dic: str | None,
) -> None:
    """Client companies and their mail domains, or one more. What is not named stays as it is."""
    _only_with_add(add, domain=domains, drop_domain=dropped, language=language, ico=ico, dic=dic)
    store = _store()
    with _plain_words():
        if add:
            directory.change_company(store, *add, add=domains, drop=dropped, language=language or "")
            directory.set_numbers(store, add[0], ico=ico, dic=dic)
            click.echo(f"{add[0]} is known as {add[1]}.\n")
    with store.read() as db:
        for row in directory.companies(db):
            click.echo(f"{row['core_id']:<20} {row['language']}  {row['name']}  ({', '.join(row['domains'])})")


@cli.command("technicians")
@click.option("--add", nargs=3, metavar="LOGIN NAME EMAIL", help="Know a technician, or change one.")
@click.option("--remove", metavar="LOGIN", help="Nobody writes as them any more; what they did keeps their name.")
def technicians_command(add: tuple[str, str, str] | None, remove: str | None) -> None:
    """Technicians, one more, or one less."""
    if add and remove:
        raise click.UsageError("--add or --remove, one at a time")
    store = _store()
    with _plain_words():
        if add:
            directory.add_technician(store, *add)
            click.echo(f"{add[0].lower()} is a technician.\n")
        if remove:
            directory.remove_technician(store, remove.strip().lower())
            click.echo(f"{remove.strip().lower()} is no technician any more.\n")
    with store.read() as db:
        for person in directory.technicians(db):
            click.echo(f"{person.login:<24} {person.name}  <{person.email}>")


@cli.command("invoice")
@click.argument("month", metavar="YYYY-MM")
@click.option("--for-real", is_flag=True, help="Without it only what would happen is said.")
@click.option("--also-disputed", is_flag=True, help="Also time that a manager questions or has not agreed to.")
def invoice_command(month: str, for_real: bool, also_disputed: bool) -> None:
    """Invoice a month: what was worked up to its end becomes invoiced, its tickets done.

    A company whose invoice of the month is made already gets a supplement. Time in dispute is listed apart and waits.
    """
    day = _month(month)
    store = _store()
    if for_real and (day.year, day.month) >= (clock.today().year, clock.today().month):
        raise click.ClickException(f"{day:%Y-%m} has not ended yet; without --for-real it says what would happen")
    report = invoicing.invoice(store, day, dry_run=not for_real, also_disputed=also_disputed)
    desk_invoices.say(report)
    if report.kept:
        click.echo(f"still waiting, with later time or in dispute: {', '.join(report.kept)}")
    if report.dry_run:
        click.echo("This was a dry run; nothing changed. Add --for-real to invoice.")


cli.add_command(desk_entries.group(open_store))
cli.add_command(desk_invoices.documents_group(open_store))
cli.add_command(desk_invoices.supplier_command(open_store))
cli.add_command(desk_invoices.agreements_command(open_store))


@cli.command("token")
def token_command() -> None:
    """The tokens: for the Core API, and for technicians' mail programs."""
    click.echo(f"Core API           {config.secret(current_app.config, 'CORE_TOKEN')}")
    click.echo(f"mail submission    {config.secret(current_app.config, 'DESK_SUBMISSION_TOKEN')}")


@cli.command("remove")
@click.argument("number")
@click.option("--into", default="", metavar="NUMBER", help="Merge it into this ticket instead.")
def remove_command(number: str, into: str) -> None:
    """Take a ticket away, or merge it into another one."""
    with _plain_words():
        tickets.remove(_store(), number, merged_into=into)
    click.echo(f"{number} is merged into {into}" if into else f"{number} is taken away")


@cli.command("forget")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do it. Without this, only what would be done is said.")
def forget_command(*, email: str, yes: bool) -> None:
    """Remove the personal data of whoever writes from EMAIL. States and time stay. There is no way back."""
    store = _store()
    with _plain_words():
        sought = erasure.seek(store, email)
        if not yes:
            click.echo(f"{', '.join(sought.names) or email} wrote in {len(sought.tickets)} tickets.")
            click.echo("Their messages would lose words and files, all other texts their name and address.")
            return
        for what, rows in sorted(erasure.forget(store, sought).items()):
            if rows:
                click.echo(f"{what}: {rows}")
    click.echo(f"Forgotten. The portal forgets by:  connectica-portal people forget {email} --yes")


@cli.command("move")
@click.argument("number")
@click.argument("company")
def move_command(number: str, company: str) -> None:
    """Give a ticket, for example a stranger's, to a company."""
    with _plain_words():
        tickets.move(_store(), number, company)
    click.echo(f"{number} belongs to {company} now")


def _store() -> Store:
    return open_store(current_app.config)


def _doors(values: dict[str, Any]) -> Doors:
    return Doors(
        http=_address("DESK_HTTP", values),
        smtp=_address("DESK_SMTP", values),
        carrier=_carrier(values),
        token=config.secret(values, "CORE_TOKEN"),
        submission_token=config.secret(values, "DESK_SUBMISSION_TOKEN"),
        trust_local=values["DESK_TRUST_LOCAL"],
        tls=_tls(values),
        imap=ImapMailbox.parse(values["DESK_IMAP_URL"]) if values["DESK_IMAP_URL"] else None,
        imap_seconds=values["DESK_IMAP_SECONDS"],
        poke=values["DESK_POKE_URL"],
        poke_secret=config.secret(values, "CORE_HOOK_SECRET"),
    )


def _address(name: str, values: dict[str, Any]) -> HostPort:
    host, _, port = values[name].rpartition(":")
    if not (host and port.isdigit() and int(port) < 65536):
        raise Misconfigured(f"PORTAL_{name}={values[name]!r}: write host:port")
    return HostPort(host.strip("[]"), int(port))


def _carrier(values: dict[str, Any]) -> Carrier:
    if values["DESK_MAIL_OUT"]:
        return OutboxServer(values["DESK_MAIL_OUT"], sender=values["NOC_ADDRESS"])
    return OutboxFolder(folder(values) / "outbox")


def _tls(values: dict[str, Any]) -> ssl.SSLContext | None:
    if not values["DESK_SMTP_CERTIFICATE"]:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(values["DESK_SMTP_CERTIFICATE"])
    except OSError as error:
        raise Misconfigured(f"PORTAL_DESK_SMTP_CERTIFICATE: {error}") from error
    return context


def _say_ready(http: HostPort, smtp: HostPort) -> None:
    click.echo(f"desk: mail in (SMTP) {smtp} · Core API http://{http}/core/v1")
    sys.stdout.flush()


def _list_aside(store: Store, outcomes: tuple[str, ...]) -> None:
    mails = intake.kept_mails(store, *outcomes)
    letters = outbox.in_trouble(store)
    for mail in mails:
        click.echo(f"mail {mail.id}  {mail.received_at[:16]}  {mail.outcome}  {mail.sender}  {mail.subject!r}")
        click.echo(f"    {mail.reason}")
    for letter in letters:
        fate = "given up" if letter.given_up_at else f"tried {letter.tries} times"
        click.echo(f"letter {letter.id}  {letter.queued_at:%Y-%m-%d %H:%M}  {fate}  {' '.join(letter.recipients)}")
        click.echo(f"    {letter.subject!r}: {letter.trouble}")
    if not mails and not letters:
        click.echo("Nothing is aside.")


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise click.ClickException(f"{written!r} is not a day; write for example 2026-01-01") from error


def _month(written: str) -> date:
    """The first day of YYYY-MM; other ways of writing a month are answered with the right one."""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", written):
        return date.fromisoformat(f"{written}-01")
    parts = [int(part) for part in re.findall(r"\d+", written)]
    year, month = max(parts, default=0), min(parts, default=0)
    meant = f"{year:04}-{month:02}" if len(parts) == 2 and 1 <= month <= 12 and 2000 <= year <= 9999 else "2026-10"
    raise click.ClickException(f"{written!r} is not a month; write {meant}")


def _only_with_add(add: object, **given: object) -> None:
    """What would be left out in silence is refused."""
    if not add and (named := [f"--{name.replace('_', '-')}" for name, value in given.items() if value]):
        raise click.UsageError(f"{', '.join(named)} goes with --add")


class _plain_words:  # noqa: N801 - reads as a statement
    """Our errors are shown as one line, not as a trace."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PortalError):
            raise click.ClickException(str(error)) from error
