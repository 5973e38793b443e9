"""The list of tickets: narrowed, sorted and paged alike on both databases."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import clock
from portal.db import collation, db
from portal.domain.billing.prices import Price
from portal.domain.companies.reader import Reader
from portal.domain.read_models import listing, overview
from portal.domain.read_models.listing import SORTS, TicketFilter
from portal.domain.tickets import models as tickets
from portal.domain.tickets.models import State
from tests.factories import mirror
from tests.statements import counted

NAMES = ["Čeněk Říha", "Cibulka Jan", "Hana Malá", "Chvála Petr", "Řehoř Kučera", "Žofie Šťastná", "Zdeněk Novák"]


@pytest.fixture
def company(app):
    with clock.set_to(mirror.NOW):
        yield mirror.company("Strojírny Vltava, a. s.")


@pytest.fixture
def other_company(company):
    return mirror.company("Pekárna")


def _many(company, how_many):
    """Tickets with many equal values, so that the order of equals matters."""
    chance = Random(7)
    people = [mirror.employee(company, name) for name in NAMES]
    serving = [mirror.technician(name) for name in NAMES[:3]] + [None]
    for number in range(how_many):
        opened = clock.now() - timedelta(hours=chance.randrange(60))
        mirror.ticket(
            company,
            f"Požadavek {number}",
            state=chance.choice(list(State)),
            requester=chance.choice(people),
            served_by=chance.choice(serving),
            opened_at=opened,
            changed_at=opened + timedelta(hours=chance.randrange(3)),
            due_at=opened + timedelta(days=chance.randrange(3)) if chance.random() < 0.5 else None,
            hours=Decimal(chance.randrange(4)) / 4,
        )
    mirror.settle()


def _walk(company, **args):
    """All ids of the list, page by page, as a reader of "more" gets them."""
    found, after = [], ""
    while True:
        page = listing.find(Reader.of(company), TicketFilter.parse({**args, "after": after}))
        found += [key.id for key in page.keys]
        if page.following is None:
            return found
        after = page.following


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_every_order_hold_every_ticket_once_and_in_order(company, sort, direction):
    _many(company, 3 * listing.ROWS + 7)
    ids = _walk(company, sort=sort, dir=direction)
    rows = listing.rows(Reader.of(company), ids)
    assert len(ids) == len(set(ids)) == 3 * listing.ROWS + 7
    keys = [_shown_key(sort, rows[id_]) for id_ in ids]
    assert keys == sorted(keys, reverse=direction == "down")


def _shown_key(sort, row):
    far = datetime(9999, 12, 31, tzinfo=UTC)
    return {
        "changed": row.changed_at,
        "opened": row.opened_at,
        "due": row.due_at or far,
        "hours": row.hours,
        "state": list(State).index(row.state),
        "requester": collation.czech_key(row.requester),
        "technician": collation.czech_key(row.technician or ""),
    }[sort]


def test_names_stand_in_the_order_of_the_czech_alphabet(company):
    for name in reversed(NAMES):
        mirror.ticket(company, requester=mirror.employee(company, name))
    mirror.settle()
    rows = listing.rows(Reader.of(company), ids := _walk(company, sort="requester"))
    assert [rows[id_].requester for id_ in ids] == [
        "Cibulka Jan",
        "Čeněk Říha",
        "Hana Malá",
        "Chvála Petr",
        "Řehoř Kučera",
        "Zdeněk Novák",
        "Žofie Šťastná",
    ]


def _numbers(company, **args):
    return {row.number for row in listing.rows(Reader.of(company), _walk(company, **args)).values()}


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("20261234", True),
        ("0261", True),
        ("prilis zlut", True),
        ("PŘÍLIŠ", True),
        ("ucera reho", True),
        ("svob", True),
        ("kůň", True),
        ("hp", True),
        ("hp 49", True),
        ("hp xx", False),
        ("příliš jiné", False),
        ('"OR"', False),
        ("100%", True),
        ("1%0", False),
        ("a_b", True),
        ("a-b", False),
        ("50 % \\ ", False),
        ('uvoz"ovk', True),
        ("NEAR(a b)", False),
        ("*", False),
        ("   ", True),
        ("\u0301", False),
    ],
)
@pytest.mark.parametrize("sort", ["changed", "hours"])  # one is read ticket by ticket, the other asks the index
def test_words_find_parts_of_words_without_case_and_marks_and_mean_nothing_else(company, query, is_found, sort):
    mirror.ticket(
        company,
        'Příliš žluťoučký kůň: HP 49, 100% a_b uvoz"ovky',
        number="20261234",
        served_by=mirror.technician("Petr Svoboda"),
    )
    mirror.ticket(company, "Jiné", number="20269999", requester=mirror.employee(company, "Alois Bez"))
    mirror.settle()
    assert ("20261234" in _numbers(company, q=query, sort=sort)) is is_found


def test_a_list_is_narrowed_by_everything_at_once(company):
    asks, serves = mirror.employee(company, "Hana Malá"), mirror.technician("Eva Procházková")
    opened = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)  # already November in Prague
    wanted = mirror.ticket(company, requester=asks, served_by=serves, opened_at=opened, state=State.DONE)
    for other in (
        {"requester": mirror.employee(company), "served_by": serves, "opened_at": opened, "state": State.DONE},
        {"requester": asks, "served_by": None, "opened_at": opened, "state": State.DONE},
        {"requester": asks, "served_by": serves, "opened_at": opened - timedelta(hours=2), "state": State.DONE},
        {"requester": asks, "served_by": serves, "opened_at": opened, "state": State.ERROR},
    ):
        mirror.ticket(company, **other)
    mirror.settle()
    found = _walk(
        company,
        state="done",
        requester=str(asks.id),
        technician=str(serves.id),
        since="2026-11-01",
        until="2026-11-01",
    )
    assert found == [wanted.id]


def test_withdrawn_tickets_are_not_listed(company):
    mirror.ticket(company, withdrawn_at=clock.now())
    mirror.settle()
    assert _walk(company) == []


def test_another_companys_rows_cannot_be_asked_for_by_id(company):
    other = mirror.company("Pekárna")
    foreign = mirror.ticket(other)
    mirror.settle()
    assert listing.rows(Reader.of(company), [foreign.id]) == {}


def test_only_an_open_ticket_is_overdue_and_only_after_its_moment(company):
    late, soon = clock.now() - timedelta(minutes=1), clock.now() + timedelta(minutes=1)
    for state, due_at in ((State.OPEN, late), (State.OPEN, soon), (State.DONE, late), (State.OPEN, None)):
        mirror.ticket(company, state=state, due_at=due_at)
    mirror.settle()
    page = listing.find(Reader.of(company), TicketFilter())
    rows = listing.rows(Reader.of(company), [key.id for key in page.keys])
    assert sorted(key.is_overdue for key in page.keys) == [False, False, False, True]
    assert all(rows[key.id].is_overdue == key.is_overdue for key in page.keys)


def test_counts_and_choices_are_the_companys_own(company):
    other = mirror.company("Pekárna")
    mirror.ticket(company, state=State.OPEN, served_by=mirror.technician("Petr Svoboda"))
    mirror.ticket(other, state=State.OPEN, served_by=mirror.technician("Eva Procházková"))
    mirror.settle()
    assert tickets.counts(Reader.of(company)) == {
        State.OPEN: 1,
        State.TO_BE_INVOICED: 0,
        State.ERROR: 0,
        State.DONE: 0,
    }
    assert [name for _, name in tickets.technicians(Reader.of(company))] == ["Petr Svoboda"]
    assert [name for _, name in tickets.requesters(Reader.of(company))] == ["Řehoř Kučera"]


NONSENSE = {
    "state": ["nonsense", "OPEN", "open' OR 1=1 --"],
    "requester": ["-1", "0", "9" * 400, "1e3", "٣", "x"],
    "technician": ["None", "2147483648"],
    "since": ["2026-13-01", "0001-01-01", "9999-12-31", "yesterday", "2026-W01-1"],
    "sort": ["subject; DROP TABLE ticket", "__class__", "CHANGED"],
    "dir": ["sideways"],
    "over": ["-1", "NaN", "Infinity", "1e99", "two", "1,2,3"],
    "after": [
        "~",
        "x",
        "1~",
        "1~nonsense",
        "99999999999999999999~2026-01-01T00:00:00+00:00",
        "1~0001-01-01T00:00:00+23:59",
        "1~9999-12-31T23:59:59-23:59",
        "1~NaN",
        "1~1e999999999",
    ],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NONSENSE.items() for value in values])
def test_nonsense_in_an_address_shows_the_list_as_if_it_were_not_there(company, name, value):
    ticket = mirror.ticket(company)
    mirror.settle()
    found = listing.find(Reader.of(company), TicketFilter.parse({name: value}))
    assert [key.id for key in found.keys] == [ticket.id]


@pytest.mark.parametrize("sort", SORTS)
def test_a_nonsensical_place_to_go_on_from_breaks_no_order(company, sort):
    ticket = mirror.ticket(company)
    mirror.settle()
    for after in NONSENSE["after"]:
        found = listing.find(Reader.of(company), TicketFilter.parse({"sort": sort, "after": after}))
        assert {key.id for key in found.keys} <= {ticket.id}


ADDRESSES = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["", *State]),
        "q": st.text(max_size=50),
        "requester": st.sampled_from(["", "7"]),
        "since": st.one_of(st.just(""), st.dates(date(1990, 1, 1), date(9000, 1, 1)).map(str)),
        "sort": st.sampled_from(list(SORTS)),
        "dir": st.sampled_from(["up", "down"]),
    }
)


@given(ADDRESSES)
def test_a_filter_reads_back_from_its_own_address(address):
    wanted = TicketFilter.parse(address)
    assert TicketFilter.parse(wanted.to_args()) == wanted


def _only(company, **args):
    reader = Reader.of(company, confidential=True)
    found = listing.find(reader, TicketFilter.parse(args))
    return [listing.rows(reader, [key.id])[key.id].subject for key in found.keys]


def test_a_tick_leaves_what_its_words_say(company, other_company):
    soon, late = clock.now() + timedelta(days=1), clock.now() - timedelta(days=1)
    serves = mirror.technician()
    mirror.ticket(company, "Po termínu", due_at=late, served_by=serves)
    mirror.ticket(company, "Včas", due_at=soon, served_by=serves)
    mirror.ticket(company, "Hotový po termínu", due_at=late, state=State.DONE, served_by=serves)
    mirror.ticket(company, "Nikdo neřeší")
    turn = mirror.ticket(company, "Na nás", served_by=serves)
    mirror.message(turn, side="technician", sent_at=turn.opened_at + timedelta(minutes=5))
    with_file = mirror.ticket(company, "S přílohou", served_by=serves)
    mirror.attachment(mirror.message(with_file))
    gone = mirror.ticket(company, "Příloha stažena", served_by=serves)
    mirror.attachment(mirror.message(gone), withdrawn_at=clock.now())
    foreign = mirror.ticket(other_company, "Cizí", due_at=late)
    mirror.attachment(mirror.message(foreign, side="technician"))
    mirror.settle()
    assert _only(company, overdue="1") == ["Po termínu"]
    assert _only(company, unassigned="1") == ["Nikdo neřeší"]
    assert _only(company, turn="1") == ["Na nás"]
    assert _only(company, file="1") == ["S přílohou"]
    assert _only(company, file="1", turn="1") == []
    assert _only(company, approval="1") == []


def test_whose_turn_it_is_the_list_says_as_the_overview_does(company):
    for minutes in range(8):
        ticket = mirror.ticket(company, f"Požadavek {minutes}")
        mirror.message(ticket)
        at = ticket.opened_at + timedelta(minutes=minutes)
        mirror.message(ticket, side="technician", sent_at=at)
        if minutes % 2:
            mirror.message(ticket, sent_at=at + timedelta(minutes=1))
    mirror.settle()
    lines, count = overview.companys_turn(Reader.of(company))
    assert count == len(_only(company, turn="1")) == 4
    assert {line.subject for line in lines} == set(_only(company, turn="1"))


@pytest.mark.parametrize("tick", ["turn", "approval", "file"])
def test_a_tick_tells_nobody_what_a_stub_hides(company, tick):
    hidden = mirror.ticket(company, is_confidential=True)
    mirror.attachment(mirror.message(hidden, side="technician"))
    mirror.settle()
    found = listing.find(Reader.of(company), TicketFilter.parse({tick: "1"}))
    within = listing.within(Reader.of(company), TicketFilter.parse({tick: "1"}), {})
    assert not found.keys and not sum(within.tickets.values())


@pytest.mark.parametrize(
    ("written", "found"), [("2", ["Dlouhý"]), ("1,25", ["Dlouhý"]), ("1.24", ["Dlouhý", "Krátký"])]
)
def test_hours_over_a_number_are_more_than_it(company, written, found):
    for subject, hours in (("Krátký", "1.25"), ("Dlouhý", "2.25")):
        mirror.time_entry(mirror.ticket(company, subject), hours)
    mirror.settle()
    assert sorted(_only(company, over=written)) == found


def test_hours_that_are_not_shown_narrow_no_list(company):
    mirror.time_entry(mirror.ticket(company), "5.00")
    company.shown_live = "nothing"
    mirror.settle()
    wanted = TicketFilter.parse({"over": "7"})
    assert listing.find(Reader.of(company), wanted).keys
    assert not listing.within(Reader.of(company), wanted, {}).worked.hours


def test_a_filter_says_the_number_the_hours_and_the_money_of_what_it_finds(company, other_company):
    db.session.add(Price(category="PROGP85", name="Práce", rate=Decimal(850), valid_from=date(2026, 1, 1)))
    for state, hours in ((State.OPEN, "1.00"), (State.OPEN, "2.50"), (State.DONE, "4.00")):
        mirror.time_entry(mirror.ticket(company, "Tiskárna netiskne", state=state), hours)
    mirror.time_entry(mirror.ticket(company, "Tiskárna bez ceny"), "0.50", "JINE")
    mirror.time_entry(mirror.ticket(company, "Něco jiného"), "9.00")
    mirror.time_entry(mirror.ticket(other_company, "Tiskárna"), "7.00")
    mirror.settle()
    reader = Reader.of(company)
    with counted() as statements:
        shown = listing.within(reader, TicketFilter.parse({"q": "tiskárna", "state": "open"}), {})
    assert shown.tickets == {State.OPEN: 3, State.TO_BE_INVOICED: 0, State.ERROR: 0, State.DONE: 1}
    assert (shown.worked.hours, shown.worked.amount, shown.worked.unpriced) == (Decimal(4), Decimal(2975), 1)
    assert len([one for one in statements if "price" not in one.split("FROM")[1][:12]]) == 2
    everywhere = listing.within(reader, TicketFilter.parse({"q": "tiskárna"}), {})
    assert (everywhere.worked.hours, everywhere.worked.amount) == (Decimal(8), Decimal(6375))
    files = list(listing.everything(reader, TicketFilter.parse({"q": "tiskárna"})))
    assert sum(worked.amount for _, worked in files) == everywhere.worked.amount
    assert len(files) == sum(everywhere.tickets.values()) == 4


def test_what_a_long_history_finds_is_counted_and_not_summed(company, monkeypatch):
    monkeypatch.setattr(listing, "SUMMED", 2)
    for state in (State.OPEN, State.DONE, State.DONE):
        mirror.time_entry(mirror.ticket(company, "Tiskárna", state=state), "1.00")
    mirror.settle()
    everywhere = listing.within(Reader.of(company), TicketFilter.parse({"q": "tiskárna"}), {})
    assert (sum(everywhere.tickets.values()), everywhere.worked) == (3, None)
    done = listing.within(Reader.of(company), TicketFilter.parse({"q": "tiskárna", "state": "done"}), {})
    assert done.worked.hours == Decimal(2)


def test_a_state_that_stays_small_is_summed_for_each_company_by_its_own_prices(company, other_company):
    db.session.add(Price(category="PROGP85", name="Práce", rate=Decimal(850), valid_from=date(2026, 1, 1)))
    db.session.add(
        Price(company_id=other_company.id, category="PROGP85", name="", rate=Decimal(1), valid_from=date(2026, 2, 1))
    )
    for owner in (company, other_company):
        for state, hours in ((State.OPEN, "1.25"), (State.TO_BE_INVOICED, "4.00")):
            mirror.time_entry(mirror.ticket(owner, state=state), hours)
    mirror.settle()
    for owner, amount in ((company, Decimal("1062.50")), (other_company, Decimal("1.25"))):
        worked = listing.within(Reader.of(owner), TicketFilter.parse({"state": "open"}), {}).worked
        assert (worked.entries, worked.hours, worked.amount) == (1, Decimal("1.25"), amount)


def test_the_whole_history_is_counted_and_not_summed(company):
    mirror.time_entry(mirror.ticket(company, state=State.DONE), "4.00")
    mirror.settle()
    counts = tickets.counts(Reader.of(company))
    with counted() as statements:
        for args in ({}, {"state": "done"}, {"state": "error"}):
            assert listing.within(Reader.of(company), TicketFilter.parse(args), counts) == (counts, None)
    assert not statements
