"""A page asks the database for nothing twice: how many statements each page may cost."""

import pytest
from sqlalchemy import update

from portal import clock
from portal.db import db
from portal.domain.accounts import last_seen
from portal.domain.accounts.last_seen import Visit
from tests.statements import counted

MOST = {"/invoices/upcoming": 11, "/hours": 8, "/": 12, "ticket": 8, "/invoices": 8, "/tickets": 8}
MOST_OF_A_DECISION = 11  # seven rows are written: the answer, its record, links, note, letter, notice and log
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


def test_a_decision_asks_once_who_may_decide(app, world, manager):
    app.config["WTF_CSRF_ENABLED"] = False
    address = f"/approvals/{world.a.approval_id}"
    with counted() as statements:
        assert manager.post(address, data={"answer": "approve", "note": ""}).status_code == 302
    about_managers = [one for one in statements if "person_role" in one]
    assert len(about_managers) == 1, "\n".join(statements)
    assert len(statements) + WHO_ASKS <= MOST_OF_A_DECISION, "\n".join(statements)
