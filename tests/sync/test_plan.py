"""Deciding needs no database: a record, and what the mirror has of it, become steps."""

import msgspec

from portal.cores.records import PersonRecord, Unreadable
from portal.sync import plan as steps
from portal.sync import rows
from portal.sync.plan import Known, plan, together
from tests.sync.conftest import entry, event, file, message, stone, ticket

COMPANIES = {"vltava"}
NOTHING = Known()


def known_of(record, **facts) -> Known:
    """What the mirror would have after this record."""
    made = rows.rows_of(record)
    return Known(
        ticket=made.ticket,
        fingerprint=rows.fingerprint(record),
        messages={row.core_id: row for row in made.messages},
        attachments={row.core_id: row for row in made.attachments},
        events={row.core_id: row for row in made.events},
        entries={row.core_id: row for row in made.entries},
        **facts,
    )


def kinds(found) -> list[str]:
    return [type(step).__name__ for step in found]


WHOLE = ticket(
    1,
    technician=PersonRecord(name="Radek", email="Radek@Connectica.example"),
    events=(event("v1"),),
    messages=(message("m1", attachments=(file("a1"),)),),
    time_entries=(entry("e1"),),
)


def test_a_new_ticket_is_put_with_everything_below_it():
    assert kinds(plan(WHOLE, NOTHING, COMPANIES)) == [
        "MeetEmployee",
        "MeetTechnician",
        "MeetTechnician",
        "PutTicket",
        "PutMessage",
        "PutAttachment",
        "PutEvent",
        "PutEntry",
    ]


def test_the_same_record_again_is_nothing_to_do():
    assert plan(WHOLE, known_of(WHOLE), COMPANIES) == []


def test_only_what_differs_is_put():
    changed = msgspec.structs.replace(WHOLE, subject="Jinak")
    assert kinds(plan(changed, known_of(WHOLE), COMPANIES))[-1:] == ["PutTicket"]
    answered = msgspec.structs.replace(WHOLE, messages=(*WHOLE.messages, message("m2")))
    (put,) = [step for step in plan(answered, known_of(WHOLE), COMPANIES) if isinstance(step, steps.PutMessage)]
    assert put.row.core_id == "m2"


def test_what_the_record_has_no_more_is_withdrawn_and_its_events_are_dropped():
    bare = msgspec.structs.replace(WHOLE, messages=(), time_entries=(), events=())
    assert kinds(plan(bare, known_of(WHOLE), COMPANIES))[-4:] == [
        "WithdrawMessage",
        "WithdrawAttachment",
        "DropEvent",
        "WithdrawEntry",
    ]


def test_a_tombstone_withdraws_the_time_and_the_ticket_once():
    assert kinds(plan(stone("t1"), known_of(WHOLE), COMPANIES)) == ["WithdrawEntry", "WithdrawTicket"]
    assert plan(stone("t1"), known_of(WHOLE, is_withdrawn=True), COMPANIES) == []
    assert plan(stone("t1"), NOTHING, COMPANIES) == []


def test_a_ticket_of_no_known_company_leaves_the_mirror_and_is_set_aside_once():
    homeless = msgspec.structs.replace(WHOLE, company="")
    found = plan(homeless, known_of(WHOLE), COMPANIES)
    assert kinds(found) == ["WithdrawEntry", "WithdrawTicket", "PutAside"]
    aside = (found[-1].raw, found[-1].reason)
    assert plan(homeless, Known(aside=aside), COMPANIES) == []


def test_what_was_set_aside_is_healed_by_any_record_that_makes_sense():
    for change in (WHOLE, stone("t1")):
        assert "Heal" in kinds(plan(change, Known(aside=("{", "broken")), COMPANIES))
    assert kinds(
        plan(Unreadable(core_id="t1", raw="{", reason="worse"), Known(aside=("{", "broken")), COMPANIES)
    ) == ["PutAside"]


def test_what_moves_between_tickets_told_together_is_not_withdrawn():
    kept = ticket(2, messages=(message("m2"), *WHOLE.messages), time_entries=WHOLE.time_entries)
    had = known_of(WHOLE)
    both = together([plan(stone("t1"), had, COMPANIES), plan(kept, as_seen_by_another(had), COMPANIES)])
    assert "WithdrawEntry" not in kinds(both)
    assert "WithdrawTicket" in kinds(both)


def as_seen_by_another(had: Known) -> Known:
    """What is known to the other ticket: the rows its record names, and no ticket."""
    return Known(messages=had.messages, attachments=had.attachments, entries=had.entries)


def test_people_are_known_by_their_mail_and_by_their_name_where_there_is_none():
    assert rows.person(PersonRecord(name="Jana  Nová", email="JANA@X.cz")) == rows.PersonRow("jana@x.cz", "Jana Nová")
    assert rows.person(PersonRecord(name="Jana Nová")) == rows.PersonRow("jana nová", "Jana Nová")
    assert rows.person(PersonRecord(name="", email="j@x.cz")) == rows.PersonRow("j@x.cz", "j@x.cz")


def test_a_raw_record_is_kept_in_letters_every_database_takes_and_not_without_end():
    (aside,) = plan(Unreadable(core_id="t1", raw="\0" + "x" * 10_000_000, reason="a\0b"), NOTHING, COMPANIES)
    assert (len(aside.raw), aside.raw[0], aside.reason) == (steps.LONGEST_RAW, "x", "ab")
