"""flask desk entries: time entries listed and put right by dispatch, each time with a reason."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from portal.desk.database import Store
from portal.desk.ticketing import corrections, entries, tickets
from portal.desk.ticketing.entries import DeskEntry, Why
from portal.desk.ticketing.tickets import DeskTicket
from portal.errors import PortalError, Refused


def group(open_store: Callable[[dict[str, Any]], Store]) -> AppGroup:
    """The commands, on the store that the settings name."""
    cli = AppGroup("entries", help="Time entries: listed, and put right with a reason.")
    because = click.option("--reason", required=True, help="Why; the company reads it beside old and new.")
    by = click.option("--by", default="Connectica", show_default=True, help="Who corrects it.")

    @cli.command("list")
    @click.argument("number")
    def list_command(number: str) -> None:
        """The time entries of ticket NUMBER, and how they were corrected."""
        with _plain_words(), open_store(current_app.config).read() as db:
            ticket = tickets.by_number(db, number)
            for entry in entries.of_ticket(db, ticket):
                click.echo(f"{entry.id:>6}  {entry}{_invoiced(entry)}")
            for line in corrections.told(db, ticket):
                click.echo(f"        {line}")

    @cli.command("correct")
    @click.argument("entry", type=int)
    @click.option("--hours", help="For example 1,00.")
    @click.option("--category", default="", help="A category of the price list.")
    @click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="When it was worked.")
    @because
    @by
    def correct_command(  # noqa: PLR0917 - options are passed by name
        entry: int, hours: str | None, category: str, day: datetime | None, reason: str, by: str
    ) -> None:
        """Other hours, category or day for ENTRY (a number of the list)."""
        with _plain_words(), open_store(current_app.config).write() as db:
            old = entries.by_id(db, entry)
            new = entries.correct(db, old, Why(by, reason), category=category, hours=_hours(hours), day=_day(day))
            _say(old, new)

    @cli.command("remove")
    @click.argument("entry", type=int)
    @because
    @by
    def remove_command(entry: int, reason: str, by: str) -> None:
        """Take ENTRY away; what was invoiced of it is a credit of the next run."""
        with _plain_words(), open_store(current_app.config).write() as db:
            old = entries.by_id(db, entry)
            entries.remove(db, old, Why(by, reason))
            click.echo(f"{old} is removed{_invoiced(old)}")

    @cli.command("move")
    @click.argument("entry", type=int)
    @click.argument("target")
    @because
    @by
    def move_command(entry: int, target: str, reason: str, by: str) -> None:
        """Put ENTRY under another category or ticket: TARGET."""
        with _plain_words(), open_store(current_app.config).write() as db:
            old = entries.by_id(db, entry)
            category, ticket = corrections.target(db, target)
            why = Why(by, reason)
            new = entries.move(db, old, ticket, why) if ticket else entries.correct(db, old, why, category=category)
            _say(old, new, ticket)

    @cli.command("split")
    @click.argument("entry", type=int)
    @click.argument("hours")
    @click.argument("target", default="")
    @because
    @by
    def split_command(entry: int, hours: str, target: str, reason: str, by: str) -> None:
        """Take HOURS off ENTRY into one of their own, under TARGET (a category or a ticket) where it is given."""
        with _plain_words(), open_store(current_app.config).write() as db:
            old, apart = entries.by_id(db, entry), _hours(hours)
            category, ticket = corrections.target(db, target) if target else ("", None)
            assert apart is not None
            made = entries.split(db, old, apart, Why(by, reason), category=category, target=ticket)
            _say(old, entries.by_id(db, old.id))
            click.echo(f"{made.id:>6}  {made} is new")

    return cli


def _say(old: DeskEntry, new: DeskEntry, ticket: DeskTicket | None = None) -> None:
    where = f" on {ticket.number}" if ticket else ""
    click.echo(f"{old.id:>6}  {old} → {new}{where}{_invoiced(old)}")


def _invoiced(entry: DeskEntry) -> str:
    return f"  [invoiced for {entry.invoiced_on:%Y-%m}]" if entry.invoiced_on else ""


def _hours(written: str | None) -> Decimal | None:
    try:
        return None if written is None else Decimal(written.replace(",", "."))
    except InvalidOperation as error:
        raise Refused(f"{written!r} is no number of hours") from error


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


@contextmanager
def _plain_words() -> Iterator[None]:
    """Our errors are shown as one line, not as a trace."""
    try:
        yield
    except PortalError as error:
        raise click.ClickException(str(error)) from error
