"""The units are what systemd understands, start what is there, and leave the services little to break."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from portal.cli import console
from tests.conftest import missing

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
MOST_EXPOSED = "20"  # of 100, as systemd counts


@pytest.fixture(scope="module")
def systemd():
    if not shutil.which("systemd-analyze"):
        missing("systemd-analyze", "apt-get install systemd")
    return lambda *words: subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)


def test_systemd_finds_nothing_wrong_with_the_units(systemd, tmp_path):
    """Where the text says /srv/portal stands this checkout: its commands are looked for."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/srv/portal", str(ROOT)))
    answer = systemd("verify", *(tmp_path / unit.name for unit in UNITS))
    ours = [line for line in answer.stderr.splitlines() if "portal" in line and "request-tracker" not in line]
    assert ours == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_service_that_is_broken_into_can_do_little(systemd, unit):
    answer = systemd("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert answer.returncode == 0, answer.stdout


def test_every_unit_the_documents_name_is_there():
    named = set(re.findall(r"portal[\w-]*\.(?:service|timer)", (ROOT / "docs" / "operations.md").read_text()))
    assert named == {unit.name for unit in UNITS}


def test_every_command_of_a_unit_is_one_of_ours():
    for unit in UNITS:
        for command in re.findall(r"bin/connectica-portal (\w+)", unit.read_text()):
            assert command in console.commands().commands, f"{unit.name}: connectica-portal {command}"
