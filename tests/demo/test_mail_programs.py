"""Mails of the demo: what a person wrote is found again under every mail program's habits."""

import pytest

from portal.demo import mail_programs, people
from portal.desk.inbound import mime as desk_mail
from portal.lib.mail_quotes import reading
from tests.demo.conftest import NOW

PROGRAMS = (
    people.GMAIL,
    people.OUTLOOK,
    people.OUTLOOK_OLD,
    people.APPLE,
    people.THUNDERBIRD,
    people.SEZNAM,
    people.PHONE,
)
TYPED = str.maketrans("–„“", '-""')  # some character sets lack these
OLD = mail_programs.Quoted(
    name="Radek Vymazal (Connectica)",
    email="noc@connectica.cz",
    at=NOW,
    subject="[Connectica #20260017] Žluťoučký kůň",
    message_id="<20260017@connectica.cz>",
    text="Dobrý den,\n\nPROGP85:9,00 sem nepatří.\n\nIT",
)


def letter(program, **changes):
    sender = people.Player(
        "Věra Říčařová", "paní Říčařová", "vera.ricarova@tri-lipy.example", "účetní", program, True
    )
    facts = {
        "sender": sender,
        "to": "noc@connectica.cz",
        "at": NOW,
        "subject": f"Re: {OLD.subject}",
        "message_id": "<1@tri-lipy.example>",
        "text": "Dobrý den,\n\npříliš žluťoučký kůň – „úpěl“ ďábelské ódy.",
        "signature": "Věra Říčařová\núčetní",
        "answers": OLD,
    }
    return mail_programs.ComposedMail(**(facts | changes))


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_was_written_is_told_from_what_was_quoted(program):
    read = desk_mail.read(mail_programs.written(letter(program)))
    own = [read.text.split("\n")[at] for at in reading.read_text(read.text).own]
    assert "\n".join(own).strip().translate(TYPED) == letter(program).text.translate(TYPED)
    assert "PROGP85:9,00" in read.text
    assert read.references == (OLD.message_id,)
    assert read.sender.name == "Věra Říčařová"


@pytest.mark.parametrize("program", PROGRAMS)
def test_pictures_stand_in_the_text_and_files_beside_it(program):
    files = ("displej tiskárny.png", "šablona smlouvy.docx")
    read = desk_mail.read(mail_programs.written(letter(program, files=files, inline=True)))
    assert sorted(file.name for file in read.files) == sorted(files)
    picture = next(file for file in read.files if file.name.endswith(".png"))
    assert f"cid:{picture.content_id}" in read.html


@pytest.mark.parametrize(
    ("program", "charset"),
    [(people.OUTLOOK_OLD, b"windows-1250"), (people.THUNDERBIRD, b"iso-8859-2"), (people.GMAIL, b"utf-8")],
)
def test_old_programs_write_their_own_character_set(program, charset):
    raw = mail_programs.written(letter(program, text="Příliš žluťoučký kůň", signature="", answers=None))
    assert b'charset="' + charset in raw
    assert desk_mail.read(raw).text == "Příliš žluťoučký kůň"


def test_what_no_old_character_set_holds_is_still_written():
    assert "漢" in desk_mail.read(mail_programs.written(letter(people.OUTLOOK_OLD, text="漢 ř", answers=None))).text


def test_the_same_letter_is_the_same_bytes():
    files = ("displej tiskárny.png", "šablona smlouvy.docx")
    assert mail_programs.written(letter(people.GMAIL, files=files)) == mail_programs.written(
        letter(people.GMAIL, files=files)
    )
