"""Staff read a ticket's conversation beside the question they ask, and are told when it is solved already."""

from portal.db import db
from portal.domain.tickets import staff_search
from portal.domain.tickets.models import State
from tests.factories import mirror


def test_the_conversation_stands_beside_the_question_and_the_look_is_in_the_companys_log(world, sign_in):
    page = sign_in(world.staff).get(f"/staff/tickets/{world.a.ticket.id}").text
    assert "Tiskárna nejede." in page and "Opraveno." in page and "XQMARKERQX" not in page
    assert "už vyřešený" not in page
    log = sign_in(world.a.manager).get("/log").text
    assert world.a.ticket.number in log and "Connectica" in log


def test_a_solved_ticket_says_so_before_anybody_asks(world, sign_in):
    world.a.ticket.state = State.TO_BE_INVOICED
    mirror.settle()
    assert "už vyřešený" in sign_in(world.staff).get(f"/staff/tickets/{world.a.ticket.id}").text


def test_withdrawn_messages_are_not_read(world):
    world.a.said.withdrawn_at = mirror.NOW
    db.session.commit()
    assert [message.side for message in staff_search.messages(world.a.ticket.id)] == ["employee"]
