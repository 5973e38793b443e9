"""What the doctor tries: one function a part of the installation, each telling how it stands and what to do."""

import os
import shutil
import smtplib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from portal import config, schema
from portal.cores import registry
from portal.desk.inbound import imap_poller
from portal.errors import PortalError
from portal.lib.smtp import SmtpServer

BACKUPS = Path("/var/backups/portal")
OLDEST_BACKUP = 26  # hours; one is made every night
LEAST_FREE = 20  # percent of the disk


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: state is well, doubt (works, and is probably not meant) or ill; mend is empty when all is well."""

    what: str
    state: str
    found: str
    mend: str = ""


def everything(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Every check that these settings call for, one after another; none of them changes anything."""
    for words in config.doubts(values):
        yield Finding("settings", "doubt", *words.split(": ", 1))
    yield _tried("database", "of this release", schema.check, "see the message; connectica-portal db upgrade")
    yield _folder(values["INSTANCE"])
    yield _disk(values["INSTANCE"])
    yield _tried(
        "core", f"{values['CORE_URL']} answers", lambda: _ask_core(values), "PORTAL_CORE_URL, PORTAL_CORE_TOKEN"
    )
    if values["DESK_IMAP_URL"]:
        yield _tried("IMAP", "signs in", lambda: _sign_in(values), "PORTAL_DESK_IMAP_URL")
    for name in ("DESK_MAIL_OUT", "MAIL_OUT"):
        if values[name]:
            yield _tried("SMTP", f"PORTAL_{name} signs in", partial(_greet, values, name), f"PORTAL_{name}")
    yield _backup(BACKUPS)


def _tried(what: str, well: str, do: Callable[[], object], mend: str) -> Finding:
    try:
        do()
    except (PortalError, imap_poller.MailboxAway, smtplib.SMTPException, OSError, ValueError) as error:
        return Finding(what, "ill", str(error).strip() or type(error).__name__, mend)
    return Finding(what, "well", well)


def _folder(instance: Path) -> Finding:
    if not os.access(instance, os.W_OK):
        return Finding("folders", "ill", f"{instance} cannot be written to", "give it to the services' user")
    if instance.stat().st_mode & 0o007:
        return Finding(
            "folders", "doubt", f"everybody on this machine may look into {instance}", f"chmod 700 {instance}"
        )
    return Finding("folders", "well", f"{instance} is ours alone")


def _disk(instance: Path) -> Finding:
    space = shutil.disk_usage(instance)
    free = 100 * space.free // space.total
    state, mend = ("well", "") if free >= LEAST_FREE else ("ill", "make room: a full disk takes no mail")
    return Finding("disk", state, f"{free} % free", mend)


def _ask_core(values: Mapping[str, Any]) -> None:
    core = registry.core(values, token=config.core_token(values))
    core.companies()


def _sign_in(values: Mapping[str, Any]) -> None:
    imap_poller.try_out(imap_poller.ImapMailbox.parse(values["DESK_IMAP_URL"]))


def _greet(values: Mapping[str, Any], name: str) -> None:
    SmtpServer(values[name], setting=f"PORTAL_{name}").connect().close()


def _backup(folder: Path) -> Finding:
    try:
        newest = max((path.stat().st_mtime for path in folder.glob("*.tar")), default=None)
    except OSError:
        newest = None
    if newest is None:
        return Finding("backup", "doubt", f"there is none in {folder}", "systemctl enable --now portal-backup.timer")
    hours = int((time.time() - newest) / 3600)
    late = "" if hours <= OLDEST_BACKUP else "systemctl status portal-backup.service"
    return Finding("backup", "ill" if late else "well", f"the newest is {hours} hours old", late)
