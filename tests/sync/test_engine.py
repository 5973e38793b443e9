"""A run of the sync: what it mirrors, what it refuses to believe, and that it may be repeated without harm."""

import tracemalloc
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select

from portal import clock
from portal.cores.records import (
    ApprovalRecord,
    ChangesPage,
    CompanyRecord,
    EntryCorrectionRecord,
    EntryStateRecord,
    PersonRecord,
    Unreadable,
)
from portal.db import db
from portal.domain import sync_state as memory
from portal.domain.approvals.models import Approval
from portal.domain.companies.models import Company
from portal.domain.sync_state import MirrorState
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, Ticket, TicketText
from portal.errors import CoreAway
from portal.sync import engine, lease, verify
from portal.sync.engine import Sync
from portal.sync.lease import LostLead
from tests.cores.memory import MemoryCore
from tests.sync.conftest import (
    JANA,
    NOON,
    RADEK,
    aside,
    counts,
    entry,
    entry_of,
    event,
    file,
    message,
    mirrored,
    stone,
    ticket,
    versions_of,
    whole_mirror,
)


def test_running_twice_changes_nothing(core, sync, at_noon):
    core.put(*(ticket(n, time_entries=(entry(f"e{n}"),)) for n in range(1, 8)))
    sync()
    before, generation = whole_mirror(), memory.generation()
    again = sync()
    assert (whole_mirror(), memory.generation()) == (before, generation)
    assert (again.changed, again.is_complete) == (0, True)
    assert sync(full=True).changed == 0
    assert whole_mirror() == before


def test_a_run_goes_on_from_where_the_last_one_stopped(core, sync):
    core.put(*(ticket(n) for n in range(1, 8)))
    assert sync().told == 9  # of three inclusive pages
    core.put(ticket(8))
    assert sync().told == 2  # the one the cursor stands on, and the new one


def test_the_age_of_the_data_is_that_of_the_last_run_to_the_end(core, sync):
    with clock.set_to(NOON):
        sync()
    core.is_away = True
    with clock.set_to(NOON + timedelta(minutes=5)):
        with pytest.raises(CoreAway):
            sync()
        age = memory.age()
        assert (age.reached_at, age.seconds, age.is_troubled) == (NOON, 300, True)
    core.is_away = False
    sync()
    assert memory.age().trouble == ""


def test_a_full_run_withdraws_what_the_core_no_longer_tells(core, sync):
    core.put(ticket(1), ticket(2, time_entries=(entry("e2"),)), ticket(3))
    sync()
    core.lose("t2")
    sync()
    assert mirrored("t2").withdrawn_at is None
    assert sync(full=True).withdrawn == 1
    assert mirrored("t2").withdrawn_at is not None
    assert entry_of("e2").withdrawn_at is not None
    assert mirrored("t1").withdrawn_at is None
    assert counts() == {("vltava", "open"): 2}


def test_minutes_keep_their_sum(core, sync):
    minutes = ("0.3333", "0.3333", "0.3333", "1.25")  # 20 + 20 + 20 + 75
    core.put(ticket(1, time_entries=tuple(entry(f"e{n}", hours) for n, hours in enumerate(minutes))))
    sync()
    assert (mirrored("t1").hours, f"{mirrored('t1').hours:.2f}") == (Decimal("2.2499"), "2.25")
    assert verify.faults() == []


def test_time_may_be_taken_back_by_an_entry_below_zero(core, sync):
    core.put(ticket(1, time_entries=(entry("e1", "2.00"), entry("e2", "-0.50"))))
    sync()
    assert (aside(), str(mirrored("t1").hours)) == ({}, "1.50")


