"""What mails do to their tickets, and who hears of it."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.ticketing import tickets

MAILS = Path(__file__).parent / "mails"


def test_a_new_ticket_is_confirmed_and_announced(opened, letters, tag):
    [(recipient, subject, text)] = letters(opened, "received")
    assert recipient == "jan@strojirny-vltava.example"
    assert subject == f"{tag(opened)} Nejde tiskárna"
    assert "váš požadavek jsme přijali" in text
    [(technicians, _, announced)] = letters(opened, "new_ticket")
    assert technicians == "petra@connectica.cz radek@connectica.cz"
    assert "Strojírny Vltava" in announced
    assert "Odesílatel není ověřen" in announced


def test_an_english_company_is_written_to_in_english(store, compose, letters, technician_writes):
    number = intake.receive(store, compose(sender="ann@ak-hora.example")).ticket
    technician_writes(number, "Done.")
    assert "we have received your request" in letters(number, "received")[0][2]
    assert "is now looking after" in letters(number, "assigned")[0][2]


def test_the_first_answer_assigns_the_ticket_and_names_the_technician(opened, record, letters, technician_writes):
    technician_writes(opened, "Podívám se na to.")
    assert record(opened)["technician"] == {"name": "Radek Vymazal", "email": "radek@connectica.cz"}
    [(recipient, _, text)] = letters(opened, "assigned")
    assert recipient == "jan@strojirny-vltava.example"
    assert "Radek Vymazal" in text
    technician_writes(opened, "Už vím.", sender="petra@connectica.cz")
    assert record(opened)["technician"]["name"] == "Radek Vymazal"
    assert len(letters(opened, "assigned")) == 1


def test_an_answer_reaches_the_employee_without_lines_and_history(opened, record, letters, technician_writes):
    technician_writes(
        opened, "Hotovo.\n\nPROGP85:1,00\nSTAV: be invoiced\n\nDne 2.11.2026 v 10:00 Jan napsal(a):\n> x"
    )
    [(_, _, text)] = letters(opened, "answer")
    assert text.startswith("Hotovo.\n")
    assert "PROGP85" not in text
    assert "napsal" not in text
    ticket = record(opened)
    assert ticket["state"] == "to_be_invoiced"
    assert ticket["messages"][-1]["text"].startswith("Hotovo.")
    assert "napsal(a)" in ticket["messages"][-1]["text"]
    assert "PROGP85" not in ticket["messages"][-1]["text"]
    [entry] = ticket["time_entries"]
    assert (entry["category"], entry["hours"]) == ("PROGP85", "1.00")
    assert entry["message"] == ticket["messages"][-1]["core_id"]


def test_an_answer_takes_its_files_along(store, opened, technician_writes):
    technician_writes(opened, "V příloze.", files=[("návod č. 1.pdf", "application/pdf", b"%PDF")])
    answer = next(letter for letter in outbox.letters_of(store, opened) if letter.kind == "answer")
    with store.read() as db:
        raw = db.execute("SELECT raw FROM outbox WHERE id = ?", (answer.id,)).fetchone()["raw"]
    [file] = message_from_bytes(raw, policy=default).iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("návod č. 1.pdf", b"%PDF")


def test_an_employees_answer_reaches_the_technician(store, compose, opened, letters, technician_writes):
    technician_writes(opened, "Restartujte počítač.")
    answer = next(letter for letter in outbox.letters_of(store, opened) if letter.kind == "answer")
    intake.receive(store, compose("Nepomohlo.\n\n> Restartujte", answers=answer.message_id))
    [(recipient, _, text)] = letters(opened, "employee_wrote")
    assert recipient == "radek@connectica.cz"
    assert "Nepomohlo." in text
    assert "> Restartujte" not in text


def test_colleagues_in_copy_follow_the_ticket_and_strangers_in_copy_do_not(
    store, compose, letters, technician_writes
):
    copies = {"Cc": "kolega@strojirny-vltava.example, znamy@seznam.cz, x@ak-hora.example"}
    number = intake.receive(store, compose(headers=copies)).ticket
    technician_writes(number, "Hotovo.")
    told = {recipient for recipient, _, _ in letters(number, "answer")}
    assert told == {"jan@strojirny-vltava.example", "kolega@strojirny-vltava.example"}


def test_an_internal_mail_stays_inside_and_its_time_is_billed(opened, record, letters, technician_writes):
    technician_writes(opened, "INTERNI\nKlíč je u vrátného.\nSPRAVA60:0,5")
    ticket = record(opened)
    assert len(ticket["messages"]) == 1
    assert (ticket["time_entries"][0]["hours"], ticket["time_entries"][0]["message"]) == ("0.50", "")
    assert letters(opened, "answer") == []
    assert "vrátného" not in str(ticket)


def test_a_mail_of_lines_alone_says_nothing_to_the_employee(opened, record, letters, technician_writes):
    technician_writes(opened, "PROGP85:1,00\nSTAV: be invoiced\n-- \nRadek")
    assert letters(opened, "answer") == []
    assert len(record(opened)["messages"]) == 1
    assert record(opened)["time_entries"][0]["message"] == ""


def test_handing_over_tells_the_new_technician_and_the_employee(opened, record, letters, technician_writes):
    technician_writes(opened, "To je pro Petru.\nRESI: petra.mala")
    assert record(opened)["technician"]["name"] == "Petra Malá"
    assert letters(opened, "handed_over")[0][0] == "petra@connectica.cz"
    assert "Petra Malá" in letters(opened, "assigned")[0][2]
    assert record(opened)["events"][-1]["by"] == "Radek Vymazal"


def test_what_was_not_understood_comes_back_and_the_rest_holds(opened, record, letters, technician_writes):
    technician_writes(opened, "Hotovo.\nPROGP85:-1\nSTAV: nevím\nRESI: nikdo\nTERMIN: 1.1.2020\nSPRAVA60:1,00")
    [(recipient, _, text)] = letters(opened, "not_understood")
    assert recipient == "radek@connectica.cz"
    for line in ("PROGP85:-1", "STAV: nevím", "RESI: nikdo", "TERMIN: 1.1.2020"):
        assert f"    {line}\n" in text
    assert "radek.vymazal" in text
    assert [entry["category"] for entry in record(opened)["time_entries"]] == ["SPRAVA60"]
    assert letters(opened, "answer")[0][2].startswith("Hotovo.")


def test_an_unknown_category_is_billed_and_the_technician_warned(opened, record, letters, technician_writes):
    technician_writes(opened, "Hotovo.\nNOVA70:1,00")
    assert record(opened)["time_entries"][0]["category"] == "NOVA70"
    assert "NOVA70:1,00" in letters(opened, "not_understood")[0][2]


def test_finishing_with_uninvoiced_time_is_done_and_the_technician_warned(opened, record, letters, technician_writes):
    technician_writes(opened, "Hotovo.\nPROGP85:1,00\nSTAV: dokončené")
    assert record(opened)["state"] == "done"
    assert "be invoiced" in letters(opened, "not_understood")[0][2]


def test_a_due_date_is_an_event(opened, record, technician_writes, at_noon):
    technician_writes(opened, "Zítra.\nTERMIN: 3.11.2026")
    ticket = record(opened)
    assert ticket["due_at"].startswith("2026-11-03T22:59")
    assert [event["kind"] for event in ticket["events"]] == ["technician", "due"]
    technician_writes(opened, "Bez termínu.\nTERMIN: zrušit")
    assert record(opened)["due_at"] is None


def test_a_question_to_the_manager_is_asked_once(opened, record, technician_writes):
    technician_writes(opened, "Zeptám se.\nSCHVALIT: Můžeme koupit disk?")
    technician_writes(opened, "Připomínám.\nSCHVALIT: Můžeme koupit disk?")
    [approval] = record(opened)["approvals"]
    assert approval["question"] == "Můžeme koupit disk?"
    assert approval["asked_by"]["name"] == "Radek Vymazal"


@pytest.mark.parametrize(
    ("sample", "hours", "state"),
    [
        ("gmail_cs.eml", ["1.00"], "to_be_invoiced"),
        ("outlook_cs_html_only.eml", ["0.25"], "done"),
        ("outlook_cs.eml", ["0.50"], "open"),
        ("apple_cs.eml", [], "open"),
        ("seznam_cs.eml", [], "open"),
        ("thunderbird_cs.eml", [], "open"),
        ("english.eml", ["1.50"], "to_be_invoiced"),
        ("original_message_cs.eml", ["0.50"], "open"),
    ],
)
@pytest.mark.usefixtures("at_noon")
def test_answers_of_every_mail_program_bill_only_their_own_lines(  # noqa: PLR0917
    store, compose, record, sample, hours, state
):
    number = intake.receive(store, compose()).ticket
    assert intake.receive(store, (MAILS / sample).read_bytes(), trusted=True).ticket == number
    ticket = record(number)
    assert [entry["hours"] for entry in ticket["time_entries"]] == hours
    assert ticket["state"] == state
    for message in ticket["messages"][1:]:
        own = message["text"].split("\n>")[0].split("\nDne")[0].split("\n---")[0].split("\nOn")[0].split("\n__")[0]
        assert "PROGP85:1" not in own
        assert "STAV:" not in message["html"]


def test_a_stranger_gets_one_plain_confirmation_that_echoes_nothing(store, compose, letters):
    bait = "Vyhráli jste! http://evil.example/vyhra"
    numbers = [
        intake.receive(store, compose(bait, sender="obet@seznam.cz", subject=f"{bait} {n}")).ticket for n in range(6)
    ]
    sent = [letter for number in numbers for letter in letters(number, "received_stranger")]
    assert len(sent) == 3
    assert not any("evil.example" in subject + text for _, subject, text in sent)


@pytest.mark.parametrize("field", ["subject", "name"])
def test_line_ends_in_a_header_do_not_become_headers_of_our_letters(store, letters, field):
    evil = b"=?utf-8?q?x=0D=0ABcc=3A_evil=40evil=2Eexample=0D=0A=0D=0Atelo?="
    name, subject = (evil, b"ok") if field == "name" else (b"Jan", evil)
    raw = b"From: " + name + b" <jan@strojirny-vltava.example>\r\nSubject: " + subject + b"\r\n\r\nx"
    number = intake.receive(store, raw).ticket
    with store.read() as db:
        for row in db.execute("SELECT raw FROM outbox"):
            head = row["raw"].split(b"\r\n\r\n")[0]
            assert b"\nBcc" not in head
            assert set(message_from_bytes(row["raw"]).keys()) <= {
                "From",
                "To",
                "Subject",
                "Date",
                "Message-ID",
                "In-Reply-To",
                "References",
                "X-Connectica-Desk",
                "Auto-Submitted",
                "X-Auto-Response-Suppress",
                "MIME-Version",
                "Content-Type",
                "Content-Transfer-Encoding",
            }
    assert letters(number, "received")


def test_letters_name_only_mails_their_reader_has(store, opened, technician_writes):
    technician_writes(opened, "Hotovo.\nPROGP85:-1")
    with store.read() as db:
        for row in db.execute("SELECT raw FROM outbox WHERE kind = 'answer'"):
            references = message_from_bytes(row["raw"])["References"]
            assert "not_understood" not in references
            assert "new_ticket" not in references


def test_text_that_looks_like_a_template_stays_text(store, compose, letters, technician_writes):
    number = intake.receive(store, compose("{{ 7*7 }} {% raw %}", subject="{{ 7*7 }}")).ticket
    technician_writes(number, "{{ 7*7 }} ${7*7}")
    assert "{{ 7*7 }}" in letters(number, "answer")[0][1]
    assert "{{ 7*7 }} ${7*7}" in letters(number, "answer")[0][2]
    assert "49" not in letters(number, "answer")[0][2].replace(number, "")


def test_a_technician_makes_a_ticket_confidential_and_takes_it_back(opened, record, technician_writes):
    assert record(opened)["confidential"] is False
    technician_writes(opened, "Řeším to jen s vedením.\n\nDUVERNE\n")
    assert record(opened)["confidential"] is True
    assert "DUVERNE" not in record(opened)["messages"][-1]["text"]
    technician_writes(opened, "Už to tajné není.\n\nDUVERNE: ne\n")
    assert record(opened)["confidential"] is False


def test_whoever_only_says_that_they_are_a_technician_makes_nothing_confidential(store, compose, opened, record):
    forged = compose("DUVERNE", sender="radek@connectica.cz", subject=f"Re: [Connectica #{opened}] Nejde tiskárna")
    intake.receive(store, forged)
    assert record(opened)["confidential"] is False


def test_what_a_confidential_ticket_is_merged_into_is_confidential(store, compose, opened, record, technician_writes):
    kept = intake.receive(store, compose()).ticket
    technician_writes(opened, "DUVERNE")
    tickets.remove(store, opened, merged_into=kept)
    assert record(kept)["confidential"] is True


@pytest.mark.parametrize(
    ("sent", "is_told"), [("Mon, 02 Nov 2026 08:00:00 +0100", False), ("Sun, 01 Nov 2026 08:00:00 +0100", True)]
)
def test_a_date_before_the_ticket_is_told_of_where_it_changes_the_day(  # noqa: PLR0917
    sent, is_told, at_noon, opened, technician_writes, letters
):
    technician_writes(opened, "Hotovo.\n\nPROGP85:0,25", headers={"Date": sent})
    assert bool(letters(opened, "not_understood")) is is_told
