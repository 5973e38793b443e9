"""Tickets that leave Request Tracker's queue: merged, moved, deleted and shredded ones, each without a full run."""

from datetime import timedelta

import pytest

from portal import clock
from portal.cores.records import TicketRecord, Tombstone
from portal.cores.rt.adapter import SETTLING, RtCore
from portal.errors import CoreRefused
from tests.cores.rt.lab import Lab, RtStage


def test_a_merged_tickets_words_times_and_questions_are_the_survivors(lab: Lab, stage: RtStage):
    first, second, third = (stage.open_ticket(f"Tiskárna {n}", f"Zpráva {n}.") for n in range(3))
    stage.answer(first, "Už tiskne.", time="PROGP85:1,25")
    stage.ask_approval(first, "Smíme koupit toner?")
    stage.note_internally(first, "Znám ho.", time="PROGP85:0,50")
    told = _all(lab.core())
    had = told[first]
    stage.merge(first, into=second)
    stage.merge(second, into=third)
    now = _all(lab.core())
    assert {now[gone].merged_into for gone in (first, second)} <= {second, third}
    survivor = now[third]
    assert [message.text.strip().splitlines()[0] for message in survivor.messages] == [
        "Zpráva 0.",
        "Zpráva 1.",
        "Zpráva 2.",
        "Už tiskne.",
        "Zeptám se.",
    ]
    assert {message.core_id for message in had.messages} < {message.core_id for message in survivor.messages}
    assert set(survivor.time_entries) == set(had.time_entries)
    assert survivor.approvals == had.approvals
    assert "Znám ho" not in repr(survivor)


def test_a_note_told_before_a_merge_is_known_after_it(lab: Lab, stage: RtStage):
    first, second = stage.open_ticket("Totéž", "a"), stage.open_ticket("Tiskárna", "b")
    lab.core().tell(first, "Poznámka.", "key-1")
    stage.merge(first, into=second)
    lab.core().tell(first, "Poznámka.", "key-1")
    assert stage.notes_of(second) == []
    assert [note.strip() for note in stage.notes_of(first)] == ["Poznámka."]


def test_what_was_invoiced_before_a_merge_stays_invoiced_and_the_rest_does_not_become_so(lab: Lab, stage: RtStage):
    invoiced, waiting, survivor = (stage.open_ticket(f"Tiskárna {n}", "a") for n in range(3))
    for ticket in (invoiced, waiting, survivor):
        stage.answer(ticket, "Hotovo.", time="PROGP85:1,00", state="to_be_invoiced")
    for ticket in (invoiced, survivor):
        stage.set(ticket, Status="resolved")
    stage.merge(invoiced, into=survivor)
    stage.merge(waiting, into=survivor)
    entries = _all(lab.core())[survivor].time_entries
    oldest_first = sorted(entries, key=lambda entry: int(entry.core_id.partition(".")[0]))
    assert [bool(entry.invoiced_on) for entry in oldest_first] == [True, False, True]


@pytest.mark.parametrize("way", ["moved", "shredded", "deleted"])
def test_a_ticket_that_is_no_more_in_the_queue_is_a_tombstone_at_the_next_look(lab: Lab, stage: RtStage, way: str):
    gone, kept = stage.open_ticket("Omyl", "a"), stage.open_ticket("Tiskárna", "b")
    core = lab.core()
    cursor = _settled(core)
    _away(lab, stage, gone, way)
    told = {change.core_id: change for page in core.changes(cursor) for change in page.changes}
    assert isinstance(told[gone], Tombstone) and isinstance(told[kept], TicketRecord)
    another = {change.core_id for page in lab.core().changes(cursor) for change in page.changes}
    assert gone in another, "a portal that was not running when it left has to notice, too"


def test_one_that_comes_in_does_not_hide_one_that_leaves(lab: Lab, stage: RtStage):
    elsewhere, gone, _kept = (stage.open_ticket(f"Tiskárna {n}", "a") for n in range(3))
    stage.add_queue("Jinde")
    stage.set(elsewhere, Queue="Jinde")
    core = lab.core()
    cursor = _settled(core)
    stage.set(elsewhere, Queue="IT")
    stage.set(gone, Queue="Jinde")
    told = {change.core_id: change for page in core.changes(cursor) for change in page.changes}
    assert isinstance(told[gone], Tombstone)
    assert isinstance(told[elsewhere], TicketRecord)


def test_a_ticket_that_comes_back_is_told_again(lab: Lab, stage: RtStage):
    there, _kept = stage.open_ticket("Tiskárna", "a"), stage.open_ticket("Server", "b")
    stage.add_queue("Jinde")
    core = lab.core()
    stage.set(there, Queue="Jinde")
    cursor = list(core.changes(None))[-1].cursor
    stage.set(there, Queue="IT")
    told = [change for page in core.changes(cursor) for change in page.changes if change.core_id == there]
    assert isinstance(told[-1], TicketRecord)


def test_a_right_that_was_taken_withdraws_nothing(lab: Lab, stage: RtStage):
    stage.open_ticket("Tiskárna", "a")
    core = lab.core()
    cursor = list(core.changes(None))[-1].cursor
    lab.sql("DELETE FROM ACL WHERE RightName = 'ShowTicket'")
    with pytest.raises(CoreRefused, match="is a right gone"):
        list(core.changes(cursor))


def _settled(core: RtCore) -> str:
    """The cursor of a quiet core that is asked only once a look."""
    cursor = list(core.changes(None))[-1].cursor
    cursor = list(core.changes(cursor))[-1].cursor
    with clock.set_to(clock.now() + SETTLING + timedelta(seconds=1)):
        cursor = list(core.changes(cursor))[-1].cursor
        (quiet,) = core.changes(cursor)
    assert quiet.changes == ()
    return cursor


def _away(lab: Lab, stage: RtStage, ticket: str, way: str) -> None:
    if way == "moved":
        stage.add_queue("Jinde")
        stage.set(ticket, Queue="Jinde")
    elif way == "deleted":
        stage.remove(ticket)
    else:
        lab.rt(
            "rt-shredder-5",
            "--plugin",
            f"Tickets=query,id = {ticket}",
            "--force",
            "--sqldump",
            str(lab.folder / "db/dump.sql"),
        )


def _all(core: RtCore) -> dict[str, TicketRecord | Tombstone]:
    return {change.core_id: change for page in core.changes(None) for change in page.changes}
