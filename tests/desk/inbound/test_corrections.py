"""Technicians put time right by mail: an own entry, where one is meant; else nothing changes and they are told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest

from portal import clock
from portal.desk.inbound import correction_lines, intake
from portal.desk.inbound.correction_lines import CorrectionVerb
from portal.desk.ticketing import invoicing
from portal.errors import BadTimeCode
from portal.timecodes import TimeCode

CATEGORIES = {"PROGP85", "SPRAVA60"}
PETRA = "Petra Malá <petra@connectica.cz>"


def stands(record, number):
    return [(entry["category"], entry["hours"], entry["worked_at"][:10]) for entry in record(number)["time_entries"]]


def told(letters, number):
    return "\n".join(text for _, _, text in letters(number, "not_understood"))


@pytest.mark.parametrize(
    "line",
    [
        "OPRAVA SPRAVA60:10,00 -> 1,00",
        "OPRAVA: SPRAVA60:10,00 -> 1,00",
        "Oprava SPRAVA60: 10 h → 1 h",
        "OPRAVIT sprava60 10,00 => SPRAVA60:1",
        "OPRAVA SPRAVA60:10,00 -> 1,00 (překlep)",
    ],
)
def test_a_correction_is_read_in_any_spelling_that_has_one_meaning(line):
    read = correction_lines.understood(line, CATEGORIES)
    assert (read.verb, read.old) == (CorrectionVerb.CORRECT, TimeCode("SPRAVA60", Decimal(10)))
    assert read.new == TimeCode("SPRAVA60", Decimal(1))
    assert read.reason == ("překlep" if "(" in line else "")


@pytest.mark.parametrize(
    "line",
    [
        "Oprava tiskárny potrvá do pátku",
        "OPRAVA TISKÁRNY",
        "Storno objednávky 10",
        "Přesun serveru: v pátek",
        "PROGP85:1",
    ],
)
def test_a_sentence_is_no_correction(line):
    assert correction_lines.understood(line, CATEGORIES) is None


@pytest.mark.parametrize(
    "line",
    [
        "OPRAVA SPRAVA60:10,00",
        "OPRAVA: SPRAVA60",
        "STORNO SPRAVA60:1 -> 2",
        "PRESUN SPRAVA60:1 -> KDOVICO",
        "OPRAVA SPRAVA60:10 -> NEZNAMA1:1",
        "OPRAVA SPRAVA60:10 -> 1 32.13.",
        "OPRVA SPRAVA60:10 -> 1",
    ],
)
def test_a_line_that_nearly_hits_is_told_and_not_followed(line):
    with pytest.raises(BadTimeCode):
        correction_lines.understood(line, CATEGORIES)


def test_hours_category_and_day_are_corrected(opened, technician_writes, record, at_noon):
    technician_writes(opened, "Hotovo.\nSPRAVA60:10,00\nPROGP85:2")
    technician_writes(opened, "OPRAVA SPRAVA60:10,00 -> 1,00 (překlep)\nPRESUN PROGP85:2 -> SPRAVA60")
    assert stands(record, opened) == [("SPRAVA60", "1.00", "2026-11-02"), ("SPRAVA60", "2.00", "2026-11-02")]
    technician_writes(opened, "OPRAVA SPRAVA60:1,00 -> 1,00 30.10.")
    assert stands(record, opened)[0] == ("SPRAVA60", "1.00", "2026-10-30")
    first, *_ = record(opened)["corrections"]
    assert (first["old"]["hours"], first["new"]["hours"]) == ("10.00", "1.00")
    assert (first["by"], first["reason"]) == ("Radek Vymazal", "překlep")


def test_a_cancelled_entry_is_told_no_more_and_its_correction_is(opened, technician_writes, record, at_noon):
    technician_writes(opened, "Hotovo.\nSPRAVA60:10,00")
    technician_writes(opened, "STORNO SPRAVA60:10,00")
    assert record(opened)["time_entries"] == []
    (correction,) = record(opened)["corrections"]
    assert (correction["old"]["hours"], correction["new"]) == ("10.00", None)


def test_an_entry_goes_to_another_ticket(store, compose, *, opened, technician_writes, record, at_noon):
    other = intake.receive(store, compose("Jiné")).ticket
    technician_writes(opened, "Hotovo.\nSPRAVA60:1,00")
    technician_writes(opened, f"PRESUN SPRAVA60:1,00 -> {other}")
    assert (stands(record, opened), stands(record, other)) == ([], [("SPRAVA60", "1.00", "2026-11-02")])
    (correction,) = record(other)["corrections"]
    assert (correction["old"]["ticket"], correction["new"]["ticket"]) == (opened, other)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("STORNO SPRAVA60:3,00", "PROGP85:1,00"),  # unknown: what stands there
        ("STORNO PROGP85:1,00", "víc"),  # ambiguous
        ("STORNO SPRAVA60:0,50", "kolegy"),  # somebody else's
        ("OPRAVA SPRAVA60:2,00 -> 2,00", "nezměnilo"),
        ("PRESUN SPRAVA60:2,00 -> 20269999", "požadavek není"),
    ],
)
def test_what_is_not_clear_changes_nothing_and_is_told(
    opened, technician_writes, record, *, letters, at_noon, line, says
):
    technician_writes(opened, "Hotovo.\nPROGP85:1,00\nPROGP85:1,00\nSPRAVA60:2")
    technician_writes(opened, "Taky.\nSPRAVA60:0,5", sender=PETRA)
    before = stands(record, opened)
    technician_writes(opened, line)
    assert stands(record, opened) == before
    assert record(opened)["corrections"] == []
    assert says in told(letters, opened)


def test_a_day_tells_entries_apart(opened, technician_writes, record, at_noon):
    technician_writes(opened, "Hotovo.\nPROGP85:1,00 30.10.\nPROGP85:1,00")
    technician_writes(opened, "STORNO PROGP85:1,00 30.10.2026")
    assert stands(record, opened) == [("PROGP85", "1.00", "2026-11-02")]


def test_the_line_never_reaches_the_client(opened, technician_writes, letters, record, at_noon):
    technician_writes(opened, "Hotovo.\nSPRAVA60:10,00")
    technician_writes(opened, "Omlouváme se, čas byl špatně.\nOPRAVA SPRAVA60:10,00 -> 1,00\nDNE: 30.10.2026")
    assert "OPRAVA" not in "".join(text for _, _, text in letters(opened, "answer"))
    assert "OPRAVA" not in record(opened)["messages"][-1]["text"]


def test_a_corrected_entry_that_is_invoiced_says_so(store, opened, technician_writes, record, letters):
    with clock.set_to(datetime(2026, 10, 5, 10, tzinfo=UTC)):
        technician_writes(opened, "Hotovo.\nSPRAVA60:10,00\nSTAV: be invoiced")
    with clock.set_to(datetime(2026, 11, 1, tzinfo=UTC)):
        invoicing.invoice(store, date(2026, 10, 1), dry_run=False)
        technician_writes(opened, "OPRAVA SPRAVA60:10,00 -> 1,00")
    assert "10/2026" in told(letters, opened)
    (correction,) = record(opened)["corrections"]
    assert (correction["invoiced_on"], correction["document"]) == ("2026-10-31", "")


@pytest.mark.parametrize(
    "line", ["PROGP85:1,00\nDNE: 26.10.2026", "PROGP85:1,00 26.10.", "PROGP85: 1 h dne 26. 10. 2026"]
)
def test_a_line_says_when_the_work_was_done(opened, technician_writes, record, at_noon, line):
    technician_writes(opened, f"Hotovo.\n{line}")
    assert stands(record, opened) == [("PROGP85", "1.00", "2026-10-26")]


@pytest.mark.parametrize("day", ["3.11.2026", "31.2.2026", "1.1.2020", "zítra"])
def test_a_day_that_cannot_be_books_nothing_and_is_told(opened, technician_writes, record, *, letters, at_noon, day):
    technician_writes(opened, f"Hotovo.\nPROGP85:1,00\nDNE: {day}")
    assert stands(record, opened) == []
    assert "DNE" in told(letters, opened)


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        (timedelta(hours=-3), True),
        (timedelta(days=-6), True),
        (timedelta(days=-8), False),  # too long ago
        (timedelta(hours=2), False),  # in the future
        (timedelta(days=-6, hours=-20), False),  # before the ticket
    ],
)
def test_without_a_day_the_mail_s_date_counts_where_it_is_plausible(
    store, compose, technician_writes, *, record, letters, at_noon, sent, counts
):
    with clock.set_to(at_noon - timedelta(days=6, hours=1)):
        number = intake.receive(store, compose()).ticket
    technician_writes(number, "Hotovo.\nPROGP85:1,00", headers={"Date": format_datetime(at_noon + sent)})
    (entry,) = record(number)["time_entries"]
    assert datetime.fromisoformat(entry["worked_at"]) == (at_noon + sent if counts else at_noon)
    assert ("Date:" in told(letters, number)) is not counts


def test_time_counts_when_the_mail_came_however_late_it_is_read(store, compose, opened, *, record, at_noon, tag):
    raw = compose("Hotovo.\nPROGP85:1", sender="radek@connectica.cz", subject=tag(opened))
    kept = intake.keep(store, raw, trusted=True)
    with clock.set_to(at_noon + timedelta(days=3)):
        intake.settle(store, kept)
    (entry,) = record(opened)["time_entries"]
    assert datetime.fromisoformat(entry["worked_at"]) == at_noon
