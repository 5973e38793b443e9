"""Letters leave once, whatever fails in between, and say what they said."""

import email
import socket
import threading
from datetime import timedelta
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from portal import clock
from portal.db import db
from portal.domain.notifications import outbox
from portal.domain.notifications.outbox import Attached, Letter
from portal.errors import Misconfigured
from portal.lib.smtp import NotDelivered
from portal.mailer.postman import FolderPostman, mail, postman
from portal.mailer.worker import deliver

SENDER = "noc@connectica.cz"


class Refusing:
    """A server that is away for so many letters, and then takes them."""

    def __init__(self, times: int) -> None:
        self.times, self.carried = times, []

    def carry(self, letter, mail) -> None:
        if self.times:
            self.times -= 1
            raise NotDelivered("451 try again later")
        self.carried.append(mail)


def write(key: str = "k1", **values) -> bool:
    values = {"to": "manazer@strojirny-vltava.example", "subject": "Hodiny", "text": "Dobrý den,\n"} | values
    written = outbox.write(key=key, **values)
    db.session.commit()
    return written


def test_a_letter_is_written_once_a_key_and_leaves_once(ledger, tmp_path):
    assert (write(), write(subject="jiný")) == (True, False)
    folder = FolderPostman(tmp_path / "out")
    assert (deliver(folder, sender=SENDER), deliver(folder, sender=SENDER)) == (1, 0)
    (file,) = (tmp_path / "out").iterdir()
    found = email.message_from_bytes(file.read_bytes(), policy=default)
    assert (found["To"], found["Subject"]) == ("manazer@strojirny-vltava.example", "Hodiny")
    assert found.get_content().strip() == "Dobrý den,"


def test_an_attachment_goes_along_and_is_kept_no_longer_than_needed(ledger):
    write(attached=Attached("hodiny.xlsx", "application/x-test", b"\x00\x01"))
    carrier = Refusing(0)
    deliver(carrier, sender=SENDER)
    (part,) = carrier.carried[0].iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("hodiny.xlsx", b"\x00\x01")
    assert db.session.query(Letter).one().attachment is None


def test_a_server_that_is_away_delays_a_letter_and_loses_none(ledger):
    write()
    carrier, now = Refusing(3), clock.now()
    for later, left in ((0, 0), (1, 0), (120, 0), (125, 0), (600, 0), (3600, 1), (7200, 0)):
        with clock.set_to(now + timedelta(seconds=later)):
            assert deliver(carrier, sender=SENDER) == left
    letter = db.session.query(Letter).one()
    assert (letter.tries, letter.trouble) == (4, "")
    assert letter.sent_at


def test_a_sender_that_dies_leaves_its_letter_to_another_with_the_same_name(ledger):
    write()
    now = clock.now()
    with clock.set_to(now):
        claimed = outbox.claim(outbox.waiting()[0])
        name = mail(claimed, sender=SENDER)["Message-ID"]
        assert deliver(Refusing(0), sender=SENDER) == 0  # claimed by somebody who will never come back
    carrier = Refusing(0)
    with clock.set_to(now + outbox.CLAIMED_FOR + timedelta(seconds=1)):
        assert deliver(carrier, sender=SENDER) == 1
    assert carrier.carried[0]["Message-ID"] == name


def test_two_senders_at_once_carry_a_letter_once(app):
    for number in range(5):
        write(f"k{number}")
    carrier, lock, carried = Refusing(0), threading.Lock(), []
    start = threading.Barrier(4)

    def send() -> None:
        with app.app_context():
            start.wait()
            left = deliver(carrier, sender=SENDER)
            with lock:
                carried.append(left)
            db.session.remove()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(carried) == len(carrier.carried) == 5


def test_hostile_words_make_no_header(ledger):
    write(subject="Hodiny\r\nBcc: x@x.example", name='Jan "\r\nBcc: y@y.example" <z@z.example>')
    carrier = Refusing(0)
    deliver(carrier, sender=SENDER)
    found = email.message_from_bytes(carrier.carried[0].as_bytes(), policy=default)
    assert found["Bcc"] is None
    assert [address.addr_spec for address in found["To"].addresses] == ["manazer@strojirny-vltava.example"]


@pytest.mark.parametrize("to", ["", "nobody", "a@b.cz\r\nBcc: x@x.example", "a@b.cz, c@d.cz"])
def test_an_impossible_address_is_trouble_and_stops_no_other_letter(ledger, to):
    write("bad", to=to)
    write("good")
    carrier = Refusing(0)
    assert deliver(carrier, sender=SENDER) == 1
    with clock.set_to(clock.now() + timedelta(hours=2)):
        (late,) = outbox.late()
    assert "is no address" in late.trouble


def test_a_letter_goes_over_smtp(ledger):
    class Inbox:
        def __init__(self) -> None:
            self.mails = []

        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
            return "250 OK"

    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        write()
        assert deliver(postman(f"127.0.0.1:{port}", None), sender=SENDER) == 1
    finally:
        server.stop()
    ((sender, to, content),) = inbox.mails
    assert (sender, to) == (SENDER, ["manazer@strojirny-vltava.example"])
    assert "Dobrý den," in email.message_from_bytes(content, policy=default).get_content()


def test_a_server_nobody_listens_at_is_trouble(ledger):
    write()
    assert deliver(postman("smtp://127.0.0.1:1", None), sender=SENDER) == 0
    assert "ConnectionRefused" in db.session.query(Letter).one().trouble


@pytest.mark.parametrize("address", ["ftp://x", "smtp://", "://"])
def test_a_setting_that_names_no_server_is_refused(address, tmp_path):
    with pytest.raises(Misconfigured):
        postman(address, tmp_path)
