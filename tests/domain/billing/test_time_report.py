"""The time of interventions: one filter, and sums that are the sums of what it shows."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from portal import clock
from portal.db import db
from portal.domain.billing import invoice_snapshots, time_report
from portal.domain.billing.prices import NoPrice
from portal.domain.billing.status import Billing
from portal.domain.billing.time_report import GROUPINGS, HoursFilter
from portal.domain.companies.reader import Reader
from portal.domain.tickets.models import State
from portal.lib.money import Tally
from portal.lib.periods import Period, month_of
from tests.factories.billing import Ledger, midnight

NOVEMBER = month_of(date(2026, 11, 1))
EDGES = [
    "2025-12-31",
    "2026-01-01",
    "2026-03-29",
    "2026-03-30",
    "2026-10-25",
    "2026-10-26",
    "2026-11-01",
    "2026-12-01",
]
MOMENTS = st.builds(
    lambda day, minutes: midnight(day, minutes=minutes), st.sampled_from(EDGES), st.integers(-200, 200)
)
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["PROGP85", "SPRAVA60", "NEVIDANO"]),
        st.decimals("0.01", "24", places=2),
        MOMENTS,
        st.sampled_from(list(State)),
        st.booleans(),
    ),
    max_size=12,
)
FILTERS = st.builds(
    HoursFilter,
    period=st.none() | st.sampled_from(EDGES).map(lambda day: month_of(date.fromisoformat(day))),
    billing=st.none() | st.sampled_from(list(Billing)),
    category=st.sampled_from(["", "PROGP85", "NEVIDANO"]),
)


def summed(rows) -> Tally:
    tally = Tally()
    for row in rows:
        tally.add(row.hours, row.rate, told=row.told)
    return tally


def fill(ledger: Ledger, entries, shown_live: str = "money"):
    """A company with these entries; its price of PROGP85 changes in the middle of everything."""
    company = ledger.company(shown_live=shown_live)
    ledger.price("PROGP85", "850.55")
    ledger.price("PROGP85", "901.15", "2026-10-26")
    ledger.price("SPRAVA60", "600.01", company=company)
    for category, spent, at, state, invoiced in entries:
        ledger.entry(
            ledger.ticket(company, state=state.value),
            spent,
            category,
            at,
            invoiced_on=month_of(clock.prague_day(at)).until if invoiced else None,
        )
    return company


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES, wanted=FILTERS, shown_live=st.sampled_from(["money", "hours", "nothing"]))
def test_totals_and_groups_are_the_sums_of_the_rows(ledger, entries, wanted, shown_live):
    company = fill(ledger, entries, shown_live)
    rows = list(time_report.rows(Reader.of(company), wanted))
    assert time_report.totals(Reader.of(company), wanted) == summed(rows)
    for by in GROUPINGS:
        groups = time_report.groups(Reader.of(company), wanted, by)
        together = Tally()
        for group in groups:
            together.take(group.tally)
        assert together == summed(rows)
        assert len({group.key for group in groups}) == len(groups)
    db.session.rollback()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
def test_every_entry_is_in_exactly_the_month_of_its_prague_day(ledger, entries):
    company = fill(ledger, entries)
    rows = list(time_report.rows(Reader.of(company), HoursFilter()))
    assert sorted(row.hours for row in rows) == sorted(spent for _, spent, *_ in entries)
    months = {month_of(clock.prague_day(at)) for _, _, at, *_ in entries}
    together = [
        row.id
        for month in sorted(months, key=lambda month: month.since)
        for row in time_report.rows(Reader.of(company), HoursFilter(period=month))
    ]
    assert together == [row.id for row in rows]
    db.session.rollback()


def test_the_last_minute_of_a_month_belongs_to_it_and_the_next_one_does_not(ledger):
    company = ledger.company()
    ticket = ledger.ticket(company)
    before = ledger.entry(ticket, at=datetime.fromisoformat("2026-10-31T22:59:59+00:00"))
    after = ledger.entry(ticket, at=datetime.fromisoformat("2026-10-31T23:00:00+00:00"))
    assert [
        row.id for row in time_report.rows(Reader.of(company), HoursFilter(period=month_of(date(2026, 10, 1))))
    ] == [before.id]
    assert [row.id for row in time_report.rows(Reader.of(company), HoursFilter(period=NOVEMBER))] == [after.id]


def test_batches_hold_every_entry_once_and_in_order(ledger, monkeypatch):
    monkeypatch.setattr(time_report, "AT_ONCE", 3)
    company = ledger.company()
    ticket = ledger.ticket(company)
    entries = [ledger.entry(ticket, at="2026-11-10T10:00") for _ in range(7)]
    entries += [ledger.entry(ticket, at="2026-11-09T10:00")]
    found = [row.id for row in time_report.rows(Reader.of(company), HoursFilter())]
    assert found == [entries[-1].id, *(entry.id for entry in entries[:-1])]
    assert [row.id for row in time_report.rows(Reader.of(company), HoursFilter(), at_most=4)] == found[:4]


def test_a_price_that_changes_within_the_month_is_each_entrys_own(ledger):
    company = fill(
        ledger,
        [("PROGP85", Decimal("1.00"), midnight("2026-10-26", minutes=shift), State.OPEN, False) for shift in (-1, 0)],
    )
    assert [row.rate for row in time_report.rows(Reader.of(company), HoursFilter())] == [
        Decimal("850.55"),
        Decimal("901.15"),
    ]


def test_a_category_nobody_priced_is_a_warning_and_no_zero(ledger):
    company = ledger.company()
    ledger.entry(ledger.ticket(company), "2.50", "NEVIDANO")
    (row,) = time_report.rows(Reader.of(company), HoursFilter())
    assert (row.rate, row.amount, row.why_not) == (None, None, NoPrice.UNKNOWN)
    tally = time_report.totals(Reader.of(company), HoursFilter())
    assert (tally.unpriced, tally.unpriced_hours, tally.is_complete) == (1, Decimal("2.50"), False)


def test_another_companys_entries_are_nowhere(ledger):
    ours, theirs = ledger.company(), ledger.company("Pekárna U Tří lip, s. r. o.")
    ledger.entry(ledger.ticket(theirs, employee="Cizí Člověk"), category="CIZI")
    for wanted in (HoursFilter(), HoursFilter(category="CIZI")):
        assert not list(time_report.rows(Reader.of(ours), wanted))
        assert time_report.totals(Reader.of(ours), wanted) == Tally()
        assert not any(time_report.groups(Reader.of(ours), wanted, by) for by in GROUPINGS)
    assert time_report.choices(Reader.of(ours), None) == {"category": [], "technician": [], "employee": []}


def test_withdrawn_entries_and_tickets_are_not_there(ledger):
    company = ledger.company()
    gone = ledger.entry(ledger.ticket(company))
    gone.withdrawn_at = clock.now()
    ticket = ledger.ticket(company)
    ledger.entry(ticket)
    ticket.withdrawn_at = clock.now()
    db.session.flush()
    assert not list(time_report.rows(Reader.of(company), HoursFilter()))


@pytest.mark.parametrize(
    ("shown_live", "hours_seen", "money_seen"),
    [
        ("money", ["1.00", "2.00"], "1700.00"),
        ("hours", ["1.00", "2.00"], "0.00"),
        ("nothing", [], "0.00"),
        ("", [], "0.00"),
    ],
)
def test_what_is_not_invoiced_is_shown_as_connectica_chose(ledger, shown_live, hours_seen, money_seen):
    company = ledger.company()
    db.session.execute(text("UPDATE company SET shown_live = :word"), {"word": shown_live})  # "": of another release
    db.session.refresh(company)
    ledger.price("PROGP85", 850)
    ledger.price("SPRAVA60", 425)
    ledger.entry(ledger.ticket(company, state="open"), "1.00")
    ledger.entry(ledger.ticket(company), "2.00", "SPRAVA60")
    assert [str(row.hours) for row in time_report.rows(Reader.of(company), HoursFilter())] == hours_seen
    tally = time_report.totals(Reader.of(company), HoursFilter())
    assert tally.amount == Decimal(money_seen)
    assert tally.has_money == (money_seen != "0.00")
    assert (time_report.choices(Reader.of(company), None)["category"] == []) == (not hours_seen)


@pytest.mark.parametrize("shown_live", ["money", "hours", "nothing"])
def test_what_is_invoiced_is_always_shown_with_its_money(ledger, shown_live):
    company = ledger.company(shown_live=shown_live)
    ledger.price("PROGP85", 850)
    ledger.entry(ledger.ticket(company, state="done"), "2.00", invoiced_on=date(2026, 10, 31))
    assert time_report.totals(Reader.of(company), HoursFilter()).amount == Decimal("1700.00")


def test_an_invoiced_entry_keeps_its_rate_whatever_the_price_list_says_later(ledger):
    company = ledger.company()
    price = ledger.price("PROGP85", 850)
    ledger.entry(ledger.ticket(company, state="done"), "2.00", invoiced_on=date(2026, 11, 30))
    invoice_snapshots.freeze()
    price.rate = Decimal(999)
    db.session.flush()
    assert time_report.totals(Reader.of(company), HoursFilter()).amount == Decimal("1700.00")
    assert [row.rate for row in time_report.rows(Reader.of(company), HoursFilter())] == [Decimal("850.00")]


@pytest.mark.parametrize(
    ("state", "invoiced", "billing"),
    [
        ("open", False, Billing.RUNNING),
        ("to_be_invoiced", False, Billing.TO_BE_INVOICED),
        ("open", True, Billing.INVOICED),
        ("done", True, Billing.INVOICED),
        ("done", False, Billing.ENDED),
        ("error", False, Billing.ENDED),
    ],
)
def test_where_an_entry_stands_is_the_same_in_python_and_in_sql(ledger, state, invoiced, billing):
    company = ledger.company()
    entry = ledger.entry(ledger.ticket(company, state=state), invoiced_on=date(2026, 10, 31) if invoiced else None)
    for wanted in Billing:
        found = list(time_report.rows(Reader.of(company), HoursFilter(billing=wanted)))
        assert [row.id for row in found] == ([entry.id] if wanted is billing else [])
        assert all(row.billing is billing for row in found)


@settings(max_examples=60)
@given(
    FILTERS,
    st.none() | st.integers(1, 10**6),
    st.sampled_from(["", "20260001"]),
    st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_an_address_says_the_filter_exactly(wanted, person, ticket, invoiced_on):
    wanted = wanted.but(technician=person, employee=person, ticket=ticket, invoiced_on=invoiced_on)
    assert HoursFilter.parse(wanted.as_args()) == wanted


@given(
    st.dictionaries(
        st.sampled_from(
            ["month", "since", "until", "billing", "invoice", "category", "technician", "employee", "ticket"]
        ),
        st.text(),
    )
)
def test_nonsense_in_an_address_is_not_asked_for(args):
    wanted = HoursFilter.parse(args)
    assert wanted.period is None or wanted.period.since <= wanted.period.until
    assert HoursFilter.parse(wanted.as_args()) == wanted


def test_without_days_the_present_month_is_meant():
    with clock.set_to(datetime.fromisoformat("2026-10-31T23:30:00+00:00")):
        assert HoursFilter.parse({}).period == NOVEMBER
        assert HoursFilter.parse({"since": "2026-11-01"}).period == Period(date(2026, 11, 1), date(2026, 11, 1))
        assert HoursFilter.parse({"until": "2026-10-05"}).period == Period(date(2026, 10, 1), date(2026, 10, 5))
        assert HoursFilter.parse({"since": "2026-11-09"}).period == Period(date(2026, 11, 9), date(2026, 11, 9))


def test_a_day_of_the_clock_change_has_all_its_hours(ledger):
    company = ledger.company()
    ticket = ledger.ticket(company)
    start = midnight("2026-10-25")
    for hour in range(25):
        ledger.entry(ticket, at=start + timedelta(hours=hour))
    day = Period(date(2026, 10, 25), date(2026, 10, 25))
    assert time_report.totals(Reader.of(company), HoursFilter(period=day)).entries == 25


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
def test_sums_asked_for_together_are_those_of_their_rows(ledger, entries):
    """They are one pass over the entries, told apart by days and billing."""
    reader = Reader.of(fill(ledger, entries))
    days = [
        None,
        month_of(date(2026, 10, 1)),
        month_of(date(2026, 11, 1)),
        Period(date(2026, 10, 20), date(2026, 11, 9)),
    ]
    wanted = [HoursFilter(period=period, billing=billing) for period in days for billing in (None, *Billing)]
    wanted += [
        HoursFilter(invoiced_on=date(2026, 10, 31)),
        HoursFilter(category="PROGP85"),
        HoursFilter(ticket="nic"),
    ]
    time_report.load(reader, *wanted)
    for one in wanted:
        assert time_report.totals(reader, one) == summed(time_report.rows(reader, one)), one
    db.session.rollback()
