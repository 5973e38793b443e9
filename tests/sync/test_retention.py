"""Retention: what ended long ago loses words, files and people for good, and every sum stays."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import clock, config
from portal.db import db
from portal.domain.billing import time_report
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.notifications import outbox
from portal.domain.notifications.outbox import Letter
from portal.domain.privacy import retention
from portal.domain.read_models import conversation
from portal.domain.tickets.attachments import Attachment
from portal.domain.tickets.models import Message, TicketText
from portal.errors import Misconfigured
from portal.sync import attachment_fetch, verify
from tests.sync.conftest import JANA, NOON, RADEK, entry, event, file, message, mirrored, stone, ticket

LATER = NOON + timedelta(days=400)
KEPT = 365  # days


@pytest.fixture
def folder(app) -> Path:
    return Path(app.config["INSTANCE"]) / "attachments"


@pytest.fixture
def world(core, sync, folder):
    """Old tickets that ended, an old one that did not, one that ended lately; a year and more later."""
    said = (message("m1", "tajné", attachments=(file("f1"),)), message("m2", author=RADEK, side="technician"))
    with clock.set_to(NOON):
        core.put(
            ticket(
                1,
                state="done",
                subject="tajné",
                messages=said,
                events=(event("v1"),),
                technician=RADEK,
                time_entries=(entry("e1", "1.25", message="m2"),),
            ),
            ticket(
                2,
                state="open",
                subject="běží",
                time_entries=(entry("e2", "2.00", message="m20"),),
                messages=(message("m20"),),
            ),
            ticket(3, state="done", subject="nedávno", changed_at=LATER - timedelta(days=10)),
            ticket(4, state="open", subject="smazáno tajné", messages=(message("m40", "tajné"),)),
        )
        core.files = {"f1": b"tajny soubor"}
        sync()
        attachment_fetch.fetch_due(core, folder, most_bytes=1000)
        core.put(stone("t4"))
        sync()
        outbox.write(key="k1", to="petr@vltava.example", subject="Starý dopis", text="tajné")
        outbox.sent(db.session.scalars(select(Letter)).one())
        db.session.commit()
    with clock.set_to(LATER):
        retention.keep(days=KEPT)
        yield _company()
        retention.keep(days=0)


def test_what_ended_long_ago_loses_words_files_and_people(world, folder):
    assert retention.empty_old(folder) == 2
    assert retention.empty_old(folder) == 0
    old = mirrored("t1")
    assert (old.subject, old.hours) == ("", entry("x", "1.25").hours)
    texts = dict(db.session.execute(select(TicketText.ticket_id, TicketText.text)).all())
    assert texts[old.id] == "20260001"
    said = db.session.scalars(select(Message).where(Message.ticket_id == old.id)).all()
    assert {(one.author_name, one.author_email, one.body) for one in said} == {("", "", "")}
    assert db.session.scalars(select(Attachment)).all() == []
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert mirrored("t4").subject == ""
    assert (mirrored("t2").subject, mirrored("t3").subject) == ("běží", "nedávno")
    assert db.session.execute(select(Letter.to, Letter.subject, Letter.text)).one() == ("", "", "")


def test_every_sum_stays(world, folder):
    before = time_report.totals(Reader.of(world), HoursFilter())
    retention.empty_old(folder)
    after = time_report.totals(Reader.of(world), HoursFilter())
    assert (after.entries, after.hours) == (before.entries, before.hours) == (2, entry("x", "3.25").hours)
    assert verify.faults() == []


def test_its_page_says_why_it_is_empty_and_still_tells_the_time(world, folder):
    retention.empty_old(folder)
    reader = Reader.of(world, confidential=True)
    shown = conversation.show(reader, "20260001")
    assert shown.is_emptied and [turn.shape for turn in shown.turns] == ["time"]
    assert not conversation.show(reader, "20260002").is_emptied


def test_the_core_cannot_bring_it_back(core, sync, world, folder):
    retention.empty_old(folder)
    sync(full=True)
    assert mirrored("t1").subject == ""
    assert sync(full=True).changed == 0
    assert retention.empty_old(folder) == 0
    assert time_report.totals(Reader.of(_company()), HoursFilter()).hours == entry("x", "3.25").hours


def test_a_first_sync_takes_no_more_than_may_be_kept(core, sync, folder):
    core.put(ticket(1, state="done", subject="tajné", messages=(message("m1", "tajné"),)))
    with clock.set_to(LATER):
        retention.keep(days=KEPT)
        sync()
        retention.keep(days=0)
    assert mirrored("t1").subject == ""
    assert db.session.scalars(select(Message)).all() == []


def test_a_ticket_that_lives_again_has_its_words_again(core, sync, world, folder):
    retention.empty_old(folder)
    core.put(ticket(1, state="open", subject="zase", changed_at=LATER, messages=(message("m1", "zpět"),)))
    sync()
    again = mirrored("t1")
    assert (
        again.subject == "zase" and db.session.get(type(again), again.id).requester_id == mirrored("t2").requester_id
    )
    said = db.session.scalars(
        select(Message).where(Message.ticket_id == again.id, Message.withdrawn_at.is_(None))
    ).one()
    assert "zpět" in said.body and said.author_email == JANA.email


def test_nothing_is_too_old_unless_somebody_says_so(world, folder):
    retention.keep(days=0)
    assert retention.empty_old(folder) == 0
    assert mirrored("t1").subject == "tajné"


@pytest.mark.parametrize("days", [-1, 1, 89, 40_000])
def test_a_time_too_short_to_understand_an_invoice_is_refused(days):
    with pytest.raises(Misconfigured, match="KEEP_TICKETS_DAYS"):
        config.check(config.load({"PORTAL_KEEP_TICKETS_DAYS": str(days)}))


def _company() -> Company:
    return db.session.scalars(select(Company).where(Company.core_id == "vltava")).one()
