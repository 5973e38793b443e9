"""flask demo: a whole working system with a made-up year in it, on this machine alone."""

import fcntl
import os
import shutil
import signal
import smtplib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import click
import flask_migrate
import requests
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from portal import clock, config
from portal.db import db
from portal.demo import people as cast
from portal.demo import playback, postgres
from portal.demo.processes import Children, answers, check_all_free
from portal.domain import sync_state
from portal.domain.approvals import decisions
from portal.domain.approvals import requests as approval_requests
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import AtExpiry
from portal.domain.approvals.requests import Asking, default_until
from portal.domain.billing import time_report
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies import models as companies
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.read_models import conversation
from portal.domain.rules import approval_rules
from portal.domain.rules.approval_rules import Terms
from portal.domain.users import models as people
from portal.domain.users import passwords, permissions
from portal.domain.users.actor import Actor
from portal.domain.users.models import Person
from portal.errors import Misconfigured, PortalError, Refused
from portal.lib.smtp import SENT
from portal.web.views.machines.demo import PASSWORD

STAFF = ("dispecink@connectica.example", "Hana Dvořáčková")
_PATIENCE = 90  # seconds for any part to come up; slow machines are slow

cli = AppGroup("demo", help="A working system with a made-up year in it.")


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """Where the demo lives and listens."""

    folder: Path
    portal: str
    desk: str
    smtp: str
    tickets: int
    database: str  # sqlite | postgresql
    database_url: str = ""  # of the PostgreSQL that was started

    @property
    def desk_file(self) -> Path:
        return self.folder / "desk" / "desk.db"

    @property
    def mail_out(self) -> Path:
        return self.folder / "desk" / "outbox"

    @property
    def settings(self) -> dict[str, Any]:
        """The demo's own settings; none of the machine's may reach it, least of all its database."""
        return {
            **{row.name: row.default for row in config.SETTINGS},
            "INSTANCE": self.folder / "portal",
            "BASE_URL": f"http://{self.portal}",
            "DATABASE_URL": self.database_url,
            "DEMO": True,
            "STAFF_SECOND_FACTOR": False,
            "DEMO_SMTP": self.smtp,
            "CORE_URL": f"http://{self.desk}/core/v1",
            "SYNC_SECONDS": 2,
            "DESK_FOLDER": str(self.folder / "desk"),
            "DESK_HTTP": self.desk,
            "DESK_SMTP": self.smtp,
            "DESK_TRUSTED_AUTHSERV": playback.AUTHSERV,
            "DESK_TRUST_LOCAL": True,
            "DESK_POKE_URL": f"http://{self.portal}/hooks/core",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same for child processes."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        ours = {f"PORTAL_{name}": str(value) for name, value in self.settings.items()}
        return others | ours | {"FLASK_APP": str(config.ROOT / "app.py"), "PYTHONUNBUFFERED": "1"}


@cli.command(with_appcontext=False)
def run() -> None:
    """Start the desk, the sync and the portal; make the year first when there is none. Ctrl-C ends all of it."""
    place = _place()
    try:
        with _ended_by_signals(), _plain_words():
            _run(place)
    except KeyboardInterrupt:
        click.echo("\nThe demo has ended; its data is kept. Start again:  make demo")


@cli.command(with_appcontext=False)
def reset() -> None:
    """Forget everything the demo keeps."""
    place = _place()
    with _plain_words(), _alone_in(place):
        shutil.rmtree(place.folder, ignore_errors=True)
    click.echo(f"Forgotten. The next  make demo  begins anew ({place.folder}).")


@cli.command(with_appcontext=False)
@click.option("--from", "sender", default="Petr Novák <petr.novak@strojirny-vltava.example>", help="who writes")
@click.option("--subject", default="Nejde mi otevřít výkres", help="what about; an answer keeps the [tag]")
@click.option(
    "--text", default="Dobrý den,\n\nvýkres se mi neotevře, píše to chybu čtení. Můžete se podívat?\n\nNovák"
)
def mail(sender: str, subject: str, text: str) -> None:
    """Send a mail to the running demo."""
    place = _place()
    letter = EmailMessage(policy=SENT)
    letter["From"], letter["To"], letter["Subject"] = sender, config.load()["NOC_ADDRESS"], subject
    letter["Message-ID"] = make_msgid(domain="demo.example")
    letter.set_content(text)
    host, _, port = place.smtp.rpartition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=20) as server:
            server.send_message(letter)
    except OSError as error:
        raise click.ClickException(f"Nobody takes mail at {place.smtp}: is the demo running? ({error})") from error
    click.echo(f"Sent. It is a ticket on the manager's page within seconds:  http://{place.portal}/tickets")


