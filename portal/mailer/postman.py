"""How a letter leaves: over SMTP, or as a file in a folder where nobody has set a mail server."""

import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from portal import clock
from portal.domain.notifications.outbox import Letter
from portal.lib.smtp import SENT, MailFolder, NotDelivered, SmtpServer
from portal.lib.text import line


class Postman(Protocol):
    def carry(self, letter: Letter, mail: EmailMessage) -> None:
        """Hand the mail over. Raises NotDelivered."""
        ...


class FolderPostman:
    """Letters as .eml files; the same letter carried twice is the same file."""

    def __init__(self, path: Path) -> None:
        self._folder = MailFolder(path)

    def carry(self, letter: Letter, mail: EmailMessage) -> None:
        name = f"{clock.prague(letter.written_at):%Y%m%d-%H%M%S}-{letter.id:06d}.eml"
        self._folder.put(name, mail.as_bytes(policy=SENT))


class SmtpPostman:
    """Letters to a mail server; the address is one of lib/smtp."""

    def __init__(self, address: str) -> None:
        self._server = SmtpServer(address, setting="PORTAL_MAIL_OUT")

    def carry(self, letter: Letter, mail: EmailMessage) -> None:
        try:
            with self._server.connect() as server:
                server.send_message(mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from error


def postman(mail_out: str, folder: Path) -> Postman:
    """The one a setting asks for. Raises Misconfigured."""
    return SmtpPostman(mail_out) if mail_out else FolderPostman(folder)


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
