"""What was invoiced stays as it was: later runs make supplements and settle corrections; time in dispute waits."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal import clock
from portal.desk.inbound import intake
from portal.desk.ticketing import directory, documents, entries, invoicing, notes, tickets
from portal.desk.ticketing.entries import Why
from portal.desk.ticketing.notes import TakenNote
from portal.errors import NotFound, Refused

OCTOBER = date(2026, 10, 1)
LATER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def worked(store, compose):
    """Somebody worked: worked("PROGP85:1,00") -> ticket number."""

    def work(lines, number="", *, day=5, sender="Jan Novák <jan@strojirny-vltava.example>"):
        with clock.set_to(datetime(2026, 10, day, 10, tzinfo=UTC)):
            number = number or intake.receive(store, compose(f"{day} {lines}", sender=sender)).ticket
            raw = compose(
                f"Práce {day}.\n{lines}\nSTAV: be invoiced",
                sender="radek@connectica.cz",
                subject=f"[Connectica #{number}]",
            )
            assert intake.receive(store, raw, trusted=True).ticket == number
        return number

    return work


def run(store, month=OCTOBER, **more):
    with clock.set_to(LATER):
        return invoicing.invoice(store, month, False, **more)


def sums(lines):
    return {line.category: (line.hours, line.amount) for line in lines}


def test_a_second_run_of_a_month_is_a_supplement(store, worked, record):
    first = worked("PROGP85:1,00")
    (made,) = run(store).documents
    second = worked("PROGP85:2,00")
    (supplement,) = run(store).documents
    assert (made.supplement, supplement.supplement) == (0, 1)
    assert "supplement 1" in supplement.called
    assert [record(number)["time_entries"][0]["document"] for number in (first, second)] == [
        str(made.id),
        str(supplement.id),
    ]
    assert run(store).documents == ()


def test_a_correction_of_what_is_invoiced_is_settled_once_by_the_next_run(store, worked, record):
    number = worked("SPRAVA60:10,00")
    run(store)
    with clock.set_to(LATER), store.write() as db:
        entries.correct(db, entries.by_id(db, 1), Why("Radek", "překlep"), hours=Decimal(1))
        entries.correct(db, entries.by_id(db, 1), Why("Radek"), category="PROGP85")
    report = run(store, date(2026, 11, 1))
    assert report.lines == ()
    assert sums(report.differences) == {
        "SPRAVA60": (Decimal("-10.00"), Decimal("-9000.00")),
        "PROGP85": (Decimal("1.00"), Decimal("1250.00")),
    }
    (document,) = report.documents
    assert {one["document"] for one in record(number)["corrections"]} == {str(document.id)}
    assert record(number)["time_entries"][0]["invoiced_on"] == "2026-10-31"
    assert run(store, date(2026, 11, 1)).documents == ()


def test_what_changes_no_money_makes_no_line(store, worked):
    worked("SPRAVA60:1,00")
    run(store)
    other = worked("PROGP85:1,00")
    with store.write() as db:
        entries.move(db, entries.by_id(db, 1), tickets.by_number(db, other), Why("Radek"))
    assert run(store).differences == ()


def test_a_ticket_that_goes_to_another_company_leaves_its_invoiced_time(store, worked, record):
    number = worked("PROGP85:1,00")
    run(store)
    tickets.move(store, number, "hora")
    worked("SPRAVA60:1,00", number)
    first, second = record(number)["time_entries"]
    assert (first["company"], second["company"]) == ("vltava", "")
    with store.write() as db:
        entries.remove(db, entries.by_id(db, 1), Why("Radek"))
    report = run(store)
    assert {(line.company, line.category) for line in report.differences} == {("Strojírny Vltava, a. s.", "PROGP85")}
    assert {(line.company, line.category) for line in report.lines} == {("Hora Law", "SPRAVA60")}


def test_an_invoiced_entry_does_not_move_to_another_company(store, worked):
    worked("PROGP85:1,00")
    run(store)
    other = worked("PROGP85:2,00", sender="Eva <eva@ak-hora.example>")
    with store.write() as db, pytest.raises(Refused, match="another company"):
        entries.move(db, entries.by_id(db, 1), tickets.by_number(db, other), Why("Radek"))


def test_time_in_dispute_is_listed_apart_and_waits(store, worked, record):
    number = worked("PROGP85:1,00\nSPRAVA60:2,00")
    mark = TakenNote(number, "Dotaz k času.", "question-1", dispute="question-1", entry="1")
    notes.take(store, mark)
    report = run(store)
    assert [(one.entry, one.ticket, one.why) for one in report.disputed] == [(1, number, "in question")]
    assert (sums(report.lines), report.kept) == ({"SPRAVA60": (Decimal("2.00"), Decimal("1800.00"))}, (number,))
    notes.take(store, TakenNote(number, "Vyřešeno.", "question-1-over", dispute="question-1", dispute_over=True))
    report = run(store)
    assert (report.disputed, report.entries, report.documents[0].supplement) == ((), 1, 1)


def test_time_in_dispute_is_invoiced_when_it_is_asked_for(store, worked):
    number = worked("PROGP85:1,00\nSCHVALIT: Smíme?")
    assert run(store).entries == 0
    report = run(store, also_disputed=True)
    assert (report.entries, report.done, report.disputed[0].why) == (1, (number,), "waits for an approval")


@pytest.mark.parametrize(
    ("decision", "waits"), [("approved", False), ("declined", True), ("withdrawn", False), ("expired", False)]
)
def test_a_decision_says_whether_time_may_be_invoiced(store, worked, decision, waits):
    number = worked("PROGP85:1,00\nSCHVALIT: Smíme?")
    notes.take(store, TakenNote(number, "Rozhodnuto.", "approval-1", approval="1", decision=decision))
    assert (run(store).entries == 0) is waits


def test_what_expired_to_not_serving_waits(store, worked):
    number = worked("PROGP85:1,00\nSCHVALIT: Smíme?")
    notes.take(store, TakenNote(number, "Prošlo.", "a-1", approval="1", decision="expired", dispute="approval-1"))
    assert run(store).entries == 0


def test_a_mark_of_an_entry_that_is_elsewhere_is_refused(store, worked):
    number = worked("PROGP85:1,00")
    with pytest.raises(NotFound):
        notes.take(store, TakenNote(number, "Dotaz.", "q-1", dispute="q-1", entry="77"))


def test_what_the_accounts_issued_is_told(store, worked):
    worked("PROGP85:1,00")
    run(store)
    directory.set_numbers(store, "vltava", ico="12345678", dic="CZ12345678")
    with store.write() as db:
        documents.tell(db, 1, {"number": "2026110001", "due_on": "2026-12-14", "total": "1512.50"})
        documents.set_supplier(db, name="Connectica s. r. o.", ico="87654321", dic="CZ87654321", address="Praha")
    with store.read() as db:
        (told,) = documents.issued(db)
        assert (told["number"], told["period_end"], told["supplement"], told["total"]) == (
            "2026110001",
            "2026-10-31",
            0,
            "1512.50",
        )
        assert documents.supplier(db)["ico"] == "87654321"
        assert next(one for one in directory.companies(db) if one["core_id"] == "vltava")["dic"] == "CZ12345678"
