"""Notes for the core: each is told until it is taken, once, in order, whatever happens between."""

from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain import sync_state as memory
from portal.domain.sync_state import CoreNote
from portal.sync.note_delivery import deliver
from tests.sync.conftest import NOON, mirrored, ticket


def write(key: str, note: str = "Schváleno.", *, about: str = "t1", **facts) -> None:
    db.session.add(CoreNote(key=key, ticket_id=mirrored(about).id, note=note, written_at=clock.now(), **facts))
    db.session.commit()


def row(key: str) -> CoreNote:
    db.session.expire_all()
    return db.session.scalars(select(CoreNote).where(CoreNote.key == key)).one()


def test_a_note_is_told_with_its_decision_and_marked(core, sync):
    core.put(ticket(1))
    sync()
    write("k1", approval="p1", decision="approved")
    assert (deliver(core), deliver(core), memory.untold_count()) == (1, 0, 0)
    assert core.notes == {"k1": ("t1", "Schváleno.", "p1", "approved")}


def test_a_note_whose_mark_was_lost_is_told_again_without_harm(core, sync):
    core.put(ticket(1))
    sync()
    write("k1")
    deliver(core)
    row("k1").told_at = None
    db.session.commit()
    assert (deliver(core), len(core.notes)) == (1, 1)


def test_while_the_core_is_away_notes_wait_longer_and_longer_and_none_is_lost(core, sync):
    core.put(ticket(1))
    sync()
    write("k1")
    write("k2")
    core.is_away = True
    waits, now = [], NOON
    for _ in range(4):
        with clock.set_to(now):
            assert deliver(core) == 0
            waits.append(row("k1").try_after - now)
        now = row("k1").try_after
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]
    core.is_away = False
    with clock.set_to(now + timedelta(hours=1)):
        assert deliver(core) == 2
    assert (list(core.notes), row("k1").trouble) == (["k1", "k2"], "")


def test_a_note_that_is_refused_holds_the_later_ones_of_its_ticket_and_no_others(core, sync):
    core.put(ticket(1), ticket(2))
    sync()
    core.lose("t1")
    write("k1")
    write("k2", about="t2")
    write("k3")
    assert deliver(core) == 1
    assert (list(core.notes), row("k1").tries, row("k3").tries) == (["k2"], 1, 0)
    assert "no such ticket" in row("k1").trouble


def test_a_note_is_not_told_when_the_process_is_to_end(core, sync):
    core.put(ticket(1))
    sync()
    write("k1")
    assert (deliver(core, stopping=lambda: True), core.notes) == (0, {})
