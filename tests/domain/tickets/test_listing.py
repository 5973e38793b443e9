"""The list of tickets: narrowed, sorted and paged alike on both databases."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import clock
from portal.db import collation
from portal.domain.companies.reader import Reader
from portal.domain.tickets import listing
from portal.domain.tickets import models as tickets
from portal.domain.tickets.listing import SORTS, TicketFilter
from portal.domain.tickets.models import State
from tests.factories import mirror

NAMES = ["Čeněk Říha", "Cibulka Jan", "Hana Malá", "Chvála Petr", "Řehoř Kučera", "Žofie Šťastná", "Zdeněk Novák"]


@pytest.fixture
def company(app):
    with clock.set_to(mirror.NOW):
        yield mirror.company("Strojírny Vltava, a. s.")


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
