"""connectica-portal core gateway: Core API v1 over a store of yours, until SIGTERM or Ctrl-C."""

import logging
import signal
import threading
from pathlib import Path
from types import FrameType

import click
import waitress
from flask import current_app
from flask.cli import with_appcontext

from portal import config
from portal.cores.gateway import source
from portal.cores.gateway.app import Gateway
from portal.cores.gateway.follow import Follower
from portal.cores.gateway.ledger import Ledger
from portal.errors import PortalError

LISTENS = "127.0.0.1:8001"

log = logging.getLogger(__name__)


@click.command("gateway")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--http", default=LISTENS, show_default=True, help="Where Core API v1 answers.")
@click.option("--every", default=15.0, show_default=True, help="Seconds between two looks into the store.")
@click.option(
    "--restored", is_flag=True, help="The store or the ledger was put back from a backup: refuse old cursors."
)
@with_appcontext
def gateway(file: Path, *, http: str, every: float, restored: bool) -> None:
    """Serve Core API v1 over the five functions in FILE; see docs/core.md."""
    values = current_app.config
    try:
        store, token = source.load(file), config.secret(values, "CORE_TOKEN")
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    ledger = Ledger(values["INSTANCE"] / "gateway.db")
    if restored:
        ledger.rename()
    follower = Follower(store, ledger)
    try:
        server = waitress.create_server(Gateway(store, ledger, follower, token), listen=http, ident=None)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot listen at {http}: {error}") from error
    ending = threading.Event()
    looking = threading.Thread(target=_look, args=(follower, ending, every), name="gateway-follow")
    signal.signal(signal.SIGTERM, _end)
    looking.start()
    click.echo(f"Core API v1 at http://{http}/core/v1")
    try:
        server.run()  # returns when a signal raises SystemExit in it
    finally:
        ending.set()
        looking.join()
        server.close()
        ledger.close()
    click.echo("ended")


def _look(follower: Follower, ending: threading.Event, every: float) -> None:
    """Again and again; a store that fails is said and asked again."""
    while not ending.is_set():
        try:
            follower.look()
        except Exception:  # of the store, whatever it is
            log.exception("the store could not be looked at")
        ending.wait(every)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
