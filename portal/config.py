"""Every setting: its name, its default, its meaning. Each is read from the environment as PORTAL_<NAME>."""

import difflib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal.errors import Misconfigured
from portal.lib.security import private_files

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SHORTEST_LOG = 30  # days
SHORTEST_KEPT, LONGEST_KEPT = 90, 36_500  # days
SHORTEST_SECRET = 32  # characters; 16 random bytes in hex
WEAK_TOKEN = 16  # characters: a shorter one of somebody else's is taken, with a warning


_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)
_YES, _NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    default: Any
    meaning: str


SETTINGS = (
    Setting("INSTANCE", "instance", "folder of databases, attachments and secrets, relative to the project"),
    Setting("DATABASE_URL", "", "the portal's database; empty is SQLite in the instance folder"),
    Setting("BASE_URL", "http://127.0.0.1:8000", "public address of the portal; links in mail begin with it"),
    Setting("LOG_FORMAT", "text", "how the log is written to standard error: text or json, one object a line"),
    Setting("LOG_LEVEL", "INFO", "the least that is written: DEBUG, INFO, WARNING or ERROR; INFO has every request"),
    Setting("METRICS_TOKEN", "", "bearer token for GET /metrics; empty tells nobody anything"),
    Setting("SECRET_KEY", "", "signs sessions; empty makes one and keeps it in the instance folder"),
    Setting("DEMO", False, "true only in `make demo`: shows the demo's accounts and mail pages"),
    Setting("DEMO_FOLDER", "instance/demo", "everything `make demo` keeps, relative to the project"),
    Setting("DEMO_DATABASE", "sqlite", "what the demo's portal stands on: sqlite, or postgresql, started for it"),
    Setting("DEMO_PORTAL", "127.0.0.1:8000", "where the portal of `make demo` answers"),
    Setting("DEMO_DESK", "127.0.0.1:8001", "where the Core API of the demo's desk answers"),
    Setting("DEMO_SMTP", "127.0.0.1:8025", "where the demo's desk takes mail"),
    Setting("DEMO_TICKETS", 450, "how many tickets the demo's year has"),
    Setting("STAFF_SECOND_FACTOR", True, "Connectica's own people must have a second factor; false in the demo"),
    Setting("AUDIT_KEEP_DAYS", 730, "how long events of the audit log are kept, in days; 30 at least"),
    Setting("KEEP_TICKETS_DAYS", 0, "how long ended tickets keep words, files and people, in days; 0 is for ever"),
    Setting("PROXIES", 0, "how many reverse proxies in front set X-Forwarded-For and -Proto; 0 believes none"),
    Setting("TLS_CA", "", "PEM file of authorities of your own that servers may have their certificates from"),
    Setting("NOC_ADDRESS", "noc@connectica.cz", "the mailbox employees write to"),
    Setting("CORE", "desk", "which core store is mirrored: desk, rt, or api for any that serves Core API v1"),
    Setting("CORE_URL", "http://127.0.0.1:8001/core/v1", "where the core store answers"),
    Setting("CORE_TOKEN", "", "bearer token for the core; empty reads core-token from the instance folder"),
    Setting("CORE_HOOK_SECRET", "", "signs POST /hooks/core; empty makes one and keeps it in the instance folder"),
    Setting("RT_USER", "portal", "the portal's account in Request Tracker"),
    Setting("RT_PASSWORD", "", "its password; empty signs in with CORE_TOKEN, which costs RT far more"),
    Setting("RT_QUEUE", "IT", "the queue of Request Tracker that is mirrored"),
    Setting("RT_STATES", "", "further statuses, e.g. waiting=open, closed=done"),
    Setting("RT_COMPANY_BY", "field", "what says whose a ticket is: field, organization or domain"),
    Setting("RT_TIME_CATEGORY", "", "price category of TimeWorked without a time code, in an RT without TimeEntries"),
    Setting("RT_COMPANIES", "", "companies as docs/request-tracker.md writes them; empty asks RT's field Company"),
    Setting("DESK_FOLDER", "desk", "the desk's database and letters, relative to the instance folder"),
    Setting("DESK_HTTP", "127.0.0.1:8001", "where the desk's Core API listens"),
    Setting("DESK_SMTP", "127.0.0.1:8025", "where the desk takes mail"),
    Setting("DESK_SMTP_CERTIFICATE", "", "PEM file of key and certificate; lets mail programs submit over STARTTLS"),
    Setting("DESK_SUBMISSION_TOKEN", "", "password of technicians' mail programs; empty makes one and keeps it"),
    Setting("DESK_TRUST_LOCAL", False, "true only in the demo: mail from this machine is from whom it says"),
    Setting("DESK_TRUSTED_AUTHSERV", "", "whose Authentication-Results are believed: our mail server's authserv-id"),
    Setting("DESK_IMAP_URL", "", "a mailbox to read: imaps://user:password@host:993/INBOX; empty reads none"),
    Setting("DESK_IMAP_SECONDS", 20, "pause between two looks into that mailbox, in seconds"),
    Setting("DESK_MAIL_OUT", "", "mail server: smtp+starttls://user:password@host:587; empty writes files"),
    Setting(
        "DESK_TECHNICIANS_PAGE",
        "",
        "address at which technicians read docs/technicians.md; letters to them lead there",
    ),
    Setting("DESK_DISPATCH", "", "who is told of new tickets, comma-separated addresses; empty is every technician"),
    Setting("DESK_LARGEST_MB", 35, "the largest mail the desk takes, in MiB"),
    Setting("DESK_KEEP_RAW_DAYS", 30, "how long the raw form of an accepted mail is kept, in days"),
    Setting("DESK_POKE_URL", "", "told of every change, e.g. http://127.0.0.1:8000/hooks/core; empty tells nobody"),
    Setting("MAIL_OUT", "", "the portal's mail server: smtp+starttls://user:password@host:587; empty writes files"),
    Setting("SYNC_SECONDS", 30, "pause between two runs of the sync when nothing wakes it, in seconds"),
    Setting("ATTACHMENT_LARGEST_MB", 100, "the largest attachment the mirror keeps, in MiB"),
)


