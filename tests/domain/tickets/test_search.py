"""A search finds what it should among many tickets, and works no harder for what neighbours have."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from portal import clock
from portal.db import db
from portal.domain.companies.reader import Reader
from portal.domain.read_models import listing
from portal.domain.read_models.listing import TicketFilter
from portal.domain.tickets import staff_search
from portal.domain.tickets.models import State, Ticket, TicketText
from tests.factories import mirror

MANY = listing.WALKED + 250  # of a company's tickets: more than are read before the index is asked
RARE = 7  # every so many tickets one is about a printer


@pytest.fixture
def company(app):
    with clock.set_to(mirror.NOW):
        made = mirror.company("Strojírny Vltava, a. s.")
        _fill(made, MANY)
        yield made


def _words(at: int) -> str:
    """The oldest hundred alone are about a fax, every seventh about a printer, all about something."""
    return f"neco {'fax' * (at < 100)} {'tiskarna' * (at % RARE == 0)} cislo{at}"


def _fill(owner, many: int) -> None:
    asks = mirror.employee(owner).id
    first = mirror.NOW - timedelta(days=900)
    rows = [
        {
            "core_id": f"{owner.id}-{at}",
            "company_id": owner.id,
            "number": f"{owner.id:02}{at:05}",
            "subject": _words(at),
            "state": State.DONE if at % 2 else State.OPEN,
            "requester_id": asks,
            "opened_at": first + timedelta(hours=at // 3),
            "changed_at": first + timedelta(hours=at // 3),  # of three the moment is the same
            "hours": Decimal(at % 5),
            "kind": "IT",
        }
        for at in range(many)
    ]
    db.session.execute(insert(Ticket), rows)
    made = db.session.execute(select(Ticket.id, Ticket.subject).where(Ticket.company_id == owner.id))
    texts = [{"ticket_id": row.id, "company_id": owner.id, "text": row.subject} for row in made]
    db.session.execute(insert(TicketText), texts)
    db.session.commit()


def _found(company, **args) -> list[str]:
    """The words of all tickets that are found, page by page."""
    reader, found, after = Reader.of(company), [], ""
    while True:
        page = listing.find(reader, TicketFilter.parse({**args, "after": after}))
        rows = listing.rows(reader, [key.id for key in page.keys])
        found += [rows[key.id].subject for key in page.keys]
        if page.following is None:
            return found
        after = page.following


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("sort", ["changed", "opened", "hours"])
@pytest.mark.parametrize("state", ["", "done"])
@pytest.mark.parametrize("word", ["tiskarn", "fax", "fa", "neco", "fax tiskarna", "xerox"])
def test_every_ticket_with_the_words_is_found_once_wherever_it_stands(company, word, state, sort, direction):
    found = _found(company, q=word, sort=sort, dir=direction, state=state)
    all_words = [_words(at) for at in range(MANY) if at % 2 or not state]
    wanted = [one for one in all_words if all(part in one for part in word.split())]
    assert sorted(found) == sorted(wanted)
    if sort != "hours":
        hours = [int(one.rpartition("cislo")[2]) // 3 for one in found]
        assert hours == sorted(hours, reverse=direction == "down")


def test_a_neighbours_ticket_is_never_found(company):
    neighbour = mirror.company("Pekárna")
    mirror.ticket(neighbour, "faxu neni")
    mirror.settle()
    assert _found(neighbour, q="fax") == ["faxu neni"]
    assert "faxu neni" not in _found(company, q="fax", sort="hours")
    assert "faxu neni" in {ticket.subject for ticket in staff_search.find("faxu neni")}


@contextmanager
def _steps() -> Iterator[list[int]]:
    """How many steps of its machine SQLite takes meanwhile."""
    connection, taken = db.session.connection().connection.driver_connection, [0]

    def step() -> int:
        taken[0] += 1
        return 0

    connection.set_progress_handler(step, 1)
    try:
        yield taken
    finally:
        connection.set_progress_handler(None, 1)


@pytest.mark.parametrize("word", ["neco", "tiskarna", "fax", "xerox"])
@pytest.mark.parametrize("sort", ["changed", "hours"])
def test_a_search_takes_as_many_steps_beside_ten_neighbours_as_beside_one(app, company, word, sort):
    if db.engine.dialect.name != "sqlite":  # where the same index, company first, is the database's own to count
        return
    work = []
    for neighbours in (1, 9):
        for _ in range(neighbours):
            _fill(mirror.company(f"Soused {neighbours}"), MANY)
        listing.find(Reader.of(company), wanted := TicketFilter.parse({"q": word, "sort": sort}))
        with _steps() as taken:
            listing.find(Reader.of(company), wanted)
        work.append(taken[0])
    alone, crowded = work
    assert crowded <= 1.1 * alone, f"{alone} steps beside one neighbour, {crowded} beside ten"
