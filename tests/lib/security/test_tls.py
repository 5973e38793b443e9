"""Every TLS client of the product asks a server who it is, says plainly why it believes it not, and sends nothing."""

import smtplib
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from http.client import HTTPException

import pytest

from portal.cores.connection import CoreConnection
from portal.desk import server as desk_server
from portal.desk.database import Store
from portal.desk.inbound import imap_poller
from portal.desk.inbound.imap_poller import ImapMailbox, MailboxAway
from portal.desk.outbound.outbox import OutboxServer
from portal.errors import CoreAway, Misconfigured, ProviderAway
from portal.lib.security import tls
from portal.lib.smtp import NotDelivered, SmtpServer
from portal.mailer.postman import SmtpPostman
from portal.oidc import connection as oidc
from tests.certificates import HOST, Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority):
    tls.trust(str(authority.path))
    yield authority
    tls.trust("")


SHOWN = {
    "of another name": (Authority.of_another_name, "made out to another name"),
    "signed by itself": (Authority.of_itself, "signed by itself"),
    "expired": (Authority.expired, "expired"),
}


def _smtp(way):
    def ask(port, folder):
        SmtpServer(f"{way}://us:secret@{HOST}:{port}", setting="PORTAL_MAIL_OUT").connect().close()

    return ask


def _imap(way):
    def ask(port, folder):
        imap_poller.poll(Store(folder / "desk.db"), ImapMailbox(way, HOST, port, "us", "secret", "INBOX"))

    return ask


CLIENTS = {  # what asks, what the server speaks before TLS, and the error of ours
    "smtps": (_smtp("smtps"), "", OSError),
    "smtp+starttls": (_smtp("smtp+starttls"), "smtp", OSError),
    "imaps": (_imap("imaps"), "", MailboxAway),
    "imap+starttls": (_imap("imap+starttls"), "imap", MailboxAway),
    "core": (lambda port, _: CoreConnection(f"https://{HOST}:{port}", "secret", pause=0).read("x"), "", CoreAway),
    "provider": (lambda port, _: oidc.read(f"https://{HOST}:{port}/x"), "", ProviderAway),
    "poke": (lambda port, _: desk_server._poke(f"https://{HOST}:{port}/hooks/core", "secret"), "", OSError),
}


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_that_is_not_who_it_claims_is_refused_in_plain_words(trusted, tmp_path, client, shown):
    (ask, speaks, error), (made, words) = CLIENTS[client], SHOWN[shown]
    with _serving(made(trusted), speaks) as server:
        with pytest.raises(error, match=f"certificate of {HOST} is refused: it (is|has) {words}"):
            ask(server.port, tmp_path)
        assert b"secret" not in server.heard and b"us" not in server.heard.lower().split()


@pytest.mark.parametrize("client", CLIENTS)
def test_an_authority_of_ones_own_is_believed_once_it_is_named(trusted, tmp_path, client):
    ask, speaks, error = CLIENTS[client]
    with _serving(trusted.good(), speaks) as server:
        with suppress(error, smtplib.SMTPException, HTTPException):  # it speaks nothing beyond TLS
            ask(server.port, tmp_path)
        assert server.shook_hands


@pytest.mark.parametrize("client", CLIENTS)
def test_an_authority_nobody_named_is_not_believed(authority, tmp_path, client):
    ask, speaks, error = CLIENTS[client]
    with _serving(authority.good(), speaks) as server:
        with pytest.raises(error, match=r"signed by an authority nobody here knows.*PORTAL_TLS_CA"):
            ask(server.port, tmp_path)
        assert not server.shook_hands


@pytest.mark.parametrize("carry", [SmtpPostman, lambda address: OutboxServer(address, sender="noc@a.example")])
def test_a_letter_waits_with_the_reason(trusted, carry):
    from email.message import EmailMessage

    with _serving(trusted.expired(), "") as server:
        postman = carry(f"smtps://{HOST}:{server.port}")
        with pytest.raises(NotDelivered, match="it has expired"):
            postman.carry(None, EmailMessage())


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"])
def test_a_file_without_certificates_is_said(tmp_path, text):
    (tmp_path / "own.pem").write_text(text)
    for path in (tmp_path / "own.pem", tmp_path / "missing.pem"):
        with pytest.raises(Misconfigured, match="PORTAL_TLS_CA"):
            tls.trust(str(path))


class _Server:
    """Shows a certificate to everybody who comes, and remembers what it was told."""

    def __init__(self, certificate, speaks):
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate)
        self._speaks = speaks
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard, self.shook_hands = b"", False

    def serve(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                self._greet(peer)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _greet(self, peer):
        peer.settimeout(10)
        for line in {"smtp": _SMTP, "imap": _IMAP, "": ()}[self._speaks]:
            if line:
                peer.sendall(line.replace(b"TAG", self._tag))
            self._tag = b""
            if line.startswith((b"220 2", b"TAG OK go")):
                break
            said = peer.recv(1000)
            self.heard += said
            self._tag = said.split()[0] if said else b""
        with self._context.wrap_socket(peer, server_side=True) as safe:
            self.shook_hands = True
            safe.settimeout(10)
            safe.sendall(b"* OK\r\n")

    _tag = b""


_SMTP = (b"220 here\r\n", b"250-here\r\n250 STARTTLS\r\n", b"220 2.0.0 go\r\n")
_IMAP = (b"* OK here\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n", b"TAG OK go\r\n")


@contextmanager
def _serving(certificate, speaks):
    server = _Server(certificate, speaks)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(20)
