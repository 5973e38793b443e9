"""Kills without warning, at random moments of intake, outbox, sync and delivery under load; then the counting."""

import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import select

from chaos import manager, reckoning
from chaos.fleet import TOKEN, Fleet
from chaos.manager import Manager
from chaos.people import CATEGORIES, COMPANY_DOMAIN, NOC, TECHNICIAN, Mailroom, People
from chaos.reckoning import Finding
from portal import clock, create_app
from portal.cores.core_api import DeskCore
from portal.db import db
from portal.desk.database import Store
from portal.desk.outbound import outbox
from portal.desk.settings import House
from portal.desk.ticketing import directory, prices
from portal.domain import sync_state
from portal.domain.companies.models import Company
from portal.domain.notifications import outbox as letters
from portal.domain.sync_state import Lease, MirrorState
from portal.errors import CoreAway
from portal.sync.service import ERRANDS, SYNC

LONGEST_LIFE = 2.5  # seconds a process works before it is killed, at most
PATIENCE = 180  # seconds for everything to come to rest afterwards, and for a process to be at work

Say = Callable[[str], None]


@dataclass(slots=True)
class Report:
    """What was done, and what came of it."""

    figures: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [f"{one.promise}: {fault}" for one in self.findings for fault in one.faults]


def run(*, kills: int, seed: int, folder: Path, database_url: str, say: Say = print) -> Report:
    """So many kills, half of them of the desk and half of the leading sync, in a new folder and an empty database."""
    app, store = _new(folder, database_url)
    started = time.monotonic()
    with app.app_context(), Mailroom() as mailroom, Fleet(folder, database_url, mail_out=mailroom.address) as fleet:
        _wait(lambda: _is_mirrored() and fleet.desk_answers, "the first sync")
        manager.hired()
        say(f"all processes work after {time.monotonic() - started:.0f} s; {kills} kills begin, seed {seed}")
        core = DeskCore(f"http://{fleet.http}/core/v1", TOKEN)
        with Manager(app), People(fleet.smtp, mailroom, seed=seed) as people:
            _kill(app, fleet, kills, seed, say)
            people.rest()
            say(f"{len(people.opening)} tickets written; waiting until everything is told …")
            _wait(lambda: _is_at_rest(store, core, people), "everything to be told")
        report = Report(_figures(fleet, people, mailroom), reckoning.reckon(people, mailroom, store, core))
    store.close()
    with app.app_context():
        db.engine.dispose()
    return report


def _new(folder: Path, database_url: str) -> tuple[Flask, Store]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    app = create_app(INSTANCE=folder, DATABASE_URL=database_url)
    with app.app_context():
        flask_migrate.upgrade()
    store = Store(folder / "desk" / "desk.db", House(address=NOC))
    directory.add_company(store, "vltava", "Strojírny Vltava, a. s.", [COMPANY_DOMAIN])
    directory.add_technician(store, "radek", "Radek Vymazal", TECHNICIAN)
    for category in CATEGORIES:
        prices.add_price(store, category, category, "850.00", date(2026, 1, 1))
    return app, store


def _kill(app: Flask, fleet: Fleet, kills: int, seed: int, say: Say) -> None:
    """The desk and the leaders are killed side by side, each at its own pace."""
    done = iter(range(1, kills + 1))
    said = threading.Lock()

    def tell(name: str) -> None:
        with said:
            number = next(done)
            if number % 10 == 0 or number == kills:
                say(f"  {number} of {kills} kills, the last one {name}")

    others = threading.Thread(target=_kill_leaders, args=(app, fleet, kills // 2, seed + 1, tell))
    others.start()
    rng = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(kills - kills // 2):
        _wait(lambda: fleet.desk_answers, "the desk to answer")
        time.sleep(rng.uniform(0, LONGEST_LIFE))
        fleet.kill("desk")
        tell("of the desk")
    others.join()
    assert fleet.killed.total() == kills, "not everybody was killed who should have been"


def _kill_leaders(app: Flask, fleet: Fleet, kills: int, seed: int, tell: Say) -> None:
    """Who leads the sync, and who does the errands, in turn: the two may be different processes."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    with app.app_context():
        for number in range(kills):
            job = (SYNC, ERRANDS)[number % 2]
            _wait(lambda job=job: _leader(fleet, job), f"somebody to lead the {job}")
            time.sleep(rng.uniform(0, LONGEST_LIFE))
            name = _leader(fleet, job)
            if not name:  # its lead ended meanwhile: whoever is there
                name = rng.choice(("sync 1", "sync 2"))
            fleet.kill(name)
            tell(f"of the process that led the {job}")


def _leader(fleet: Fleet, job: str) -> str:
    db.session.rollback()
    row = db.session.execute(select(Lease.holder, Lease.expires_at).where(Lease.name == job)).first()
    if row is None or not row.holder or row.expires_at < clock.now():
        return ""
    return fleet.name_of(int(row.holder.split(":")[1]))


def _is_mirrored() -> bool:
    db.session.rollback()
    return db.session.scalars(select(Company)).first() is not None


def _is_at_rest(store: Store, core: DeskCore, people: People) -> bool:
    """Nothing waits: in the desk, on its way out, in the mirror, on its way back; and the mirror has just looked."""
    db.session.rollback()
    with store.read() as desk:
        settling = desk.execute("SELECT count(*) AS n FROM mail WHERE outcome = ''").fetchone()["n"]
        notes = desk.execute("SELECT count(*) AS n FROM note").fetchone()["n"]
    if settling or outbox.waiting(store) or manager.undecided() or sync_state.untold_count():
        return False
    if db.session.scalar(select(letters.Letter.id).where(letters.Letter.sent_at.is_(None)).limit(1)):
        return False
    try:
        page = next(core.changes(db.session.scalar(select(MirrorState.cursor))))
    except CoreAway:  # started again after the last kill, and not there yet
        return False
    return notes == len(people.asked) and not page.more and len(page.changes) == 1  # the one the cursor stands on


def _figures(fleet: Fleet, people: People, mailroom: Mailroom) -> dict[str, int]:
    return {f"kills of the {name}": number for name, number in sorted(fleet.killed.items())} | {
        "mails accepted": len(people.opening) + len(people.answering),
        "mails sent again": people.again,
        "tickets": len(people.opening),
        "time entries": len(people.worked),
        "notes told": len(people.asked),
        "letters": len(mailroom.copies),
        "letters that came more than once": sum(number > 1 for number in mailroom.copies.values()),
    }


def _wait(true: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, f"waited {PATIENCE} s in vain for {what}"
        time.sleep(0.1)
