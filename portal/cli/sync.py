"""connectica-portal sync: keep the mirror true, once or for ever; say how it is; count again."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import func, select

from portal import config
from portal.cli import mail
from portal.cli.command_group import Commands
from portal.clock import prague
from portal.cores import registry
from portal.cores.protocol import Core
from portal.db import db
from portal.domain import sync_state
from portal.domain.accounts import email_changes, invitations, password_resets
from portal.domain.approvals import deadlines
from portal.domain.audit import events as audit
from portal.domain.billing import budgets
from portal.domain.billing.agreements import meter
from portal.domain.notifications import preferences
from portal.domain.privacy import retention
from portal.domain.questions import workflow
from portal.domain.rules import checks
from portal.domain.sync_state import SYNC
from portal.domain.tickets.models import Ticket
from portal.errors import PortalError
from portal.lib import worker_process
from portal.mailer import monthly_summary, worker
from portal.sync import attachment_fetch, lease, note_delivery, quarantine, verify
from portal.sync.engine import RunSummary, Sync
from portal.sync.lease import Lead
from portal.sync.service import ERRANDS, FILES, NOTES, Errand, follow, run_errands
from portal.sync.throttle import Courtesy

EVERY = 2.0  # seconds between two lines of progress
GIVES_WAY = 10  # steps of niceness: somebody waits for a page, nobody for the mirror

cli = Commands("sync", help="Keep the mirror of the core true.")


@cli.command()
@click.option("--forever", is_flag=True, help="Follow the core as a service, until SIGTERM or Ctrl-C.")
@click.option(
    "--full", is_flag=True, help="Read everything, and withdraw what the core tells no more; asks a running service."
)
def run(forever: bool, full: bool) -> None:
    """Read what changed in the core, tell it what it has to know, and bring files."""
    stop = _on_signals()
    _give_way()
    if full or not forever:
        _once(_core(), stop, full=full)
    if forever and not stop.is_set():
        _forever(stop)


@cli.command()
def status() -> None:
    """How old the mirror is, and what waits."""
    age = sync_state.age()
    click.echo(f"core read to its end: {_when(age.reached_at)}")
    click.echo(f"read whole:           {_when(sync_state.whole_at())}")
    click.echo(f"last tried:           {_when(age.tried_at)}")
    click.echo(f"trouble:              {age.trouble or 'none'}")
    live = select(func.count()).select_from(Ticket).where(Ticket.withdrawn_at.is_(None))
    click.echo(f"tickets:              {db.session.scalar(live)}")
    click.echo(f"set aside:            {sync_state.set_aside_count()}")
    click.echo(f"notes to tell:        {sync_state.untold_count()}")
    click.echo(f"files to bring:       {attachment_fetch.waiting_count()}")
    for row in sync_state.set_aside(limit=20):
        click.echo(f"  {row.core_id}: {row.reason} ({row.tries}×, since {_when(row.first_at)})")


@cli.command("take")
@click.argument("core_id", required=False)
def take_command(core_id: str | None) -> None:
    """Try again what was set aside because its cleaner died of it: one record, or all."""
    click.echo(f"{quarantine.take_again(core_id)} records are tried again by the running sync, or the next one")


@cli.command("verify")
@click.option("--mend", is_flag=True, help="Write the counters and sums anew.")
def verify_command(mend: bool) -> None:
    """Count again what the mirror keeps beside its rows; exit with 1 when anything is wrong."""
    faults = verify.faults()
    for fault in faults:
        click.echo(fault)
    if faults and mend:
        verify.mend()
        click.echo(f"{len(faults)} mended")
    elif faults:
        sys.exit(1)
    else:
        click.echo("counters, sums and texts agree with the rows")


def _once(core: Core, stop: threading.Event, *, full: bool) -> None:
    """One run to the end, with all that belongs to it. Ends the command with plain words when the core fails."""
    lead = _wait_to_lead(stop, asks=full)
    if lead is None:
        return
    try:
        with lease.kept(lead):
            summary = _sync(core, stop).run(lead, full=full)
            told = note_delivery.deliver(core, stopping=stop.is_set)
            files = _bring_files(core, stop)
    except PortalError as error:
        raise click.ClickException(str(error)) from error
    finally:
        lease.give_back(lead)
    click.echo(f"{_words(summary)}; notes told: {told}, files brought: {files}")
    for trouble in summary.troubles:
        click.echo(f"  {trouble}", err=True)


def _sync(core: Core, stop: threading.Event) -> Sync:
    return Sync(core, report=_Progress(), stopping=stop.is_set, worker=worker_process.shared())


def _forever(stop: threading.Event) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a thread has no context of its own

    dead: list[str] = []

    def beside(name: str, errands: list[Errand]) -> None:
        try:
            with app.app_context():
                run_errands(name, errands, stopping=stop.is_set)
        finally:
            if not stop.is_set():  # it should not have ended: the process does, and its unit starts it again
                dead.append(name)
                stop.set()

    helpers = [threading.Thread(target=beside, name=name, args=(name, errands)) for name, errands in _errands(stop)]
    for helper in helpers:
        helper.start()
    click.echo(f"following {current_app.config['CORE_URL']}, every {current_app.config['SYNC_SECONDS']} s")
    try:
        sync = _sync(_core(), stop)
        follow(sync, pause=current_app.config["SYNC_SECONDS"], stopping=stop.is_set, told=_say_news)
    finally:
        stop.set()
        for helper in helpers:
            helper.join()
        click.echo("ended")
    if dead:
        raise click.ClickException(f"the thread of {', '.join(dead)} died; start the sync again, as its unit does")


def _errands(stop: threading.Event) -> list[tuple[str, list[Errand]]]:
    """What the service does beside the sync, by its lease; a row here is all a further errand needs."""
    told, files = _core(), _core()  # each with a connection of its own
    return [
        (NOTES, [Errand("notes to the core", 1, lambda: note_delivery.deliver(told, stopping=stop.is_set))]),
        (
            FILES,
            [
                Errand(
                    "files",
                    1,
                    lambda: attachment_fetch.fetch_due(
                        files, _folder(), most_bytes=_most_bytes(), stopping=stop.is_set
                    ),
                ),
                Errand("files left behind", 3600, lambda: attachment_fetch.sweep(_folder())),
            ],
        ),
        (
            ERRANDS,
            [
                Errand("approvals' deadlines", 5, deadlines.run),
                Errand("approval rules", 15, checks.run),
                Errand("questions' answers", 5, workflow.run),
                Errand("daily digests", 60, preferences.send_digests),
                Errand("monthly summaries", 300, monthly_summary.write_due),
                Errand("budget alerts", 60, budgets.alert),
                Errand("agreements", 60, meter.run),
                Errand("new passwords", 2, password_resets.write_due),
                Errand(
                    "letters",
                    5,
                    lambda: worker.deliver(
                        mail.chosen_postman(), sender=current_app.config["NOC_ADDRESS"], stopping=stop.is_set
                    ),
                ),
                Errand("old events of the audit log", 3600, audit.sweep),
                Errand("old tickets", 3600, lambda: retention.empty_old(_folder(), stopping=stop.is_set)),
                Errand("old invitations", 3600, invitations.sweep),
                Errand("old changes of address", 3600, email_changes.sweep),
            ],
        ),
    ]


def _wait_to_lead(stop: threading.Event, *, asks: bool) -> Lead | None:
    """The lead, at the latest when a leader that died is given up. asks: one that lives is asked for a full run."""
    holder, until, said = lease.new_holder(), time.monotonic() + lease.LASTS.total_seconds() + 1, False
    first = lease.expires_at(SYNC)
    while not stop.is_set():
        lead = lease.take(SYNC, holder)
        if lead:
            return lead
        if asks and lease.expires_at(SYNC) > first:  # it was renewed: the leader lives
            sync_state.want_whole()
            click.echo("the running sync reads everything now; `connectica-portal sync status` says when it was done")
            return None
        if time.monotonic() > until:
            raise click.ClickException(
                "another process keeps the mirror: `connectica-portal sync run --forever` is running"
            )
        if not said:
            click.echo("another process leads the sync; waiting for it to end …")
            said = True
        stop.wait(0.5)
    return None


def _bring_files(core: Core, stop: threading.Event) -> int:
    attachment_fetch.sweep(_folder())
    brought = 0
    while not stop.is_set():
        now = attachment_fetch.fetch_due(core, _folder(), most_bytes=_most_bytes(), stopping=stop.is_set)
        if not now:
            break
        brought += now
        _overwrite(f"files brought: {brought}, to go: {attachment_fetch.waiting_count()}")
    return brought


class _Progress:
    """A line now and then while a run is long, and a rest after each page while people are there."""

    def __init__(self) -> None:
        self._said_at = 0.0  # seconds into the run
        self._gives_way = Courtesy()

    def __call__(self, summary: RunSummary) -> None:
        self._gives_way(summary)
        if summary.seconds < self._said_at:  # another run
            self._said_at = 0.0
        if summary.seconds >= self._said_at + EVERY:
            self._said_at = summary.seconds
            _overwrite(f"changes read: {summary.told}, {summary.told / summary.seconds:.0f} a second")


def _overwrite(line: str) -> None:
    """On a terminal the next line takes the place of this one."""
    click.echo(f"\r{line:<70}" if sys.stderr.isatty() else line, nl=not sys.stderr.isatty(), err=True)


def _say_news(summary: RunSummary) -> None:
    if summary.changed or summary.aside or summary.troubles:
        click.echo(_words(summary))


def _words(summary: RunSummary) -> str:
    ended = "" if summary.is_complete else ", stopped before the end"
    return (
        f"changes read: {summary.told}, mirrored: {summary.changed}, withdrawn: {summary.withdrawn}, "
        f"set aside: {summary.aside}, in {summary.seconds:.1f} s{ended}"
    )


def _give_way() -> None:
    """Pages go first wherever the processor is short, even where the kernel weighs sessions before processes."""
    with suppress(OSError):  # forbidden by a sandbox: its unit says the same
        if os.getpriority(os.PRIO_PROCESS, 0) < GIVES_WAY:
            os.setpriority(os.PRIO_PROCESS, 0, GIVES_WAY)
        if os.getsid(0) == os.getpid():  # the session is ours alone
            Path("/proc/self/autogroup").write_text(str(GIVES_WAY))


def _on_signals() -> threading.Event:
    """Set by SIGTERM and Ctrl-C: the run ends after its commit. A second one ends it at once."""
    stop = threading.Event()

    def stopping(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopping)
    return stop


def _core() -> Core:
    values = current_app.config
    try:
        return registry.core(values, token=config.core_token(values))
    except PortalError as error:
        raise click.ClickException(str(error)) from error


def _folder() -> Path:
    return Path(current_app.config["INSTANCE"]) / "attachments"


def _most_bytes() -> int:
    return current_app.config["ATTACHMENT_LARGEST_MB"] * 2**20


def _when(moment: datetime | None) -> str:
    return f"{prague(moment):%Y-%m-%d %H:%M:%S}" if moment else "never"
