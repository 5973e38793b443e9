"""One Request Tracker for all tests of a worker, as empty before each as it was at first."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.cores.rt.lab import Lab, RtStage

PACKAGES = (
    "apt-get install --no-install-recommends request-tracker5 rt5-standalone rt5-db-sqlite dbconfig-no-thanks dma "
    "w3m sqlite3, answered as .ci/run does"
)


@pytest.fixture(scope="session")
def rt() -> Iterator[Lab]:
    if not shutil.which("rt-setup-database-5") or not shutil.which("sqlite3"):
        missing("Request Tracker", PACKAGES)
    if os.geteuid() != 0:
        missing("root, as Request Tracker runs as www-data", "sudo make test")
    folder = Path(tempfile.mkdtemp(prefix="portal-rt-"))
    folder.chmod(0o755)
    lab = Lab(folder)
    yield lab
    lab.stop()


@pytest.fixture
def lab(rt: Lab) -> Lab:
    rt.empty()
    return rt


@pytest.fixture
def stage(lab: Lab) -> RtStage:
    return RtStage(lab)


@pytest.fixture
def full(lab: Lab) -> Lab:
    """Three hundred tickets with conversations, files, notes and times."""
    RtStage(lab).fill()
    lab.multiply(74)
    return lab