def test_once_a_week_everything_is_read_and_what_is_told_no_more_is_withdrawn(core, sync):
    core.put(*(ticket(n) for n in range(1, 6)))
    with clock.set_to(NOON):
        sync()
    core.lose("t2")  # as a core that was put back from a backup and has grown past our cursor since
    with clock.set_to(NOON + timedelta(days=6)):
        assert sync().withdrawn == 0
    with clock.set_to(NOON + timedelta(days=7)):
        assert sync().withdrawn == 1
        assert sync().told <= core.page
    assert mirrored("t2").withdrawn_at is not None


def test_a_core_that_lost_most_of_its_tickets_withdraws_none_by_itself(core, sync):
    core.put(*(ticket(n) for n in range(1, 6)))
    with clock.set_to(NOON):
        sync()
    for number in (1, 2, 3):
        core.lose(f"t{number}")
    with clock.set_to(NOON + timedelta(days=7)):
        assert sync().withdrawn == 0
    assert "sync run --full" in memory.age().trouble


def test_a_full_run_that_somebody_asks_for_is_done_by_the_next_run(core, sync):
    core.put(*(ticket(n) for n in range(1, 6)))
    sync()
    for number in (1, 2, 3):
        core.lose(f"t{number}")
    memory.want_whole()
    assert sync().withdrawn == 3
    assert sync().told <= core.page


def test_an_empty_answer_to_a_full_run_withdraws_nothing_and_complains(core, sync):
    core.put(ticket(1), ticket(2))
    sync()
    core.forget_all()
    summary = sync(full=True)
    assert (summary.withdrawn, counts()) == (0, {("vltava", "open"): 2})
    assert "none of the 2 tickets" in memory.age().trouble


def test_a_full_run_with_a_nameless_record_withdraws_nothing_and_complains(core, sync):
    core.put(ticket(1), ticket(2))
    sync()
    core.lose("t2")
    core.put(Unreadable(core_id="unreadable:0123", raw="{", reason="JSON is malformed"))
    assert sync(full=True).withdrawn == 0
    assert "no readable name" in memory.age().trouble


def asked(core_id: str, question: str) -> ApprovalRecord:
    return ApprovalRecord(core_id=core_id, question=question, asked_by=RADEK, asked_at=NOON)


FAULTS = [
    ({"state": "sleeping"}, "state 'sleeping' is unknown"),
    ({"number": " "}, "no number"),
    ({"time_entries": (entry("e1", "NaN"),)}, "NaN hours"),
    ({"time_entries": (entry("e1", "-745"),)}, "-745 hours"),
    ({"time_entries": (entry("e1", "0.00005"),)}, "0.00005 hours"),
    ({"time_entries": (entry("e1", "1e9"),)}, "hours cannot be billed"),
    ({"time_entries": (entry("e1", category=" "),)}, "no price category"),
    ({"time_entries": (entry("e1"), entry("e1"))}, "two time entries"),
    ({"messages": (message("m1"), message("m1"))}, "two messages"),
    ({"messages": (message("m1", side="onlooker"),)}, "unknown side 'onlooker'"),
    ({"events": (event("v1", new="done"), event("v1"))}, "two events"),
    ({"opened_at": NOON.replace(year=1)}, "not a moment"),
    ({"messages": (message("m" * 600),)}, "no name of a message"),
    ({"company": ""}, "no company"),
    ({"company": "nobody"}, "unknown company 'nobody'"),
]


def test_records_that_make_no_sense_are_set_aside_with_the_reason_and_the_run_goes_on(core, sync):
    core.put(
        *(msgspec.structs.replace(ticket(n), **fault) for n, (fault, _) in enumerate(FAULTS, start=1)), ticket(99)
    )
    assert sync().aside == len(FAULTS)
    assert [reason in aside()[f"t{n}"] for n, (_, reason) in enumerate(FAULTS, start=1)] == [True] * len(FAULTS)
    assert db.session.scalars(select(Ticket.core_id)).all() == ["t99"]
    assert memory.age().trouble == ""


