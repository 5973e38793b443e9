"""Cleaning happens in a worker: what kills it is set aside with its reason, everything else arrives as ever."""

import signal

import pytest
from sqlalchemy import select

from portal.cli.sync import take_command
from portal.db import db
from portal.domain.companies.models import Company
from portal.domain.privacy import erased_people
from portal.domain.sync_state import SetAside, SyncBegun
from portal.domain.tickets.models import Message, Ticket
from portal.lib.worker_process import WorkerProcess
from portal.sync import lease, privacy_filter, quarantine
from portal.sync.engine import Sync
from tests.sync.conftest import RADEK, message, ticket


class Mortal(WorkerProcess):
    """A worker that is killed, as by a kernel out of memory, over every record that says so."""

    deaths = 0
    deadly = "smrtící"

    def call(self, seconds, function, records):
        if any(self.deadly in one.text for record in records for one in record.messages):
            self.deaths += 1
            return super().call(1, signal.raise_signal, signal.SIGKILL)
        return super().call(seconds, function, records)


@pytest.fixture
def worker():
    made = Mortal()
    yield made
    made.close()


@pytest.fixture
def run(app, core, worker):
    def once(**how):
        lead = lease.take("sync", lease.new_holder())
        try:
            return Sync(core, worker=worker).run(lead, **how)
        finally:
            lease.give_back(lead)
            db.session.remove()

    return once


def names():
    return set(db.session.scalars(select(Ticket.core_id)))


def test_the_worker_makes_what_this_process_would_make(core, run, sync):
    core.put(
        *(
            ticket(number, messages=(message(f"m{number}", html="<p>Tiskárna <b>netiskne"),))
            for number in range(1, 30)
        )
    )
    run()
    made = {row.core_id: (row.body, row.quoted, row.excerpt) for row in db.session.scalars(select(Message))}
    assert len(made) == 29
    assert set(made.values()) == {("<p>Tiskárna <b>netiskne</b></p>", "", "Tiskárna netiskne")}
    assert sync(full=True).changed == 0


def test_what_kills_its_cleaner_is_set_aside_and_the_rest_arrives(core, run, worker):
    core.put(ticket(1), ticket(2, messages=(message("m2", text="smrtící"),)), ticket(3))
    assert run().aside == 1
    assert names() == {"t1", "t3"}
    [row] = db.session.scalars(select(SetAside))
    assert row.core_id == "t2"
    assert "cleaning it was ended 2 times" in row.reason
    assert "killed" in row.reason


def test_it_is_not_tried_again_until_somebody_asks(core, run, worker, app):
    core.put(ticket(1), ticket(2, messages=(message("m2", text="smrtící"),)))
    run()
    deaths = worker.deaths
    run(full=True)
    run()
    assert worker.deaths == deaths
    worker.deadly = "nothing any more"
    result = app.test_cli_runner().invoke(take_command, ["t2"])
    assert result.output.startswith("1 records"), result.output
    run()
    assert names() == {"t1", "t2"}
    assert not list(db.session.scalars(select(SetAside)))


def test_a_record_that_changed_is_tried_by_itself(core, run, worker):
    core.put(ticket(2, messages=(message("m2", text="smrtící"),)))
    run()
    core.put(ticket(2, messages=(message("m2", text="už ne"),)))
    run()
    assert names() == {"t2"}


def test_a_core_that_fails_after_a_page_loses_no_page(core, run):
    from portal.errors import CoreAway

    core.put(*(ticket(number) for number in range(1, 8)))
    pages = core.changes

    def failing(cursor):
        yield next(pages(cursor))
        raise CoreAway("gone")

    core.changes = failing
    with pytest.raises(CoreAway):
        run()
    assert names()


class Killed(BaseException):
    """The end of the sync's process, as by a kernel out of memory."""


@pytest.fixture
def deadly(monkeypatch):
    """Records whose reading outside of the worker kills the sync."""
    names = {"t3"}
    filtered = privacy_filter.of

    def killing(change, *others):
        if change.core_id in names:
            raise Killed
        return filtered(change, *others)

    monkeypatch.setattr(privacy_filter, "of", killing)
    return names


def killed_runs(run, most=9):
    """How many runs were killed before one ended."""
    for killed in range(most):
        try:
            run()
        except Killed:
            db.session.remove()
        else:
            return killed
    raise AssertionError("the sync dies of it for ever")


def test_what_kills_the_sync_itself_twice_is_set_aside_and_the_rest_arrives(core, run, deadly, app):
    core.put(*(ticket(number) for number in range(1, 7)))
    assert killed_runs(run) == 3  # by chance, by this page, by this record
    assert names() == {"t1", "t2", "t4", "t5", "t6"}
    [row] = db.session.scalars(select(SetAside))
    assert (row.core_id, row.reason) == ("t3", "reading it ended the sync twice")
    assert "Tisk" not in row.raw
    run(full=True)
    assert not list(db.session.scalars(select(SyncBegun)))
    deadly.clear()
    app.test_cli_runner().invoke(take_command, ["t3"])
    run()
    assert "t3" in names()


def test_two_that_kill_the_sync_are_both_set_aside(core, run, deadly):
    deadly.add("t5")
    core.put(*(ticket(number) for number in range(1, 7)))
    assert killed_runs(run) <= 6
    assert names() == {"t1", "t2", "t4", "t6"}


def test_a_sync_that_was_killed_once_sets_nothing_aside(core, run, deadly):
    core.put(*(ticket(number) for number in range(1, 7)))
    with pytest.raises(Killed):
        run()
    db.session.remove()
    deadly.clear()
    assert run().aside == 0
    assert len(names()) == 6


def test_where_somebody_was_forgotten_answers_are_read_in_the_worker_too(core, run, worker):
    company = db.session.scalars(select(Company)).first()
    if company is None:
        run()
        company = db.session.scalars(select(Company).where(Company.core_id == "vltava")).one()
    erased_people.remember(company.id, instead="Smazaná osoba", names=["Jana Nová"], email="jana@vltava.example")
    db.session.commit()
    deadly_answer = message("m2", text="smrtící", side="technician", author=RADEK)
    core.put(ticket(1), ticket(2, messages=(message("m1"), deadly_answer)))
    run()
    assert "t2" not in names()
    [row] = db.session.scalars(select(SetAside))
    assert "cleaning it was ended" in row.reason
    assert "smrtící" not in row.raw
    deaths = worker.deaths
    run(full=True)
    assert worker.deaths == deaths


def test_only_those_of_deadly_records_are_taken_again(core, run, app):
    core.put(ticket(1, company="nobody"))
    run()
    with app.app_context():
        assert quarantine.take_again() == 0
