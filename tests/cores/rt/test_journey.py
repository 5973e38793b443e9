"""From a mail at Request Tracker's gate to a page of the portal, and from a decision there back into it."""

from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.cores.records import TicketRecord
from portal.cores.rt.adapter import SETTLING, RtCore
from portal.db import db
from portal.domain import sync_state
from portal.domain.approvals import decisions
from portal.domain.approvals import models as approvals
from portal.domain.approvals.decisions import Decision
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets.models import Ticket
from portal.domain.users import models as people
from portal.domain.users import sessions
from portal.domain.users.permissions import MANAGER
from portal.sync import lease
from portal.sync.engine import RunSummary, Sync
from portal.sync.note_delivery import deliver
from tests.actors import acting
from tests.cores.rt.lab import Lab, RtStage
from tests.factories import mirror

MANAGER_ADDRESS = "marie@vltava.example"


def _run(core: RtCore) -> RunSummary:
    lead = lease.take("sync", lease.new_holder())
    assert lead
    try:
        return Sync(core).run(lead)
    finally:
        lease.give_back(lead)


def _hire() -> None:
    company = db.session.scalars(select(Company)).one()
    people.add(
        email=MANAGER_ADDRESS,
        name="Marie Malá",
        company=company,
        role=MANAGER,
        language="cs",
        password_hash=mirror.PASSWORD_HASH,
    )


def test_a_mail_becomes_a_page_with_hours_and_a_decision_becomes_a_note(app, lab: Lab, stage: RtStage):
    core = lab.core()
    number = stage.open_ticket("Pomalý počítač", "Dobrý den, počítač je velmi pomalý.")
    assert any("jana@vltava.example" in mail and "Auto-Submitted" in mail for mail in lab.mails())
    _run(core)
    _hire()
    stage.answer(number, "Vyměnil jsem disk.", time="PROGP85:1,25")
    stage.ask_approval(number, "Smíme objednat disk za 4200 Kč?")
    _run(core)
    manager = people.by_email(MANAGER_ADDRESS)
    assert manager is not None
    ticket = db.session.scalars(select(Ticket).where(Ticket.core_id == number)).one()
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = sessions.start(manager.id, how="password"), True
    page = client.get(f"/tickets/{ticket.number}").text
    manager = people.by_email(MANAGER_ADDRESS)
    assert "počítač je velmi pomalý" in page and "Vyměnil jsem disk." in page and "1,25" in page
    (waiting,) = approvals.waiting(Reader.of(manager.company))
    decisions.decide(acting(manager), waiting.approval.id, Decision(approve=True, note="Objednejte ho."))
    deliver(core)
    deliver(core)
    (note,) = stage.notes_of(number)
    assert "Objednejte ho." in note
    _run(core)
    manager = people.by_email(MANAGER_ADDRESS)
    assert approvals.waiting(Reader.of(manager.company)) == []


def test_a_quiet_request_tracker_is_asked_once_a_look(app, lab: Lab, stage: RtStage):
    core = lab.core()
    stage.open_ticket("Tiskárna", "Netiskne.")
    _run(core)
    with clock.set_to(clock.now() + SETTLING + timedelta(seconds=1)):
        _run(core)  # a second change in the same second would have the first one's stamp: we look once more
        asked = _counted(core)
        assert _run(core).changed == 0
        assert len(asked) == 1, asked
        stage.answer("1", "Už tiskne.")
        assert _run(core).changed == 1


def test_a_first_pull_of_hundreds_takes_less_than_a_third_of_a_request_a_ticket(full: Lab):
    core = full.core()
    core.companies()
    asked = _counted(core)
    told = [change for page in core.changes(None) for change in page.changes]
    assert len(told) == len({change.core_id for change in told}) == 300
    assert all(isinstance(change, TicketRecord) and len(change.messages) == 4 for change in told)
    files = [file.size for change in told for message in change.messages for file in message.attachments]
    assert files == [20_000] * 300
    assert len(asked) <= 0.3 * 300, f"{len(asked)} requests"


def test_request_trackers_poke_wakes_the_sync(app, lab: Lab, stage: RtStage):
    lab.poked.clear()
    stage.open_ticket("Tiskárna", "Netiskne.")
    app.config["CORE_HOOK_SECRET"] = lab.secret
    before = sync_state.pokes()
    body, headers = lab.poked[-1]
    assert app.test_client().post("/hooks/core", data=body, headers=headers).status_code == 204
    assert sync_state.pokes() > before


def _counted(core: RtCore) -> list[str]:
    """Every request this core makes from now on."""
    asked: list[str] = []
    session = core._rest._line._session
    send = session.send

    def counting(request, **options):
        asked.append(f"{request.method} {request.url}")
        return send(request, **options)

    session.send = counting
    return asked