def _run(place: DemoPlace) -> None:
    started = time.monotonic()
    check_all_free(
        {"PORTAL_DEMO_PORTAL": place.portal, "PORTAL_DEMO_DESK": place.desk, "PORTAL_DEMO_SMTP": place.smtp}
    )
    (place.folder / "portal").mkdir(parents=True, exist_ok=True)
    with _alone_in(place), _database(place) as here:
        portal = _portal(here)
        _seed(here)
        _run_parts(here, portal, started)


@contextmanager
def _alone_in(place: DemoPlace) -> Iterator[None]:
    """Hold the demo's folder, whatever ports it is on. Raises Refused while a running demo has it."""
    if not place.folder.exists():
        yield
        return
    folder = os.open(place.folder, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Refused(f"A demo runs with the data in {place.folder}: end it first (Ctrl-C where it runs).") from error
    finally:
        os.close(folder)


@contextmanager
def _database(place: DemoPlace) -> Iterator[DemoPlace]:
    """The place with the database chosen for it, which runs meanwhile."""
    if place.database == "sqlite":
        yield place
        return
    if place.database != "postgresql":
        raise Misconfigured(f"DATABASE={place.database}: write sqlite or postgresql")
    with (
        Children(place.folder, place.environment) as children,
        postgres.running(children, place.folder / "postgresql") as url,
    ):
        yield replace(place, database_url=url)


def _run_parts(place: DemoPlace, portal: Flask, started: float) -> None:
    with Children(place.folder, place.environment) as children:
        flask = [sys.executable, "-m", "flask"]
        click.echo("Starting the desk …")
        children.start("desk", [*flask, "desk", "serve"])
        _wait(children, "The desk", lambda: answers(place.desk) and answers(place.smtp))
        click.echo("Copying the year from the desk into the portal …")
        children.start("sync", [*flask, "sync", "run", "--forever"])
        _wait(children, "The first sync", lambda: _is_mirrored(portal))
        click.echo("Starting the pages …")
        _add_accounts(portal)
        _add_examples(portal)
        host, _, port = place.portal.rpartition(":")
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--no-ws"]
        children.start("portal", [*granian, "--host", host, "--port", port, str(config.ROOT / "app.py") + ":app"])
        _wait(children, "The portal", lambda: _is_well(place))
        with portal.app_context():
            db.engine.dispose()
        _say_hello(place, time.monotonic() - started)
        while True:
            children.check()
            time.sleep(0.5)


def _portal(place: DemoPlace) -> Flask:
    """The demo's portal in this process, its database brought up to date."""
    from portal import create_app  # noqa: PLC0415 - portal/__init__ imports the commands

    portal = create_app(**place.settings)
    with portal.app_context():
        flask_migrate.upgrade()
    return portal


def _seed(place: DemoPlace) -> None:
    """Play the year into a new desk. A file half made is never taken for a whole one."""
    if place.desk_file.exists():
        return
    shutil.rmtree(place.folder / "desk", ignore_errors=True)
    unfinished = place.desk_file.with_suffix(".unfinished")
    store = playback.HastyStore(unfinished, playback.house(place.settings["NOC_ADDRESS"]))
    played = playback.play(
        store, clock.now(), mail_out=place.mail_out, tickets=place.tickets, progress=_show_progress
    )
    store.close()
    os.replace(unfinished, place.desk_file)  # noqa: PTH105 - one step, whatever stood there
    click.echo(
        f"\r{played.tickets} tickets, {played.mails} mails in, {played.letters} mails out, "
        f"{len(played.invoiced)} months invoiced."
    )


def _show_progress(done: int, total: int) -> None:
    if sys.stdout.isatty():
        click.echo(f"\rMaking a year of mail … {100 * done // total} %", nl=False)
    elif done % max(1, total // 5) == 0:
        click.echo(f"Making a year of mail … {100 * done // total} %")


def _wait(children: Children, what: str, is_so: Any) -> None:
    children.wait_until(is_so, what=what, seconds=_PATIENCE)


def _is_mirrored(portal: Flask) -> bool:
    with portal.app_context():
        reached = sync_state.age().reached_at
        known = set(db.session.scalars(select(Company.core_id)))
        db.session.remove()
    return reached is not None and known >= {troupe.core_id for troupe in cast.COMPANIES}


def _is_well(place: DemoPlace) -> bool:
    try:
        return requests.get(f"http://{place.portal}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


def _add_accounts(portal: Flask) -> None:
    """Each company's manager and one of the staff, unless they are there."""
    with portal.app_context():
        known = {company.core_id: company for company in db.session.scalars(select(Company))}
        wanted = [(troupe.manager.email, troupe.manager.name, known[troupe.core_id]) for troupe in cast.COMPANIES]
        for email, name, company in [*wanted, (*STAFF, None)]:
            if people.by_email(email) is None:
                role = permissions.MANAGER if company else permissions.STAFF_ADMIN
                people.add(
                    email=email,
                    name=name,
                    company=company,
                    role=role,
                    language="cs",
                    password_hash=passwords.hash_of(PASSWORD),
                )
        db.session.remove()


def _add_examples(portal: Flask) -> None:
    """What the year's mails cannot tell: a manager's rule that soon asks, and time worked in spite of a no."""
    with portal.app_context():
        company = companies.by_name(playback.PREPAYS)
        reader = Reader.of(company, confidential=True)
        boss = people.by_email(next(one.manager.email for one in cast.COMPANIES if one.core_id == playback.PREPAYS))
        staff = people.by_email(STAFF[0])
        worked: dict[str, Decimal] = {}
        for billing in (Billing.RUNNING, Billing.TO_BE_INVOICED):
            for row in time_report.rows(reader, HoursFilter(billing=billing)):
                worked[row.number] = worked.get(row.number, Decimal(0)) + row.hours
        most = sorted(worked, key=lambda number: (-worked[number], number))
        if boss and staff and len(most) > 1 and not approval_rules.in_force(reader):
            _set_rule(boss, company, worked[most[0]])
            _decline(boss, staff, conversation.show(reader, most[1]).id)
        db.session.remove()


def _set_rule(boss: Person, company: Company, most: Decimal) -> None:
    """Some days ago, so that it asks about what the sync has just brought."""
    with clock.set_to(clock.now() - timedelta(days=3)):
        limit = Decimal(int(most)) if most > 1 else Decimal("0.25")
        limit = limit - 1 if limit == most and limit > 1 else limit
        approval_rules.choose(Actor.of(boss, address=""), company, Terms(amount=limit))


def _decline(boss: Person, staff: Person, ticket_id: int) -> None:
    asking = Asking("Smíme na tom pracovat dál? Přesáhne to běžnou podporu.", default_until(), AtExpiry.STAY)
    asked = approval_requests.ask(Actor.of(staff, address=""), ticket_id, asking)
    decision = Decision(approve=False, note="Tohle jsme neobjednali, vyřešíme to sami.")
    decisions.decide(Actor.of(boss, address=""), asked.approval_id, decision)


def _say_hello(place: DemoPlace, seconds: float) -> None:
    accounts = [(troupe.manager.email, troupe.name) for troupe in cast.COMPANIES]
    noc = place.settings["NOC_ADDRESS"]
    click.echo(f"""
The demo runs (ready in {seconds:.0f} s).

  Portal     http://{place.portal}
  Mail out   http://{place.portal}/demo/mail     what the desk wrote to people
  Core API   http://{place.desk}/core/v1     the desk
  Mail in    {place.smtp} (SMTP)     write to {noc}, or:  {_hint(place)}

  Sign in with the password  {PASSWORD}""")
    for email, name in [*accounts, (STAFF[0], "Connectica's staff")]:
        click.echo(f"    {email:36}{name}")
    click.echo("\nCtrl-C ends it and keeps the data; make demo-reset forgets it.")


def _hint(place: DemoPlace) -> str:
    """The command that writes to this very demo, whichever else runs."""
    usual = next(row.default for row in config.SETTINGS if row.name == "DEMO_SMTP")
    where = "" if place.smtp == usual else f"PORTAL_DEMO_SMTP={place.smtp} PORTAL_DEMO_PORTAL={place.portal} "
    return f"{where}.venv/bin/flask demo mail"


def _place() -> DemoPlace:
    values = config.load()
    folder = Path(values["DEMO_FOLDER"])
    return DemoPlace(
        folder=folder if folder.is_absolute() else config.ROOT / folder,
        portal=values["DEMO_PORTAL"],
        desk=values["DEMO_DESK"],
        smtp=values["DEMO_SMTP"],
        tickets=values["DEMO_TICKETS"],
        database=values["DEMO_DATABASE"],
    )


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A closed terminal and a polite kill end the demo as Ctrl-C does; while it ends, nothing hurries it."""

    def end(*_: object) -> None:
        for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(name, end)
    yield


@contextmanager
def _plain_words() -> Iterator[None]:
    """What went wrong, without a traceback."""
    try:
        yield
    except PortalError as error:
        raise click.ClickException(str(error)) from error
