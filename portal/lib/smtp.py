"""Mail that leaves: how it becomes bytes, a mail server given by its address, and a folder in its place."""

import smtplib
from base64 import b64encode
from email.header import Header
from email.policy import EmailPolicy
from pathlib import Path
from urllib.parse import unquote, urlsplit

from portal.errors import Misconfigured, PortalError
from portal.lib.security import private_files, tls

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
TIMEOUT = 60  # seconds of silence of a mail server


class NotDelivered(PortalError):
    """The mail did not leave; for_good: trying again is useless; away: no other mail would leave now either."""

    def __init__(self, reason: str, *, for_good: bool = False, away: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good
        self.away = away


class SmtpServer:
    """A mail server: host:port, smtp://host:25, smtp+starttls://user:password@host:587, smtps://…:465."""

    def __init__(self, address: str, *, setting: str) -> None:
        """setting: the name of the one that holds the address. Raises Misconfigured, naming it."""
        url = urlsplit(address if "://" in address else f"smtp://{address}")
        if url.scheme not in PORTS or not url.hostname:
            raise Misconfigured(f"{setting}: write host:port, smtp://…, smtp+starttls://… or smtps://…")
        self._scheme, self._host, self._port = url.scheme, url.hostname, url.port or PORTS[url.scheme]
        self._user, self._password = unquote(url.username or ""), unquote(url.password or "")

    def connect(self) -> smtplib.SMTP:
        """An open connection, encrypted and signed in as the address says; the server's certificate is verified.

        Raises smtplib.SMTPException or OSError; CertificateRefused says plainly that the server is not who it claims.
        """
        with tls.plainly(self._host):
            return self._connected()

    def _connected(self) -> smtplib.SMTP:
        context = tls.client_context()
        server: smtplib.SMTP
        if self._scheme == "smtps":
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            if self._scheme == "smtp+starttls":
                server.starttls(context=context)
            if self._user:
                _sign_in(server, self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


def _sign_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """smtplib signs in with ASCII alone; other letters go as AUTH PLAIN, which is UTF-8."""
    if f"{user}{password}".isascii():
        server.login(user, password)
        return
    server.ehlo_or_helo_if_needed()
    code, said = server.docmd("AUTH", "PLAIN " + b64encode(f"\0{user}\0{password}".encode()).decode())
    if code not in (235, 503):  # 503: signed in already
        raise smtplib.SMTPAuthenticationError(code, said)


class MailFolder:
    """Mails as .eml files in a folder; the same name written twice is the same file, and never half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, name: str, raw: bytes) -> None:
        """Raises NotDelivered."""
        unfinished = self.path / f".{name}"
        try:
            private_files.make_folder(self.path)
            private_files.write(unfinished, raw)
            unfinished.replace(self.path / name)
        except OSError as error:
            raise NotDelivered(str(error)) from error


class _WholeSubjects(EmailPolicy):
    """Python 3.11 drops a space where it splits an encoded header; its older Header class does not."""

    def fold(self, name, value):
        if name.lower() == "subject" and not str(value).isascii():
            return (
                f"{name}: {Header(str(value), 'utf-8', header_name=name).encode(linesep=self.linesep)}{self.linesep}"
            )
        return super().fold(name, value)

    def fold_binary(self, name, value):
        return self.fold(name, value).encode("ascii", "surrogateescape")


SENT = _WholeSubjects(linesep="\r\n")  # the policy of every mail we write
