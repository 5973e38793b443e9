"""connectica-portal prices: show the price list, and import one where the core keeps none."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import click
from flask import current_app
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal import config
from portal.cli.command_group import Commands
from portal.cores import registry
from portal.domain.billing import price_import
from portal.domain.billing.price_import import Does
from portal.errors import PortalError

MARKS = {Does.ADDS: "+", Does.NOTHING: "=", Does.WRONG: "!"}

cli = Commands("prices", help="The price list.")


@cli.command("list")
def list_prices() -> None:
    """Every price, with the day it holds from."""
    companies = {number: name for name, number in price_import.companies().items()}
    for row in sorted(price_import.known(), key=lambda row: (row.category, row.company_id or 0, row.valid_from)):
        whose = companies.get(row.company_id or 0, "") if row.company_id else "everybody"
        click.echo(f"{row.category:<20} {row.rate:>12} {row.currency}  from {row.valid_from}  {row.name}  ({whose})")


@cli.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--for-real", is_flag=True, help="Write it. Without this nothing is written.")
def import_prices(file: Path, for_real: bool) -> None:
    """Take prices from a .xlsx or .csv FILE: category, name, rate, currency, valid from, company (empty: everybody).

    Says line by line what would change and what is wrong. When a line is wrong, nothing is written.
    """
    if for_real:
        _refuse_if_the_core_keeps_prices()
    lines = price_import.of_today(_table(file))
    for line in lines:
        click.echo(f"{MARKS[line.does]} line {line.number}: {line.words}")
    counts = {does: sum(line.does is does for line in lines) for does in Does}
    click.echo(f"{counts[Does.ADDS]} new, {counts[Does.NOTHING]} known, {counts[Does.WRONG]} wrong")
    if counts[Does.WRONG]:
        raise click.ClickException("nothing was written: mend the lines marked with ! first")
    if for_real:
        click.echo(f"{price_import.perform(lines)} prices written")
    else:
        click.echo("nothing was written; add --for-real to write it")


def _table(file: Path) -> list[list[Any]]:
    if file.suffix.lower() in {".xlsx", ".xlsm"}:
        try:
            sheet = load_workbook(file, read_only=True, data_only=True).worksheets[0]
        except (InvalidFileException, zipfile.BadZipFile, OSError, KeyError, ValueError, IndexError) as error:
            raise click.ClickException(f"{file.name} cannot be read as a workbook: {error}") from error
        return [list(row) for row in sheet.iter_rows(values_only=True)]
    return _csv(file.read_bytes())


def _csv(content: bytes) -> list[list[Any]]:
    """UTF-8, or else what a Czech Excel writes; split at whatever the first line is split at."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1250", "replace")
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _refuse_if_the_core_keeps_prices() -> None:
    """What the core lists would replace the import at the next run of the sync."""
    values = current_app.config
    try:
        core = registry.core(values, token=config.core_token(values))
        keeps = core.price_list() is not None
    except PortalError as error:
        click.echo(f"whether the core keeps prices is not known: {error}", err=True)
        return
    if keeps:
        raise click.ClickException(
            "the core keeps the price list, and the next sync would undo the import; "
            "change it there (connectica-portal desk prices)"
        )