def test_a_record_set_aside_heals_when_the_core_tells_it_well(core, sync):
    core.put(ticket(1, state="sleeping"))
    sync()
    core.put(ticket(1))
    sync()
    assert (aside(), mirrored("t1").state) == ({}, "open")


def test_a_record_set_aside_heals_when_its_company_becomes_known(core, sync):
    known = core.told_companies.pop()
    core.put(ticket(1, company="hora"), ticket(2))
    sync()
    assert "unknown company" in aside()["t1"]
    core.told_companies.append(known)
    sync()
    assert (aside(), counts()) == ({}, {("vltava", "open"): 1, ("hora", "open"): 1})


def test_what_cannot_even_be_read_keeps_its_raw_form_and_reason(core, sync):
    core.put(
        Unreadable(core_id="t1", raw='{"core_id": "t1", "messages": 7}', reason="Expected `array` - at `$.messages`")
    )
    sync()
    (row,) = memory.set_aside()
    assert (row.raw, row.reason) == ('{"core_id": "t1", "messages": 7}', "Expected `array` - at `$.messages`")


def test_a_ticket_already_mirrored_stays_as_it_was_while_its_newest_record_makes_no_sense(core, sync):
    core.put(ticket(1))
    sync()
    core.put(ticket(1, subject="Jinak", state="sleeping"))
    sync()
    assert (mirrored("t1").subject, mirrored("t1").withdrawn_at) == ("Požadavek 1", None)


def test_a_record_the_database_refuses_is_set_aside_alone(core, sync, monkeypatch):
    """No such record is known: a fault of ours is played by a check that lets a broken number through."""
    from portal.sync import rows

    monkeypatch.setattr(rows, "_key", lambda core_id, what: None if core_id == "m2" else core_id)
    core.put(ticket(1), ticket(2), ticket(3))
    sync()
    assert list(aside()) == ["t2"]
    assert "the database refused it" in aside()["t2"]
    assert counts() == {("vltava", "open"): 2}
    assert verify.faults() == []


def test_a_record_that_meets_a_fault_of_ours_does_not_stop_the_others(core, sync, monkeypatch):
    from portal.sync.html import message_body

    whole = message_body.of

    def failing(told, about):
        if told.core_id == "m2":
            raise ZeroDivisionError("oh")
        return whole(told, about)

    monkeypatch.setattr(message_body, "of", failing)
    core.put(ticket(1), ticket(2), ticket(3))
    sync()
    assert aside() == {"t2": "a fault of the portal: ZeroDivisionError: oh"}
    assert counts() == {("vltava", "open"): 2}


def test_a_deleted_ticket_is_withdrawn_with_its_time_and_comes_back_when_told_again(core, sync):
    core.put(ticket(1, time_entries=(entry("e1"),)))
    sync()
    core.put(stone("t1"))
    sync()
    assert (counts(), mirrored("t1").withdrawn_at is None) == ({}, False)
    core.put(ticket(1, time_entries=(entry("e1"),)))
    sync()
    assert counts() == {("vltava", "open"): 1}
    assert (mirrored("t1").withdrawn_at, entry_of("e1").withdrawn_at) == (None, None)


def test_a_message_that_disappears_is_withdrawn_with_its_files_and_shown_again_when_it_comes_back(core, sync):
    two = (message("m1"), message("m2", attachments=(file("a2"),)))
    for messages, gone in ((two, 0), (two[:1], 2), (two, 0)):
        core.put(ticket(1, messages=messages))
        sync()
        rows = [*db.session.scalars(select(Message)), *db.session.scalars(select(Attachment))]
        assert [row.withdrawn_at is not None for row in rows].count(True) == gone
        assert len(rows) == 3


