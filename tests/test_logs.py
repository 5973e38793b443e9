"""A busy day with everything that can go wrong in it, and a log that holds nobody's data and no secret."""

import io
import logging
import re
import smtplib
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal import clock, config, logs
from portal.cores.core_api import DeskCore
from portal.db import db
from portal.desk.inbound.smtp_server import Postbox
from portal.desk.outbound import outbox
from portal.domain.accounts import password_resets, recovery_codes
from portal.domain.companies.contacts import Employee
from portal.domain.notifications import outbox as letters
from portal.domain.privacy import erasure
from portal.domain.read_models import conversation
from portal.domain.users import models as people
from portal.domain.users.actor import OPERATOR
from portal.errors import CoreError
from portal.mailer import worker
from portal.mailer.postman import SmtpPostman
from portal.sync import lease
from portal.sync.engine import Sync
from tests.desk.outbound.test_outbox import OnAnyPort
from tests.domain.accounts.test_totp import code_at, set_up
from tests.factories import mirror
from tests.web.conftest import Browser
from tests.whole_system import EMPLOYEE, MANAGER_ADDRESS, NOC, STAFF_ADDRESS, TECHNICIAN, TOKEN, WholeSystem

SUBMISSION = "s" * 20 + "1" * 20
MAIL_PASSWORD = "heslo-serveru-77"
WRONG = "spatne-heslo-88"
# Of people: names, the local parts of addresses, and what they wrote.
PERSONAL = [
    "Eva",
    "Dvořák",
    "eva@",
    "Marie Malá",
    "marie@",
    "Dana",
    "dana@",
    "Radek",
    "radek@",
    "Xaver",
    "xaver@",
    "Tajný předmět",
    "tajná slova",
    "777123456",
]
KEY = re.compile(r"/(?:decide|invitation|password|address)/([A-Za-z0-9_-]{43})")


@pytest.fixture(params=["text", "json"])
def said(request) -> Iterator[io.StringIO]:
    """What the processes would write, ours from DEBUG on."""
    stream, root, ours = io.StringIO(), logging.getLogger(), logging.getLogger(logs.OURS)
    handler, level = logs.written_to(stream, request.param), ours.level
    root.addHandler(handler)
    ours.setLevel("DEBUG")
    yield stream
    root.removeHandler(handler)
    ours.setLevel(level)


@pytest.fixture
def system(app, tmp_path, said) -> Iterator[WholeSystem]:
    app.config["PROPAGATE_EXCEPTIONS"] = False  # as on a server
    app.test_client_class = Browser
    with clock.set_to(mirror.NOW):
        made = WholeSystem(app, tmp_path)
        yield made
        made.close()


class _Refusing:
    """A mail server that repeats what it was told when it refuses."""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"


@pytest.fixture
def refusing() -> Iterator[str]:
    server = OnAnyPort(_Refusing(), hostname="127.0.0.1", port=0)
    server.start()
    yield f"127.0.0.1:{server.port}"
    server.stop()


def test_the_log_of_a_busy_day_holds_no_secret_and_nobodys_data(app, system, refusing, said, monkeypatch):
    number = _mails_come(system, monkeypatch)
    _letters_do_not_leave(system, refusing)
    system.beat()
    system.hire()
    secrets = _the_core_fails(app, system)
    secrets |= _people_come_to_the_doors(app, system)
    _pages_break(app, number, monkeypatch)
    _portal_letters_do_not_leave(app, refusing)
    with app.app_context():
        erasure.forget(OPERATOR, erasure.seek("eva@vltava.example"), Path(app.config["INSTANCE"]) / "attachments")
    secrets |= {SUBMISSION, TOKEN, MAIL_PASSWORD, WRONG, mirror.PASSWORD, mirror.PASSWORD_HASH}
    secrets |= {app.config["SECRET_KEY"], app.config["CORE_HOOK_SECRET"], config.secret(app.config, "CORE_TOKEN")}
    told = said.getvalue()
    for happening in ("could not be kept", "did not leave", "tickets.show broke", "IntegrityError"):
        assert happening in told, f"the day was not busy enough: {happening!r} did not happen"
    found = [word for word in [*PERSONAL, *secrets] if word in told]
    assert found == [], "\n".join(line for line in told.splitlines() if any(word in line for word in found))


def _mails_come(system: WholeSystem, monkeypatch) -> str:
    """By SMTP and into a desk that cannot keep one; from an employee, a technician, and somebody who only says so."""
    number = system.send(EMPLOYEE, "Tajný předmět", "tajná slova, tel. 777123456")
    system.send(
        TECHNICIAN,
        f"[Connectica #{number}] Tajný předmět",
        "Hotovo, paní Dvořáková.\n\nPROGP85:1,00\nSCHVALIT: Smíme paní Dvořákové věřit?",
    )
    box = Postbox(system.store, "127.0.0.1", 0, token=SUBMISSION)
    box.open()
    try:
        with smtplib.SMTP("127.0.0.1", box.port, timeout=20) as client:
            impostor = f"From: {TECHNICIAN}\r\nTo: {NOC}\r\nSubject: Tajný předmět\r\n\r\nPROGP85:9,00\r\n".encode()
            client.sendmail("xaver@jinde.example", [NOC], impostor)
            with monkeypatch.context() as patch:
                patch.setattr("portal.desk.inbound.intake.keep", _locked)
                with pytest.raises(smtplib.SMTPDataError):
                    client.sendmail("xaver@jinde.example", [NOC], impostor.replace(b"Radek", b"Xaver"))
    finally:
        box.close()
    return number


