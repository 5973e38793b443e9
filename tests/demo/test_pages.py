"""The demo's own pages: letters lie open to this machine alone, and outside the demo there is no such page."""

import re
import socket

import pytest
from aiosmtpd.controller import Controller

from portal import create_app
from portal.cli.demo import STAFF
from portal.db import db
from portal.demo import people
from portal.web.views.machines import demo

LETTER = (
    "From: Connectica <noc@connectica.cz>\r\nTo: =?utf-8?b?xb1vZmllIExpxaFrb3bDoQ==?= <zofie@ak-hora.example>\r\n"
    "Subject: [Connectica #20260017] <b>Tisk</b>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nDobrý den, <script>alert(1)</script>\r\n"
).encode()


class Mailbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def smtp():
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        mailbox.port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    yield mailbox
    controller.stop()


@pytest.fixture
def portal(sqlite_template, tmp_path):
    """The portal of a demo; its pages ask no database."""
    (tmp_path / "portal.db").write_bytes(sqlite_template.read_bytes())
    (tmp_path / "desk" / "outbox").mkdir(parents=True)
    (tmp_path / "desk" / "outbox" / "20261123-090000-000001-answer.eml").write_bytes(LETTER)
    app = create_app(INSTANCE=tmp_path, DATABASE_URL="", DEMO=True, DESK_FOLDER=str(tmp_path / "desk"), TESTING=True)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_letter_is_listed_and_read_and_none_of_it_is_code(portal):
    client = portal.test_client()
    page = client.get("/demo/mail").text
    assert "Žofie Lišková" in page
    assert "&lt;b&gt;Tisk&lt;/b&gt;" in page
    letter = client.get("/demo/mail/20261123-090000-000001-answer").text
    assert "Dobrý den, &lt;script&gt;" in letter
    assert client.get("/demo/mail/.._secret-key").status_code == 404
    assert client.get("/demo/mail/20261123-090000-000002-answer").status_code == 404


@pytest.mark.parametrize("address", ["/demo/mail", "/demo/mail/20261123-090000-000001-answer"])
def test_another_machine_finds_nothing(portal, address):
    answer = portal.test_client().get(address, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    assert answer.status_code == 404
    assert "Žofie" not in answer.text


def test_outside_the_demo_there_is_no_such_page(app):
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/demo")]
    assert "connectica-demo" not in app.test_client().get("/", follow_redirects=True).text


def test_the_form_sends_a_mail(portal, smtp):
    portal.config["DEMO_SMTP"] = f"127.0.0.1:{smtp.port}"
    assert send(portal).status_code == 302
    (envelope,) = smtp.mails
    assert envelope.mail_from == "vit.hora@ak-hora.example"
    assert envelope.rcpt_tos == ["noc@connectica.cz"]
    assert b"Nejde tisk" in envelope.content


def test_a_second_header_in_a_field_is_refused(portal, smtp):
    portal.config["DEMO_SMTP"] = f"127.0.0.1:{smtp.port}"
    assert send(portal, subject="Tisk\nBcc: all@connectica.example").status_code == 422
    assert send(portal, sender="nobody").status_code == 422
    assert smtp.mails == []


def test_a_desk_that_is_away_is_told(portal):
    portal.config["DEMO_SMTP"] = "127.0.0.1:1"
    assert send(portal).status_code == 422


def test_a_form_without_its_token_sends_nothing(portal, smtp):
    portal.config["DEMO_SMTP"] = f"127.0.0.1:{smtp.port}"
    answer = portal.test_client().post("/demo/mail", data={"sender": "a@b.cz", "subject": "x", "text": "y"})
    assert answer.status_code == 400
    assert smtp.mails == []


def test_the_sign_in_page_names_every_account_the_demo_makes(portal):
    page = portal.test_client().get("/", follow_redirects=True).text
    accounts = {troupe.manager.email for troupe in people.COMPANIES} | {STAFF[0]}
    assert accounts == {email for email, _name in demo.ACCOUNTS}
    assert all(email in page for email in accounts)
    assert demo.PASSWORD in page


def send(portal, **changes):
    client = portal.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/demo/mail").text)[1]
    said = {"sender": "Vít Hora <vit.hora@ak-hora.example>", "subject": "Nejde tisk", "text": "Dobrý den"}
    return client.post("/demo/mail", data=said | changes | {"csrf_token": token})
