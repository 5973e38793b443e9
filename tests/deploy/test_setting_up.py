"""A set-up that fails says whether it was the disk, the network or Python, and the same command mends it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AWAY = {
    "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
    "PIP_RETRIES": "0",
    "PIP_NO_INPUT": "1",
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_FIND_LINKS": "",
}


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "venv.sh", tmp_path / "deploy")
    (tmp_path / "list.txt").write_text("flask==3.1.0 --hash=sha256:" + "0" * 64 + "\n")
    return tmp_path


def set_up(checkout, megabytes="1", **environ):
    return subprocess.run(
        ["sh", "deploy/venv.sh", "list.txt", megabytes],
        cwd=checkout,
        env=os.environ | {"PYTHON": sys.executable} | environ,
        capture_output=True,
        text=True,
    )


def test_too_little_space_is_said_beforehand(checkout):
    answer = set_up(checkout, megabytes="999999999")
    assert answer.returncode == 1
    assert answer.stdout.startswith("The disk: 999999999 MB are needed here, ")
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_none_is_said(checkout):
    answer = set_up(checkout, PYTHON="/bin/false")
    assert (answer.returncode, answer.stdout[:37]) == (1, "Python 3.11 or newer is needed as /bi")


def test_without_network_it_is_the_network_and_a_broken_beginning_is_begun_anew(checkout):
    broken = checkout / ".venv" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.write_text("half of a file")
    answer = set_up(checkout, **AWAY)
    assert answer.returncode == 1
    assert "The network: the package index does not answer." in answer.stdout, answer.stdout
    assert subprocess.run([broken, "-c", "pass"]).returncode == 0
