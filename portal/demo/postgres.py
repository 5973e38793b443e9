"""A PostgreSQL of the demo's own: in its folder, reached by a socket nobody else knows, started for the occasion."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.demo.processes import Children
from portal.errors import Misconfigured

INSTALL = "apt-get install postgresql"
_OWNER = "postgres"  # who runs it when we are root: PostgreSQL refuses to run as root
_SETTINGS = ("listen_addresses=", "max_connections=40", "fsync=off", "full_page_writes=off")  # a demo may be lost


@contextmanager
def running(children: Children, folder: Path) -> Iterator[str]:
    """The address of an empty or earlier database in the folder, while the server runs. Raises Misconfigured."""
    programs = _programs()
    sockets = Path(tempfile.mkdtemp(prefix="portal-demo-"))  # a socket's path has to be short
    try:
        if os.geteuid() == 0:
            shutil.chown(sockets, _OWNER)
        _make(programs, folder)
        options = [word for setting in _SETTINGS for word in ("-c", setting)]
        command = _as_owner([programs / "postgres", "-D", folder, "-k", sockets, *options])
        children.start("postgresql", command, ends_by=signal.SIGINT)  # at once, whoever is still connected
        children.wait_until(lambda: _answers(programs, sockets), what="PostgreSQL", seconds=60)
        yield f"postgresql+psycopg://portal@/postgres?host={sockets}"
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise Misconfigured(f"PostgreSQL is missing; install it:  {INSTALL}")
    return found[-1] if found else Path(on_path or "").parent


def _make(programs: Path, folder: Path) -> None:
    """A new cluster, unless the folder has one."""
    if (folder / "PG_VERSION").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, _OWNER)
    command = [programs / "initdb", "-D", folder, "-A", "trust", "-U", "portal", "-E", "UTF8", "--locale", "C.UTF-8"]
    made = subprocess.run(_as_owner(command), capture_output=True, text=True, check=False, cwd="/")  # noqa: S603 - our own words
    if made.returncode:
        raise Misconfigured(f"PostgreSQL could not be set up in {folder}: {made.stderr.strip().splitlines()[-1]}")


def _answers(programs: Path, sockets: Path) -> bool:
    asked: list[str | Path] = [programs / "pg_isready", "--quiet", "-h", sockets]
    return subprocess.run(asked, check=False).returncode == 0  # noqa: S603 - our own words


def _as_owner(command: list) -> list[str]:
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    return ["setpriv", f"--reuid={_OWNER}", f"--regid={_OWNER}", "--init-groups", *words]
