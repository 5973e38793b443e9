"""A run that is killed anywhere and started again makes the same mirror as one that nothing disturbed."""

import os
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import event as listening

from portal import clock
from portal.cores.records import CompanyRecord, PersonRecord, PriceRecord
from portal.db import Base, db
from portal.domain.sync_state import Lease
from portal.sync import lease, verify
from portal.sync.engine import Sync
from tests.cores.memory import MemoryCore
from tests.sync.conftest import NOON, RADEK, entry, event, file, message, stone, ticket, whole_mirror

ROOT = Path(__file__).parents[2]
TICKETS = 300
MIRRORED = {
    "attachment",
    "company",
    "employee",
    "invoice",
    "invoiced_entry",
    "lease",
    "message",
    "mirror_state",
    "price",
    "set_aside",
    "technician",
    "ticket",
    "ticket_count",
    "ticket_event",
    "ticket_text",
    "time_entry",
    "time_entry_version",
}
PRICE = PriceRecord(category="PROGP85", name="Programování", rate=Decimal(850), valid_from=date(2026, 1, 1))


class Death(BaseException):
    """The process ends here: nothing after it happens, no one is asked."""


def first_chapter() -> MemoryCore:
    """What a core tells at first: several pages of everything."""
    core = MemoryCore(
        page=3,
        told_companies=[CompanyRecord(core_id="vltava", name="Vltava"), CompanyRecord(core_id="hora", name="Hora")],
        told_prices=[PRICE],
    )
    picture = file("a3", "image.png", content_id="one@x")
    core.put(
        ticket(1, time_entries=(entry("e1"), entry("e2", "0.50"))),
        ticket(2, technician=RADEK, messages=(message("m2"), message("m2b", attachments=(file("a2"),)))),
        ticket(3, messages=(message("m3", html='<p>A</p><img src="cid:one@x">', attachments=(picture,)),)),
        ticket(4, state="sleeping"),
        ticket(5, state="to_be_invoiced", time_entries=(entry("e5", "3.25", message="m5"),), events=(event("v5"),)),
        ticket(6, company=""),
        ticket(7, company="hora"),
    )
    return core


def second_chapter(core: MemoryCore) -> None:
    """What happened next: every kind of change."""
    core.told_prices = [PRICE, PriceRecord(category="X", name="X", rate=Decimal(9), valid_from=date(2026, 6, 1))]
    core.put(
        ticket(
            1,
            requester=PersonRecord(name="Jana Veselá", email="jana@vltava.example"),
            time_entries=(entry("e1", "2.00"),),
        ),
        ticket(4, state="open"),
        ticket(5, state="done", time_entries=(entry("e5", "3.25", message="m5", invoiced_on=date(2026, 11, 30)),)),
        ticket(6, company="vltava"),
        ticket(7, company="vltava", messages=(message("m7"), message("m3"))),
        stone("t3", "merged"),
        ticket(8),
    )


def run(core: MemoryCore) -> None:
    with db.session.no_autoflush:
        lead = lease.take("sync", lease.new_holder())
    Sync(core).run(lead)
    lease.give_back(lead)


EVERY = 5  # statements: each fifth one kills, which meets every kind of moment and keeps the suite quick


def test_a_run_killed_at_any_statement_or_commit_and_started_again_makes_the_same_mirror(app):
    with clock.set_to(NOON + timedelta(days=1)):
        undisturbed, steps = _played(deaths_at=0)
        assert steps > 60, "the story is too short to prove anything"
        for step in range(1, steps + 1, EVERY):
            _empty()
            killed, lived = _played(deaths_at=step)
            assert killed == undisturbed, f"killed at step {step} of {steps}"
            assert lived >= step, f"nothing died at step {step}"


def _played(*, deaths_at: int) -> tuple[dict, int]:
    """The mirror at the end of the story, and in how many steps it was made."""
    core = first_chapter()
    with _Steps(deaths_at) as steps:
        _run_until_it_lives(core, steps)
        second_chapter(core)
        _run_until_it_lives(core, steps)
    assert verify.faults() == []
    assert deaths_at == 0 or steps.has_killed
    return whole_mirror(), steps.done


def _run_until_it_lives(core: MemoryCore, steps: "_Steps") -> None:
    while True:
        try:
            run(core)
            return
        except Death:
            steps.rise_again()


class _Steps:
    """Counts what is done to the database, and kills at one step: before a statement, before or after a commit."""

    def __init__(self, deaths_at: int) -> None:
        self._deaths_at = deaths_at
        self.done = 0
        self.has_killed = False

    def __enter__(self) -> "_Steps":
        listening.listen(db.engine, "before_cursor_execute", self._step)
        listening.listen(db.engine, "commit", self._step)
        listening.listen(db.session, "after_commit", self._step)
        return self

    def __exit__(self, *_: object) -> None:
        listening.remove(db.engine, "before_cursor_execute", self._step)
        listening.remove(db.engine, "commit", self._step)
        listening.remove(db.session, "after_commit", self._step)

    def rise_again(self) -> None:
        """A new process: its connections are new, and the lease of the dead one has run out."""
        db.session.remove()
        db.engine.dispose()
        db.session.execute(Lease.__table__.delete())
        db.session.commit()

    def _step(self, *_: object) -> None:
        self.done += 1
        if self.done == self._deaths_at:
            self.has_killed = True
            raise Death


def _empty() -> None:
    """A new mirror, in the same database."""
    db.session.rollback()
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in MIRRORED:
            db.session.execute(table.delete())
    db.session.commit()


def test_a_process_killed_without_warning_leaves_a_true_mirror_and_the_next_goes_on(app, database_url, tmp_path):
    """The real signal, over a core of many tickets."""
    script = tmp_path / "killed.py"
    script.write_text(
        "from portal import create_app\n"
        "from tests.sync.test_deaths import long_story, run\n"
        "with create_app().app_context():\n"
        "    print('running', flush=True)\n"
        "    run(long_story())\n"
    )
    where = {"PYTHONPATH": str(ROOT), "PORTAL_DATABASE_URL": database_url, "PORTAL_INSTANCE": str(tmp_path)}
    for patience in (0.2, 0.5):
        process = subprocess.Popen([sys.executable, script], env={**os.environ, **where}, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"running\n"
        time.sleep(patience)
        process.kill()
        process.wait()
        db.session.remove()
        assert verify.faults() == []
        db.session.execute(Lease.__table__.delete())  # the dead one's would run out in half a minute
        db.session.commit()
    run(long_story())
    resumed = _but_for_the_clock(whole_mirror())
    assert len(resumed["ticket"]) == TICKETS
    _empty()
    run(long_story())
    assert _but_for_the_clock(whole_mirror()) == resumed


def long_story() -> MemoryCore:
    core = MemoryCore(page=20, told_companies=[CompanyRecord(core_id="vltava", name="Vltava")])
    for n in range(TICKETS):
        messages = tuple(message(f"m{n}-{i}", "Dobrý den. " * 20) for i in range(3))
        core.put(ticket(n, messages=messages, time_entries=(entry(f"e{n}"),)))
    return core


def _but_for_the_clock(told: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    return {
        table: [tuple(fact for fact in row if fact[0] != "first_noticed_at") for row in rows]
        for table, rows in told.items()
    }
