"""Letters leave at least once, with the same Message-ID, across outages, and are given up only visibly."""

from datetime import timedelta
from email import message_from_bytes
from itertools import pairwise

import pytest
from aiosmtpd.controller import Controller

from portal import clock
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.outbound.outbox import OutboxFolder, OutboxServer
from portal.errors import Misconfigured, NotFound
from portal.lib.smtp import NotDelivered


class Server:
    """A mail server that answers as it is told, and keeps what it took."""

    def __init__(self):
        self.answer = "250 OK"
        self.taken = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.answer.startswith("250"):
            self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return self.answer


class OnAnyPort(Controller):
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def server():
    taking = Server()
    controller = OnAnyPort(taking, hostname="127.0.0.1", port=0)
    controller.start()
    taking.address = f"127.0.0.1:{controller.port}"
    yield taking
    controller.stop()


def postman(server):
    return OutboxServer(server.address, sender="noc@connectica.cz")


def test_letters_reach_the_mail_server_once(store, opened, server):
    assert outbox.deliver(store, postman(server)) == 2
    assert outbox.deliver(store, postman(server)) == 0
    recipients = [taken[0] for taken in server.taken]
    assert recipients == [["jan@strojirny-vltava.example"], ["petra@connectica.cz", "radek@connectica.cz"]]


def test_an_outage_delays_letters_and_loses_none(at_noon, store, opened, server):
    server.answer = "451 4.3.0 busy"
    assert outbox.deliver(store, postman(server)) == 0
    before = [letter.message_id for letter in outbox.letters_of(store, opened)]
    assert len(outbox.in_trouble(store)) == 2
    server.answer = "250 OK"
    assert outbox.deliver(store, postman(server)) == 0  # too early to try again
    with clock.set_to(at_noon + timedelta(minutes=1)):
        assert outbox.deliver(store, postman(server)) == 2
    assert [taken[1]["Message-ID"] for taken in server.taken] == before
    assert outbox.in_trouble(store) == []


def test_while_the_server_is_away_one_letter_finds_out_and_all_leave_when_it_is_back(at_noon, store, opened, server):
    assert outbox.deliver(store, OutboxServer("127.0.0.1:1", sender="noc@connectica.cz")) == 0
    assert [letter.tries for letter in outbox.letters_of(store, opened)] == [1, 0]
    assert outbox.deliver(store, postman(server)) == 1
    with clock.set_to(at_noon + timedelta(minutes=1)):
        assert outbox.deliver(store, postman(server)) == 1


class Nobody:
    """Never takes a letter, and notes when it was asked to."""

    def __init__(self):
        self.asked = []

    def carry(self, letter, raw):
        self.asked.append(clock.now())
        raise NotDelivered("nobody there", away=True)


def test_pauses_grow_to_less_than_five_minutes(at_noon, store, opened):
    nobody = Nobody()
    with store.write() as db:
        db.execute("DELETE FROM outbox WHERE kind = 'new_ticket'")
    for seconds in range(0, 3600, 10):
        with clock.set_to(at_noon + timedelta(seconds=seconds)):
            outbox.deliver(store, nobody)
    pauses = [later - earlier for earlier, later in pairwise(nobody.asked)]
    assert timedelta(seconds=20) < pauses[0] < timedelta(seconds=50)
    assert pauses[0] < pauses[2]
    assert max(pauses) <= timedelta(minutes=5)


def test_a_letter_nobody_takes_for_five_days_is_given_up_visibly(at_noon, store, opened):
    for days in (4.9, 5.1):
        assert outbox.waiting(store) == 2
        for minutes in (0, 1):
            with clock.set_to(at_noon + timedelta(days=days, minutes=minutes)):
                outbox.deliver(store, Nobody())
    given_up = outbox.in_trouble(store)
    assert [letter.trouble for letter in given_up if letter.given_up_at] == ["nobody there"] * 2
    outbox.try_again(store, given_up[0].id)
    assert outbox.waiting(store) == 1


def test_a_letter_that_is_refused_for_good_is_given_up_at_once_and_listed(store, opened, server):
    server.answer = "550 5.1.1 no such mailbox"
    outbox.deliver(store, postman(server))
    assert outbox.waiting(store) == 0
    assert [letter.trouble for letter in outbox.in_trouble(store)] == ["550 5.1.1 no such mailbox"] * 2


def test_two_deliverers_never_carry_one_letter_at_once(store, opened):
    carried = []

    class Slow:
        def carry(self, letter, raw):
            carried.append(letter.id)
            if len(carried) == 1:
                outbox.deliver(store, Slow())

    outbox.deliver(store, Slow())
    assert sorted(carried) == sorted(set(carried))
    assert len(carried) == 2


def test_a_letter_claimed_by_a_deliverer_that_died_is_tried_again_later(at_noon, store, opened, server):
    class Dies:
        def carry(self, letter, raw):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(store, Dies())
    with clock.set_to(at_noon + timedelta(minutes=11)):
        assert outbox.deliver(store, postman(server)) == 2


def test_a_desk_that_starts_at_once_carries_what_its_predecessor_died_with(at_noon, store, opened, server):
    class Dies:
        def carry(self, letter, raw):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(store, Dies())
    outbox.take_over(store)
    assert outbox.deliver(store, postman(server)) == 2


def test_in_a_folder_a_letter_is_one_file_however_often_it_is_carried(store, opened, tmp_path):
    folder = OutboxFolder(tmp_path / "out")
    outbox.deliver(store, folder)
    files = sorted(path.name for path in folder.path.iterdir())
    with store.write() as db:
        db.execute("UPDATE outbox SET sent_at = NULL, try_after = ''")
    outbox.deliver(store, folder)
    assert sorted(path.name for path in folder.path.iterdir()) == files
    assert len(files) == 2
    assert b"To: " in next(folder.path.glob("*received.eml")).read_bytes()


def test_a_confirmation_waits_in_the_same_transaction_as_its_ticket(store, compose, monkeypatch):
    def fails(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(outbox, "queue", fails)
    assert intake.receive(store, compose()).outcome == "aside"
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM ticket").fetchone()[0] == 0


@pytest.mark.parametrize("address", ["ftp://x", "smtp://", "smtp+starttls://:587"])
def test_a_wrong_mail_server_is_said_at_the_start(address):
    with pytest.raises(Misconfigured, match="PORTAL_DESK_MAIL_OUT"):
        OutboxServer(address, sender="noc@connectica.cz")


def test_a_letter_that_is_not_waiting_is_not_found(store):
    with pytest.raises(NotFound):
        outbox.try_again(store, 7)
