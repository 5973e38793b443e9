"""Backup and restore: everything that cannot be made anew, in one file, consistent at one moment.

The order makes it consistent while everything runs: the portal's database first, in one snapshot; then the desk's,
which may only be further on, so that the portal's cursor is never from the desk's future; then the files, which are
written before the rows that name them and are named by their content.
"""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from portal import clock, schema
from portal.db import db
from portal.desk import database as desk_database
from portal.errors import PortalError
from portal.lib.security import private_files

FORMAT = 1
MANIFEST = "manifest.json"
PORTAL_SQLITE, PORTAL_POSTGRESQL, DESK = "portal.db", "portal.dump", "desk.db"
PASSING = ("-wal", "-shm", ".part")  # ends of names: what a database or a fetch holds for a moment


class NotArchived(PortalError):
    """Nothing was kept; the text says why."""


class NotRestored(PortalError):
    """Nothing was put back; the text says why."""


@dataclass(frozen=True, slots=True)
class BackupPlace:
    """What is kept, or where it is put back: the portal's database, the instance folder, the desk's folder."""

    database: str  # its URL
    instance: Path
    desk: Path  # may be within the instance folder; may not be there at all

    @property
    def url(self) -> URL:
        return make_url(self.database)


def make(place: BackupPlace, target: Path) -> dict[str, Any]:
    """Write the archive; its manifest. A half-made one never bears the name. Raises NotArchived."""
    part = target.with_name(target.name + ".part")
    try:
        if not target.parent.exists():
            private_files.make_folder(target.parent)
        part.unlink(missing_ok=True)
        private_files.touch(part, is_new=True)  # the secrets go into it
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".archive-") as scratch:
            manifest = _write(place, part, Path(scratch))
        os.replace(part, target)  # noqa: PTH105 - one step, whatever stood there
    except OSError as error:
        part.unlink(missing_ok=True)
        full = " There is no room left." if error.errno == errno.ENOSPC else ""
        raise NotArchived(f"the archive could not be written to {target.parent}: {error.strerror}.{full}") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return manifest


def verify(source: Path) -> dict[str, Any]:
    """Read all of an archive and compare it with its manifest, which is returned. Raises NotRestored."""
    with _opened(source) as archive:
        manifest = _manifest(archive)
        found = {name: _hash_of(file) for name, file in _members(archive)}
    wanted = manifest["files"]
    damaged = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if damaged:
        raise NotRestored(f"{source} is damaged: {', '.join(damaged[:5])}{' …' if len(damaged) > 5 else ''}")
    return manifest


def restore(source: Path, place: BackupPlace) -> dict[str, Any]:
    """Put everything back into an empty place; the manifest of what came.

    Raises NotRestored before anything is written when the archive is damaged, of a later release, of another kind of
    database, or the place is not empty.
    """
    manifest = verify(source)
    _check_fits(manifest, place)
    with tempfile.TemporaryDirectory(prefix="portal-restore-") as scratch:
        with _opened(source) as archive:
            _unpack(archive, Path(scratch))
        _check_databases(Path(scratch))
        _put_back(Path(scratch), place)
    return manifest


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    """An archive to be read, which somebody may have made to harm us: never a packed one, which could be a bomb."""
    try:
        with tarfile.open(source, "r:") as archive:
            yield archive
    except (OSError, tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise NotRestored(f"{source} cannot be read as an archive of the portal: {error}") from error


def _write(place: BackupPlace, part: Path, scratch: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "schema": schema.current(),
        "files": {},
    }
    with tarfile.open(part, "w") as archive:
        for name, path in _parts(place, scratch):
            with suppress(FileNotFoundError):  # a letter that left meanwhile
                manifest["files"][name] = _added(archive, name, path)
        written = scratch / MANIFEST
        written.write_text(json.dumps(manifest, indent=1, sort_keys=True))
        _added(archive, MANIFEST, written)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    return manifest


def _parts(place: BackupPlace, scratch: Path) -> Iterator[tuple[str, Path]]:
    """What goes into the archive, in the order that keeps it consistent."""
    if place.url.get_backend_name() == "sqlite":
        yield PORTAL_SQLITE, _copied(Path(place.url.database or ""), scratch / PORTAL_SQLITE)
    else:
        yield PORTAL_POSTGRESQL, _dumped(place.url, scratch / PORTAL_POSTGRESQL)
    if (place.desk / DESK).exists():
        yield f"desk/{DESK}", _copied(place.desk / DESK, scratch / DESK)
        yield from _files(place.desk, "desk", but=(place.desk / DESK,))
    yield from _files(place.instance, "instance", but=(place.instance / PORTAL_SQLITE, place.desk))


def _files(folder: Path, prefix: str, *, but: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        is_elsewhere = any(path == other or other in path.parents for other in but)
        if path.is_file() and not is_elsewhere and not path.name.endswith(PASSING):
            yield f"{prefix}/{path.relative_to(folder)}", path


def _copied(source: Path, copy: Path) -> Path:
    """A SQLite database as it is at one moment, whoever writes to it meanwhile."""
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(copy)) as target:
        original.backup(target)
    return copy


def _dumped(url: URL, dump: Path) -> Path:
    """A PostgreSQL database in one snapshot."""
    _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}", _libpq(url)], url)
    return dump


