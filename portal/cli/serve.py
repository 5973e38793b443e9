"""connectica-portal serve: the portal behind a reverse proxy; it does not start where that would be unsafe."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import config, schema
from portal.cli.command_group import say_doubts
from portal.db import db
from portal.errors import Misconfigured
from portal.web.views.machines.metrics import SHARED

BACKLOG = 1024  # connections the kernel keeps for us
AT_ONCE = 64  # requests a worker takes on; more wait in the backlog


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the reverse proxy finds us.")
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=2, show_default=True, help="Requests one process answers at the same time.")
@with_appcontext
def serve(*, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the pages until SIGTERM; requests under way are answered first."""
    faults = list(_faults())
    if faults:
        raise click.ClickException(
            "the portal does not start like this:\n" + "\n".join(f"  - {one}" for one in faults)
        )
    say_doubts(current_app.config)
    db.engine.dispose()
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        str(threads),
        "--backlog",
        str(BACKLOG),
        "--backpressure",
        str(AT_ONCE),
        "--no-ws",
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "30",
        str(config.ROOT / "app.py") + ":app",
    ]
    os.environ[SHARED] = str(_fresh_folder())
    os.execv(sys.executable, command)  # noqa: S606 - a command of our own; signals then reach the server itself


def _faults():
    """What makes serving unsafe, one plain line each, with what to set."""
    values = current_app.config
    if current_app.debug:
        yield "debug is on and would show our code to everybody: unset FLASK_DEBUG"
    if "PORTAL_BASE_URL" not in os.environ:
        yield "PORTAL_BASE_URL is not set: links in letters begin with it, e.g. https://portal.example"
    if not os.access(values["INSTANCE"], os.W_OK):
        yield f"{values['INSTANCE']} cannot be written to: set PORTAL_INSTANCE, or give the folder to this user"
    try:
        schema.check()
    except Misconfigured as error:
        yield str(error)


def _fresh_folder() -> Path:
    """Where the workers put their figures together, emptied of the run before."""
    folder = Path(tempfile.gettempdir()) / f"portal-metrics-{os.getuid()}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder
