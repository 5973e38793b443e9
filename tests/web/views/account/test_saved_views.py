"""Saved views: a filter under a name stands under the states, and may be where somebody starts."""

import re

import pytest

from portal.domain.accounts import saved_views
from portal.errors import NotFound, Refused
from tests.factories import mirror


def _post(client, address, **form):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/settings").text).group(1)
    return client.post(address, data=form | {"csrf_token": token})


def _own(client):
    page = client.get("/hours").text
    column = page[page.index('class="states views"') :].partition("</nav>")[0]
    return re.findall(r'href="/tickets\?([^"]*)".*?<span>([^<]*)</span>', column)


def test_everybody_has_three_views_and_a_person_their_own_below(world, sign_in):
    assert _own(sign_in(world.a.viewer)) == [
        ("overdue=1", "Po termínu"),
        ("turn=1", "Na nás"),
        ("over=2", "Přes 2 h"),
    ]
    assert _own(sign_in(world.a.manager))[3:] == [("overdue=1", "Můj pohled")]
    assert not [name for _, name in _own(sign_in(world.a.viewer)) if name.startswith("Můj")]


def test_hours_that_are_not_shown_are_no_view(world, manager):
    world.a.company.shown_live = "nothing"
    mirror.settle()
    assert "Přes 2 h" not in [name for _, name in _own(manager)]


def test_a_narrowed_list_is_saved_under_a_name_and_found_again(world, manager):
    assert "/tickets/views" not in manager.get("/tickets").text
    assert "/tickets/views?state=open&amp;q=k" in manager.get("/tickets?q=kůň&state=open").text
    page = manager.get("/tickets/views?q=kůň&state=open").text
    assert "Stav: Otevřené" in page and "Slova: kůň" in page
    answer = _post(manager, "/tickets/views", q="kůň", state="open", name="Koně", nonsense="x")
    assert "nonsense" not in answer.location and "state=open" in answer.location
    query, name = _own(manager)[-1]
    assert name == "Koně"
    assert world.a.ticket.number in manager.get(f"/tickets?{query.replace('&amp;', '&')}").text


def test_signing_in_leads_to_the_view_that_was_chosen(app, world, manager):
    _post(manager, "/tickets/views", overdue="1", name="Začátek", starts="1")
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text).group(1)
    form = {"email": world.a.manager.email, "password": mirror.PASSWORD, "csrf_token": token}
    assert client.post("/sign-in", data=form).location == "/tickets?overdue=1"
    _post(manager, "/tickets/views/start")
    assert saved_views.start_of(world.a.manager) is None


def test_nobody_touches_a_colleagues_view(world):
    (own,) = saved_views.of(world.a.manager)
    for touch in (saved_views.remove, saved_views.start_with):
        with pytest.raises(NotFound):
            touch(world.a.viewer, own.id)
    saved_views.remove(world.a.manager, own.id)
    assert saved_views.of(world.a.manager) == []


@pytest.mark.parametrize(
    ("name", "query"), [("", "overdue=1"), (" \n ", "overdue=1"), ("Vše", ""), ("Vše", "q=" + "x" * 1000)]
)
def test_a_view_needs_a_name_and_something_it_narrows(world, name, query):
    with pytest.raises(Refused):
        saved_views.save(world.a.viewer, name=name, query=query, starts=False)


def test_the_same_name_replaces_a_view_and_there_are_not_too_many(world):
    person = world.a.viewer
    for number in range(saved_views.MOST):
        saved_views.save(person, name=f"Pohled {number}", query="overdue=1", starts=number == 3)
    saved_views.save(person, name="Pohled 3", query="turn=1", starts=True)
    assert len(saved_views.of(person)) == saved_views.MOST
    assert saved_views.start_of(person) == "turn=1"
    with pytest.raises(Refused):
        saved_views.save(person, name="Jeden navíc", query="turn=1", starts=False)