def _added(archive: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file whose bytes stay as they are; their hash."""
    entry = archive.gettarinfo(path, arcname=name)
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    with path.open("rb") as file:
        kept = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        archive.addfile(entry, file)
    return kept


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    try:
        file = archive.extractfile(MANIFEST)
        manifest = json.load(file) if file else None
    except (KeyError, ValueError, RecursionError) as error:
        raise NotRestored("it has no manifest: it is no archive of the portal, or was cut off") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NotRestored("it was made by another release, in a form this one does not know")
    files = manifest.get("files")
    told = [manifest.get("schema"), manifest.get("made_at"), *(files.values() if isinstance(files, dict) else [None])]
    if not all(isinstance(one, str) for one in told):
        raise NotRestored("its manifest is not as the portal writes it")
    return manifest


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, Any]]:
    """Its files by name. Raises NotRestored for whatever the portal puts into no archive."""
    seen = set()
    for member in archive:
        if not member.isreg() or member.issparse():
            raise NotRestored(f"{member.name!r} in it is no plain file")
        if member.name in seen:
            raise NotRestored(f"{member.name!r} is in it twice")
        seen.add(member.name)
        if member.name != MANIFEST:
            if not _is_name_of_ours(member.name):
                raise NotRestored(f"{member.name!r} in it is no name of ours: it is damaged, or was made to harm")
            yield member.name, archive.extractfile(member)


def _is_name_of_ours(name: str) -> bool:
    """A database, or a path below one of our two folders that leads nowhere else."""
    if name in (PORTAL_SQLITE, PORTAL_POSTGRESQL):
        return True
    first, *rest = name.split("/")
    return first in ("instance", "desk") and bool(rest) and not {"", ".", ".."} & set(rest) and name.isprintable()


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Its files, and nothing else it may say of owners, modes, links and devices. Python 3.11.2 has no filters."""
    for name, file in _members(archive):
        target = folder / name
        private_files.make_folder(target.parent)
        with private_files.touch(target, is_new=True).open("wb") as written:
            shutil.copyfileobj(file, written)


def _check_databases(folder: Path) -> None:
    """Raises NotRestored for a file that only bears the name of a database."""
    for path in (folder / PORTAL_SQLITE, folder / "desk" / DESK):
        if path.exists():
            try:
                with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
                    is_whole = database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            except sqlite3.DatabaseError:
                is_whole = False
            if not is_whole:
                raise NotRestored(f"{path.name} in it is no database, or a broken one")


def _hash_of(file: Any) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest() if file else ""


def _check_fits(manifest: dict[str, Any], place: BackupPlace) -> None:
    kind = PORTAL_SQLITE if place.url.get_backend_name() == "sqlite" else PORTAL_POSTGRESQL
    if kind not in manifest["files"]:
        raise NotRestored("it holds the other kind of database: set PORTAL_DATABASE_URL to the kind it was made from")
    if manifest["schema"] > schema.head():
        raise NotRestored(f"it is of a later release (migration {manifest['schema']}): install that one first")
    if schema.current():
        raise NotRestored("the database has tables already: only an empty one is restored into")
    has_desk = any(name.startswith("desk/") for name in manifest["files"])
    if has_desk and (place.desk / DESK).exists():
        raise NotRestored(f"{place.desk} has a desk already: move it away first")


def _put_back(scratch: Path, place: BackupPlace) -> None:
    db.engine.dispose()
    private_files.make_folder(place.instance)
    if (scratch / PORTAL_SQLITE).exists():
        _move(scratch / PORTAL_SQLITE, Path(place.url.database or ""))
    else:
        _run(
            [
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--exit-on-error",
                f"--dbname={_libpq(place.url)}",
                str(scratch / PORTAL_POSTGRESQL),
            ],
            place.url,
        )
    for prefix, folder in (("instance", place.instance), ("desk", place.desk)):
        for path in sorted((scratch / prefix).rglob("*")):
            if path.is_file():
                _move(path, folder / path.relative_to(scratch / prefix))
    if (scratch / "desk" / DESK).exists():
        desk_database.rename(place.desk / DESK)


def _move(source: Path, target: Path) -> None:
    private_files.make_folder(target.parent)
    private_files.touch(target)
    shutil.copyfile(source, target)
    shutil.copystat(source, target)
    target.chmod(private_files.FILE)


def _run(command: list[str], url: URL) -> None:
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - our own words
    except FileNotFoundError as error:
        raise NotArchived(f"{command[0]} is missing; install it:  apt-get install postgresql-client") from error
    except subprocess.CalledProcessError as error:
        raise NotArchived(f"{command[0]}: {error.stderr.strip()}") from error


def _libpq(url: URL) -> str:
    """The address as PostgreSQL's own programs read it, without the password: others can see a command line."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
