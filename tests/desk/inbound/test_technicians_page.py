"""The page for technicians and the small print of their letters name every line there is, and show ones that work."""

import re

import pytest

from portal import clock
from portal.config import ROOT
from portal.desk.inbound import mail_commands
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


@pytest.mark.parametrize("width", [30, 60, 72, 500])
def test_the_small_print_is_known_wherever_a_program_wraps_it(width, small_print):
    import textwrap

    quoted = [row for line in small_print.splitlines() for row in textwrap.wrap(line, width)]
    found = reading.read_text("\n".join(["Podívám se.", "", *quoted]))
    assert [line.text for line, part in found if part is not Part.FOOTER and line.text] == ["Podívám se."]
