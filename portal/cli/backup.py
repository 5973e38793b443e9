"""connectica-portal backup and restore: everything that cannot be made anew, into one file and back."""

from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import backup as archive
from portal.backup import BackupPlace
from portal.cli import desk
from portal.errors import PortalError


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Read an archive made before, and compare it with its manifest.")
@with_appcontext
def backup(file: Path, *, check: bool) -> None:
    """Write databases, files and secrets into one FILE (.tar) while everything runs. Keep it as you keep a key."""
    try:
        manifest = archive.verify(file) if check else archive.make(_place(), file)
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {_words(manifest)}{', whole' if check else ''}")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def restore(file: Path) -> None:
    """Put an archive back into an empty database and instance folder. Stop everything first; start the sync last."""
    try:
        manifest = archive.restore(file, _place())
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{_words(manifest)}: restored. Now:  connectica-portal db upgrade, then start the services")


def _place() -> BackupPlace:
    values = current_app.config
    return BackupPlace(
        database=values["SQLALCHEMY_DATABASE_URI"], instance=Path(values["INSTANCE"]), desk=desk.folder(values)
    )


def _words(manifest: dict[str, Any]) -> str:
    return f"{len(manifest['files'])} files of {manifest['made_at'][:16]} UTC, migration {manifest['schema']}"