@pytest.mark.parametrize("page", [2, 50], ids=["page by page", "all at once"])
def test_merged_tickets_leave_their_messages_and_time_with_the_one_that_remains(core, sync, page):
    core.page = page
    core.put(
        ticket(1, messages=(message("m1", attachments=(file("a1"),)),), time_entries=(entry("e1"),)),
        ticket(2, time_entries=(entry("e2", "0.50"),)),
    )
    sync()
    core.put(
        ticket(
            2,
            messages=(message("m2"), message("m1", attachments=(file("a1"),))),
            time_entries=(entry("e2", "0.50"), entry("e1")),
        ),
        stone("t1", "merged"),
    )
    sync()
    remaining = mirrored("t2")
    assert (remaining.hours, entry_of("e1").ticket_id) == (1 + entry_of("e2").hours, remaining.id)
    moved = db.session.scalars(select(Message).where(Message.core_id == "m1")).one()
    attachment = db.session.scalars(select(Attachment)).one()
    assert (moved.ticket_id, moved.withdrawn_at, attachment.withdrawn_at) == (remaining.id, None, None)
    assert (entry_of("e1").withdrawn_at, counts()) == (None, {("vltava", "open"): 1})
    assert verify.faults() == []


@pytest.mark.parametrize("way", ["mirrored before, page by page", "mirrored before", "page by page", "all at once"])
@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("number", {"number": "20260001"}),
        ("message 'm1'", {"messages": (message("m1", "Jiná slova."),)}),
        ("attachment 'a1'", {"messages": (message("m9", attachments=(file("a1"),)),)}),
        ("time entry 'e1'", {"time_entries": (entry("e1", "9.00"),)}),
        ("event 'v1'", {"events": (event("v1"),)}),
        ("question 'q1'", {"approvals": (asked("q1", "Jiná?"),)}),
    ],
)
def test_what_is_another_live_tickets_sets_the_ticket_aside_and_empties_none(core, sync, way, name, facts):
    core.page = 2 if "page by page" in way else 50
    core.put(
        ticket(
            1,
            messages=(message("m1", attachments=(file("a1"),)),),
            time_entries=(entry("e1"),),
            events=(event("v1"),),
            approvals=(asked("q1", "Smíme?"),),
        )
    )
    if "mirrored" in way:
        sync()
    core.put(msgspec.structs.replace(ticket(2), **facts), ticket(3))
    sync()
    first = mirrored("t1")
    assert name in aside()["t2"]
    assert aside()["t2"].endswith("is also of the ticket 't1'")
    assert (first.hours, entry_of("e1").ticket_id, counts()) == (1, first.id, {("vltava", "open"): 2})
    said = db.session.scalars(select(Message).where(Message.core_id == "m1")).one()
    assert (said.ticket_id, "nejde to" in said.body) == (first.id, True)
    assert [row.message_id for row in db.session.scalars(select(Attachment))] == [said.id]
    assert db.session.scalars(select(Approval.ticket_id)).all() == [first.id]
    core.put(stone("t1"))
    sync()
    assert (aside(), mirrored("t2").withdrawn_at) == ({}, None)


def test_a_record_that_makes_no_sense_keeps_nothing_from_others(core, sync):
    core.page = 50
    core.put(ticket(1, state="asleep", time_entries=(entry("e1"),)), ticket(2, time_entries=(entry("e1"),)))
    sync()
    assert (set(aside()), mirrored("t2").hours) == ({"t1"}, 1)


def test_time_that_a_correction_says_was_moved_may_come_before_the_ticket_it_left(core, sync):
    core.put(ticket(1, time_entries=(entry("e1"),)), ticket(2))
    sync()
    there = EntryStateRecord(category="PROGP85", hours=Decimal(1), worked_on=NOON.date(), ticket="t1")
    here = msgspec.structs.replace(there, ticket="t2")
    moved = EntryCorrectionRecord(core_id="c1", entry="e1", at=NOON, old=there, new=here)
    core.put(ticket(2, time_entries=(entry("e1"),), corrections=(moved,)))
    sync()
    assert (aside(), mirrored("t1").hours, mirrored("t2").hours) == ({}, 0, 1)
    core.put(ticket(3, time_entries=(entry("e3"),), corrections=(msgspec.structs.replace(moved, entry="e3"),)))
    sync()
    assert "correction 'c1'" in aside()["t3"]


