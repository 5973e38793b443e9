"""Every change of what will be billed is remembered: the earlier state of an entry, and when it was noticed."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from portal import clock
from portal.db import db
from portal.domain.billing.invoice_snapshots import InvoicedEntry
from tests.sync.conftest import NOON, RADEK, entry, entry_of, message, mirrored, ticket, versions_of


def test_an_entry_whose_hours_category_or_day_changed_keeps_its_earlier_version(core, sync):
    core.put(ticket(1, time_entries=(entry("e1"), entry("e2"), entry("e3"))))
    sync()
    changed = (entry("e1", "1.25"), entry("e2", category="SPRAVA60"), entry("e3", worked_at=NOON - timedelta(days=1)))
    core.put(ticket(1, time_entries=changed))
    with clock.set_to(NOON + timedelta(days=3)):
        sync()
    for name in ("e1", "e2", "e3"):
        (version,) = versions_of(name)
        was = (str(version.hours), version.category, version.worked_day)
        assert was == ("1.00", "PROGP85", date(2026, 11, 2))
        assert (version.was_withdrawn, version.replaced_at) == (False, NOON + timedelta(days=3))
    assert (entry_of("e1").hours, entry_of("e2").category) == (Decimal("1.25"), "SPRAVA60")
    assert entry_of("e3").worked_day == date(2026, 11, 1)


def test_what_is_billed_the_same_has_no_version(core, sync):
    core.put(ticket(1, time_entries=(entry("e1"),)))
    sync()
    later = NOON + timedelta(minutes=5)
    told = entry("e1", worked_at=later, message="m1", technician=RADEK, invoiced_on=date(2026, 11, 30))
    core.put(ticket(1, time_entries=(told,)))
    sync()
    assert versions_of("e1") == []
    assert (entry_of("e1").worked_at, entry_of("e1").invoiced_on) == (later, date(2026, 11, 30))


def test_an_invoice_date_taken_back_or_changed_has_a_version(core, sync):
    for invoiced_on in (date(2026, 11, 30), date(2026, 12, 31), None):
        core.put(ticket(1, time_entries=(entry("e1", invoiced_on=invoiced_on),)))
        sync()
    assert [version.invoiced_on for version in versions_of("e1")] == [date(2026, 11, 30), date(2026, 12, 31)]


def test_an_entry_that_disappears_is_withdrawn_and_one_that_comes_back_says_so(core, sync):
    core.put(ticket(1, time_entries=(entry("e1"), entry("e2", "0.50"))))
    sync()
    core.put(ticket(1, time_entries=(entry("e2", "0.50"),)))
    sync()
    assert (entry_of("e1").withdrawn_at is None, mirrored("t1").hours) == (False, Decimal("0.50"))
    core.put(ticket(1, time_entries=(entry("e1"), entry("e2", "0.50"))))
    sync()
    assert [version.was_withdrawn for version in versions_of("e1")] == [False, True]
    assert (entry_of("e1").withdrawn_at, mirrored("t1").hours) == (None, Decimal("1.50"))


def test_an_entry_is_billed_on_its_day_in_prague(core, sync):
    before_midnight = NOON.replace(day=30, hour=22, minute=59)  # 23:59 in Prague
    core.put(
        ticket(
            1,
            time_entries=(
                entry("e1", worked_at=before_midnight),
                entry("e2", worked_at=before_midnight + timedelta(minutes=2)),
            ),
        )
    )
    sync()
    assert (entry_of("e1").worked_day, entry_of("e2").worked_day) == (date(2026, 11, 30), date(2026, 12, 1))


def test_an_entry_under_an_internal_note_stands_under_no_message(core, sync):
    core.put(ticket(1, time_entries=(entry("e1", message="m1"), entry("e2"), entry("e3", message="internal"))))
    sync()
    assert [entry_of(name).message_id is None for name in ("e1", "e2", "e3")] == [False, True, True]


def test_what_the_core_invoiced_is_frozen_in_the_same_run(core, sync):
    core.put(ticket(1, state="done", time_entries=(entry("e1", "2.00", invoiced_on=date(2026, 11, 30)),)))
    sync()
    core.put(ticket(1, state="done", time_entries=(entry("e1", "3.00", invoiced_on=date(2026, 11, 30)),)))
    sync()
    assert db.session.scalars(select(InvoicedEntry.hours)).all() == [Decimal("2.00")]
    assert (entry_of("e1").hours, len(versions_of("e1"))) == (Decimal("3.00"), 1)


def test_hours_move_with_their_message_when_it_is_split_off(core, sync):
    core.put(ticket(1, messages=(message("m1"), message("m1b")), time_entries=(entry("e1", message="m1b"),)))
    sync()
    core.put(
        ticket(1), ticket(2, messages=(message("m2"), message("m1b")), time_entries=(entry("e1", message="m1b"),))
    )
    sync()
    assert (mirrored("t1").hours, mirrored("t2").hours) == (Decimal(0), Decimal(1))
    assert entry_of("e1").ticket_id == mirrored("t2").id
    assert versions_of("e1") == []
