"""What strangers wrote runs no code, loads nothing from elsewhere and leaves the page readable."""

import socket

import pytest

from portal.db import db
from portal.domain.tickets.models import Message
from tests.factories import mirror

# As if the cleaning on the way in had failed: the content policy alone must hold.
ATTACKS = [
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "<svg onload=\"document.title = 'owned'\"></svg>",
    "<a href=\"javascript:document.title = 'owned'\" id=bait>x</a>",
    "<iframe srcdoc=\"<script>parent.document.title = 'owned'</script>\"></iframe>",
    "<div hx-get=/settings hx-trigger=load hx-on:load=\"document.title = 'owned'\">x</div>",
    "<style>body { display: none }</style>",
    "<base href={elsewhere}/>",
    "<form action={elsewhere}/><input name=a></form>",
    "<img src={elsewhere}/pixel.png>",
    "<object data={elsewhere}/></object>",
]


@pytest.fixture
def elsewhere():
    """A foreign server that nobody should ever speak to: its address, and how many did."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_that_slipped_through_still_runs_nothing(visit, enter, world, elsewhere, attack):
    attack = attack.replace("{elsewhere}", f"http://127.0.0.1:{elsewhere.getsockname()[1]}")
    db.session.get(Message, world.asked.id).body = f"<p>Předtím.</p>{attack}<p>Potom.</p>"
    db.session.commit()
    with visit(expects=("Content Security Policy", "violates", "Refused", "404", "Failed to load")) as page:
        enter(page)
        page.goto("/tickets/20261471")
        if page.locator("#bait").count():
            page.locator("#bait").click(no_wait_after=True)
        page.wait_for_timeout(200)
        assert page.title().startswith("20261471")
        assert page.get_by_text("Předtím.").is_visible()
    with pytest.raises(BlockingIOError):
        elsewhere.accept()


def test_the_longest_word_and_the_widest_table_stay_inside_their_bubble(visit, enter, world):
    wide = "<table><tr>" + "<td>sloupec</td>" * 60 + "</tr></table>"
    db.session.get(Message, world.asked.id).body = f"<p>{'x' * 5000}</p>{wide}"
    world.ticket.subject = "y" * 500
    mirror.settle()
    for width in (390, 1440):
        with visit(viewport={"width": width, "height": 844}) as page:
            enter(page)
            page.goto("/tickets/20261471")
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
