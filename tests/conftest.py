"""What every test stands on: a fresh portal on a fresh database, SQLite and PostgreSQL alike."""

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest
from flask import Flask

from portal import create_app
from portal.db import db
from tests import providers

IN_CI = bool(os.environ.get("CI"))


def missing(what: str, mend: str) -> None:
    """A part of the machine is not there: plain words for a person, a failure in CI, where all must be."""
    message = f"{what} is missing; install it:  {mend}"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """In CI a test that did not run has not passed."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything has to run: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a missing part, however many tests wait for it."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2] if isinstance(report.longrepr, tuple) else "") for report in skipped)
    for reason, tests in reasons.items():
        terminalreporter.write_line(f"{tests} tests did not run: {reason.removeprefix('Skipped: ')}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy from."""
    folder = tmp_path_factory.mktemp("sqlite-template")
    _migrate(create_app(INSTANCE=folder, DATABASE_URL=""))
    return folder / "portal.db"


def postgres_binaries() -> list[Path]:
    """The folders of PostgreSQL's programs, newest last."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not binaries:
        missing("PostgreSQL", "apt-get install postgresql")
    return binaries


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL cluster of our own, with a migrated database called template."""
    binaries = postgres_binaries()
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    if user:
        shutil.chown(folder, user)
    run = {"user": user, "cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(
        [
            binaries[-1] / "initdb",
            "-D",
            folder / "data",
            "-A",
            "trust",
            "-U",
            "portal",
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "--no-sync",
        ],
        **run,
    )
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=50"
    control = [binaries[-1] / "pg_ctl", "-D", folder / "data", "-w"]
    subprocess.run([*control, "-l", folder / "log", "-o", settings, "start"], **run)
    try:
        address = f"postgresql+psycopg://portal@/{{}}?host={folder}"
        _postgres_command(address, "CREATE DATABASE template")
        app = create_app(INSTANCE=folder / "instance", DATABASE_URL=address.format("template"))
        _migrate(app)
        yield address
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def canaille() -> Iterator[str]:
    """The issuer of a real OpenID provider, in a process of its own."""
    with providers.canaille() as issuer:
        yield issuer


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "portal.db")
        yield f"sqlite:///{tmp_path / 'portal.db'}"
        return
    address = request.getfixturevalue("postgres")
    if _spare:
        name = _spare.pop()
    else:
        name = f"test_{next(_numbers)}"
        _postgres_command(address, f"CREATE DATABASE {name} TEMPLATE template")
    yield address.format(name)
    if _emptied(address, name):
        _spare.append(name)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The portal, its instance folder and database all new; an application context is open."""
    portal = create_app(INSTANCE=tmp_path, DATABASE_URL=database_url, TESTING=True)
    with portal.app_context():
        yield portal
        db.session.remove()
        db.engine.dispose()


_numbers = iter(range(1_000_000))
_spare: list[str] = []  # migrated, empty PostgreSQL databases: to make one takes longer than most tests
_EMPTY = """
DO $$
DECLARE name text; filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;  -- the order of foreign keys does not matter when all goes
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


def _migrate(app: Flask) -> None:
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


def _postgres_command(address: str, command: str, *, database: str = "postgres") -> None:
    plain = address.format(database).replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(command)


def _emptied(address: str, name: str) -> bool:
    """Whether the database is as good as new: no rows, no other connection. One whose tables are gone is not."""
    others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    _postgres_command(address, others)
    try:
        _postgres_command(address, "SELECT FROM company LIMIT 1", database=name)
    except psycopg.errors.UndefinedTable:
        return False
    _postgres_command(address, _EMPTY, database=name)
    return True
