"""connectica-portal install: user, folders, settings file and units of one machine; done twice, nothing changes."""

import grp
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from portal import config
from portal.cli import settings_file

UNITS = config.ROOT / "deploy" / "systemd"
WRITTEN_FOR = "/srv/portal"  # where the units of deploy/systemd say the portal lies
NOLOGIN = "/usr/sbin/nologin"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a machine needs: what it is, whether it is so already, and how it is made so."""

    what: str
    is_done: Callable[[], bool]
    do: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that is set up. root is / but for those who build an image beside it."""

    root: Path
    user: str
    postgresql: bool

    def path(self, absolute: str) -> Path:
        return self.root / absolute.lstrip("/")


@click.command("install")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--postgresql", is_flag=True, help="Also make the database of this machine's PostgreSQL, and use it.")
@click.option("--user", default="portal", show_default=True, help="Whom the services run as.")
@click.option("--root", default="/", type=click.Path(path_type=Path), help="Another tree than this machine's.")
def install(*, dry_run: bool, postgresql: bool, user: str, root: Path) -> None:
    """Set this machine up: user, folders, settings file, command and units. Asks nothing, overwrites no settings."""
    target = Target(root, user, postgresql)
    if not dry_run and os.geteuid() != 0:
        raise click.ClickException("only root can set a machine up:  sudo make install")
    done = [_take(step, dry_run=dry_run) for step in _steps(target)]
    if not any(done):
        click.echo("Everything is as it should be; nothing was changed.")
    elif not dry_run:
        click.echo(_next(target))


def _take(step: Step, *, dry_run: bool) -> bool:
    """Whether the step was to be done."""
    if step.is_done():
        return False
    click.echo(f"{'would make' if dry_run else 'made'}: {step.what}")
    if not dry_run:
        try:
            step.do()
        except (OSError, subprocess.CalledProcessError) as error:
            raise click.ClickException(f"{step.what}: {_reason(error)}") from error
    return True


def _reason(error: OSError | subprocess.CalledProcessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or "").strip().splitlines()
        return said[-1] if said else str(error)
    return str(error)


def _steps(target: Target) -> Iterator[Step]:
    yield Step(f"the user {target.user}", lambda: _is_user(target.user), lambda: _add_user(target.user))
    for folder in ("/var/lib/portal", "/var/backups/portal"):
        yield _folder(target, target.path(folder))
    yield _settings(target)
    yield _command(target)
    for unit in sorted(UNITS.iterdir()):
        yield _unit(target, unit)
    if target.postgresql:
        yield from _database(target.user)


def _is_user(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def _add_user(name: str) -> None:
    _run("useradd", "--system", "--user-group", "--home-dir", "/var/lib/portal", "--shell", NOLOGIN, name)


def _folder(target: Target, path: Path) -> Step:
    def do() -> None:
        path.mkdir(parents=True, exist_ok=True)
        shutil.chown(path, target.user, _group(target.user))
        path.chmod(0o700)

    return Step(f"{path}, of {target.user} alone", lambda: path.is_dir() and path.owner() == target.user, do)


def _settings(target: Target) -> Step:
    path = target.path(str(settings_file.USUAL))
    given = {"DATABASE_URL": f"postgresql+psycopg:///{target.user}"} if target.postgresql else {}

    def do() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        with os.fdopen(handle, "w") as file:
            file.write(settings_file.template(given))
        shutil.chown(path, "root", _group(target.user))

    return Step(f"{path}, with every setting and its meaning", path.exists, do)


def _command(target: Target) -> Step:
    path, real = target.path("/usr/local/bin/connectica-portal"), _script()

    def do() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(real)

    return Step(f"{path}, the command", lambda: path.is_symlink() and path.readlink() == real, do)


def _script() -> Path:
    """The console script beside our Python."""
    return Path(sys.prefix) / "bin" / "connectica-portal"


def _unit(target: Target, unit: Path) -> Step:
    path = target.path(f"/etc/systemd/system/{unit.name}")
    text = unit.read_text().replace(f"{WRITTEN_FOR}/.venv/bin/connectica-portal", str(_script()))
    text = text.replace(WRITTEN_FOR, str(config.ROOT)).replace("User=portal", f"User={target.user}")

    def do() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if target.root == Path("/") and Path("/run/systemd/system").is_dir():
            _run("systemctl", "daemon-reload")

    return Step(f"{path}", lambda: path.exists() and path.read_text() == text, do)


def _database(user: str) -> Iterator[Step]:
    roles, databases = "SELECT rolname FROM pg_roles", "SELECT datname FROM pg_database"
    yield Step(f"PostgreSQL's role {user}", lambda: user in _column(roles), lambda: _as_postgres("createuser", user))
    yield Step(
        f"PostgreSQL's database {user}",
        lambda: user in _column(databases),
        lambda: _as_postgres("createdb", "--owner", user, "--encoding", "UTF8", "--template", "template0", user),
    )


def _column(query: str) -> list[str]:
    try:
        return _as_postgres("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", query).split()
    except (OSError, subprocess.CalledProcessError):
        return []  # making it then says what is the matter


def _as_postgres(*words: str) -> str:
    return _run("runuser", "-u", "postgres", "--", *words)


def _run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd="/").stdout  # noqa: S603 - ours


def _group(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def _next(target: Target) -> str:
    return (
        f"\nNow write what only you know into {target.path(str(settings_file.USUAL))}, then:\n"
        "  systemctl enable --now portal.service portal-sync.service portal-desk.service portal-backup.timer\n"
        '  connectica-portal people add you@connectica.cz --name "Your Name" --role staff_admin'
    )
