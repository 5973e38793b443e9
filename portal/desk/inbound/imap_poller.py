"""Mail in from an IMAP mailbox: what is unseen, and what is new even if somebody has looked at it."""

import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from imap_tools import AND, BaseMailBox, MailBox, MailboxLoginError, MailBoxStartTls, MailBoxUnencrypted, UidRange
from imap_tools.consts import MailMessageFlags
from imap_tools.errors import ImapToolsError

from portal.desk.database import Store, fact, remember
from portal.desk.inbound import intake
from portal.errors import Misconfigured
from portal.lib.security import tls

_TIMEOUT = 60  # seconds of silence of the IMAP server


class MailboxAway(Exception):
    """The mailbox cannot be read now; the next poll may work."""


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """Where a mailbox is: imaps://user:password@host:993/INBOX, also imap:// and imap+starttls://.

    With the encrypted ones the server's certificate is verified before anything is said.
    """

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str

    @classmethod
    def parse(cls, address: str) -> "ImapMailbox":
        """Raises Misconfigured for what is no IMAP address."""
        url = urlsplit(address)
        if url.scheme not in _WAYS or not (url.hostname and url.username and url.password):
            raise Misconfigured(
                "PORTAL_DESK_IMAP_URL: write imaps://user:password@host:993/INBOX, @ in the user as %40"
            )
        port = url.port or (993 if url.scheme == "imaps" else 143)
        folder = unquote(url.path.strip("/")) or "INBOX"
        return cls(url.scheme, url.hostname, port, unquote(url.username), unquote(url.password), folder)


def poll(store: Store, place: ImapMailbox, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Take every mail that is unseen or newer than the last one taken; how many were new to us.

    A mail is marked as seen only after its ticket is committed. Reading the mailbox by hand hides nothing from us.
    Raises MailboxAway.
    """
    with _away_said(place), _signed_in(place) as mailbox:
        return _take(store, place, mailbox, stop)


def try_out(place: ImapMailbox) -> None:
    """Sign in and open the folder, and leave everything as it is. Raises MailboxAway."""
    with _away_said(place), _signed_in(place):
        return


@contextmanager
def _away_said(place: ImapMailbox) -> Iterator[None]:
    try:
        yield
    except tls.CertificateRefused as error:
        raise MailboxAway(str(error)) from error
    except MailboxLoginError as error:
        raise MailboxAway(f"{place.host} does not let {place.user} in") from error
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
        raise MailboxAway(f"{place.host}: {error}") from error


def _opened(place: ImapMailbox) -> BaseMailBox:
    """A connection in which nobody has introduced us yet."""
    way = _WAYS[place.scheme]
    if way is MailBoxUnencrypted:
        return way(place.host, place.port, timeout=_TIMEOUT)
    with tls.plainly(place.host):
        return way(place.host, place.port, timeout=_TIMEOUT, ssl_context=tls.client_context())


def _signed_in(place: ImapMailbox) -> BaseMailBox:
    """LOGIN is ASCII alone; what has other letters goes by AUTHENTICATE PLAIN, which is UTF-8."""
    mailbox = _opened(place)
    way = mailbox.login if f"{place.user}{place.password}".isascii() else mailbox.login_utf8
    return way(place.user, place.password, initial_folder=place.folder)


def _take(store: Store, place: ImapMailbox, mailbox: BaseMailBox, stop: Callable[[], bool]) -> int:
    name = f"imap:{place.user}@{place.host}/{place.folder}"
    validity = str(mailbox.folder.status(place.folder, ["UIDVALIDITY"])["UIDVALIDITY"])
    new = 0
    last = _last_taken(store, name, validity)
    for uid in _waiting(mailbox, last):
        if stop():
            break
        raw = _raw(mailbox, uid)
        if raw is not None:
            new += intake.receive(store, raw, sent_to=place.user).outcome != "duplicate"
            mailbox.flag(uid, MailMessageFlags.SEEN, value=True)
        last = max(last, int(uid))
        with store.write() as db:
            remember(db, name, f"{validity}.{last}")
    return new


def _raw(mailbox: BaseMailBox, uid: str) -> bytes | None:
    """The mail to the byte, which leaves it unseen; None when somebody deleted it meanwhile."""
    _, answer = mailbox.client.uid("fetch", uid, "(BODY.PEEK[])")
    return next((part[1] for part in answer if isinstance(part, tuple)), None)


def _last_taken(store: Store, name: str, validity: str) -> int:
    """The newest mail taken so far; 0 at the first time, and when the server has numbered its mails anew."""
    with store.read() as db:
        known, _, last = fact(db, name).partition(".")
    return int(last) if known == validity and last else 0


def _waiting(mailbox: BaseMailBox, last: int) -> list[str]:
    """Unseen mails, and those newer than the last one taken. At the first time old mail that was seen stays old."""
    uids = set(mailbox.uids(AND(seen=False)))
    if last:
        uids |= set(mailbox.uids(AND(uid=UidRange(str(last + 1), "*"))))
    return sorted((uid for uid in uids if uid), key=int)


_WAYS: dict[str, Callable[..., BaseMailBox]] = {
    "imaps": MailBox,
    "imap+starttls": MailBoxStartTls,
    "imap": MailBoxUnencrypted,
}
