"""Files that only we may read: folders 0700 and files 0600, whatever the umask of the process says."""

import os
from contextlib import suppress
from pathlib import Path

FOLDER, FILE = 0o700, 0o600


def make_folder(path: Path) -> Path:
    """The folder, with those above it that are missing; ours alone, also when it was there and open to others.

    Raises OSError.
    """
    missing = []
    for one in (path, *path.parents):
        if one.exists():
            break
        missing.append(one)
    path.mkdir(parents=True, exist_ok=True)
    for one in (path, *missing):
        _close(one, FOLDER)
    return path


def touch(path: Path, *, is_new: bool = False) -> Path:
    """The file, made empty if it is missing, before anything else writes into it.

    is_new: it may not be there, whatever it is. Raises OSError.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_EXCL if is_new else 0), FILE))
    tighten(path)
    return path


def write(path: Path, content: bytes) -> None:
    """Raises OSError."""
    touch(path).write_bytes(content)


def tighten(path: Path) -> None:
    """Others lose what they may with a file of ours."""
    _close(path, FILE)


def _close(path: Path, mode: int) -> None:
    """What belongs to somebody else, or lies where nothing can be changed, stays as it is."""
    with suppress(PermissionError, FileNotFoundError):
        known = path.stat()
        if known.st_mode & 0o777 & ~mode and known.st_uid == os.geteuid():
            path.chmod(mode)
