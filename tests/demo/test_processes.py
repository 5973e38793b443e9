"""The demo's parts: a death is told with its words, an end ends all of them, a taken port is named."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
from click.testing import CliRunner

from portal.cli import demo
from portal.config import ROOT
from portal.demo import postgres as demo_postgres
from portal.demo.processes import ChildDied, Children, answers, check_all_free, check_free, host_and_port
from portal.errors import Misconfigured
from tests.conftest import postgres_binaries

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
FERTILE = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


@pytest.fixture
def children(tmp_path):
    with Children(tmp_path, os.environ) as running:
        yield running


def started(children, code, name="part"):
    return children.start(name, [sys.executable, "-c", code])


def test_a_dead_part_is_told_with_its_last_words(children):
    started(children, "print('no such table: ticket'); raise SystemExit(3)", name="sync")
    with pytest.raises(ChildDied, match=r"(?s)sync ended \(code 3\).*no such table: ticket"):
        children.wait_until(lambda: False, what="The sync", seconds=20)


def test_a_part_that_takes_too_long_is_told_with_what_it_said(children):
    child = started(children, SLEEPER)
    children.wait_until(lambda: "up" in child.last_words, what="The start", seconds=20)
    with pytest.raises(ChildDied, match=r"(?s)The portal took more than 0 seconds.*up"):
        children.wait_until(lambda: False, what="The portal", seconds=0.2)


def test_leaving_ends_every_part_and_what_it_started(tmp_path):
    with Children(tmp_path, os.environ) as running:
        parts = [started(running, SLEEPER, "one"), started(running, FERTILE, "two")]
        running.wait_until(lambda: psutil.Process(parts[1].process.pid).children(), what="The child", seconds=20)
        family = [psutil.Process(part.process.pid) for part in parts]
        family += family[1].children()
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert len(gone) == 3
    assert not alive


def test_a_demo_killed_at_once_takes_its_parts_along(tmp_path):
    parent = f"""
import os, pathlib, sys, time
from portal.config import ROOT
from portal.demo import postgres as demo_postgres
from portal.demo.processes import Children
with Children(pathlib.Path({str(tmp_path)!r}), os.environ) as running:
    print(running.start("part", [sys.executable, "-c", {SLEEPER!r}]).process.pid, flush=True)
    time.sleep(600)
"""
    demo = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    part = psutil.Process(int(demo.stdout.readline()))
    demo.kill()
    demo.wait()
    _gone, alive = psutil.wait_procs([part], timeout=10)
    assert not alive


def test_a_part_that_will_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("portal.demo.processes.GRACE", 0.3)
    with Children(tmp_path, os.environ) as running:
        child = started(running, STUBBORN)
        running.wait_until(lambda: "up" in child.last_words, what="The start", seconds=20)
    assert child.process.returncode == -signal.SIGKILL


def test_a_taken_port_is_named_with_the_setting_that_changes_it():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert answers(f"127.0.0.1:{port}")
        with pytest.raises(Misconfigured, match=rf"127.0.0.1:{port} is taken .* PORTAL_DEMO_DESK="):
            check_free(f"127.0.0.1:{port}", "PORTAL_DEMO_DESK")
    check_free(f"127.0.0.1:{port}", "PORTAL_DEMO_DESK")
    assert not answers(f"127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["8000", "localhost", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", ""])
def test_an_address_is_a_host_and_a_port(address):
    with pytest.raises(Misconfigured, match="PORTAL_DEMO_SMTP"):
        host_and_port(address, "PORTAL_DEMO_SMTP")


def test_a_demo_on_postgresql_has_a_server_of_its_own_that_ends_with_it(tmp_path):
    postgres_binaries()
    """Somebody still connected does not hold it up; what was written is there the next time."""
    with tempfile.TemporaryDirectory() as open_to_all:  # the server runs as another user when we are root
        Path(open_to_all).chmod(0o755)
        folder = Path(open_to_all) / "postgresql"
        for kept in ([], [(1,)]):
            with Children(tmp_path, os.environ) as children, demo_postgres.running(children, folder) as address:
                connection = psycopg.connect(address.replace("+psycopg", ""), autocommit=True)
                connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
                assert connection.execute("SELECT id FROM kept").fetchall() == kept
                connection.execute("INSERT INTO kept VALUES (1)")
            assert not (folder / "postmaster.pid").exists()


def test_three_taken_ports_are_one_message_with_one_command():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        first, second = one.getsockname()[1], two.getsockname()[1]
        with pytest.raises(Misconfigured) as refused:
            check_all_free({"PORTAL_A": f"127.0.0.1:{first}", "PORTAL_B": f"127.0.0.1:{second}"})
    assert str(refused.value) == (
        f"127.0.0.1:{first}, 127.0.0.1:{second} are taken. Choose others:  "
        f"PORTAL_A=127.0.0.1:{first + 100} PORTAL_B=127.0.0.1:{second + 100} make demo"
    )


def test_a_running_demo_is_not_deleted_whatever_ports_it_is_on(tmp_path, monkeypatch):
    folder = tmp_path / "demo"
    folder.mkdir()
    monkeypatch.setenv("PORTAL_DEMO_FOLDER", str(folder))
    (folder / "data").touch()
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    answer = CliRunner().invoke(demo.cli, ["reset"])
    assert answer.exit_code == 1 and "A demo runs with the data in" in answer.output
    assert (folder / "data").exists()
    os.close(held)
    assert CliRunner().invoke(demo.cli, ["reset"]).exit_code == 0
    assert not folder.exists()
