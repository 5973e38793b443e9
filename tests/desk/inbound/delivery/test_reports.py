"""Reports on our letters: told apart, noted on the ticket, told to whom they matter; and none opens a ticket."""

import pytest

from portal.desk.database import Store
from portal.desk.inbound import intake, mime
from portal.desk.inbound.delivery import reports
from portal.desk.outbound import outbox
from portal.desk.settings import House
from tests.desk.inbound.delivery.styles import STYLES, Style

JAN = "jan@strojirny-vltava.example"
NOTES = {"failed": "se nepodařilo doručit", "delayed": "se opozdil"}


@pytest.fixture
def answer(store, opened, technician_writes) -> str:
    """The Message-ID of Radek's answer to Jan."""
    technician_writes(opened, "Opraveno, zkuste to prosím.")
    return next(letter.message_id for letter in outbox.letters_of(store, opened) if letter.kind == "answer")


def notes(store: Store) -> list[str]:
    with store.read() as db:
        return [row["text"] for row in db.execute("SELECT text FROM message WHERE public = 0")]


def marks(store: Store) -> int:
    """How often the company is shown that an answer did not arrive."""
    with store.read() as db:
        return db.execute("SELECT count(*) FROM event WHERE kind = 'undelivered'").fetchone()[0]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_report_is_what_it_is_in_every_servers_words(store, answer, opened, letters, style: Style):
    received = intake.receive(store, style.mail(answer, JAN))
    assert received.outcome == "ignored"
    assert style.fate in received.reason
    assert [note for note in notes(store) if NOTES.get(style.fate, "nothing") in note] == notes(store)
    assert bool(notes(store)) == (style.fate in NOTES)
    told = letters(opened, "undelivered")
    assert [to for to, _, _ in told] == (["radek@connectica.cz"] if style.fate == "failed" else [])
    assert all(JAN in text for _, _, text in told)
    assert marks(store) == (1 if style.fate == "failed" else 0)
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM ticket").fetchone()[0] == 1


# Only our own letter within it tells this one from a machine's mail that has something to say.
TOLD_BY_THE_LETTER = {"no-reply-with-the-mail"}
OTHERS = [style for style in STYLES if style.name not in TOLD_BY_THE_LETTER]


@pytest.mark.parametrize("style", OTHERS, ids=lambda style: style.name)
def test_a_report_on_a_mail_that_is_not_ours_opens_no_ticket(store, style: Style):
    received = intake.receive(store, style.mail("<abc@elsewhere.example>", "kdosi@elsewhere.example"))
    assert (received.outcome, received.ticket) == ("ignored", "")
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0


def test_the_reason_is_said_to_the_technician(store, answer, opened, letters):
    intake.receive(store, STYLES[0].mail(answer, JAN))
    [(_, subject, text)] = letters(opened, "undelivered")
    assert "Nedoručeno: Nejde tiskárna" in subject
    assert "Vaši odpověď se e-mailem nepodařilo doručit:\n\n    jan@strojirny-vltava.example\n" in text
    assert "550 5.1.1 unknown user" in text


def test_an_answer_that_came_back_twice_is_marked_once_and_the_next_one_anew(store, opened, technician_writes):
    for number in (1, 2):
        technician_writes(opened, f"Odpověď {number}.")
        answer = [letter for letter in outbox.letters_of(store, opened) if letter.kind == "answer"][-1]
        for style in STYLES[:2]:
            intake.receive(store, style.mail(answer.message_id, JAN))
        assert marks(store) == number


def test_a_confirmation_that_came_back_is_no_answer(store, opened):
    confirmation = next(letter for letter in outbox.letters_of(store, opened) if letter.kind == "received")
    intake.receive(store, STYLES[0].mail(confirmation.message_id, JAN))
    assert marks(store) == 0


def test_who_wrote_the_answer_is_told_and_not_who_owns_the_ticket(store, opened, technician_writes, letters):
    technician_writes(opened, "Beru si to.")
    technician_writes(opened, "Já vím jak.", sender="Petra Malá <petra@connectica.cz>")
    answer = [letter for letter in outbox.letters_of(store, opened) if letter.kind == "answer"][-1]
    intake.receive(store, STYLES[0].mail(answer.message_id, JAN))
    assert [to for to, _, _ in letters(opened, "undelivered")] == ["petra@connectica.cz"]


def test_a_letter_that_nobody_wrote_is_told_to_whom_the_ticket_is_with(store, opened, letters):
    confirmation = next(letter for letter in outbox.letters_of(store, opened) if letter.kind == "received")
    intake.receive(store, STYLES[0].mail(confirmation.message_id, JAN))
    [(to, _, text)] = letters(opened, "undelivered")
    assert "radek@connectica.cz" in to  # the dispatchers: all technicians
    assert "Dopis k požadavku se nepodařilo doručit" in text


def test_a_letter_to_a_technician_that_does_not_arrive_makes_no_circle(store, opened, letters):
    to_us = next(letter for letter in outbox.letters_of(store, opened) if letter.kind == "new_ticket")
    for number in range(3):
        raw = STYLES[0].mail(to_us.message_id, "radek@connectica.cz").replace(b"r.postfix", b"r%d" % number)
        assert intake.receive(store, raw).ticket == opened
    assert letters(opened, "undelivered") == []
    assert len(notes(store)) == 3


def test_a_complaint_and_a_statistic_are_no_bounces():
    raw = STYLES[0].mail("<a@b>", JAN).replace(b"delivery-status", b"feedback-report")
    report = reports.read(mime.read(raw), House())
    assert report and report.fate == "other"


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        (
            "Jan <jan@strojirny-vltava.example>",
            "Undeliverable mail",
            "Od rána se mi vrací pošta: 550 5.1.1 User unknown",
        ),
        (
            "Jan <jan@strojirny-vltava.example>",
            "Nelze doručit e-mail",
            "Píše to: zprávu nelze doručit, schránka je plná",
        ),
        (
            "Jan <jan@strojirny-vltava.example>",
            "Nelze doručit e-mail",
            "Vaši zprávu se nepodařilo doručit na adresu eva@x.example. Toto mi přišlo, co to znamená?",
        ),
        ("Jan <jan@strojirny-vltava.example>", "Mail error", "Nejde mi pošta: your message could not be delivered"),
        ("Jan <jan@strojirny-vltava.example>", "FW: Undeliverable: nabídka", "Co s tím?\n\nDelivery has failed"),
        ("Jan <jan@strojirny-vltava.example>", "Delivered: toner", "Toner byl doručen, děkujeme."),
        ("Jan <jan@strojirny-vltava.example>", "Read: manuál", "Please read the manual."),
        ("Správce <postmaster@strojirny-vltava.example>", "Přístup k poště", "Založte prosím schránku eva@…"),
        (
            "Správce <postmaster@strojirny-vltava.example>",
            "Nelze doručit",
            "Co znamená 550 5.1.1? Schránka neexistuje.",
        ),
    ],
)
def test_a_person_who_writes_about_bounces_is_a_person(store, compose, sender, subject, text):
    assert intake.receive(store, compose(text, sender=sender, subject=subject)).outcome == "opened"


def test_a_person_who_attaches_a_bounce_is_a_person(store, compose):
    files = [("nedoručeno.eml", "application/octet-stream", STYLES[0].mail("<a@b>", JAN))]
    assert intake.receive(store, compose("Toto se mi vrátilo, proč?", files=files)).outcome == "opened"
