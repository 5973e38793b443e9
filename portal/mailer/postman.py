"""How a letter leaves: over SMTP, or as a file in a folder where nobody has set a mail server."""

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from portal import clock
from portal.domain.notifications.outbox import Letter
from portal.errors import Misconfigured, PortalError
from portal.lib.smtp import SENT
from portal.lib.text import line

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
TIMEOUT = 60  # seconds of silence of a mail server


class NotDelivered(PortalError):
    """The letter did not leave; it may leave later."""


class Postman(Protocol):
    def carry(self, letter: Letter, mail: EmailMessage) -> None:
        """Hand the mail over. Raises NotDelivered."""
        ...


class Folder:
    """Letters as .eml files; the same letter carried twice is the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def carry(self, letter: Letter, mail: EmailMessage) -> None:
        name = f"{clock.prague(letter.written_at):%Y%m%d-%H%M%S}-{letter.id:06d}.eml"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            unfinished = self._path / f".{name}"
            unfinished.write_bytes(mail.as_bytes(policy=SENT))
            unfinished.replace(self._path / name)
        except OSError as error:
            raise NotDelivered(str(error)) from error


class Server:
    """A mail server: host:port, smtp://host:25, smtp+starttls://user:password@host:587, smtps://…:465."""

    def __init__(self, address: str) -> None:
        url = urlsplit(address if "://" in address else f"smtp://{address}")
        if url.scheme not in PORTS or not url.hostname:
            raise Misconfigured("PORTAL_MAIL_OUT: write host:port, smtp://…, smtp+starttls://… or smtps://…")
        self._scheme, self._host, self._port = url.scheme, url.hostname, url.port or PORTS[url.scheme]
        self._user, self._password = unquote(url.username or ""), unquote(url.password or "")

    def carry(self, letter: Letter, mail: EmailMessage) -> None:
        try:
            with self._connected() as server:
                server.send_message(mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._scheme == "smtps":
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            if self._scheme == "smtp+starttls":
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


def postman(mail_out: str, folder: Path) -> Postman:
    """The one a setting asks for. Raises Misconfigured."""
    return Server(mail_out) if mail_out else Folder(folder)


def mail(letter: Letter, *, sender: str) -> EmailMessage:
    """The letter as a mail, the same one however often it is made. Raises NotDelivered for an impossible address."""
    made = EmailMessage(policy=SENT)
    host = sender.rpartition("@")[2]
    try:
        made["From"] = _address("Connectica", sender)
        made["To"] = _address(line(letter.name), letter.to)
    except ValueError as error:
        raise NotDelivered(f"{letter.to[:200]!r} is no address: {error}") from error
    made["Subject"] = line(letter.subject)
    made["Date"] = format_datetime(letter.written_at)
    made["Message-ID"] = f"<{sha256(letter.key.encode()).hexdigest()[:32]}@portal.{host}>"
    made["Auto-Submitted"] = "auto-generated"  # so that no robot answers, ours included
    made.set_content(letter.text)
    if letter.attachment is not None:
        kind, _, subtype = letter.attachment_type.partition("/")
        made.add_attachment(letter.attachment, maintype=kind, subtype=subtype, filename=line(letter.attachment_name))
    return made


def _address(name: str, email: str) -> Address:
    """Raises ValueError for what is no address, line breaks included."""
    if "@" not in email:
        raise ValueError("it has no @")
    return Address(display_name=name, addr_spec=email)
