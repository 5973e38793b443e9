"""A page asks the database for nothing twice: how many statements each page may cost."""

import pytest
from sqlalchemy import update

from portal import clock
from portal.db import db
from portal.domain.accounts import last_seen
from portal.domain.accounts.last_seen import Visit
from tests.statements import counted

MOST = {"/invoices/upcoming": 8, "/hours": 8, "/": 10, "ticket": 8, "/invoices": 8, "/tickets": 8}
WHO_ASKS = 1  # the visitor is read by a cursor of its own, which is not heard


@pytest.mark.parametrize("page", MOST)
def test_a_page_costs_few_statements(world, manager, page):
    path = f"/tickets/{world.a.ticket.number}" if page == "ticket" else page
    manager.get(path)
    db.session.execute(update(Visit).values(at=clock.now() - 2 * last_seen.SAME_VISIT))  # there is a visit to tell of
    db.session.commit()
    with counted() as statements:
        assert manager.get(path).status_code == 200
    assert len(statements) + WHO_ASKS <= MOST[page], "\n".join(["ask for it once, with the Reader:", *statements])
