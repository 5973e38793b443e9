"""A technician who hands on an employee's mail, or names them, opens the employee's ticket."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from portal.desk.inbound import intake

RADEK = "Radek Vymazal <radek@connectica.cz>"
VERA = {"name": "Věra Pospíšilová", "email": "vera@strojirny-vltava.example"}
OUTLOOK = """Prosím založit.

Od: Věra Pospíšilová <vera@strojirny-vltava.example>
Odesláno: pátek 27. listopadu 2026 10:00
Komu: Radek Vymazal
Předmět: Nejde fakturace

Nejde mi tisk faktur.

Pospíšilová
"""
GMAIL = """Prosím založit.

---------- Forwarded message ---------
From: Věra Pospíšilová <vera@strojirny-vltava.example>
Date: Fri, Nov 27, 2026 at 10:00 AM
Subject: Nejde fakturace
To: Radek Vymazal <radek@connectica.cz>


Nejde mi tisk faktur.
"""
GMAIL_CS = GMAIL.replace("Forwarded message", "Přeposlaná zpráva").replace("From:", "Od:").replace("To:", "Komu:")
DOUBLED = OUTLOOK.replace("<vera@strojirny-vltava.example>", "[mailto:vera@strojirny-vltava.example]")
APPLE = """Prosím založit.

Začátek přeposílané zprávy:

Od: Věra Pospíšilová <vera@strojirny-vltava.example>
Předmět: Nejde fakturace
Datum: 27. listopadu 2026 v 10:00:00 SEČ
Komu: Radek Vymazal <radek@connectica.cz>

Nejde mi tisk faktur.
"""


@pytest.fixture
def founded(store, compose):
    """What became of a technician's first mail: founded(text, subject=…)."""

    def send(text, subject="FW: Nejde fakturace", **more):
        return intake.receive(store, compose(text, sender=RADEK, subject=subject, **more), trusted=True).ticket

    return send


@pytest.mark.parametrize("text", [OUTLOOK, GMAIL, GMAIL_CS, DOUBLED, APPLE], ids=range(5))
def test_a_forwarded_mail_opens_the_ticket_of_the_employee_who_wrote_it(founded, record, letters, text):
    number = founded(text)
    ticket = record(number)
    assert (ticket["requester"], ticket["company"]) == (VERA, "vltava")
    assert ticket["technician"]["email"] == "radek@connectica.cz"
    assert ticket["subject"] == "Nejde fakturace"
    assert [to for to, _, _ in letters(number, "received")] == ["vera@strojirny-vltava.example"]
    assert "Radek Vymazal" in letters(number, "assigned")[0][2]
    [(to, _, told)] = letters(number, "founded")
    assert to == "radek@connectica.cz"
    assert "Věra Pospíšilová <vera@strojirny-vltava.example>" in told
    assert "Strojírny Vltava" in told


@pytest.mark.parametrize("subject", ["FW: x", "Fwd: x", "Fw: x", "Re: FW: x", "WG: x"])
def test_every_way_to_write_a_forwards_subject_is_known(founded, record, subject):
    is_forward = not subject.startswith("Re:")
    assert (record(founded(OUTLOOK, subject=subject))["requester"] == VERA) is is_forward


def test_a_mail_forwarded_as_an_attachment_opens_its_senders_ticket(store, record):
    inner = EmailMessage(policy=SMTP)
    inner["From"], inner["Subject"] = "Věra Pospíšilová <vera@strojirny-vltava.example>", "Nejde fakturace"
    inner.set_content("Nejde mi tisk faktur.")
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = RADEK, "noc@connectica.cz", "FW: Nejde fakturace"
    mail["Message-ID"] = "<forward@connectica.cz>"
    mail.set_content("Prosím založit.")
    mail.add_attachment(inner)
    number = intake.receive(store, mail.as_bytes(), trusted=True).ticket
    assert record(number)["requester"] == VERA


def test_a_line_names_the_employee_and_is_shown_to_nobody(founded, record, letters):
    number = founded("Volala, nejde jí tisk.\n\nZA: vera@strojirny-vltava.example\nSPRAVA60:0,25", subject="Tisk")
    ticket = record(number)
    assert ticket["requester"]["email"] == VERA["email"]
    assert ticket["company"] == "vltava"
    assert ticket["technician"]["email"] == "radek@connectica.cz"
    assert "ZA:" not in str(ticket)
    assert [entry["hours"] for entry in ticket["time_entries"]] == ["0.25"]
    assert letters(number, "received")[0][0] == VERA["email"]


def test_the_line_outweighs_what_is_forwarded(founded, record):
    assert record(founded("ZA: ann@ak-hora.example\n" + OUTLOOK))["requester"]["email"] == "ann@ak-hora.example"


@pytest.mark.parametrize("sender", ["obchod@dodavatel.example", "petra@connectica.cz", "noc@connectica.cz"])
def test_a_mail_of_no_clients_employee_stays_the_technicians_ticket(founded, record, letters, sender):
    number = founded(OUTLOOK.replace("vera@strojirny-vltava.example", sender))
    assert record(number)["requester"]["email"] == "radek@connectica.cz"
    assert letters(number, "founded") == []


def test_an_employee_who_forwards_a_mail_stays_the_requester(store, compose, record):
    number = intake.receive(store, compose(OUTLOOK, sender="jan@ak-hora.example", subject="FW: x")).ticket
    assert (record(number)["requester"]["email"], record(number)["company"]) == ("jan@ak-hora.example", "hora")


def test_a_line_on_a_ticket_that_is_there_moves_nothing_and_is_answered(opened, record, letters, technician_writes):
    technician_writes(opened, "Pro Věru.\nZA: vera@strojirny-vltava.example")
    assert record(opened)["requester"]["email"] == "jan@strojirny-vltava.example"
    assert "ZA: vera@strojirny-vltava.example" in letters(opened, "not_understood")[0][2]


@pytest.mark.parametrize("value", ["Věra", "", "a@b.example, c@d.example"])
def test_a_line_that_names_nobody_or_two_comes_back(founded, record, letters, value):
    number = founded(f"Nejde tisk.\nZA: {value}", subject="Tisk")
    assert record(number)["requester"]["email"] == "radek@connectica.cz"
    assert "ZA:" in letters(number, "not_understood")[0][2]


def test_a_forged_technician_opens_no_ticket_of_anybody(store, compose):
    received = intake.receive(store, compose(OUTLOOK, sender=RADEK, subject="FW: x"))
    assert received.outcome == "aside"