def test_a_ticket_that_names_what_another_gives_up_later_is_taken_then(core, sync):
    core.put(ticket(1, messages=(message("m1"), message("m2"))), ticket(3))
    sync()
    core.put(ticket(2))
    sync()
    assert "'m2'" in aside()["t2"]
    core.put(ticket(1))
    sync()
    assert (aside(), counts()) == ({}, {("vltava", "open"): 3})
    moved = db.session.scalars(select(Message).where(Message.core_id == "m2")).one()
    assert (moved.ticket_id, moved.withdrawn_at) == (mirrored("t2").id, None)


def test_a_ticket_that_lost_time_to_another_is_summed_up_again(core, sync):
    core.put(ticket(1, time_entries=(entry("e1"), entry("e2", "0.25"))), ticket(2))
    sync()
    core.put(ticket(2, time_entries=(entry("e1"),)), ticket(1, time_entries=(entry("e2", "0.25"),)))
    sync()
    assert (str(mirrored("t1").hours), str(mirrored("t2").hours)) == ("0.25", "1.00")
    assert verify.faults() == []


def test_a_ticket_moved_to_another_company_takes_its_rows_along(core, sync):
    core.put(ticket(1, time_entries=(entry("e1"),)))
    sync()
    core.put(ticket(1, time_entries=(entry("e1", "2.00"),)))
    sync()
    with clock.set_to(NOON + timedelta(days=30)):
        core.put(ticket(1, company="hora", time_entries=(entry("e1", "2.00"),)))
        sync()
        noticed = clock.now()
    hora = db.session.scalars(select(Company).where(Company.core_id == "hora")).one()
    moved = entry_of("e1")
    assert (mirrored("t1").company_id, moved.company_id, moved.first_noticed_at) == (hora.id, hora.id, noticed)
    assert {version.company_id for version in versions_of("e1")} == {hora.id}
    assert counts() == {("hora", "open"): 1}


def test_a_ticket_that_loses_its_company_is_seen_by_nobody_and_listed_for_staff(core, sync):
    core.put(ticket(1))
    sync()
    core.put(ticket(1, company=""))
    sync()
    assert (counts(), mirrored("t1").withdrawn_at is None) == ({}, False)
    assert "no company" in aside()["t1"]


def test_a_list_row_has_a_new_version_only_when_it_looks_different(core, sync):
    core.put(ticket(1))
    sync()
    assert mirrored("t1").version == 1
    core.put(ticket(1, messages=(message("m1", "Opraveno ve zprávě."),)))
    sync()
    assert mirrored("t1").version == 1
    core.put(ticket(1, subject="Jinak"))
    sync()
    assert mirrored("t1").version == 2
    core.put(ticket(1, subject="Jinak", time_entries=(entry("e1"),)))
    sync()
    assert mirrored("t1").version == 3


def test_a_requester_renamed_changes_every_row_that_names_them_and_is_found_by_both_names(core, sync):
    core.put(ticket(1), ticket(2, requester=PersonRecord(name="Petr", email="petr@vltava.example")))
    sync()
    core.put(ticket(3, requester=PersonRecord(name="Jana Veselá", email=JANA.email)))
    sync()
    assert (mirrored("t1").version, mirrored("t2").version) == (2, 1)
    text = db.session.scalars(select(TicketText.text).where(TicketText.ticket_id == mirrored("t1").id)).one()
    assert ("jana nova" in text, "jana vesela" in text) == (True, True)


def test_the_same_sender_is_another_employee_in_another_company(core, sync):
    core.put(ticket(1), ticket(2, company="hora"))
    sync()
    assert mirrored("t1").requester_id != mirrored("t2").requester_id


