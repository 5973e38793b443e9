"""The overview: whose turn it is, what is new, and how quickly the company is served."""

from datetime import timedelta

import pytest

from portal import clock
from portal.domain.companies.reader import Reader
from portal.domain.read_models import overview
from portal.domain.tickets import staff_search
from portal.domain.tickets.models import State
from portal.errors import NotFound
from tests.factories import mirror

HOUR = timedelta(hours=1)


@pytest.fixture
def firm(app):
    with clock.set_to(mirror.NOW):
        yield mirror.company("Strojírny Vltava, a. s.")


@pytest.fixture
def other(firm):
    return mirror.company("Cizí firma")


def test_it_is_the_companys_turn_where_a_technician_wrote_last(firm, other):
    waits = mirror.ticket(firm, "Čeká na nás", opened_at=clock.now() - 5 * HOUR)
    mirror.message(waits)
    mirror.message(waits, side="technician", sent_at=waits.opened_at + HOUR)
    answered = mirror.ticket(firm, "Odpověděno", opened_at=clock.now() - 5 * HOUR)
    mirror.message(answered, side="technician", sent_at=answered.opened_at + HOUR)
    mirror.message(answered, sent_at=answered.opened_at + 2 * HOUR)
    closed = mirror.ticket(firm, "Hotovo", state=State.DONE)
    mirror.message(closed, side="technician")
    foreign = mirror.ticket(other)
    mirror.message(foreign, side="technician")
    mirror.settle()
    lines, count = overview.companys_turn(Reader.of(firm))
    assert [line.subject for line in lines] == ["Čeká na nás"] and count == 1
    assert lines[0].since == waits.opened_at + HOUR


def test_a_list_is_short_and_its_count_is_whole(firm):
    for hours in range(8):
        ticket = mirror.ticket(firm, f"Požadavek {hours}", opened_at=clock.now() - hours * HOUR)
        mirror.message(ticket, side="technician")
    mirror.settle()
    lines, count = overview.companys_turn(Reader.of(firm))
    assert [line.subject for line in lines] == [f"Požadavek {hours}" for hours in (7, 6, 5, 4, 3)] and count == 8


def test_overdue_are_open_tickets_past_their_day_the_longest_first(firm, other):
    for hours in range(7):
        mirror.ticket(firm, f"Pozdě {hours}", due_at=clock.now() - (hours + 1) * HOUR)
    mirror.ticket(firm, "Včas", due_at=clock.now() + HOUR)
    mirror.ticket(firm, "Hotovo", due_at=clock.now() - HOUR, state=State.DONE)
    mirror.ticket(other, "Cizí", due_at=clock.now() - 9 * HOUR)
    mirror.settle()
    lines, count = overview.overdue(Reader.of(firm))
    assert [line.subject for line in lines] == [f"Pozdě {hours}" for hours in (6, 5, 4, 3, 2)] and count == 7


def test_news_count_what_came_after_the_last_visit(firm, other):
    since = clock.now() - 3 * HOUR
    old = mirror.ticket(firm, opened_at=since - HOUR, changed_at=clock.now())
    mirror.message(old, sent_at=since - HOUR)
    mirror.message(old, sent_at=since + HOUR)
    mirror.event(old, "state", State.TO_BE_INVOICED, old=State.OPEN, at=since + HOUR)
    mirror.time_entry(old, worked_at=since - HOUR)
    mirror.time_entry(old, worked_at=since + HOUR)
    mirror.ticket(firm, opened_at=since + HOUR)
    mirror.message(mirror.ticket(other, opened_at=since + HOUR))
    mirror.settle()
    assert overview.news(Reader.of(firm), since) == overview.News(opened=1, finished=1, messages=1, entries=1)
    assert overview.news(Reader.of(firm), clock.now()).is_quiet


def test_news_tell_no_entries_where_they_are_not_shown_live(firm):
    firm.shown_live = "nothing"
    mirror.time_entry(mirror.ticket(firm))
    mirror.settle()
    assert overview.news(Reader.of(firm), clock.now() - 9 * HOUR).entries == 0


def test_pace_is_the_time_within_which_half_were_answered_and_solved(firm, other):
    for hours in (1, 2, 9):
        ticket = mirror.ticket(firm, opened_at=clock.now() - 20 * HOUR, state=State.DONE)
        mirror.message(ticket, sent_at=ticket.opened_at)
        mirror.message(ticket, side="technician", sent_at=ticket.opened_at + hours * HOUR)
        mirror.message(ticket, side="technician", sent_at=ticket.opened_at + 19 * HOUR)
        mirror.event(ticket, "state", State.TO_BE_INVOICED, old="open", at=ticket.opened_at + 2 * hours * HOUR)
        mirror.event(ticket, "state", State.DONE, old="to_be_invoiced", at=ticket.opened_at + 19 * HOUR)
    mirror.ticket(firm)  # nobody wrote yet
    ancient = mirror.ticket(firm, opened_at=clock.now() - timedelta(days=200))
    mirror.message(ancient, side="technician", sent_at=clock.now())
    mirror.message(mirror.ticket(other), side="technician")
    mirror.settle()
    assert overview.pace(Reader.of(firm)) == overview.ServicePace(
        response=2 * HOUR, answered=3, resolution=4 * HOUR, solved=3
    )


def test_a_company_without_tickets_has_no_pace(firm):
    assert overview.pace(Reader.of(firm)) == overview.ServicePace(None, 0, None, 0)


def test_staff_find_tickets_of_every_company_by_words_and_numbers(firm, other):
    ours = mirror.ticket(firm, "Příliš žluťoučký kůň")
    theirs = mirror.ticket(other, "Příliš pomalý počítač")
    gone = mirror.ticket(other, "Příliš dávno", withdrawn_at=clock.now())
    mirror.settle()
    assert {one.id for one in staff_search.find("prilis")} == {ours.id, theirs.id}
    assert [one.company for one in staff_search.find(theirs.number)] == ["Cizí firma"]
    assert staff_search.find("  ") == []
    with pytest.raises(NotFound):
        staff_search.show(gone.id)
