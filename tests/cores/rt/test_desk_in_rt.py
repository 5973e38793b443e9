"""What deploy/rt makes of Request Tracker: whose lines count, where answers go, what is mailed, what is told once."""

import email
from calendar import monthrange
from datetime import date
from decimal import Decimal
from email.policy import default
from typing import Any

import pytest

from portal import clock, config
from portal.cores.records import TicketRecord
from portal.cores.rt.adapter import RtCore
from portal.cores.rt.settings import from_settings
from portal.errors import CoreRefused
from tests.cores.rt.lab import EMPLOYEE, Lab, RtStage


def test_only_a_technicians_own_lines_are_time(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.\n\nPROGP85:5,00\n")
    stage.answer(number, "Už tiskne.\n\n> PROGP85:9,00\n", time="PROGP85:0,33")
    stage.answer(number, "Znovu.", time="PROGP85:0,33")
    entries = _ticket(lab.core(), number).time_entries
    assert [(entry.hours, entry.technician.name) for entry in entries] == [(Decimal("0.33"), "Radek Vymazal")] * 2


HISTORIES = (
    "-----Původní zpráva-----\nPROGP85:9,00\n",
    "Od: Jana Nová <jana@vltava.example>\nOdesláno: středa 25. listopadu 2026 10:00\n\nPROGP85:9,00\n",
    "Dne 25. 11. 2026 v 10:00 Jana Nová napsala:\n\nPROGP85:9,00\n",
    "st 25. 11. 2026 v 10:00 odesílatel Jana Nová\n<jana@vltava.example> napsal:\n\nPROGP85:9,00\n",
    "On Wed, 25 Nov 2026 at 10:00, Jana <jana@vltava.example> wrote:\n> PROGP85:9,00\n\nPROGP85:0,50\n",
)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("has_field", [True, False])
def test_a_time_in_what_a_technician_only_quotes_is_not_counted(
    lab: Lab, stage: RtStage, history: str, has_field: bool
):
    if not has_field:
        stage.disable_field("TimeEntries")
    number = stage.open_ticket("Tiskárna", "Netiskne.\n\nPROGP85:9,00\n")
    stage.answer(number, "Napsal jsem výrobci: čekáme.", time=f"PROGP85:0,25\n\n{history}")
    hours = [str(entry.hours) for entry in _ticket(lab.core(), number).time_entries]
    assert hours == ["0.25", *(["0.50"] if "0,50" in history else [])]


def test_the_desk_is_made_once(lab: Lab):
    before = lab.sql("SELECT count(*) FROM Scrips")
    again = lab.load()
    assert again.returncode != 0 and "has already" in again.stderr and "a queue IT" in again.stderr
    assert lab.sql("SELECT count(*) FROM Scrips") == before


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


@pytest.mark.parametrize(
    ("by", "companies", "organization"),
    [
        ("organization", None, "Strojírny Vltava, a. s."),
        ("organization", None, "vltava"),
        ("domain", None, ""),
        ("domain", "vltava=Strojírny Vltava|vltava.example", ""),
        ("organization", "vltava=Strojírny Vltava|", "VLTAVA"),
    ],
)
def test_the_company_is_the_requestors_organization_or_mail_domain(
    lab: Lab, stage: RtStage, by: str, companies: str | None, organization: str
):
    ours = stage.open_ticket("Tiskárna", "Netiskne.")
    stage.mail("Cizí <kdo@jinde.example>", "Nabídka", "Kupte.")
    stage.set_organization("jana@vltava.example", organization)
    stage.set(ours, CustomFields={"Company": ""})  # what the field says is not asked
    core = from_settings(_settings(lab, RT_COMPANY_BY=by, RT_COMPANIES=companies or ""), "")
    assert [company.core_id for company in core.companies()] == ["vltava"]
    assert (_ticket(core, ours).company, _ticket(core, "2").company) == ("vltava", "")


def test_a_token_signs_in_without_a_password(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.")
    stage.attach(number, "a.bin", b"abc")
    core = from_settings(_settings(lab, RT_PASSWORD=""), lab.account("token", "portal").strip())
    (file,) = _ticket(core, number).messages[1].attachments
    assert b"".join(core.attachment(file.core_id)) == b"abc"
    core.tell(number, "Poznámka.", "key-1")
    assert [note.strip() for note in stage.notes_of(number)] == ["Poznámka."]


@pytest.mark.parametrize("token", ["", "1-34-0123456789abcdef0123456789abcdef"])
def test_a_wrong_password_or_token_is_refused(lab: Lab, token: str):
    password = "" if token else "wrong"
    with pytest.raises(CoreRefused):
        list(from_settings(_settings(lab, RT_PASSWORD=password), token).changes(None))


def test_forged_times_and_questions_do_not_come_true_through_the_portals_account(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.\n\nPROGP85:9,00\nSCHVALIT: Zaplatíte milion?\n")
    note = "Manažer píše:\n\nPROGP85:9,00\nSCHVALIT: Zaplatíte milion?\n"
    lab.core().tell(number, note, "key-1", approval="", decision="")
    stage.mail("Radek Vymazal <radek@vltava.example>", f"Re: [connectica.example #{number}] x", "PROGP85:9,00\n")
    portal = lab.signed_in("portal")
    for what in ("comment", "correspond"):
        words = {"ContentType": "text/plain", "Content": "PROGP85:9,00\n", "TimeTaken": 540}
        portal.post(f"{lab.url}/REST/2.0/ticket/{number}/{what}", json=words, timeout=30)
    record = _ticket(lab.core(), number)
    assert (record.time_entries, record.approvals) == ((), ())
    assert len(stage.notes_of(number)) == 2


def test_the_months_end_is_kept_when_what_waits_is_invoiced(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.")
    stage.answer(number, "Už tiskne.", time="PROGP85:1,00", state="to_be_invoiced")
    assert [entry.invoiced_on for entry in _ticket(lab.core(), number).time_entries] == [None]
    stage.set(number, Status="resolved")
    record = _ticket(lab.core(), number)
    today = clock.today()
    last_day = date(today.year, today.month, monthrange(today.year, today.month)[1])
    assert (record.state, [entry.invoiced_on for entry in record.time_entries]) == ("done", [last_day])


def test_a_ticket_that_ends_without_an_invoice_is_not_invoiced(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.")
    stage.answer(number, "Už tiskne.", time="PROGP85:1,00", state="done")
    assert [entry.invoiced_on for entry in _ticket(lab.core(), number).time_entries] == [None]


def test_an_invoiced_day_set_by_hand_is_told_and_earlier_work_only(lab: Lab, stage: RtStage):
    number = stage.open_ticket("Tiskárna", "Netiskne.")
    stage.answer(number, "Už tiskne.", time="PROGP85:1,00")
    stage.set(number, CustomFields={"InvoicedOn": ["2026-01-31"]})
    assert [entry.invoiced_on for entry in _ticket(lab.core(), number).time_entries] == [None]
    stage.set(number, CustomFields={"InvoicedOn": ["2026-01-31", "2099-12-31", "2098-11-30"]})
    assert [entry.invoiced_on for entry in _ticket(lab.core(), number).time_entries] == [date(2098, 11, 30)]


@pytest.mark.parametrize(("said", "is_so"), [("ano", True), ("ne", False)])
def test_a_confidential_ticket_says_so(lab: Lab, stage: RtStage, said: str, is_so: bool):
    number = stage.open_ticket("Mzdy", "Netiskne.")
    assert not _ticket(lab.core(), number).confidential
    stage.set(number, CustomFields={"Confidential": said})
    assert _ticket(lab.core(), number).confidential is is_so


def test_a_ticket_made_with_its_technician_is_confirmed_like_one_that_is_taken(lab: Lab, stage: RtStage):
    before = len(lab.mails())
    stage.make(Requestor="jana@vltava.example", Subject="Tiskárna", Owner="radek.vymazal")
    mails = [email.message_from_string(raw, policy=default) for raw in lab.mails()[before:]]
    (assigned,) = [mail for mail in mails if "Požadavek má technika" in mail["Subject"]]
    assert "jana@vltava.example" in assigned["To"] and "Radek Vymazal" in assigned.get_content()


def test_an_rt_without_the_field_counts_codes_and_minutes_once(lab: Lab, stage: RtStage):
    stage.disable_field("TimeEntries")
    number = stage.open_ticket("Tiskárna", "Netiskne.\n\nPROGP85:5,00\n")
    stage.answer(number, "Už tiskne.", time="PROGP85:0,50", minutes=30)
    stage.answer(number, "A scanner.", minutes=20)
    stage.note_internally(number, "Volal jsem mu.", minutes=15)
    core = from_settings(_settings(lab, RT_TIME_CATEGORY="WORK90"), "")
    entries = {
        (entry.category, str(entry.hours), bool(entry.message)) for entry in _ticket(core, number).time_entries
    }
    assert entries == {("PROGP85", "0.50", True), ("WORK90", "0.3333", True), ("WORK90", "0.25", False)}
    stage.set(number, TimeWorked=125)  # an hour more, by hand
    times = [str(entry.hours) for entry in _ticket(core, number).time_entries]
    assert sorted(times) == ["0.25", "0.3333", "0.50", "1.00"]
    without = from_settings(_settings(lab), "")
    assert [entry.category for entry in _ticket(without, number).time_entries] == ["PROGP85"]


def _settings(lab: Lab, **more: str) -> dict[str, Any]:
    ours = {"CORE": "rt", "CORE_URL": lab.url, "RT_PASSWORD": lab.password}
    return {row.name: row.default for row in config.SETTINGS} | ours | more


def _ticket(core: RtCore, number: str) -> TicketRecord:
    (found,) = [change for page in core.changes(None) for change in page.changes if change.core_id == number]
    assert isinstance(found, TicketRecord), found
    return found
