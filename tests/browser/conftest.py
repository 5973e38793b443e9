"""A real Chromium on a real server over SQLite; whatever the console complains about fails the test."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from portal import clock, create_app
from portal.db import db
from portal.domain.tickets.models import State
from portal.domain.users.permissions import MANAGER, STAFF, VIEWER
from tests.conftest import missing
from tests.factories import mirror

VENDOR = Path(__file__).parent / "vendor"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        missing("Chromium", "apt-get install chromium")
    if not find_library("atomic"):
        missing("A library of Playwright's driver", "apt-get install libatomic1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def app(sqlite_template: Path, tmp_path: Path) -> Iterator[Flask]:
    """One database is enough here: what a browser does has nothing to do with which."""
    shutil.copy(sqlite_template, tmp_path / "portal.db")
    portal = create_app(INSTANCE=tmp_path, DATABASE_URL="", TESTING=True, STAFF_SECOND_FACTOR=False)
    with portal.app_context():
        yield portal
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def world(app: Flask, tmp_path: Path) -> SimpleNamespace:
    """A company with enough tickets for two pages, and one worth reading."""
    owner = mirror.company("Strojírny Vltava, a. s.")
    serves = mirror.technician("Petr Svoboda")
    for number in range(60):
        state = list(State)[number % 4]
        asks = mirror.employee(owner, ["Jana Nováková", "Čeněk Říha", "Žofie Šťastná"][number % 3])
        mirror.ticket(owner, f"Výpadek Wi-Fi v zasedačce {number}", state=state, requester=asks, served_by=serves)
    ticket = mirror.ticket(
        owner, "Příliš žluťoučký kůň", number="20261471", served_by=serves, changed_at=clock.now(), due_at=clock.now()
    )
    asked = mirror.message(ticket, "<p>Tiskárna nejede.</p>", quoted="<p>Starší text</p>", sender_verified=False)
    text = mirror.attachment(
        asked, "záznam.txt", media_type="text/plain", data="Příloha čitelná".encode(), folder=tmp_path / "attachments"
    )
    page = mirror.attachment(
        asked,
        "stránka.html",
        media_type="text/html",
        data=b"<script>alert(1)</script>",
        folder=tmp_path / "attachments",
    )
    said = mirror.message(ticket, "<p>Opraveno.</p>", side="technician", author="Petr Svoboda", sent_at=clock.now())
    mirror.time_entry(ticket, "1.00", under=said, by=serves)
    mirror.event(ticket, "technician", "Petr Svoboda")
    manager = mirror.person(owner, role=MANAGER, email="manager@a.example")
    viewer = mirror.person(owner, role=VIEWER, email="viewer@a.example", name="Karel Čtenář")
    staff = mirror.person(None, role=STAFF, email="staff@connectica.example", name="Dana Dispečerová")
    mirror.settle()
    return SimpleNamespace(
        company=owner, ticket=ticket, asked=asked, text=text, page=page, manager=manager, viewer=viewer, staff=staff
    )


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(chromium: Browser, address: str) -> Callable[..., Any]:
    """A browser window of its own; leaving it fails when anything went wrong in its console."""

    @contextmanager
    def window(*, expects: tuple[str, ...] = (), **options: Any) -> Iterator[Page]:
        settings = {"locale": "cs-CZ", "timezone_id": "Europe/Prague", "viewport": {"width": 1440, "height": 900}}
        context: BrowserContext = chromium.new_context(base_url=address, **(settings | options))
        context.set_default_timeout(10_000)
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield page
        finally:
            context.close()
        unexpected = [said for said in complaints if not any(words in said for words in expects)]
        assert not unexpected, f"the browser complained: {unexpected}"

    return window


@pytest.fixture
def enter(world: SimpleNamespace) -> Callable[..., None]:
    """Sign in through the sign-in page, as a person does."""

    def enter(page: Page, person: str = "manager@a.example") -> None:
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(person)
        page.get_by_label("Heslo").fill(mirror.PASSWORD)
        page.get_by_role("button", name="Přihlásit se", exact=True).click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    return enter
