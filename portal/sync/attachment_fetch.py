"""Files in the background: attachments are brought from the core and kept under the hash of their bytes."""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, or_, select

from portal import clock
from portal.cores.protocol import Core
from portal.db import db
from portal.domain.tickets import previews
from portal.domain.tickets.attachments import ARRIVING, Attachment, path_of, remove_unneeded
from portal.errors import CoreAway, CoreError, PortalError
from portal.lib.security import private_files

LONGEST_WAIT = timedelta(days=1)
LONGEST_WHILE_AWAY = timedelta(minutes=1)  # of the core, or of room on the disk: neither is the file's own fault
LEFT_BEHIND = 3600.0  # seconds after which an arriving file is a dead process's
AT_ONCE = 200

log = logging.getLogger(__name__)


class TooLong(PortalError):
    """The file is longer than we keep; its name is shown, its bytes stay in the core."""


def fetch_due(
    core: Core, folder: Path, *, most_bytes: int, seconds: float = 5.0, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Bring files that are wanted and due, for about so many seconds; how many came. Commits file by file.

    A file that cannot be had is tried again later, each time after a longer wait; when the core is away or the
    disk is full the others wait, too.
    """
    until = time.monotonic() + seconds
    brought = 0
    for attachment_id in _due():
        if stopping() or time.monotonic() > until:
            break
        attachment = db.session.get(Attachment, attachment_id)
        if attachment is None or attachment.sha256 is not None:  # somebody was faster
            continue
        try:
            _bring(core, attachment, folder, most_bytes)
        except (CoreAway, OSError) as error:
            _put_off(attachment_id, error)
            break
        except (CoreError, TooLong) as error:
            _put_off(attachment_id, error)
        else:
            brought += 1
    db.session.rollback()
    return brought


def waiting_count() -> int:
    """How many files are not here yet."""
    return db.session.scalar(select(func.count()).select_from(Attachment).where(*_WANTED)) or 0


def sweep(folder: Path) -> None:
    """Remove what processes that died left half-written."""
    with suppress(FileNotFoundError):
        for path in (folder / ARRIVING).iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > LEFT_BEHIND:
                    path.unlink()


_WANTED = (Attachment.sha256.is_(None), Attachment.withdrawn_at.is_(None))


def _due() -> list[int]:
    """The newest first: they are the ones somebody looks for."""
    now = clock.now()
    due = select(Attachment.id).where(*_WANTED, or_(Attachment.fetch_after.is_(None), Attachment.fetch_after <= now))
    return list(db.session.scalars(due.order_by(Attachment.id.desc()).limit(AT_ONCE)))


def _bring(core: Core, attachment: Attachment, folder: Path, most_bytes: int) -> None:
    core_id, attachment_id, size, media_type = (
        attachment.core_id,
        attachment.id,
        attachment.size,
        attachment.media_type,
    )
    db.session.rollback()  # no transaction stays open while we wait for the core
    if size > most_bytes:
        raise TooLong(f"longer than {most_bytes} bytes")
    sha256 = _keep(core.attachment(core_id), folder, most_bytes)
    fresh = db.session.get(Attachment, attachment_id)
    if fresh is None:  # emptied or forgotten meanwhile
        remove_unneeded(folder, [sha256])
        return
    fresh.sha256, fresh.fetch_error, fresh.fetch_after = sha256, None, None
    db.session.commit()
    if previews.is_drawn(media_type):
        previews.drawn(folder, sha256)  # now, so that nobody waits for it on a page


def _keep(pieces: Iterable[bytes], folder: Path, most_bytes: int) -> str:
    """Write the bytes where their hash says, durably before they can be found; the hash."""
    private_files.make_folder(folder / ARRIVING)
    digest, length = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=folder / ARRIVING)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                length += len(piece)
                if length > most_bytes:
                    raise TooLong(f"longer than {most_bytes} bytes")
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        target = path_of(folder, digest.hexdigest())
        private_files.make_folder(target.parent)
        Path(name).replace(target)
        _remember_the_name(target.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return digest.hexdigest()


def _remember_the_name(folder: Path) -> None:
    """A rename survives a power cut only when its folder is written, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_off(attachment_id: int, error: Exception) -> None:
    db.session.rollback()
    attachment = db.session.get(Attachment, attachment_id)
    if attachment is None:
        return
    attachment.fetch_tries += 1
    attachment.fetch_error = f"{type(error).__name__}: {error}"[:300]
    wait = timedelta(seconds=15 * 2 ** min(attachment.fetch_tries, 20))
    longest = LONGEST_WHILE_AWAY if isinstance(error, CoreAway | OSError) else LONGEST_WAIT
    attachment.fetch_after = clock.now() + min(longest, wait)
    db.session.commit()
    log.warning("attachment %s was not brought: %s", attachment.core_id, error)
