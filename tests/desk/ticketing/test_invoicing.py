"""The month's end in the desk."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal import clock
from portal.desk import serializers
from portal.desk.inbound import intake
from portal.desk.ticketing import invoicing, prices

OCTOBER = date(2026, 10, 1)


@pytest.fixture
def worked(store, compose):
    """Somebody worked: worked(moment, "PROGP85:1,00\\nSTAV: be invoiced") -> ticket number."""

    def work(moment, lines, number=""):
        with clock.set_to(moment):
            number = number or intake.receive(store, compose(f"{moment} {lines}")).ticket
            raw = compose(
                f"Práce {moment}.\n{lines}", sender="radek@connectica.cz", subject=f"[Connectica #{number}]"
            )
            assert intake.receive(store, raw, trusted=True).ticket == number
        return number

    return work


def run(store, month=OCTOBER, dry_run=False):
    with clock.set_to(datetime(2026, 12, 1, tzinfo=UTC)):
        return invoicing.invoice(store, month, dry_run)


def stamps(record, number):
    return [entry["invoiced_on"] for entry in record(number)["time_entries"]]


def at(month, day, hour=10, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_what_waits_is_invoiced_and_done(store, worked, record):
    number = worked(at(10, 5), "PROGP85:1,50\nSPRAVA60:0,25\nSTAV: be invoiced")
    report = run(store)
    assert report.done == (number,)
    assert [(line.category, line.hours, line.amount) for line in report.lines] == [
        ("PROGP85", Decimal("1.50"), Decimal("1875.00")),
        ("SPRAVA60", Decimal("0.25"), Decimal("225.00")),
    ]
    assert stamps(record, number) == ["2026-10-31"] * 2
    ticket = record(number)
    assert (ticket["state"], ticket["events"][-1]["new"], ticket["events"][-1]["by"]) == ("done", "done", "")
    assert ticket["done_at"].startswith("2026-10-05")


def test_a_dry_run_says_the_same_and_changes_nothing(store, worked, record):
    number = worked(at(10, 5), "PROGP85:1,50\nSTAV: be invoiced")
    before = record(number)
    with store.read() as db:
        position = serializers.changes(db, "", 500).cursor
    dry = run(store, dry_run=True)
    assert record(number) == before
    with store.read() as db:
        assert serializers.changes(db, "", 500).cursor == position
    real = run(store)
    assert (dry.lines, dry.done) == (real.lines, real.done)


def test_twice_changes_nothing(store, worked, record):
    number = worked(at(10, 5), "PROGP85:1,50\nSTAV: be invoiced")
    run(store)
    before = record(number)
    again = run(store)
    assert (again.entries, again.done, again.lines) == (0, (), ())
    assert record(number) == before


def test_the_month_ends_at_midnight_in_prague(store, worked, record):
    inside = worked(datetime(2026, 10, 31, 22, 59, tzinfo=UTC), "PROGP85:1\nSTAV: be invoiced")
    outside = worked(datetime(2026, 10, 31, 23, 1, tzinfo=UTC), "PROGP85:1\nSTAV: be invoiced")
    assert run(store).done == (inside,)
    assert stamps(record, outside) == [None]


def test_later_time_keeps_its_ticket_waiting(store, worked, record):
    number = worked(at(10, 5), "PROGP85:1")
    worked(at(11, 3), "PROGP85:2\nSTAV: be invoiced", number)
    report = run(store)
    assert (report.done, report.kept) == ((), (number,))
    assert stamps(record, number) == ["2026-10-31", None]
    assert record(number)["state"] == "to_be_invoiced"
    assert run(store, date(2026, 11, 30)).done == (number,)
    assert stamps(record, number) == ["2026-10-31", "2026-11-30"]


def test_open_tickets_are_not_invoiced(store, worked, record):
    number = worked(at(10, 5), "PROGP85:1")
    assert run(store).entries == 0
    assert stamps(record, number) == [None]


def test_a_reopened_and_closed_ticket_is_billed_once(store, worked, record, compose, tag):
    number = worked(at(10, 5), "PROGP85:1\nSTAV: be invoiced")
    run(store)
    with clock.set_to(at(11, 2)):
        intake.receive(store, compose("Zase to nejde.", subject=tag(number)))
    worked(at(11, 3), "PROGP85:0,50\nSTAV: be invoiced", number)
    report = run(store, date(2026, 11, 1))
    assert report.hours == Decimal("0.50")
    assert stamps(record, number) == ["2026-10-31", "2026-11-30"]


def test_a_solved_ticket_without_time_is_done_with_its_month(store, worked, record):
    early = worked(at(10, 5), "STAV: be invoiced")
    late = worked(at(11, 5), "STAV: be invoiced")
    assert run(store).done == (early,)
    assert record(late)["state"] == "to_be_invoiced"


def test_a_price_that_changes_within_the_month_counts_by_the_day(store, worked):
    prices.add_price(store, "PROGP85", "Programátorské práce", "2000.00", date(2026, 10, 15))
    prices.add_price(store, "PROGP85", "Programátorské práce", "1000.00", date(2026, 10, 20), company="vltava")
    for day in (14, 15, 20):
        worked(at(10, day), "PROGP85:1\nSTAV: be invoiced")
    [line] = run(store).lines
    assert line.amount == Decimal("1250.00") + Decimal("2000.00") + Decimal("1000.00")


def test_time_without_a_price_is_said_and_never_zero(store, worked):
    worked(at(10, 5), "NOVA70:1\nSTAV: be invoiced")
    [line] = run(store).lines
    assert line.amount is None


@pytest.mark.parametrize(
    ("day", "last"), [(date(2026, 12, 24), date(2026, 12, 31)), (date(2028, 2, 1), date(2028, 2, 29))]
)
def test_a_month_is_named_by_its_last_day(store, day, last):
    assert run(store, day).month == last
