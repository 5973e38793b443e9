"""Who takes part without being asked, whose mail it is when From is broken, and what strangers are told."""

import pytest

from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import directory
from portal.errors import Refused

MARIE = "Marie Benešová <marie@strojirny-vltava.example>"


def told(store, number, *kinds):
    return {person for one in outbox.letters_of(store, number) if one.kind in kinds for person in one.recipients}


@pytest.mark.parametrize(
    ("headers", "follows"),
    [
        ({"To": MARIE}, False),
        ({"To": "undisclosed-recipients:;", "Cc": MARIE}, False),
        ({"To": MARIE, "Cc": "noc@connectica.cz"}, True),
        ({"To": f"{MARIE}, NOC <NOC@connectica.cz>"}, True),
    ],
)
def test_a_colleague_follows_only_where_they_see_that_we_were_written_to(
    store, compose, technician_writes, headers, follows
):
    number = intake.receive(store, compose(headers=headers)).ticket
    technician_writes(number, "Hotovo.")
    everybody = told(store, number, "received", "assigned", "answer")
    assert ("marie@strojirny-vltava.example" in everybody) is follows


def test_another_address_of_ours_counts_when_the_mail_came_by_it(store, compose, technician_writes):
    raw = compose(headers={"To": f"podpora@connectica.cz, {MARIE}"})
    number = intake.receive(store, raw, sent_to="podpora@connectica.cz").ticket
    technician_writes(number, "Hotovo.")
    assert "marie@strojirny-vltava.example" in told(store, number, "answer")


def test_a_colleague_whom_the_sender_told_in_secret_gets_in_by_no_answer(store, compose):
    name = "<bcc@strojirny-vltava.example>"
    number = intake.receive(store, compose(headers={"To": MARIE, "Message-ID": name})).ticket
    assert intake.receive(store, compose("Co to je?", sender=MARIE, subject="Re: x", answers=name)).ticket != number


@pytest.mark.parametrize("written", ["Petr Novák", "", "<>", "Petr Novák <petr.novak>"])
def test_the_envelopes_sender_serves_where_from_is_broken(store, record, written):
    raw = f"Return-Path: <petr@strojirny-vltava.example>\r\nFrom: {written}\r\nSubject: Tisk\r\n\r\nNejde.\r\n"
    ticket = record(intake.receive(store, raw.encode()).ticket)
    assert ticket["requester"]["email"] == "petr@strojirny-vltava.example"
    assert ticket["messages"][0]["sender_verified"] is False


@pytest.mark.parametrize(
    ("address", "company"),
    [
        ("a@brno.strojirny-vltava.example", "vltava"),
        ("a@linka.brno.strojirny-vltava.example", "vltava"),
        ("a@xstrojirny-vltava.example", ""),
        ("a@strojirny-vltava.example.evil.example", ""),
        ("a@example", ""),
        ("a@pobocka.sama.example", ""),
        ("a@sama.example", "sama"),
        ("a@dcera.ak-hora.example", "dcera"),
        ("a@lab.dcera.ak-hora.example", "dcera"),
        ("a@" + "x." * 100 + "ak-hora.example", "hora"),
    ],
)
def test_what_is_below_a_companys_domain_is_its_own_unless_it_says_otherwise(
    store, compose, record, address, company
):
    directory.add_company(store, "sama", "Sama", ["=sama.example"])
    directory.add_company(store, "dcera", "Dcera", ["dcera.ak-hora.example"])
    with store.read() as db:
        assert directory.company_of(db, address).core_id == company


@pytest.mark.parametrize("domain", ["co.uk", "github.io", "cz"])
def test_a_public_suffix_makes_no_company(store, domain):
    with pytest.raises(Refused):
        directory.add_company(store, "all", "Všichni", [domain])


def test_a_new_companys_people_below_its_domain_bring_their_tickets(store, compose, record):
    number = intake.receive(store, compose(sender="pekar@prodejna.tri-lipy.example")).ticket
    directory.add_company(store, "lipy", "Pekárna U Tří lip", ["tri-lipy.example"])
    assert record(number)["company"] == "lipy"


def test_a_stranger_is_told_that_the_mail_arrived_and_what_was_answered_and_nothing_else(
    store, compose, technician_writes
):
    number = intake.receive(store, compose(sender="obet@volnaposta.example", subject="Vyhráli jste")).ticket
    technician_writes(number, "Dobrý den, tady nic nevyhrajete.")
    assert {
        one.kind for one in outbox.letters_of(store, number) if one.recipients == ("obet@volnaposta.example",)
    } == {
        "received_stranger",
        "answer",
    }