def test_the_text_of_a_ticket_is_folded_and_says_each_line_once(core, sync):
    told = ticket(
        1,
        subject="Příliš žluťoučký",
        messages=(
            message("m1", "Netiskne.\n\nS pozdravem\nJana"),
            message(
                "m2", "Pořád netiskne.\n\nS pozdravem\nJana\n\nDne 1. 11. 2026 v 10:00 Jana napsala:\n> Netiskne.\n"
            ),
            message("m3", attachments=(file("a1", "Účtenka.PDF"),)),
        ),
    )
    core.put(told)
    sync()
    text = db.session.scalars(select(TicketText.text)).one()
    assert {"20260001", "prilis zlutoucky", "jana nova", "jana@vltava.example", "uctenka.pdf"} <= set(
        text.split("\n")
    )
    assert text.split("\n").count("netiskne.") == 1


def test_inline_pictures_get_the_address_of_their_attachment_and_unknown_ones_go(core, sync):
    html = (
        '<p>Vidíte? <img src="cid:one@x" alt="obrazovka"> <img src="cid:other@x"> <img src="http://x/pixel.gif"></p>'
    )
    picture = file("a1", "image.png", media_type="image/png", content_id="one@x")
    core.put(ticket(1, messages=(message("m1", html=html, attachments=(picture,)),)))
    sync()
    number = db.session.scalars(select(Attachment.id)).one()
    body = db.session.scalars(select(Message.body)).one()
    assert f'<img src="/attachments/{number}" alt="obrazovka">' in body
    assert body.count("<img") == 1


def test_letters_no_database_takes_are_left_out(core, sync):
    core.put(
        ticket(1, subject="a\0b\x07c", messages=(message("m1", "x\0y", attachments=(file("a1", "a\0\r\nb.pdf"),)),))
    )
    sync()
    assert (aside(), mirrored("t1").subject) == ({}, "a b c")
    assert db.session.scalars(select(Attachment.name)).one() == "a b.pdf"


def test_the_same_ticket_twice_in_a_page_is_its_newest_record(core, sync):
    class Stuttering(MemoryCore):
        def changes(self, cursor):
            for page in super().changes(cursor):
                older = tuple(msgspec.structs.replace(change, subject="dřív") for change in page.changes)
                yield msgspec.structs.replace(page, changes=older + page.changes)

    stuttering = Stuttering(told_companies=core.told_companies)
    stuttering.put(ticket(1), ticket(2))
    sync(other=stuttering)
    assert (mirrored("t1").subject, mirrored("t1").version) == ("Požadavek 1", 1)


def test_the_generation_grows_with_what_is_seen_and_only_then(core, sync):
    sync()
    start = memory.generation()
    core.put(ticket(1))
    sync()
    seen = memory.generation()
    core.put(ticket(2, state="sleeping"))
    sync()
    assert (seen > start, memory.generation()) == (True, seen)


def test_what_a_late_leader_did_not_commit_is_undone(core, app):
    """The first leader sleeps through its lease in the middle of a run; the second one has taken over."""
    core.put(*(ticket(n) for n in range(1, 8)))
    early = lease.take("sync", "early")
    with clock.set_to(clock.now() + 3 * lease.LASTS):
        late = lease.take("sync", "late")
        assert late.fence == early.fence + 1
        with pytest.raises(LostLead):
            Sync(core).run(early)
        db.session.rollback()
        assert db.session.scalars(select(MirrorState)).first() is None
        Sync(core).run(late)
        assert counts() == {("vltava", "open"): 7}


def test_a_run_told_to_stop_ends_after_a_commit_and_says_it_is_not_complete(core, sync):
    core.put(*(ticket(n) for n in range(1, 8)))
    lead = lease.take("sync", "me")
    summary = Sync(core, stopping=lambda: True).run(lead)
    assert (summary.is_complete, counts(), memory.age().reached_at) == (False, {("vltava", "open"): 3}, None)
    lease.give_back(lead)
    assert sync().is_complete
    assert counts() == {("vltava", "open"): 7}


