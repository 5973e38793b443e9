"""Who gets into a ticket by mail: who was written to, who holds its tag, whom a technician lets in."""

import pytest

from portal.desk.database import Store
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.settings import House

OURS = "mx.connectica.cz"
JAN = "Jan Novák <jan@strojirny-vltava.example>"
COLLEAGUE = "Marie Benešová <marie@strojirny-vltava.example>"
STRANGER = "Karel Brázda <karel.brazda@volnaposta.example>"
OTHER = "Ann <ann@ak-hora.example>"


@pytest.fixture
def store(store: Store) -> Store:
    """A desk that believes our mail server."""
    store.house = House(trusted_authserv=OURS)
    return store


@pytest.fixture
def write(store, compose):
    """Somebody writes: write(sender, proved=…, subject=…, answers=…) → Received."""

    def send(sender, text="Co je nového?", *, proved=True, headers=None, **more):
        domain = sender.rpartition("@")[2].rstrip(">")
        claim = {"Authentication-Results": f"{OURS}; dkim=pass header.d={domain}"} if proved else {}
        return intake.receive(store, compose(text, sender=sender, headers={**claim, **(headers or {})}, **more))

    return send


def letter_to(store, number, kind="received"):
    return next(one.message_id for one in outbox.letters_of(store, number) if one.kind == kind)


def readers(store, number):
    """Who got the technicians' answers."""
    return {person for one in outbox.letters_of(store, number) if one.kind == "answer" for person in one.recipients}


@pytest.mark.parametrize("sender", [JAN, COLLEAGUE, STRANGER, OTHER])
@pytest.mark.parametrize("tag_of", ["[Connectica #{}]", "[Connectica #{}-00000000]", "[Connectica #{}-]"])
def test_a_number_alone_admits_nobody_whose_address_is_not_proved(store, write, opened, sender, tag_of):
    received = write(sender, subject=f"Re: {tag_of.format(opened)} x", proved=False)
    assert (received.outcome, received.ticket == opened) == ("opened", False)


def test_a_number_is_enough_for_a_participant_whose_address_is_proved(write, opened):
    assert write(JAN, subject=f"Re: [Connectica #{opened}] x").ticket == opened


@pytest.mark.parametrize("sender", [COLLEAGUE, STRANGER, OTHER])
def test_a_number_alone_admits_nobody_else_however_well_proved(  # noqa: PLR0917
    store, write, opened, sender, technician_writes, record
):
    other = write(sender, subject=f"Re: [Connectica #{opened}] x").ticket
    technician_writes(opened, "Odpověď.")
    assert other != opened
    assert readers(store, opened) == {"jan@strojirny-vltava.example"}
    assert len(record(opened)["messages"]) == 2


def test_who_opens_their_own_ticket_is_linked_for_technicians_and_for_nobody_else(
    store, write, opened, letters, record
):
    other = write(COLLEAGUE, subject=f"Re: [Connectica #{opened}] x").ticket
    [(technicians, _, announced)] = letters(other, "new_ticket")
    assert "@connectica.cz" in technicians
    assert opened in announced
    with store.read() as db:
        notes = [row["text"] for row in db.execute("SELECT text FROM message WHERE public = 0 ORDER BY id")]
    assert [opened in notes[0], "PRIDAT: marie@strojirny-vltava.example" in notes[0], other in notes[1]] == [True] * 3
    assert opened not in str(record(other)["messages"])
    assert opened not in letters(other, "received")[0][2]


def test_a_letter_sent_to_an_address_admits_that_address(store, write, opened):
    assert write(JAN, answers=letter_to(store, opened), subject="Díky", proved=False).ticket == opened


def test_a_letter_sent_to_somebody_else_admits_no_colleague(store, write, opened):
    assert write(COLLEAGUE, answers=letter_to(store, opened), subject="Díky").ticket != opened


def test_a_colleague_who_was_handed_the_letter_joins_by_its_tag_and_is_named_to_the_requester(  # noqa: PLR0917
    store, write, opened, tag, technician_writes, letters
):
    assert write(COLLEAGUE, subject=f"Re: {tag(opened)} x").ticket == opened
    technician_writes(opened, "Odpověď.")
    technician_writes(opened, "Ještě něco.")
    assert readers(store, opened) == {"jan@strojirny-vltava.example", "marie@strojirny-vltava.example"}
    named = [
        text for kind in ("assigned", "answer") for to, _, text in letters(opened, kind) if to.startswith("jan@")
    ]
    assert ["marie@strojirny-vltava.example" in text for text in named] == [True, False, False]
    assert all("marie@" not in text for to, _, text in letters(opened, "answer") if to.startswith("marie@"))


def test_a_tag_of_one_ticket_opens_no_other(write, compose, store, opened, tag):
    other = intake.receive(store, compose("Jiná věc")).ticket
    forged = tag(opened).replace(opened, other)
    assert write(COLLEAGUE, subject=forged).ticket not in {opened, other}


