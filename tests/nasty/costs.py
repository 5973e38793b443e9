"""What a nasty mail costs on its whole way: read, answered by letters, told, cleaned, mirrored, on its pages."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal import create_app
from portal.cores.core_api import DeskCore
from portal.db import db
from portal.desk.api import create_api
from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.domain.companies.models import Company
from portal.domain.users import sessions
from portal.domain.users.permissions import MANAGER
from portal.sync import lease
from portal.sync.engine import Sync
from tests.factories import mirror
from tests.nasty import steps
from tests.whole_system import TOKEN, served

PAGES = ("/tickets/{number}", "/tickets", "/tickets?q=slovo", "/hours", "/hours/2026-11.xlsx", "/")
Costs = dict[str, float]  # a step: seconds of the processor


def whole_way(name: str, length: int, template: Path) -> tuple[list[Costs], int]:
    """For each of the three ways the mail comes what every step took, and megabytes of memory that all took at most.

    template: a migrated, empty portal.db.
    """
    with tempfile.TemporaryDirectory() as folder, _portal(Path(folder), template) as (store, app):
        Path("/proc/self/clear_refs").write_text("5")  # the most that was held is counted from here
        before = _megabytes("VmRSS")
        ways = [_walked(store, app, raw) for raw in steps.ways(name, length)]
        return ways, _megabytes("VmHWM") - before


def make_template(folder: Path) -> Path:
    """A migrated, empty database of the portal."""
    app = create_app(INSTANCE=folder, DATABASE_URL="")
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
    return folder / "portal.db"


@contextmanager
def _portal(folder: Path, template: Path) -> Iterator[tuple[Store, Flask]]:
    shutil.copy(template, folder / "portal.db")
    store, app = steps.desk(folder), create_app(INSTANCE=folder, DATABASE_URL="", TESTING=True)
    desk = served(create_api(store, TOKEN))
    app.extensions["core of costs"] = DeskCore(f"http://127.0.0.1:{desk.port}/core/v1", TOKEN)
    with app.app_context():
        _sync(app)
        manager = mirror.person(db.session.scalars(select(Company)).one(), role=MANAGER, email="m@vltava.example")
        db.session.commit()
        app.extensions["key of costs"] = sessions.start(manager.id, how="password", second_factor=False)
        db.session.commit()
    yield store, app
    desk.shutdown()
    desk.server_close()
    store.close()


def _walked(store: Store, app: Flask, raw: bytes) -> Costs:
    received: list[intake.Received] = []
    costs = {"read": steps.timed(lambda: received.append(intake.receive(store, raw, trusted=True)))}
    with app.app_context():
        costs["mirrored"] = steps.timed(lambda: _sync(app))
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = app.extensions["key of costs"], True
        _shown(client, "/settings")  # what a first request alone costs
        number = received[0].ticket or "20260001"
        costs |= {page: steps.timed(lambda page=page: _shown(client, page.format(number=number))) for page in PAGES}
    return costs


def _sync(app: Flask) -> None:
    lead = lease.take("sync", lease.new_holder())
    assert lead
    try:
        Sync(app.extensions["core of costs"]).run(lead)
    finally:
        lease.give_back(lead)
        db.session.remove()


def _shown(client: FlaskClient, page: str) -> None:
    answer = client.get(page, follow_redirects=True)
    assert answer.status_code in (200, 404), (page, answer.status_code)
    db.session.remove()


def _megabytes(of: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{of}:"))
