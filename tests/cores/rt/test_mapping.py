"""Translating Request Tracker's JSON: what makes no sense is set aside by name, and nothing else happens."""

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.cores.records import PersonRecord, TicketRecord, Unreadable
from portal.cores.rt.mapping import RtTicket, Rules, change
from portal.cores.rt.settings import from_settings
from portal.errors import Misconfigured

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
JANA = {
    "id": "jana",
    "Name": "jana",
    "RealName": "Jana Nová",
    "EmailAddress": "Jana@Vltava.example",
    "Organization": "Vltava",
}
TICKET = {
    "id": "7",
    "Subject": "Tiskárna",
    "Status": "be_invoiced",
    "Owner": {"id": "Nobody"},
    "Requestor": [JANA],
    "Created": "2026-11-20T08:00:00Z",
    "LastUpdated": "2026-11-24T08:00:00Z",
    "Due": "1970-01-01T00:00:00Z",
    "Resolved": "1970-01-01T00:00:00Z",
    "CustomFields": [
        {"name": "Company", "values": ["vltava"]},
        {"name": "TimeEntries", "values": ["PROGP85:1.25|Radek|2026-11-20 09:00:00|12.1|radek@connectica.example"]},
    ],
}
SAID = RtTicket(
    transactions=[
        {
            "id": "11",
            "Type": "Create",
            "Field": "",
            "Created": "2026-11-20T08:00:00Z",
            "Creator": JANA,
            "ObjectId": "7",
            "OldValue": "",
            "NewValue": "",
        }
    ],
    texts=[{"id": "3", "TransactionId": "11", "ContentType": "text/plain", "Filename": "", "Content": "Netiskne."}],
)


def _whois(name: str) -> tuple[PersonRecord, bool]:
    return PersonRecord(name=name), name == "radek"


def _changed(item, said: RtTicket = SAID, **rules):
    return change(item, said, Rules(**rules), _whois)


def test_a_ticket_is_what_rt_says_and_a_note_moves_nothing_that_is_seen():
    record = _changed(TICKET)
    assert isinstance(record, TicketRecord), record
    assert (record.state, record.company, record.technician, record.due_at) == (
        "to_be_invoiced",
        "vltava",
        None,
        None,
    )
    assert record.requester == PersonRecord(name="Jana Nová", email="jana@vltava.example")
    assert record.changed_at.hour == 9  # the entry, not the note at LastUpdated
    assert [(str(entry.hours), entry.message) for entry in record.time_entries] == [("1.25", "")]


@pytest.mark.parametrize(("by", "known"), [("organization", {"vltava": "c1"}), ("domain", {"vltava.example": "c1"})])
def test_the_company_is_the_requestors_when_the_settings_say_so(by, known):
    assert _changed(TICKET, company_by=by, companies=known).company == "c1"
    assert _changed(TICKET, company_by=by, companies={}).company == ""


def test_without_the_field_technicians_words_are_read_and_quoted_ones_are_not():
    said = deepcopy(SAID)
    said.transactions.append({**said.transactions[0], "id": "12", "Type": "Correspond", "Creator": {"id": "radek"}})
    written = "Už.\n\nPROGP85:0,50\n> PROGP85:9,00\n"
    said.texts.extend(
        {**said.texts[0], "TransactionId": name, "Content": words}
        for name, words in (("12", written), ("11", "PROGP85:5,00"))
    )
    record = _changed({**TICKET, "CustomFields": []}, said)
    assert [(str(entry.hours), entry.message) for entry in record.time_entries] == [("0.50", "12")]


@given(st.sampled_from(sorted(TICKET)), JSON)
def test_a_broken_field_sets_its_ticket_aside_or_changes_nothing_else(field, value):
    record = _changed({**TICKET, field: value})
    assert isinstance(record, TicketRecord | Unreadable)
    if isinstance(record, Unreadable) and field != "id":
        assert record.core_id == "7" and record.reason


@given(JSON, st.lists(JSON, max_size=2), st.lists(JSON, max_size=2), st.lists(JSON, max_size=2))
def test_whatever_json_comes_nothing_breaks(item, transactions, texts, files):
    assert isinstance(_changed(item, RtTicket(transactions, texts, files)), Unreadable)
    _changed(TICKET, RtTicket(transactions, texts, files))


@pytest.mark.parametrize(
    "wrong",
    [
        {"RT_STATES": "waiting"},
        {"RT_STATES": "waiting=closed"},
        {"RT_COMPANY_BY": "colour"},
        {"RT_COMPANIES": "vltava"},
        {"RT_TIME_CATEGORY": "práce"},
    ],
)
def test_a_setting_that_makes_no_sense_is_named(wrong):
    values = {
        "CORE_URL": "http://127.0.0.1:9",
        "RT_USER": "portal",
        "RT_PASSWORD": "x",
        "RT_QUEUE": "IT",
        "RT_STATES": "",
        "RT_COMPANY_BY": "field",
        "RT_COMPANIES": "",
        "RT_TIME_CATEGORY": "",
    }
    with pytest.raises(Misconfigured, match=f"PORTAL_{next(iter(wrong))}"):
        from_settings({**values, **wrong}, "token")


@pytest.mark.parametrize(
    "text",
    [
        "Hotovo.\nPROGP85:0,25\n\nDňa 25. 11. 2026 o 10:00 Jana Nová napísala:\n> PROGP85:9,00",
        "Am 25.11.26 um 10:00 schrieb Jana:\n> PROGP85:9,00\n\nFertig.\nPROGP85:0,25",
        "Hotovo.\nPROGP85:0,25\n\nOd: Jana <j@x.example>\nWysłane: środa, 25 listopada 2026 10:00\n\nPROGP85:9,00",
        "W dniu 25.11.2026 o 10:00, Jana pisze:\n> Kiedy?\nJutro.\n> PROGP85:9,00\nPROGP85:0,25",
        "Viz níže.\nPROGP85:0,25\n\n---------- Přeposlaná zpráva ---------\nOd: Jana\n\nPROGP85:9,00",
    ],
)
def test_time_is_read_in_a_technicians_own_words_wherever_they_stand(text):
    technician = {"id": "radek", "Name": "radek", "RealName": "Radek"}
    answer = deepcopy(SAID.transactions[0]) | {"id": "12", "Type": "Correspond", "Creator": technician}
    words = {"id": "4", "TransactionId": "12", "ContentType": "text/plain", "Filename": "", "Content": text}
    said = RtTicket(transactions=[*SAID.transactions, answer], texts=[*SAID.texts, words])
    fields = [field for field in TICKET["CustomFields"] if field["name"] != "TimeEntries"]
    record = _changed({**TICKET, "CustomFields": fields}, said)
    assert [str(entry.hours) for entry in record.time_entries] == ["0.25"]


def test_who_writes_from_another_domain_is_from_outside_where_domains_tell_companies():
    stranger = JANA | {"id": "karel", "EmailAddress": "karel@volnaposta.example"}
    said = replace(SAID, transactions=[*SAID.transactions, SAID.transactions[0] | {"id": "12", "Creator": stranger}])
    known = {"company_by": "domain", "companies": {"vltava.example": "vltava"}}
    assert [message.from_outside for message in _changed(TICKET, said, **known).messages] == [False, True]
    assert [message.from_outside for message in _changed(TICKET, said).messages] == [False, False]
