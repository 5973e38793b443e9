"""Forgetting: who asked for it is nowhere in the portal, the core cannot bring them back, and every sum stays."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import LargeBinary, String, inspect, select, text

from portal import clock
from portal.cores.records import ApprovalRecord, PersonRecord, Unreadable
from portal.db import Base, collation, db
from portal.domain.accounts import invitations, saved_views
from portal.domain.accounts.email_changes import AddressChange
from portal.domain.accounts.saved_views import SavedView
from portal.domain.approvals import decisions, requests
from portal.domain.approvals.decisions import Decision
from portal.domain.approvals.models import Approval, AtExpiry
from portal.domain.approvals.requests import Asking
from portal.domain.audit import events as audit
from portal.domain.billing import time_report
from portal.domain.billing.time_report import HoursFilter
from portal.domain.companies.contacts import Employee
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.notifications import outbox
from portal.domain.privacy import erasure
from portal.domain.questions import workflow
from portal.domain.read_models import conversation, listing
from portal.domain.read_models.listing import TicketFilter
from portal.domain.sync_state import SetAside
from portal.domain.tickets import models as tickets
from portal.domain.tickets.attachments import Attachment, path_of
from portal.domain.tickets.models import Message, Ticket
from portal.domain.users import models as people
from portal.domain.users.actor import OPERATOR
from portal.errors import NotFound, Refused
from portal.sync import attachment_fetch, engine, verify
from tests.actors import acting, noted
from tests.factories import mirror
from tests.sync.conftest import NOON, RADEK, entry, entry_of, event, file, message, mirrored, ticket, whole_mirror

GONE = PersonRecord(name="Jana Nováková", email="jana.novakova@vltava.example")
STAYS = PersonRecord(name="Petr Klíma", email="petr@vltava.example")
NAMESAKE = PersonRecord(name="Jana Nováková", email="jana.novakova@hora.example")
TRACES = re.compile(r"novak|jana\.n|777123456")

GREETING = (
    "<p>Dobrý den, paní Nováková, účet Jany Novákové je hotov.</p>"
    '<blockquote type="cite"><p>Jsem Jana, tel. 777123456</p></blockquote>'
)


@pytest.fixture
def core(core):
    """A company where Jana asked, was answered, and was spoken of; and a namesake of hers elsewhere."""
    hers = message(
        "m1", "Jsem Jana, volejte 777123456", author=GONE, attachments=(file("f1", "Nováková podpis.png"),)
    )
    answer = message("m2", author=RADEK, side="technician", html=GREETING, attachments=(file("f2", "Novakova.pdf"),))
    question = ApprovalRecord(core_id="a1", question="Smíme paní Novákové dát práva?", asked_by=RADEK, asked_at=NOON)
    of_her = message("m3", "Pište na Jana.Novakova@vltava.example, Nováková Jana", author=STAYS)
    core.put(
        ticket(
            1,
            subject="Účet pro Janu Novákovou",
            requester=GONE,
            technician=RADEK,
            messages=(hers, answer),
            events=(event("v1"),),
            time_entries=(entry("e1", "1.50", message="m2"),),
            approvals=(question,),
        ),
        ticket(
            2,
            subject="Jana Nováková už nemá přístup",
            requester=STAYS,
            state="to_be_invoiced",
            messages=(of_her, message("m4", "Já jsem 777123456", author=GONE)),
            time_entries=(entry("e2", "2.25", message="m3"),),
        ),
        ticket(
            3,
            requester=STAYS,
            subject="Nový notebook",
            messages=(message("m5", "Pro Janu Novákovou z účtárny", author=STAYS),),
        ),
        ticket(
            4,
            company="hora",
            requester=NAMESAKE,
            subject="Jana Nováková má dotaz",
            messages=(message("m6", author=NAMESAKE),),
        ),
        Unreadable(core_id="t9", raw=f'{{"core_id":"t9","by":"Jana Nováková","mail":"{GONE.email}"}}', reason="?"),
    )
    core.files = {"f1": b"podpis", "f2": b"smlouva"}
    return core


@pytest.fixture
def folder(app) -> Path:
    return Path(app.config["INSTANCE"]) / "attachments"


@pytest.fixture
def world(core, sync, folder, at_noon):
    """All of it mirrored, and everything in the portal that may name her: she had an account there, too."""
    sync()
    while attachment_fetch.fetch_due(core, folder, most_bytes=1000):
        pass
    company = _company("vltava")
    staff = mirror.person(None, role="staff_admin", email="dispecink@connectica.example", name="Ivana Dispečerka")
    mirror.person(company, role="manager", email="petr@vltava.example", name="Petr Klíma")
    jana = mirror.person(company, role="manager", email=GONE.email, name=GONE.name)
    mirror.passkey(jana, "Telefon Jany Novákové")
    db.session.commit()
    asked = Asking(
        question="Smí Jana Nováková tisknout?",
        reason="Píše Jana Nováková",
        until=date(2026, 11, 5),
        at_expiry=AtExpiry.STAY,
    )
    requests.ask(acting(staff), mirrored("t3").id, asked)
    approval = db.session.scalars(select(Approval).where(Approval.ticket_id == mirrored("t3").id)).one()
    decisions.decide(acting(jana), approval.id, Decision(approve=True, note="Schválila Jana Nováková"))
    workflow.ask(acting(jana), company, entry_of("e2").id, "Ptá se Nováková Jana")
    invitations.invite(
        acting(jana), company, email="novy@vltava.example", name="Nový Člověk", role="viewer", language="cs"
    )
    invitations.invite(acting(staff), company, email="eva@x.example", name="Eva N.", role="viewer", language="cs")
    outbox.write(key="k1", to="petr@vltava.example", subject="Jana Nováková žádá", text="Píše Jana Nováková.")
    outbox.write(key="k2", to=GONE.email, name=GONE.name, subject="Pro vás", text="Dobrý den", person=jana)
    db.session.add(
        AddressChange(
            person_id=jana.id,
            old_email=GONE.email,
            new_email="jana.n@jinde.example",
            at=clock.now(),
            old_token_hash="a",
            new_token_hash="b",
        )
    )
    noted(audit.OPENED_TICKET, company_id=company.id, person_id=jana.id, about="20260001")
    noted(audit.DOWNLOADED, company_id=company.id, about="priloha", name="Jana Nováková.pdf")
    noted(audit.SIGN_IN_FAILED, company_id=company.id, about=GONE.email)
    db.session.commit()
    db.session.remove()
    return company


def test_somebody_who_is_forgotten_is_nowhere(world, app, folder):
    assert TRACES.search(collation.fold(everything_in_the_database()))
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    assert traces() == []
    assert not any(path.read_bytes() == b"podpis" for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL's own files are its own
def test_neither_is_a_trace_left_in_sqlites_file(world, app, folder):
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    db.session.remove()
    raw = b"".join(path.read_bytes() for path in Path(app.config["INSTANCE"]).glob("portal.db*"))
    assert b"hora.example" in raw
    found = ("jana.novakova@vltava", "777123456", "Účet pro Janu", "ucet pro janu", "Telefon Jany", "jana.n@jinde")
    assert [trace for trace in found if trace.encode() in raw] == []


def test_every_sum_stays_and_the_mirror_is_sound(world, folder):
    company = _company("vltava")
    company.shown_live = "money"
    before = _sums(company)
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    assert _sums(_company("vltava")) == before
    assert verify.faults() == []


def test_the_stand_in_is_the_same_wherever_she_was(world, folder):
    number = db.session.scalars(select(Employee.id).where(Employee.email == GONE.email)).one()
    instead = erasure.seek(GONE.email).instead
    assert instead == f"N. N. {number}"
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    reader = Reader.of(_company("vltava"), confidential=True)
    shown = conversation.show(reader, "20260001")
    assert (shown.requester, shown.subject) == (instead, f"Účet pro {instead}")
    said = [turn for turn in shown.turns if turn.shape == "message"]
    assert [(turn.author, turn.body, turn.quoted) for turn in said if turn.side == "employee"] == [(instead, "", "")]
    answer = next(turn for turn in said if turn.is_technicians)
    assert f"paní {instead}, účet {instead} je hotov" in answer.body and answer.quoted == ""
    assert instead in dict(tickets.requesters(reader)).values()
    assert conversation.show(reader, "20260002").subject == f"{instead} už nemá přístup"
    decided = db.session.scalars(select(Approval).where(Approval.ticket_id == mirrored("t3").id)).one()
    assert (decided.decided_by, decided.state, decided.note) == (instead, "approved", f"Schválila {instead}")
    assert decided.question == f"Smí {instead} tisknout?"
    assert len(listing.find(reader, TicketFilter.parse({"q": instead})).keys) == 3


def test_the_account_is_closed_and_its_ways_in_are_gone(world, folder):
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    assert people.by_email(GONE.email) is None
    gone = db.session.scalars(select(people.Person).where(people.Person.name.startswith("N. N."))).one()
    assert (gone.active, gone.password) == (False, None)


def test_the_core_cannot_bring_them_back(core, sync, world, folder):
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    before = _texts()
    sync(full=True)
    assert traces() == []
    assert _texts() == before
    assert sync(full=True).changed == 0  # the same record gives the same rows
    core.put(
        ticket(
            8,
            requester=GONE,
            subject="Jana Nováková píše znovu",
            messages=(message("m80", "777123456 jana.novakova@vltava.example", author=GONE),),
        )
    )
    sync()
    again = mirrored("t8")
    assert again.requester_id == mirrored("t1").requester_id and "Nov" not in again.subject
    assert traces() == []


@pytest.mark.usefixtures("world")
def test_somebody_forgotten_while_a_page_is_read_does_not_come_with_it(app, core, sync, folder, monkeypatch):
    again = message("m80", "777123456 jana.novakova@vltava.example", author=GONE)
    core.put(ticket(8, requester=GONE, subject="Jana Nováková píše znovu", messages=(again,)))
    real, meanwhile = engine.recall, [GONE.email]

    def recalled(changes):
        had = real(changes)
        while meanwhile:
            with app.app_context():  # another process
                erasure.forget(OPERATOR, erasure.seek(meanwhile.pop()), folder)
                db.session.remove()
        return had

    monkeypatch.setattr(engine, "recall", recalled)
    sync()
    assert traces() == [] and mirrored("t8").subject.startswith("N. N.")


def test_a_namesake_in_another_company_is_somebody_else(core, sync, world, folder):
    before = [row for row in whole_mirror()["message"] if "hora.example" in repr(row)]
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    sync(full=True)
    hora = Reader.of(_company("hora"), confidential=True)
    assert conversation.show(hora, "20260004").subject == "Jana Nováková má dotaz"
    assert [row for row in whole_mirror()["message"] if "hora.example" in repr(row)] == before and before


def test_a_record_set_aside_is_kept_without_them(world, folder):
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    raw = db.session.scalars(select(SetAside.raw)).one()
    assert raw.startswith('{"core_id":"t9","by":"N. N. ')


def test_what_was_cut_off_is_done_by_the_next_try(world, folder, monkeypatch):
    sought = erasure.seek(GONE.email)
    with monkeypatch.context() as patch:
        patch.setattr(erasure, "_redact", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erasure.forget(OPERATOR, sought, folder)
    db.session.rollback()
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    assert traces() == []


def test_a_file_that_another_message_has_too_is_kept(core, sync, world, folder):
    sha256 = db.session.scalars(select(Attachment.sha256).where(Attachment.core_id == "f1")).one()
    other = db.session.scalars(select(Message.id).where(Message.core_id == "m5")).one()
    copy = {"name": "kopie", "media_type": "image/png", "size": 6, "sha256": sha256}
    db.session.add(Attachment(core_id="fx", message_id=other, **copy))
    db.session.commit()
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    assert path_of(folder, sha256).read_bytes() == b"podpis"


@pytest.mark.parametrize(
    ("name", "query", "stays"),
    [
        ("Účty Jany Novákové", "state=open", False),
        ("Hledání", "q=Jana+Nov%C3%A1kov%C3%A1", False),
        ("Hledání", "state=open&q=paní%20Novákové%20Jany", False),
        ("Hledání", f"q={quote(GONE.email)}", False),
        ("Hledání", "over=2&q=Petr+Kl%C3%ADma", True),
        ("Po termínu", "overdue=1", True),
    ],
)
def test_a_colleagues_saved_view_that_looks_for_them_is_removed(world, folder, name, query, stays):
    saved_views.save(people.by_email("petr@vltava.example"), name=name, query=query, starts=False)
    other = mirror.person(_company("hora"), role="manager", email="vit@hora.example", name="Vít Hora")
    saved_views.save(other, name=name, query=query, starts=False)
    erasure.forget(OPERATOR, erasure.seek(GONE.email), folder)
    left = [(row.person_id == other.id, row.name) for row in db.session.scalars(select(SavedView))]
    assert left == ([(False, name)] if stays else []) + [(True, name)]


def test_nobody_and_technicians_are_not_forgotten(world):
    with pytest.raises(NotFound):
        erasure.seek("nikdo@nikde.example")
    with pytest.raises(Refused):
        erasure.seek(RADEK.email)


def test_the_command_says_first_what_it_would_do(world, app, folder):
    run = app.test_cli_runner().invoke
    said = run(args=["people", "forget", "Jana.Novakova@vltava.example"])
    assert said.exit_code == 0 and "Jana Nováková would be called N. N." in said.output
    assert people.by_email(GONE.email) is not None
    said = run(args=["people", "forget", GONE.email, "--yes"])
    assert said.exit_code == 0 and "stands instead of them" in said.output
    assert people.by_email(GONE.email) is None
    assert run(args=["people", "forget", GONE.email]).exit_code == 1
    noted = db.session.scalars(select(audit.AuditEvent).where(audit.AuditEvent.what == audit.FORGOTTEN)).one()
    assert noted.company_id == _company("vltava").id and noted.about.startswith("N. N.")


def traces() -> list[str]:
    """What is left of her; her namesake's rows are somebody else's."""
    found = [line for line in everything_in_the_database().splitlines() if TRACES.search(collation.fold(line))]
    return [line for line in found if "hora.example" not in line and "dotaz" not in line]


# Texts that name nobody; a table whose rows go or are renamed as a whole is named alone.
NAMELESS = {
    "approval_rule.category",
    "saved_view",  # one that names somebody is removed as a whole
    "address_change",
    "employee",
    "identity",
    "invitation",
    "letter_choice",
    "one_time_code",
    "passkey",
    "password_reset",
    "person",
    "recovery_code",
    "session",
    "visit",  # theirs as a whole
    "approval_link",
    "attempt",
    "forgotten",
    "forgotten_key",
    "lease",
    "used_challenge",  # hashes, names of jobs
    "budget",
    "company",
    "identity_provider",
    "identity_provider_domain",
    "invoice",
    "invoiced_entry",
    "invoice_adjustment",
    "issued_invoice",
    "supplier",
    "price",
    "role",
    "technician",
    "ticket_count",
    "time_entry",
    "time_entry_version",  # Connectica's, or of no person
    "approval.at_expiry",
    "approval.channel",
    "approval.core_id",
    "approval.question_key",
    "approval.scope",
    "approval.state",
    "approval.turn",
    "approval_event.kind",
    "attachment.content_id",
    "attachment.core_id",
    "attachment.fetch_error",
    "attachment.media_type",
    "attachment.sha256",
    "audit_event.about",
    "audit_event.address",
    "audit_event.what",
    "letter.attachment",
    "letter.attachment_type",
    "letter.key",
    "letter.name",
    "letter.to",
    "letter.trouble",
    "message.author_email",
    "message.author_name",
    "message.core_id",
    "message.proved_by",
    "message.side",
    "mirror_state.cursor",
    "sync_begun.name",
    "mirror_state.trouble",
    "notice.key",
    "notice.path",
    "question.state",
    "question.was_category",
    "question_message.side",
    "set_aside.core_id",
    "set_aside.told_after",
    "ticket.core_id",
    "ticket.tag",
    "ticket.kind",
    "ticket.number",
    "ticket.record_hash",
    "ticket.state",
    "ticket_event.core_id",
    "ticket_event.kind",
    "ticket_text.text",
    "time_entry_correction.core_id",
    "time_entry_correction.document",
    "time_entry_correction.new_category",
    "time_entry_correction.new_ticket",
    "time_entry_correction.old_category",
    "time_entry_correction.old_ticket",
    "told.approval",
    "told.decision",
    "told.dispute",
    "told.entry",
    "told.key",
    "told.trouble",
}


def test_no_text_is_overlooked():
    """A new column of text is either gone through, or said here to name nobody."""
    gone_through = {
        f"{column.class_.__tablename__}.{column.key}" for place in erasure.PLACES for column in place.columns
    }
    overlooked = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | LargeBinary)
        and not {table.name, f"{table.name}.{column.name}"} & (NAMELESS | gone_through)
    ]
    assert overlooked == [], "add them to forgetting.PLACES, or to NAMELESS with whatever else names nobody"


def everything_in_the_database() -> str:
    """Every row of every table, a line each."""
    db.session.rollback()
    lines = []
    with db.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                lines.append(f"{table}: " + " ".join(" ".join(str(value).split()) for value in row))
    return "\n".join(lines)


def _company(core_id: str) -> Company:
    return db.session.scalars(select(Company).where(Company.core_id == core_id)).one()


def _sums(company: Company) -> dict[str, object]:
    wanted = HoursFilter()
    total, by_technician = (
        time_report.totals(Reader.of(company), wanted),
        time_report.groups(Reader.of(company), wanted, "technician"),
    )
    theirs = select(Ticket.hours).where(Ticket.company_id == company.id)
    return {
        "total": (total.entries, total.hours),
        "by technician": [(group.label, group.tally.hours) for group in by_technician],
        "by employee": sorted(
            group.tally.hours for group in time_report.groups(Reader.of(company), wanted, "employee")
        ),
        "tickets": tickets.counts(Reader.of(company)),
        "approvals": len(db.session.scalars(select(Approval).where(Approval.company_id == company.id)).all()),
        "hours of tickets": sum(db.session.scalars(theirs), Decimal(0)),
    }


def _texts() -> list[tuple]:
    """What the pages show of tickets and messages."""
    db.session.rollback()
    subjects = select(Ticket.core_id, Ticket.subject).order_by(Ticket.core_id)
    said = select(Message.core_id, Message.author_name, Message.author_email, Message.body, Message.quoted)
    shown = (*db.session.execute(subjects), *db.session.execute(said.order_by(Message.core_id)))
    return [tuple(row) for row in shown]
