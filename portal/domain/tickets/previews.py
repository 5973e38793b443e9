"""Pictures: what strangers sent as pictures, drawn anew and kept beside the original. Browsers get only these."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Lock

from portal.domain.tickets import preview_worker
from portal.domain.tickets.attachments import ARRIVING, path_of
from portal.lib.security import private_files

MEDIA_TYPE = "image/webp"  # of every drawn picture
DRAWN = frozenset(  # media types, as senders write them, that we try to draw; the bytes decide
    {"image/png", "image/x-png", "image/jpeg", "image/jpg", "image/pjpeg", "image/gif", "image/webp", "image/bmp"}
)
PATIENCE = 60.0  # seconds for one picture, on a machine that is busy; its computing is limited to less

_one_at_a_time = Lock()  # of each process: a page full of pictures must not fill the memory


def is_drawn(media_type: str) -> bool:
    """Whether a file of this type is shown as a picture, if it is one."""
    return media_type.split(";", maxsplit=1)[0].strip().lower() in DRAWN


def drawn(folder: Path, sha256: str) -> Path | None:
    """The picture in a folder of attachments drawn anew, which happens once; None for what is no picture we draw."""
    kept = path_of(folder, f"{sha256}.webp")
    if not kept.exists():
        with _one_at_a_time:
            if not kept.exists():
                _draw(path_of(folder, sha256), kept, folder / ARRIVING)
    return kept if kept.exists() and kept.stat().st_size else None  # an empty file: it was tried, and is none


def _draw(original: Path, kept: Path, arriving: Path) -> None:
    """By a process of its own. What was refused is remembered as an empty file, what went wrong is tried again."""
    private_files.make_folder(arriving)
    handle, name = tempfile.mkstemp(dir=arriving)
    os.close(handle)
    try:
        done = subprocess.run(  # noqa: S603 - our own script, and paths made of a hash
            [sys.executable, "-I", preview_worker.__file__, original, name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            timeout=PATIENCE,
            check=False,
        )
        was_killed = done.returncode < 0  # by a limit it ran into
        if done.returncode == preview_worker.REFUSED or was_killed:
            os.truncate(name, 0)
        elif done.returncode:
            return
        Path(name).replace(kept)
    except subprocess.TimeoutExpired:
        return
    finally:
        Path(name).unlink(missing_ok=True)
