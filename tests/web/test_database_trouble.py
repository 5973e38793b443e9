"""A database that is full, read-only or away: plain words, nothing broken, and all goes on when it is well again."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal import clock, create_app
from portal.db import db
from portal.domain.users import models as people
from portal.domain.users import sessions
from tests import disks
from tests.conftest import _postgres_command
from tests.factories import mirror
from tests.web.conftest import Browser

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _token(client):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get("/settings").text).group(1)


def _client(app, person):
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = sessions.start(person.id, how="password"), True
    return client


@pytest.fixture
def small_disk(sqlite_template, tmp_path):
    """A portal whose database has a small file system of its own, and a way to fill and to empty it."""
    with disks.small(tmp_path / "small", megabytes=8) as folder:
        (folder / "portal.db").write_bytes(sqlite_template.read_bytes())
        app = create_app(INSTANCE=tmp_path, DATABASE_URL=f"sqlite:///{folder / 'portal.db'}", TESTING=True)
        app.test_client_class = Browser
        with app.app_context(), clock.set_to(mirror.NOW):
            yield app, folder / "ballast"
            db.session.remove()
            db.engine.dispose()


def test_a_full_disk_is_said_plainly_and_reading_goes_on(small_disk):
    app, ballast = small_disk
    company = mirror.company("Strojírny")
    person = mirror.person(company, role="manager", email="jana@a.example")
    mirror.ticket(company, "Tiskárna nejede")
    mirror.settle()
    client = _client(app, person)
    token = _token(client)
    disks.fill(ballast)
    with clock.set_to(mirror.NOW + timedelta(minutes=30)):  # the session's last use should be written down
        assert "Tiskárna nejede" in client.get("/tickets").text
        assert client.get("/hours").status_code == 200
        refused = [
            client.post("/settings", data={"language": "en", "theme": "dark", "csrf_token": token}) for _ in range(3)
        ]
    assert {answer.status_code for answer in refused} == {503}
    assert "Teď to nejde" in refused[0].text
    assert refused[0].headers["Retry-After"]
    ballast.unlink()
    assert client.post("/settings", data={"language": "en", "theme": "dark", "csrf_token": token}).status_code == 302
    assert db.session.scalar(text("PRAGMA integrity_check")) == "ok"
    db.session.expire_all()
    assert people.by_email("jana@a.example").theme == "dark"


@pytest.fixture
def on_postgres(request, postgres, tmp_path):
    """A portal on a PostgreSQL database that this test may harm."""
    name = "troubled"
    _postgres_command(postgres, f"DROP DATABASE IF EXISTS {name}")
    _postgres_command(postgres, f"CREATE DATABASE {name} TEMPLATE template")
    app = create_app(INSTANCE=tmp_path, DATABASE_URL=postgres.format(name), TESTING=True)
    app.test_client_class = Browser
    with app.app_context():
        yield app, lambda command: _postgres_command(postgres, command)
        db.session.remove()
        db.engine.dispose()
    _postgres_command(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_read_only_database_is_read_and_says_so_when_written_to(on_postgres):
    app, command = on_postgres
    person = mirror.person(mirror.company("Strojírny"), role="manager", email="jana@a.example")
    mirror.settle()
    client = _client(app, person)
    token = _token(client)
    command("ALTER DATABASE troubled SET default_transaction_read_only = on")
    db.session.remove()
    db.engine.dispose()
    assert client.get("/tickets").status_code == 200
    assert client.get("/hours").status_code == 200
    assert client.post("/settings", data={"language": "en", "theme": "", "csrf_token": token}).status_code == 503
    command("ALTER DATABASE troubled RESET default_transaction_read_only")
    db.engine.dispose()
    assert client.post("/settings", data={"language": "en", "theme": "", "csrf_token": token}).status_code == 302


def test_connections_that_were_cut_are_made_anew_unseen(on_postgres):
    app, command = on_postgres
    person = mirror.person(mirror.company("Strojírny"), role="manager", email="jana@a.example")
    client = _client(app, person)
    assert client.get("/settings").status_code == 200
    db.session.remove()
    command("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'troubled'")
    assert client.get("/settings").status_code == 200


def test_a_database_that_is_away_is_a_plain_page_and_a_small_note(app, tmp_path):
    away = create_app(INSTANCE=tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", TESTING=True)
    away.test_client_class = Browser
    client = away.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "any"
    page, part = client.get("/tickets"), client.get("/tickets", headers=PART)
    assert (page.status_code, part.status_code) == (503, 503)
    assert "Teď to nejde" in page.text
    assert "<!doctype html>" not in part.text
    assert client.get("/static/portal.css").status_code == 200
    assert client.get("/healthz").json["database"] == "away"