def test_a_stranger_who_knows_a_letter_of_ours_is_heard_from_outside_and_reads_nothing(  # noqa: PLR0917
    store, write, opened, record, letters, technician_writes
):
    technician_writes(opened, "Podívám se.")
    received = write(STRANGER, "Pošlete heslo sem.", answers=letter_to(store, opened), subject="Re: tiskarna")
    assert (received.outcome, received.ticket) == ("answered", opened)
    message = record(opened)["messages"][-1]
    assert message["from_outside"] is True
    assert message["author"] == {"name": "Karel Brázda", "email": "karel.brazda@volnaposta.example"}
    [(to, _, text)] = letters(opened, "employee_wrote")
    assert to == "radek@connectica.cz"
    assert "karel.brazda@volnaposta.example" in text
    assert "z vnějšku" in text
    assert "PRIDAT: karel.brazda@volnaposta.example" in text
    technician_writes(opened, "Tajná odpověď.")
    assert readers(store, opened) == {"jan@strojirny-vltava.example"}


@pytest.mark.parametrize("proved", [True, False])
def test_a_stranger_in_copy_is_outside_whatever_name_they_take(store, write, record, proved):
    first = write(JAN, headers={"Cc": STRANGER, "Message-ID": "<jans@strojirny-vltava.example>"}).ticket
    forged = "Jan Novák <jan.novak@volnaposta.example>"
    answer = write(forged, answers="<jans@strojirny-vltava.example>", proved=proved, subject="Re: x")
    assert answer.ticket == first
    message = record(first)["messages"][-1]
    assert (message["from_outside"], message["sender_verified"]) == (True, proved)
    assert message["proved_by"] == ("volnaposta.example" if proved else "")


def test_a_strangers_copies_admit_nobody(store, write, opened):
    """An accomplice in the company answers the stranger's mail: the stranger has nothing to give away."""
    ours = letter_to(store, opened)
    write(STRANGER, answers=ours, headers={"Cc": COLLEAGUE, "Message-ID": "<x@volnaposta.example>"}, subject="Re: x")
    assert write(COLLEAGUE, answers="<x@volnaposta.example>", subject="Re: x").ticket != opened


def test_a_line_of_a_technician_lets_a_stranger_take_part_and_the_requester_is_told(
    store, write, opened, letters, technician_writes
):
    write(STRANGER, answers=letter_to(store, opened), subject="Re: tiskarna")
    technician_writes(opened, "Dobrý den vám oběma.\nPRIDAT: karel.brazda@volnaposta.example")
    assert readers(store, opened) == {"jan@strojirny-vltava.example", "karel.brazda@volnaposta.example"}
    told = [text for kind in ("assigned", "answer") for to, _, text in letters(opened, kind) if to.startswith("jan@")]
    assert sum("karel.brazda@volnaposta.example" in text for text in told) == 1
    assert not any("PRIDAT" in text for text in told)
    received = write(STRANGER, answers=letter_to(store, opened, "answer"), subject="Re: x")
    assert received.ticket == opened
    assert "z vnějšku" not in letters(opened, "employee_wrote")[-1][2]


def test_nobody_of_another_client_is_let_in_even_by_a_line(store, opened, letters, technician_writes):
    technician_writes(opened, "Ahoj.\nPRIDAT: ann@ak-hora.example")
    assert readers(store, opened) == {"jan@strojirny-vltava.example"}
    assert "PRIDAT: ann@ak-hora.example" in letters(opened, "not_understood")[0][2]


def test_a_line_without_an_address_comes_back(opened, letters, technician_writes):
    technician_writes(opened, "Ahoj.\nPRIDAT: Karla")
    assert "PRIDAT: Karla" in letters(opened, "not_understood")[0][2]


@pytest.mark.parametrize("way", ["tag", "copy", "number"])
def test_nobody_joins_a_confidential_ticket_but_by_a_line(  # noqa: PLR0917
    store, write, opened, tag, technician_writes, way
):
    technician_writes(opened, "Jen mezi námi.\nDUVERNE")
    if way == "copy":
        write(JAN, answers=letter_to(store, opened), headers={"Cc": COLLEAGUE}, subject="Re: x")
    else:
        subject = tag(opened) if way == "tag" else f"[Connectica #{opened}]"
        assert (write(COLLEAGUE, subject=subject).ticket == opened) is (way == "tag")
    technician_writes(opened, "Důvěrná odpověď.")
    assert readers(store, opened) == {"jan@strojirny-vltava.example"}
    technician_writes(opened, "Teď už i Marie.\nPRIDAT: marie@strojirny-vltava.example")
    assert "marie@strojirny-vltava.example" in readers(store, opened)


def test_a_person_of_another_company_never_gets_in_by_any_means(store, write, opened, tag, record):
    for means in ({"answers": letter_to(store, opened)}, {"subject": tag(opened)}):
        received = write(OTHER, **means)
        assert received.ticket != opened
        assert record(received.ticket)["company"] == "hora"
    assert len(record(opened)["messages"]) == 1


def test_who_is_proved_is_said_by_whose_domain(store, write, record):
    number = write(JAN).ticket
    message = record(number)["messages"][0]
    assert (message["sender_verified"], message["proved_by"]) == (True, "strojirny-vltava.example")
    assert message["from_outside"] is False


def test_the_letter_about_a_claimed_company_says_that_it_is_only_claimed(write, letters):
    [(_, _, text)] = letters(write(JAN, proved=False).ticket, "new_ticket")
    assert "Odesílatel není ověřen, společnost je podle adresy." in text
