"""flask desk documents and supplier: what the accounts issued; and what an invoicing says of itself."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal.desk.database import Store
from portal.desk.ticketing import agreements, documents
from portal.desk.ticketing.agreements import DeskAgreement
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


def agreements_command(open_store: Opening) -> click.Command:
    """The command, on the store that the settings name."""

    @click.command("agreements")
    @click.option("--add", nargs=3, metavar="COMPANY AMOUNT FROM", help="For example --add vltava 20 2026-01-01.")
    @click.option("--unit", type=click.Choice(agreements.UNITS), default="hours", show_default=True)
    @click.option("--every", type=click.Choice(agreements.EVERY), default="month", show_default=True)
    @click.option("--carries", default="0", show_default=True, help="At most so much of what is left, or: all.")
    @click.option("--rate-inside", default="", help="Per hour; without it the price list's.")
    @click.option("--rate-over", default="", help="Per hour above it; without it the price list's.")
    @with_appcontext
    def command(add: tuple[str, str, str] | None, **said: str) -> None:
        """What companies prepaid, or one more agreement; --add with an amount of 0 ends it from that month on."""
        store = open_store(current_app.config)
        if add:
            company, amount, since = add
            try:
                day = date.fromisoformat(since)
                agreements.set_agreement(store, DeskAgreement(company, day, amount, **said))
            except (PortalError, ValueError) as error:
                raise click.ClickException(str(error)) from error
        with store.read() as db:
            for whose, rows in agreements.every(db).items():
                for row in rows:
                    click.echo(f"{whose:<20} {_agreed(row)}")

    return command


def _agreed(row: dict[str, Any]) -> str:
    rates = f"inside {row['rate_inside'] or 'by the prices'}, over {row['rate_over'] or 'by the prices'}"
    carries = "all" if row["carries"] is None else row["carries"]
    return f"{row['valid_from']}  {row['amount']} {row['unit']} a {row['every']}, carries {carries}, {rates}"


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
