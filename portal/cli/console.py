"""connectica-portal: every command, under the settings of the machine and as the service's user, never as root."""

import os
import pwd
import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate.cli import db as migrations
from sqlalchemy.exc import DBAPIError

from portal import cli, config, create_app, logs
from portal.cli import settings_file
from portal.cli.installation import install
from portal.errors import Misconfigured

NEEDS_NO_SETTINGS = ("demo", "install")  # the demo brings its own, and installing writes them
USER = "portal"


def main(words: list[str] | None = None) -> None:
    """Run one command; what is wrong with settings or rights is one plain line and exit status 1."""
    try:
        commands()(words, obj=ScriptInfo(create_app=_app, set_debug_flag=False), prog_name="connectica-portal")
    except Misconfigured as error:
        sys.exit(f"connectica-portal: {error}")
    except DBAPIError as error:  # of migrations, which are not ours
        sys.exit(f"connectica-portal: the database refused: {str(error.orig).strip().splitlines()[0]}")


def commands() -> click.Group:
    """Every command there is, found without opening a database or making a folder."""
    group = click.Group("connectica-portal", callback=_prepare, params=[_settings()], help=_HELP)
    for command in (*cli.allowed(), migrations, install):
        group.add_command(command)
    return group


_HELP = "The Connectica portal: serve it, look after it. Settings are read from /etc/connectica-portal.env."


def _settings() -> click.Option:
    return click.Option(
        ["--settings", "path"], type=click.Path(path_type=Path), help="Another settings file than the usual one."
    )


@click.pass_context
def _prepare(context: click.Context, path: Path | None) -> None:
    asks_for_help = set(sys.argv[1:]) & set(context.help_option_names)
    if context.invoked_subcommand in NEEDS_NO_SETTINGS or asks_for_help:
        return
    _read_settings(path)
    if wrong := config.unknown(os.environ):
        raise Misconfigured("\n".join(wrong))
    _leave_root(Path(config.load()["INSTANCE"]))


def _read_settings(path: Path | None) -> None:
    """The file that was named, else the usual one; without any, the environment has to say which portal is meant."""
    if path or os.access(settings_file.USUAL, os.R_OK):
        settings_file.read(path or settings_file.USUAL, os.environ)
    elif "PORTAL_INSTANCE" not in os.environ:
        why = "cannot be read by you" if settings_file.USUAL.exists() else "is not there"
        raise Misconfigured(
            f"{settings_file.USUAL} {why}, so nobody knows which portal is meant. Use sudo or --settings FILE; "
            "`make install` writes one, `make demo` needs none"
        )


def _leave_root(instance: Path) -> None:
    """Go on as the owner of the instance folder. Raises Misconfigured where root would leave files of its own."""
    if os.geteuid() != 0:
        return
    owner = _owner(instance)
    if owner is None:
        raise Misconfigured(
            f"root would make files in {instance} that the services cannot read. Say whose it is:  "
            f"install -d -o {USER} -m 700 {instance}"
        )
    os.initgroups(owner.pw_name, owner.pw_gid)
    os.setgid(owner.pw_gid)
    os.setuid(owner.pw_uid)
    os.environ |= {"HOME": owner.pw_dir, "USER": owner.pw_name, "LOGNAME": owner.pw_name}
    os.umask(0o077)


def _owner(instance: Path) -> pwd.struct_passwd | None:
    """Who the services run as; None for root and for nobody."""
    try:
        number = instance.stat().st_uid
        return pwd.getpwuid(number) if number else None
    except (OSError, KeyError):
        return None


def _app() -> Flask:
    app = create_app()
    logs.configure(app.config["LOG_LEVEL"], app.config["LOG_FORMAT"])
    return app
