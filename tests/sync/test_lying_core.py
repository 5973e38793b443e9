"""A core that lies in every way we could think of: pages stay up and say how old they are, nothing is lost by it,
and when the core is honest again the mirror becomes equal to it without anybody's help.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.cores.core_api import DeskCore
from portal.cores.records import TicketRecord
from portal.db import db
from portal.domain import sync_state as memory
from portal.domain.companies.models import Company
from portal.domain.tickets.models import Ticket
from portal.domain.users import sessions
from portal.sync import rows, verify
from tests.cores.lying import HARMLESS, TROUBLE, LyingCore
from tests.factories import mirror
from tests.sync.conftest import aside, entry, message, stone, ticket, whole_mirror
from tests.sync.test_service import following, until
from tests.web.conftest import Browser

LINE = {"timeouts": (1, 0.2), "patience": 0.6, "most_bytes": 1_000_000, "most_values": 100_000, "pause": 0.01}
THE_LINE_LASTS = 5.0  # seconds: the longest time that one question with all its repetitions may take, and a margin
TICKETS = 7
TELLS_THE_TRUTH_FIRST = frozenset({"tells the same page for ever"})


@pytest.fixture
def lying(core) -> Iterator[LyingCore]:
    with LyingCore(core) as server:
        core.put(*(ticket(n, time_entries=(entry(f"e{n}"),)) for n in range(1, TICKETS + 1)))
        yield server


@pytest.fixture
def patient(lying) -> DeskCore:
    """For what the core says while it is honest: a busy machine may keep it waiting."""
    return DeskCore(lying.url, "secret", page=3)


@pytest.fixture
def adapter(lying) -> DeskCore:
    made = DeskCore(lying.url, "secret", page=3, **LINE)
    for scheme in ("http://", "https://"):
        made._line._session.get_adapter(scheme).max_retries.retry_after_max = 0.05
    return made


@pytest.fixture
def browser(app, sync, patient):
    """A manager's, over a mirror that was read ten minutes ago."""
    with clock.set_to(clock.now() - timedelta(minutes=10)):
        sync(other=patient)
    company = db.session.scalars(select(Company).where(Company.core_id == "vltava")).one()
    manager = mirror.person(company, role="manager", email="jana@vltava.example")
    db.session.commit()
    app.test_client_class = Browser
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = sessions.start(manager.id, how="password"), True
    return client


def _something_happens(core) -> None:
    """A change of every kind that the portal has to learn of when the core is honest again."""
    core.put(
        ticket(1, subject="Jinak", messages=(message("m1"), message("m1b", "Už to jde."))),
        ticket(2, state="done", time_entries=(entry("e2", "2.50"),)),
        stone("t3"),
        *(ticket(n) for n in range(TICKETS + 1, TICKETS + 6)),
    )


def _equals(core) -> bool:
    """Whether the mirror says of every ticket exactly what the core says."""
    db.session.rollback()
    told = {change.core_id: change for _, change in core._told.values()}
    mirrored = {row.core_id: row for row in db.session.scalars(select(Ticket))}
    wanted = {name: rows.fingerprint(one) for name, one in told.items() if isinstance(one, TicketRecord)}
    return wanted == {name: row.record_hash for name, row in mirrored.items() if row.withdrawn_at is None}


@pytest.mark.parametrize("lie", TROUBLE)
def test_pages_stay_up_and_say_how_old_they_are_and_all_is_well_again_after(app, lying, adapter, browser, lie):
    _something_happens(lying.truth)
    before = whole_mirror()
    lying.lie = lie
    with following(app, adapter, pause=0.05):
        until(lambda: memory.age().is_troubled, seconds=2 * THE_LINE_LASTS)
        assert memory.age().seconds >= 600
        for address in ("/tickets", "/tickets?state=open&q=pozadavek", "/hours", "/"):
            page = browser.get(address, follow_redirects=True)
            assert page.status_code == 200
            assert "Helpdesk neodpovídá od" in page.text
            assert re.search(r"Aktualizováno\spřed\s1\d\smin", page.text)
        assert "Požadavek 1" in browser.get("/tickets").text
        if lie not in TELLS_THE_TRUTH_FIRST:
            assert whole_mirror() == before
        lying.lie = ""
        until(lambda: not memory.age().is_troubled and _equals(lying.truth), seconds=4 * THE_LINE_LASTS)
    assert memory.age().seconds < 60
    assert "Helpdesk neodpovídá" not in browser.get("/tickets").text
    assert verify.faults() == []


@pytest.mark.parametrize("lie", HARMLESS)
def test_what_is_believed_for_a_while_takes_nothing_away_and_is_put_right_after(lying, adapter, browser, sync, lie):
    had = {row.core_id for row in db.session.scalars(select(Ticket))}
    lying.lie = lie
    for _ in range(2):
        sync(other=adapter)
    assert had == {row.core_id for row in db.session.scalars(select(Ticket).where(Ticket.withdrawn_at.is_(None)))}
    assert "Požadavek 1" in browser.get("/tickets").text
    _something_happens(lying.truth)
    sync(other=adapter)
    assert browser.get("/tickets").status_code == 200
    lying.lie = ""
    with clock.set_to(clock.now() + timedelta(minutes=11)), following(browser.application, adapter, pause=0.05):
        until(lambda: not memory.age().is_troubled and _equals(lying.truth) and not aside())
    assert verify.faults() == []


def test_a_core_put_back_from_a_backup_is_read_anew_and_what_it_lost_is_withdrawn(lying, adapter, sync):
    sync(other=adapter)
    lying.truth.rewind(TICKETS - 2)
    lying.truth.put(ticket(2, subject="Po obnově"))
    sync(other=adapter)
    assert _equals(lying.truth)


def test_a_core_that_lost_most_of_its_tickets_takes_none_of_the_mirrors_with_it(lying, adapter, sync):
    sync(other=adapter)
    lying.truth.rewind(2)
    summary = sync(other=adapter)
    assert (summary.withdrawn, len(summary.troubles)) == (0, 1)
    assert "told 2 of the 7 tickets" in memory.age().trouble
    assert sync(other=adapter, full=True).withdrawn == TICKETS - 2
