"""What deploy/rt makes of Request Tracker: whose lines count, where answers go, what is mailed, what is told once."""

import email
from decimal import Decimal
from email.policy import default

from portal.cores.records import TicketRecord
from portal.cores.rt.join import RtCore
from tests.cores.rt.lab import EMPLOYEE, Lab, RtStage


def test_only_a_technicians_own_lines_are_time(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.\n\nPROGP85:5,00\n")
    stage.answer(number, "Už tiskne.\n\n> PROGP85:9,00\n", time="PROGP85:0,33")
    stage.answer(number, "Znovu.", time="PROGP85:0,33")
    entries = _ticket(lab.core(), number).time_entries
    assert [(entry.hours, entry.technician.name) for entry in entries] == [(Decimal("0.33"), "Radek Vymazal")] * 2


def test_an_answer_without_its_tag_is_threaded_by_its_references(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.")
    stage.mail(EMPLOYEE, "Ještě k tiskárně", "Bliká červeně.", References="<1@contract.example>")
    assert [message.text.strip() for message in _ticket(lab.core(), number).messages] == [
        "Netiskne.",
        "Bliká červeně.",
    ]


def test_receiving_and_taking_are_confirmed_in_czech_once_each(lab: Lab, stage: RtStage):
    before = len(lab.mails())
    number = stage.open_ticket("Tiskárna", "Netiskne.")
    stage.take(number)
    mails = [email.message_from_string(raw, policy=default) for raw in lab.mails()[before:]]
    told = [mail["Subject"] for mail in mails if "jana@vltava.example" in mail["To"]]
    assert [subject.partition("] ")[2] for subject in told] == [
        "Požadavek přijat: Tiskárna",
        "Požadavek má technika: Tiskárna",
    ]
    record = _ticket(lab.core(), number)
    assert record.technician and record.technician.name == "Radek Vymazal"
    assert [(event.kind, event.new) for event in record.events] == [("technician", "Radek Vymazal")]


def test_a_note_whose_answer_was_lost_is_recognised_by_another_portal_process(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.")
    long = "Příliš žluťoučký kůň.\n" * 200
    for _ in range(2):
        lab.core().tell(number, long, "key-1")
    assert [note.strip() for note in stage.notes_of(number)] == [long.strip()]


def test_a_cookie_that_ended_is_made_anew(lab: Lab, stage: RtStage):
    number, core = stage.open_ticket("Tiskárna", "Netiskne."), lab.core()
    assert _ticket(core, number)
    for session in (lab.folder / "sessions").glob("*"):
        session.unlink()
    core.tell(number, "Poznámka.", "key-1")
    assert [note.strip() for note in RtStage(lab).notes_of(number)] == ["Poznámka."]


def test_a_company_is_found_by_the_mail_domain_and_a_stranger_has_none(lab: Lab, stage: RtStage):
    stage.mail("Cizí <kdo@jinde.example>", "Nabídka", "Kupte.")
    ours = stage.open_ticket("Tiskárna", "Netiskne.")
    core = lab.core()
    assert (_ticket(core, "1").company, _ticket(core, ours).company) == ("", "vltava")


def _ticket(core: RtCore, number: str) -> TicketRecord:
    (found,) = [change for page in core.changes(None) for change in page.changes if change.core_id == number]
    assert isinstance(found, TicketRecord), found
    return found