def _locked(*_given, **_facts):
    raise sqlite3.OperationalError("database is locked: tried to keep a mail of xaver@jinde.example")


def _letters_do_not_leave(system: WholeSystem, refusing: str) -> None:
    address = refusing.partition(":")
    outbox.deliver(system.store, outbox.OutboxServer(f"smtp://{address[0]}:{address[2]}", NOC))


def _the_core_fails(app, system: WholeSystem) -> set[str]:
    """A wrong token, and an answer that is a page with people's names on it."""
    wrong = "w0rng" + "x" * 40
    for address in (
        f"http://127.0.0.1:{system._desk.port}/core/v1",
        f"{system.address}/sign-in",
        "http://127.0.0.1:1",
    ):
        core = DeskCore(address, wrong)
        with app.app_context():
            lead = lease.take("sync", lease.new_holder())
            with pytest.raises(CoreError):
                Sync(core).run(lead)
            lease.give_back(lead)
            db.session.remove()
    return {wrong}


def _people_come_to_the_doors(app, system: WholeSystem) -> set[str]:
    """Sign-in right and wrong, a forgotten password, an invitation, codes right and wrong, a link of a letter."""
    known: set[str] = set()
    manager, staff = app.test_client(), app.test_client()
    with app.app_context():
        person = people.by_email(STAFF_ADDRESS)
        secret = set_up(person.id)
        known |= {secret, *recovery_codes.make(person.id)}
        db.session.commit()
    _post(manager, "/sign-in", email=MANAGER_ADDRESS, password=WRONG)
    _post(manager, "/sign-in", email="xaver@jinde.example", password=WRONG)
    _post(manager, "/sign-in", email=MANAGER_ADDRESS, password=mirror.PASSWORD)
    _post(staff, "/sign-in", email=STAFF_ADDRESS, password=mirror.PASSWORD)
    _post(staff, "/sign-in/second", code="000000")
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        code = code_at(secret, clock.now())
        _post(staff, "/sign-in/second", code=code)
    _post(app.test_client(), "/password/forgotten", email=MANAGER_ADDRESS)
    _post(manager, "/people", email="xaver@vltava.example", name="Xaver Nový", role="viewer", language="cs")
    with app.app_context():
        password_resets.write_due()
    system.beat()
    keys = {key for mail in system.letters_to("@") for key in KEY.findall(mail.get_content())}
    assert keys, "no letter had a link"
    for client in (app.test_client(), manager):
        for key in keys:
            for kind in ("decide", "invitation", "password", "address"):
                client.get(f"/{kind}/{key}")
    for address in ("/tickets?q=777123456", "/hours/all.csv", "/hours/all.xlsx", "/log", "/people", "/account"):
        manager.get(address)
    cookies = {cookie.value for client in (manager, staff) for cookie in client._cookies.values()}
    return known | keys | {value for value in cookies if len(value) > 10}


def _pages_break(app, number: str, monkeypatch) -> None:
    """Faults of ours whose words name somebody, once in the database's words."""
    client = app.test_client()
    _post(client, "/sign-in", email=MANAGER_ADDRESS, password=mirror.PASSWORD)

    def broken(*_given, **_facts):
        raise LookupError("nobody is called marie@vltava.example, key 1" + "A" * 43)

    def twice(company, *_given, **_facts):
        for _ in "ab":  # PostgreSQL repeats what stands in the way
            made = Employee(company_id=company.company_id, email="eva.druha@vltava.example", name="Eva Dvořáková")
            db.session.add(made)
        db.session.flush()

    with monkeypatch.context() as patch:
        patch.setattr(conversation, "show", broken)
        assert client.get(f"/tickets/{number}").status_code == 500
        patch.setattr(conversation, "show", twice)
        assert client.get(f"/tickets/{number}").status_code == 500


def _portal_letters_do_not_leave(app, refusing: str) -> None:
    with app.app_context():
        letters.write(
            key="x", to="marie@vltava.example", name="Marie Malá", subject="Tajný předmět", text="tajná slova"
        )
        db.session.commit()
        worker.deliver(SmtpPostman(f"smtp://marie:{MAIL_PASSWORD}@{refusing}"), sender=NOC)
        worker.deliver(SmtpPostman(refusing), sender=NOC)


def _post(client, address: str, **form):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(address).text)
    return client.post(address, data={"csrf_token": token[1] if token else "", **form})