def test_a_ticket_becomes_confidential_and_open_again(sync, core):
    core.put(ticket(1))
    sync()
    assert mirrored("t1").is_confidential is False
    version = mirrored("t1").version
    core.put(ticket(1, confidential=True))
    sync()
    assert mirrored("t1").is_confidential is True
    assert mirrored("t1").version > version
    core.put(ticket(1))
    sync()
    assert mirrored("t1").is_confidential is False


class Stream:
    """So many tickets of one second, made as they are asked for."""

    def __init__(self, count: int, *, page: int = 100) -> None:
        self.count, self.page = count, page

    def changes(self, cursor):
        start = int(cursor or 0)
        while True:
            numbers = range(start, min(start + self.page, self.count))
            told = tuple(ticket(n, opened_at=NOON, changed_at=NOON) for n in numbers)
            yield ChangesPage(changes=told, cursor=str(numbers[-1]), more=numbers[-1] + 1 < self.count)
            if numbers[-1] + 1 == self.count:
                return
            start = numbers[-1]

    def companies(self):
        return [CompanyRecord(core_id="vltava", name="Strojírny Vltava, a. s.")]

    def price_list(self):
        return None

    def aside(self):
        return []

    def invoices(self):
        return None


def test_a_run_over_ever_so_many_tickets_of_one_stamp_needs_the_memory_of_a_page(app):
    """The names of a full run are what grows with their number: some 120 bytes each."""
    held = []
    tracemalloc.start()
    lead = lease.take("sync", "me")
    report = lambda summary: held.append(tracemalloc.get_traced_memory()[0])  # noqa: E731 - a list of moments
    Sync(Stream(2_000, page=50), report=report).run(lead)
    tracemalloc.stop()
    assert counts() == {("vltava", "open"): 2_000}
    assert max(held[20:]) < max(held[:20]) + 500_000


def test_a_page_longer_than_a_transaction_should_be_is_committed_in_parts(app, monkeypatch):
    monkeypatch.setattr(engine, "LONGEST_PAGE", 4)
    for count in (1, 4, 5, 8, 10):
        lead = lease.take("sync", "me")
        assert Sync(Stream(count, page=count)).run(lead, full=True).told == count
        assert counts() == {("vltava", "open"): count}
        assert db.session.scalar(select(MirrorState.cursor)) == str(count - 1)


def test_a_record_set_aside_is_asked_for_again_less_and_less_often(core, sync):
    asked = []
    tell = core.changes

    def changes(cursor):
        asked.append(cursor)
        return tell(cursor)

    core.changes = changes
    core.put(ticket(1), ticket(2, state="sleeping"), *(ticket(n) for n in range(3, 9)))
    with clock.set_to(NOON):
        sync()
    for minutes in range(1, 61):
        with clock.set_to(NOON + timedelta(minutes=minutes)):
            sync()
    first_page = [cursor for cursor in asked[1:] if cursor is None]
    assert 6 <= len(first_page) <= 12
    assert "sleeping" in aside()["t2"]


def test_a_record_set_aside_heals_when_the_core_tells_it_well_on_its_old_page(core, sync):
    """A fault of the core's that was mended is no change of any ticket: nothing is told anew by itself."""
    good = [ticket(n) for n in range(1, 9)]
    core.put(
        good[0],
        Unreadable(core_id="t2", raw="{}", reason="?"),
        Unreadable(core_id="unreadable:0123", raw="[", reason="?"),
        *good[3:],
    )
    with clock.set_to(NOON):
        sync()
    assert set(aside()) == {"t2", "unreadable:0123"}
    core.replace("t2", good[1])
    core.replace("unreadable:0123", good[2])
    with clock.set_to(NOON + timedelta(minutes=1)):
        assert sync().changed == 2
    assert (aside(), counts()) == ({}, {("vltava", "open"): 8})
