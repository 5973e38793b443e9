"""What we write into a mail's subject is what its reader sees; a mail server proves who it is."""

import socket
import ssl
import threading
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from portal import clock
from portal.errors import Misconfigured
from portal.lib.smtp import SENT, MailFolder, NotDelivered, SmtpServer

WORDS = ["účtárně", "schránky", "kolegyně", "a", "pro", "VPN", "–", "žluťoučký", "[Connectica #20260017]", "tisk"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join))
def test_a_long_czech_subject_keeps_every_space_on_short_lines(subject):
    mail = EmailMessage(policy=SENT)
    mail["Subject"] = subject
    mail.set_content("Dobrý den.")
    written = mail.as_bytes()
    assert message_from_bytes(written, policy=default)["Subject"].strip() == subject
    assert max(map(len, written.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("address", ["ftp://x", "smtp://", "smtp+starttls://:587", "://"])
def test_an_address_that_names_no_server_is_refused_under_the_name_of_its_setting(address):
    with pytest.raises(Misconfigured, match="PORTAL_MAIL_OUT: write host:port"):
        SmtpServer(address, setting="PORTAL_MAIL_OUT")


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(tmp_path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(_of_its_own(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_greet, args=(listener, context))
        serving.start()
        server = SmtpServer(f"smtps://us:secret@127.0.0.1:{listener.getsockname()[1]}", setting="PORTAL_MAIL_OUT")
        with pytest.raises(ssl.SSLCertVerificationError):
            server.connect()
        serving.join()


def test_a_folder_that_cannot_be_made_delivers_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotDelivered):
        MailFolder(tmp_path / "file").put("mail.eml", b"Subject: x")


def _greet(listener, context):
    peer, _ = listener.accept()
    with peer, pytest.raises(ssl.SSLError):
        context.wrap_socket(peer, server_side=True)


def _of_its_own(tmp_path):
    """A key and a certificate for 127.0.0.1 that it signed itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(clock.now() - timedelta(days=1)).not_valid_after(clock.now() + timedelta(days=1))
    text, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = tmp_path / "own.pem"
    path.write_bytes(
        key.private_bytes(text, serialization.PrivateFormat.PKCS8, plain)
        + made.sign(key, hashes.SHA256()).public_bytes(text)
    )
    return path
