"""Groups of commands that speak plainly when the database or the settings are not what they should be."""

from collections.abc import Mapping
from typing import Any

import click
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError

from portal import config, schema
from portal.errors import Misconfigured


def say_doubts(values: Mapping[str, Any]) -> None:
    """What a service's settings probably do not mean, on standard error when it starts."""
    for words in config.doubts(values):
        click.echo(f"warning: {words}", err=True)


class Commands(AppGroup):
    """Commands that need the database: one that is not of this release is said, with the command that mends it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DBAPIError as error:
            raise click.ClickException(_why(ctx, error)) from error
        except Misconfigured as error:
            raise click.ClickException(str(error)) from error


def _why(ctx: click.Context, error: DBAPIError) -> str:
    """The database is of another release, else its own words; under a context of its own, the command's has ended."""
    with ctx.ensure_object(ScriptInfo).load_app().app_context():
        try:
            schema.check()
        except Misconfigured as reason:
            return str(reason)
    return f"the database refused: {str(error.orig).strip().splitlines()[0]}"
