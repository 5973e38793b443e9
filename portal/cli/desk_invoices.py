"""flask desk documents and supplier: what the accounts issued; and what an invoicing says of itself."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal.desk.database import Store
from portal.desk.ticketing import documents
from portal.desk.ticketing.invoicing import BilledEntry, InvoiceReport
from portal.errors import PortalError

Opening = Callable[[dict[str, Any]], Store]


def say(report: InvoiceReport) -> None:
    """What an invoicing did, or would do."""
    for line in report.lines:
        click.echo(_line(line))
    if report.differences:
        click.echo("corrections of what was invoiced before:")
    for line in report.differences:
        click.echo(_line(line))
    if report.disputed:
        fate = "left out; --also-disputed takes them in" if report.leaves_disputed else "taken in all the same"
        click.echo(f"in dispute, {fate}:")
    for one in report.disputed:
        what = f"{one.category:<12} {one.hours:>8} h"
        click.echo(f"{one.company or '(no company)':<36} {what}  {one.ticket}  {one.why}")
    click.echo(f"{report.entries} entries, {report.hours} h; {len(report.done)} tickets done")
    for document in report.documents:
        click.echo(f"document {document.id}: {document.company or '(no company)'}, {document.called}")


def documents_group(open_store: Opening) -> AppGroup:
    """The commands, on the store that the settings name."""
    cli = AppGroup("documents", help="Invoices as the accounts issued them.")

    @cli.command("list")
    def list_command() -> None:
        """All documents, oldest first."""
        with open_store(current_app.config).read() as db:
            for one in documents.every(db):
                click.echo(f"{one.id:>6}  {one.company or '(no company)':<36} {one.called:<24} {one.number}")

    @cli.command("tell")
    @click.argument("document", type=int)
    @click.option("--number", help="What the accounts call it.")
    @click.option("--issued", "issued_on", type=click.DateTime(["%Y-%m-%d"]))
    @click.option("--taxable", "taxable_on", type=click.DateTime(["%Y-%m-%d"]), help="DUZP.")
    @click.option("--due", "due_on", type=click.DateTime(["%Y-%m-%d"]))
    @click.option("--total", help="With VAT, as it stands on the document.")
    @click.option("--currency")
    @click.option("--link", help="Where the document can be read.")
    def tell_command(document: int, **said: Any) -> None:
        """What stands on DOCUMENT (a number of the list); the portal compares it with its own."""
        told = {name: _written(name, value) for name, value in said.items() if value is not None}
        with open_store(current_app.config).write() as db:
            try:
                one = documents.tell(db, document, told)
            except PortalError as error:
                raise click.ClickException(str(error)) from error
            click.echo(f"{one.id:>6}  {one.company}  {one.called}  {one.number}")

    return cli


def supplier_command(open_store: Opening) -> click.Command:
    """The command, on the store that the settings name."""

    @click.command("supplier")
    @click.argument("name")
    @click.option("--ico", default="")
    @click.option("--dic", default="")
    @click.option("--address", default="")
    @with_appcontext
    def command(name: str, ico: str, dic: str, address: str) -> None:
        """Say who issues the invoices."""
        with open_store(current_app.config).write() as db:
            documents.set_supplier(db, name=name, ico=ico, dic=dic, address=address)

    return command


def _written(name: str, value: Any) -> str:
    if name != "total":
        return value if isinstance(value, str) else value.date().isoformat()
    try:
        return f"{Decimal(value.replace(' ', '').replace(',', '.')):.2f}"
    except InvalidOperation as error:
        raise click.ClickException(f"{value!r} is no amount") from error


def _line(line: BilledEntry) -> str:
    amount = "no price!" if line.amount is None else f"{line.amount:,.2f} {line.currency}".replace(",", " ")
    return f"{line.company or '(no company)':<36} {line.category:<12} {line.hours:>8} h  {amount:>18}"
