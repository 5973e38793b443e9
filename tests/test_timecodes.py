"""Time as technicians write it."""

from decimal import Decimal

import pytest

from portal import timecodes
from portal.errors import BadTimeCode


@pytest.mark.parametrize(
    ("line", "category", "hours"),
    [
        ("PROGP85:1,00", "PROGP85", "1.00"),
        ("  PROGP85 : 1.00  ", "PROGP85", "1.00"),
        ("PROGP85:0,25", "PROGP85", "0.25"),
        ("SPRAVA60: 2", "SPRAVA60", "2.00"),
        ("PROGP85:1,5 h", "PROGP85", "1.50"),
        ("PROGP85:24", "PROGP85", "24.00"),
    ],
)
def test_a_line_of_time_is_read(line, category, hours):
    assert timecodes.parse(line) == timecodes.TimeCode(category, Decimal(hours))


@pytest.mark.parametrize("written", ["-1", "999", "0", "0,00", "1,005", "jedna", "1e3", "1,0,0", "٣", "NaN", "24,01"])
def test_nonsense_is_refused_with_a_reason(written):
    with pytest.raises(BadTimeCode) as refused:
        timecodes.parse(f"PROGP85:{written}")
    assert str(refused.value)


def test_what_is_written_can_be_read_again():
    assert str(timecodes.parse("PROGP85:1.5")) == "PROGP85:1,50"
