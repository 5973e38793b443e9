"""Corrections between the real desk and the portal: old, new, who and why; disputes; tickets that change company."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.db import db
from portal.desk.ticketing import directory, documents, entries, invoicing, tickets
from portal.desk.ticketing.entries import Why
from portal.domain.billing import entry_changes, invoices, issued_invoices
from portal.domain.billing.entry_changes import ChangeKind
from portal.domain.billing.invoice_snapshots import Invoice
from portal.domain.companies.reader import Reader
from portal.domain.questions import workflow
from portal.domain.questions.models import Question, QuestionState
from portal.domain.tickets.time_entries import TimeEntry, TimeEntryCorrection
from portal.domain.users import models as people
from portal.lib.periods import month_of
from tests.actors import acting
from tests.whole_system import EMPLOYEE, MANAGER_ADDRESS, TECHNICIAN, WholeSystem


@pytest.fixture
def system(app, tmp_path):
    made = WholeSystem(app, tmp_path)
    yield made
    made.close()


@pytest.fixture
def number(system) -> str:
    """A ticket with ten hours written by mail."""
    opened = system.send(EMPLOYEE, "Pomalý počítač", "Dobrý den, počítač je velmi pomalý.")
    system.beat()
    system.hire()
    writes(system, opened, "Hotovo.\n\nSPRAVA60:10,00\nSTAV: be invoiced")
    system.beat()
    return opened


def writes(system, number, text):
    system.send(TECHNICIAN, f"Re: [Connectica #{number}] Pomalý počítač", text)


def of_the_manager():
    manager = people.by_email(MANAGER_ADDRESS)
    return manager, Reader.of(manager.company)


def test_a_correction_by_mail_is_told_with_who_and_why_and_ends_the_question(system, number):
    manager, reader = of_the_manager()
    entry = db.session.scalars(select(TimeEntry)).one()
    workflow.ask(acting(manager), manager.company, entry.id, "Opravdu deset hodin?")
    system.beat()
    writes(system, number, "OPRAVA SPRAVA60:10,00 -> 1,00 (překlep)")
    system.beat()
    (change,) = entry_changes.since(reader, None)
    assert (change.kind, change.old.hours, change.new.hours) == (ChangeKind.CHANGED, Decimal(10), Decimal(1))
    assert (change.corrected_by, change.reason) == ("Radek Vymazal", "překlep")
    assert change.corrected_at is not None
    system.beat()
    assert db.session.scalars(select(Question)).one().state is QuestionState.CORRECTED


def test_a_removed_entry_keeps_its_correction(system, number):
    _, reader = of_the_manager()
    writes(system, number, "STORNO SPRAVA60:10,00")
    system.beat()
    (change,) = entry_changes.since(reader, None)
    assert (change.kind, change.corrected_by) == (ChangeKind.REMOVED, "Radek Vymazal")
    system.beat()
    assert len(db.session.scalars(select(TimeEntryCorrection)).all()) == 1


def test_what_was_invoiced_stays_with_its_company_when_the_ticket_goes(system, number):
    manager, reader = of_the_manager()
    entry = db.session.scalars(select(TimeEntry)).one()
    invoice(system, entry)
    assert invoices.month(reader, month_of(entry.worked_day)).tally.hours == 10
    directory.add_company(system.store, "lipy", "Tři lípy", ["lipy.example"])
    tickets.move(system.store, number, "lipy")
    system.beat()
    db.session.expire_all()
    assert db.session.get_one(TimeEntry, entry.id).company_id == manager.company_id
    (row,) = invoices.rows(reader, month_of(entry.worked_day))
    assert (row.difference, row.subject) == (None, "")


def test_a_supplement_is_an_invoice_of_its_own_and_documents_are_told(system, number):
    _manager, reader = of_the_manager()
    entry = db.session.scalars(select(TimeEntry)).one()
    invoice(system, entry)
    writes(system, number, "Ještě.\n\nSPRAVA60:2,00\nSTAV: be invoiced")
    invoice(system, entry)
    with system.store.write() as desk:
        documents.tell(desk, 1, {"number": "2026110001", "total": "10890.00", "due_on": "2026-12-14"})
        documents.set_supplier(desk, name="Connectica", ico="12345678", dic="CZ12345678", address="Praha")
    system.beat()
    found = db.session.scalars(select(Invoice).order_by(Invoice.supplement)).all()
    assert [(one.supplement, one.hours) for one in found] == [(0, Decimal(10)), (1, Decimal(2))]
    period = month_of(entry.worked_day)
    told = issued_invoices.of_period(reader, period.since, period.until)
    assert [one.number for one in told.values()] == ["2026110001", ""]
    assert issued_invoices.parties(reader)[1].ico == "12345678"


def test_dispatch_corrects_what_is_invoiced_and_the_next_run_settles_it(system, number):
    entry = db.session.scalars(select(TimeEntry)).one()
    invoice(system, entry)
    with system.store.write() as desk:
        entries.correct(desk, entries.by_id(desk, 1), Why("Dispečink", "překlep"), hours=Decimal(1))
    system.beat()
    correction = db.session.scalars(select(TimeEntryCorrection)).one()
    assert (correction.invoiced_on, correction.document) == (last_day(entry.worked_day), "")
    invoice(system, entry)
    db.session.expire_all()
    assert db.session.scalars(select(TimeEntryCorrection)).one().document == "2"


def last_day(day: date) -> date:
    return month_of(day).until


def invoice(system, entry):
    invoicing.invoice(system.store, entry.worked_day, dry_run=False)
    system.beat()