def load(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """All settings by name, typed as their defaults. Raises Misconfigured naming the setting at fault."""
    values = {row.name: _typed(row, environ.get(f"PORTAL_{row.name}")) for row in SETTINGS}
    instance = Path(values["INSTANCE"])
    values["INSTANCE"] = instance if instance.is_absolute() else ROOT / instance
    return values


def unknown(environ: Mapping[str, str]) -> list[str]:
    """A line for every PORTAL_* name that is no setting, with the one that was probably meant."""
    known = [row.name for row in SETTINGS]
    strange = sorted(name for name in environ if name.startswith("PORTAL_") and name[7:] not in known)
    return [f"{name} is no setting{_meant(name[7:], known)}" for name in strange]


def check(values: Mapping[str, Any]) -> None:
    """Raises Misconfigured for settings under which no process of the portal may run, naming each of them."""
    base = urlsplit(values["BASE_URL"])
    is_loopback = base.hostname in LOOPBACK
    faults = [
        words
        for is_wrong, words in (
            (
                not (base.scheme in ("http", "https") and base.hostname) or base.path.strip("/") or base.query,
                f"PORTAL_BASE_URL={values['BASE_URL']!r}: write scheme and host, e.g. https://portal.example",
            ),
            (
                base.scheme == "http" and not is_loopback,
                f"PORTAL_BASE_URL={values['BASE_URL']}: passwords would travel in the open; write https://",
            ),
            (
                values["DEMO"] and not is_loopback,
                "PORTAL_DEMO shows everybody's letters and passwords: unset it wherever others come",
            ),
            (values["AUDIT_KEEP_DAYS"] < SHORTEST_LOG, f"PORTAL_AUDIT_KEEP_DAYS is {SHORTEST_LOG} or more"),
            (
                values["KEEP_TICKETS_DAYS"] and not SHORTEST_KEPT <= values["KEEP_TICKETS_DAYS"] <= LONGEST_KEPT,
                f"PORTAL_KEEP_TICKETS_DAYS is 0, or {SHORTEST_KEPT} to {LONGEST_KEPT}: an invoice must be understood",
            ),
            (
                not _ADDRESS.fullmatch(values["NOC_ADDRESS"]),
                f"PORTAL_NOC_ADDRESS={values['NOC_ADDRESS']!r} is no address; write for example noc@connectica.cz",
            ),
            (
                values["DESK_TRUST_LOCAL"] and not values["DEMO"],
                "PORTAL_DESK_TRUST_LOCAL believes all that this machine sends, relayed mail, too: for the demo alone",
            ),
            (values["DESK_IMAP_SECONDS"] < 1, "PORTAL_DESK_IMAP_SECONDS is 1 or more"),
            (values["SYNC_SECONDS"] < 1, "PORTAL_SYNC_SECONDS is 1 or more"),
            (values["PROXIES"] < 0, "PORTAL_PROXIES is a number of proxies: 0 or more"),
            (values["LOG_FORMAT"] not in ("text", "json"), "PORTAL_LOG_FORMAT is text or json"),
            (values["LOG_LEVEL"] not in LOG_LEVELS, f"PORTAL_LOG_LEVEL is one of {', '.join(LOG_LEVELS)}"),
            (
                0 < len(values["METRICS_TOKEN"]) < SHORTEST_SECRET,
                f"PORTAL_METRICS_TOKEN is shorter than {SHORTEST_SECRET} characters",
            ),
        )
        if is_wrong
    ]
    if faults:
        raise Misconfigured("\n".join(faults))


def doubts(values: Mapping[str, Any]) -> list[str]:
    """What works and is probably not meant, one plain line each: said when a service starts, refused by nobody."""
    if values["DEMO"]:
        return []
    desk = values["CORE"] == "desk"
    host = values["DESK_HTTP"].rpartition(":")[0].strip("[]")
    return [
        words
        for is_so, words in (
            (
                desk and not values["DESK_MAIL_OUT"],
                "PORTAL_DESK_MAIL_OUT is not set: the desk's letters to employees and technicians stay in a folder",
            ),
            (
                not values["MAIL_OUT"],
                "PORTAL_MAIL_OUT is not set: the portal's own letters, invitations too, stay in a folder",
            ),
            (
                0 < len(values["CORE_TOKEN"]) < WEAK_TOKEN,
                f"PORTAL_CORE_TOKEN is shorter than {WEAK_TOKEN} characters: whoever guesses it reads every ticket",
            ),
            (
                desk and _is_open(host),
                f"PORTAL_DESK_HTTP={values['DESK_HTTP']}: the Core API, every ticket behind one token, is open to "
                "the network without TLS; write a private address, or 127.0.0.1",
            ),
        )
        if is_so
    ]


def _is_open(host: str) -> bool:
    """Whether an address to listen at may be reached from outside a private network."""
    if host == "localhost":
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_unspecified or not address.is_private


def core_token(values: Mapping[str, Any]) -> str:
    """The token for the core. One that another system made is taken as it is, and never invented for it.

    Raises Misconfigured when there is none for a core that is not the desk of this machine.
    """
    path: Path = values["INSTANCE"] / "core-token"
    if values["CORE_TOKEN"]:
        return values["CORE_TOKEN"]
    if not _is_our_desk(values) and not path.exists():
        if values["CORE"] == "rt" and values["RT_PASSWORD"]:
            return ""
        raise Misconfigured(f"PORTAL_CORE_TOKEN: write the token that {values['CORE_URL']} lets the portal in by")
    return secret(values, "CORE_TOKEN") if _is_our_desk(values) else path.read_text().strip()


def _is_our_desk(values: Mapping[str, Any]) -> bool:
    return values["CORE"] == "desk" and urlsplit(values["CORE_URL"]).hostname in LOOPBACK


def secret(values: Mapping[str, Any], name: str) -> str:
    """A secret from its setting, or one made once and kept in the instance folder, readable by us alone."""
    given = values[name]
    if given:
        return _long_enough(name, given)
    path: Path = values["INSTANCE"] / name.lower().replace("_", "-")
    try:
        private_files.make_folder(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _long_enough(name, path.read_text().strip())
    except OSError as error:
        raise Misconfigured(
            f"no secret can be kept in {path.parent}: {error.strerror}. Set PORTAL_{name}, or PORTAL_INSTANCE to a "
            "folder of ours"
        ) from error
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text()


def _meant(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean PORTAL_{near[0]}?" if near else "; see docs/operations.md"


def _typed(row: Setting, written: str | None) -> Any:
    if written is None:
        return row.default
    if isinstance(row.default, bool):
        if written.strip().lower() not in _YES | _NO:
            raise Misconfigured(f"PORTAL_{row.name}={written!r}: write true or false ({row.meaning})")
        return written.strip().lower() in _YES
    if isinstance(row.default, int):
        try:
            return int(written)
        except ValueError as error:
            raise Misconfigured(f"PORTAL_{row.name}={written!r}: a whole number is needed ({row.meaning})") from error
    return written


def _long_enough(name: str, value: str) -> str:
    if len(value) < SHORTEST_SECRET:
        raise Misconfigured(f"PORTAL_{name} is shorter than {SHORTEST_SECRET} characters; unset it to have one made")
    return value
