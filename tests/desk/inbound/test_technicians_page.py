"""The page for technicians and the small print of their letters name every line there is, and show ones that work."""

import re
from dataclasses import replace

import pytest

from portal import clock
from portal.config import ROOT
from portal.desk.inbound import intake, mail_commands
from portal.desk.inbound.correction_lines import CorrectionVerb
from portal.lib.mail_quotes import reading
from portal.lib.mail_quotes.lines import Part

PAGE = (ROOT / "docs" / "technicians.md").read_text()
ROWS = [example for example, _ in re.findall(r"^\| `([^`]+)` \| (.*) \|$", PAGE, re.MULTILINE)]
PRICED = {"PROGP85", "SPRAVA60"}
WORDS = {word.upper() for word in [*mail_commands.WORDS, *CorrectionVerb]}
pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def small_print(opened, letters):
    [(_, _, text)] = letters(opened, "new_ticket")
    return text.partition("\n-- \n")[2]


def test_the_page_names_every_line_there_is():
    assert {word for word in WORDS if not re.search(rf"`{word}\b", PAGE)} == set()


def test_a_letter_to_technicians_names_every_line_in_its_own_tongue(small_print):
    english = {"STATE", "DUE", "OWNER", "APPROVE", "PARTICIPANT", "REQUESTER", "CONFIDENTIAL", "INTERNAL"}
    assert {word for word in WORDS - english if not re.search(rf"\b{word}\b", small_print)} == set()


@pytest.mark.parametrize("example", ROWS)
def test_every_example_of_the_page_is_done(example):
    with clock.set_to(clock.now().replace(month=11, day=27)):
        asked = mail_commands.read(example, PRICED)
    assert asked.problems == ()
    assert asked.text(example) == ""


def test_every_example_of_the_letter_is_done(small_print):
    for example in small_print.splitlines()[1].split(" · "):
        asked = mail_commands.read(example, PRICED)
        assert (asked.problems, asked.text(example)) == ((), ""), example


@pytest.mark.parametrize("page", ["", "https://noc.connectica.example/technici"])
def test_a_letter_leads_to_the_page_where_there_is_one(store, compose, letters, page):
    store.house = replace(store.house, technicians_page=page)
    number = intake.receive(store, compose()).ticket
    [(_, _, told)] = letters(number, "new_ticket")
    assert (f"\nVšechny řádky s příklady: {page}" in told) == bool(page)
    quoted = "\n".join(f"> {line}" for line in told.splitlines())
    found = reading.read_text(f"Podívám se.\n\nDne 2. 11. 2026 v 10:22 Connectica napsal(a):\n{quoted}")
    footer = "\n".join(line.text for line, part in found if part is Part.FOOTER)
    assert page in footer and "INTERNI" in footer


def test_what_was_not_understood_leads_to_the_page(store, opened, technician_writes, letters):
    store.house = replace(store.house, technicians_page="https://noc.connectica.example/technici")
    technician_writes(opened, "Hotovo.\n\nPROGP85:jedna")
    assert "https://noc.connectica.example/technici" in letters(opened, "not_understood")[0][2]


@pytest.mark.parametrize("width", [30, 60, 72, 500])
def test_the_small_print_is_known_wherever_a_program_wraps_it(width, small_print):
    import textwrap

    quoted = [row for line in small_print.splitlines() for row in textwrap.wrap(line, width)]
    found = reading.read_text("\n".join(["Podívám se.", "", *quoted]))
    assert [line.text for line, part in found if part is not Part.FOOTER and line.text] == ["Podívám se."]
