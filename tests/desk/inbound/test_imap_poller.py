"""Mail in from a real IMAP server."""

import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from portal.desk.inbound import imap_poller, intake
from portal.desk.inbound.imap_poller import ImapMailbox, MailboxAway
from portal.errors import Misconfigured

PASSWORD = "imap-test"


@pytest.fixture(scope="module")
def dovecot():
    """The port of a Dovecot of our own, where any user name with PASSWORD has a mailbox."""
    from tests.conftest import missing

    binary = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    if not binary:
        missing("Dovecot", "apt-get install dovecot-imapd")
    folder = Path(tempfile.mkdtemp(prefix="desk-imap-"))
    port = _free_port()
    is_root = os.geteuid() == 0
    user = "nobody" if is_root else pwd.getpwuid(os.geteuid()).pw_name
    ours = pwd.getpwnam(user)
    (folder / "dovecot.conf").write_text(
        f"""
        base_dir = {folder}/run
        state_dir = {folder}/run
        log_path = {folder}/log
        protocols = imap
        listen = 127.0.0.1
        ssl = no
        disable_plaintext_auth = no
        default_internal_user = {user}
        default_login_user = {user}
        default_internal_group = {_group(ours.pw_gid)}
        first_valid_uid = {min(ours.pw_uid, 1)}
        first_valid_gid = 1
        mail_location = maildir:{folder}/mail/%u
        service imap-login {{
          chroot =
          inet_listener imap {{
            port = {port}
          }}
          inet_listener imaps {{
            port = 0
          }}
        }}
        service anvil {{
          chroot =
        }}
        passdb {{
          driver = static
          args = password={PASSWORD}
        }}
        userdb {{
          driver = static
          args = uid={ours.pw_uid} gid={ours.pw_gid} home={folder}/mail/%u
        }}
        """
    )
    (folder / "mail").mkdir()
    folder.chmod(0o755)
    if is_root:
        shutil.chown(folder / "mail", user)
    process = subprocess.Popen([binary, "-F", "-c", folder / "dovecot.conf"])
    try:
        _wait_for(port, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place(dovecot, request):
    """An empty mailbox."""
    user = "".join(letter for letter in request.node.name if letter.isalnum())[:60].lower()
    return ImapMailbox("imap", "127.0.0.1", dovecot, user, PASSWORD, "INBOX")


@pytest.fixture
def deliver(place):
    """Put a raw mail into the mailbox; deliver(raw, seen=True) as if somebody had read it."""

    def put(raw, *, seen=False):
        with imaplib.IMAP4("127.0.0.1", place.port) as client:
            client.login(place.user, PASSWORD)
            client.append("INBOX", r"(\Seen)" if seen else None, None, raw)

    return put


def unseen(place):
    with imaplib.IMAP4("127.0.0.1", place.port) as client:
        client.login(place.user, PASSWORD)
        client.select("INBOX")
        return len(client.search(None, "UNSEEN")[1][0].split())


def test_unseen_mail_becomes_tickets_and_is_seen_then(store, place, deliver, compose, record):
    deliver(compose("Nejde tisk."))
    deliver(compose("Nejde síť."))
    assert imap_poller.poll(store, place) == 2
    assert unseen(place) == 0
    assert [record(number)["messages"][0]["text"] for number in _numbers(store)] == ["Nejde tisk.", "Nejde síť."]
    assert imap_poller.poll(store, place) == 0


def test_a_mail_is_marked_as_seen_only_after_its_ticket_is_committed(store, place, deliver, compose, monkeypatch):
    deliver(compose())

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(intake, "receive", dies)
        with pytest.raises(KeyboardInterrupt):
            imap_poller.poll(store, place)
    assert unseen(place) == 1
    assert imap_poller.poll(store, place) == 1


def test_a_mail_that_somebody_read_before_us_is_taken_all_the_same(store, place, deliver, compose):
    deliver(compose("první"))
    imap_poller.poll(store, place)
    deliver(compose("druhý"), seen=True)
    assert imap_poller.poll(store, place) == 1


def test_old_mail_that_was_read_before_the_desk_existed_stays_old(store, place, deliver, compose):
    deliver(compose("starý"), seen=True)
    deliver(compose("nový"))
    assert imap_poller.poll(store, place) == 1


def test_what_cannot_be_read_is_kept_aside_to_the_byte(store, place, deliver):
    raw = b"Subject: kdo jsem?\r\nX-Odd: \xe8\xec\r\n\r\n\xff\xfe nikdo\r\n"
    deliver(raw)
    assert imap_poller.poll(store, place) == 1
    [kept] = intake.kept_mails(store, "aside")
    assert intake.raw_mail(store, kept.id) == raw


def test_a_mailbox_that_is_away_or_closed_to_us_is_said(store, place):
    with pytest.raises(MailboxAway, match="let"):
        imap_poller.poll(store, ImapMailbox("imap", "127.0.0.1", place.port, "x", "wrong", "INBOX"))
    with pytest.raises(MailboxAway):
        imap_poller.poll(store, ImapMailbox("imap", "127.0.0.1", 1, "x", PASSWORD, "INBOX"))
    with pytest.raises(MailboxAway):
        imap_poller.poll(store, ImapMailbox("imap", "127.0.0.1", place.port, place.user, PASSWORD, "Není"))


def test_an_address_of_a_mailbox_says_everything():
    place = ImapMailbox.parse("imaps://noc%40connectica.cz:p%3Ass@imap.example/Požadavky")
    assert place == ImapMailbox("imaps", "imap.example", 993, "noc@connectica.cz", "p:ss", "Požadavky")


@pytest.mark.parametrize("address", ["pop3://a:b@c", "imaps://host/INBOX", "imaps://a@host", "nonsense"])
def test_an_address_of_no_mailbox_is_refused(address):
    with pytest.raises(Misconfigured, match="PORTAL_DESK_IMAP_URL"):
        ImapMailbox.parse(address)


def _numbers(store):
    with store.read() as db:
        return [row["number"] for row in db.execute("SELECT number FROM ticket ORDER BY id")]


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _group(gid):
    import grp

    return grp.getgrgid(gid).gr_name


def _wait_for(port, log):
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            with imaplib.IMAP4("127.0.0.1", port):
                return
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.1)
    pytest.fail(f"Dovecot did not start:\n{log.read_text() if log.exists() else ''}")
