"""The steps of the image, run without an image: its packages alone carry the portal, its files are there."""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "deploy" / "container"
STEPS = (CONTAINER / "Containerfile").read_text()


def test_every_file_the_image_takes_is_there():
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", STEPS, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source


def test_the_image_runs_as_nobody_special_and_fetches_nothing_when_it_runs():
    assert re.search(r"^USER portal$", STEPS, re.MULTILINE)
    assert "apt-get" not in STEPS.partition("USER portal")[2]


def test_the_locked_packages_of_the_image_are_those_of_the_tests():
    def versions(path):
        return set(re.findall(r"^([\w.-]+==[\w.]+)", path.read_text(), re.MULTILINE))

    assert versions(CONTAINER / "requirements.txt") <= versions(ROOT / "requirements.txt")


def test_the_packages_of_the_image_alone_serve_the_portal(tmp_path):
    built = subprocess.run(
        ["sh", CONTAINER / "build.sh", CONTAINER / "requirements.txt", tmp_path / "venv"],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    others = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = others | {
        "FLASK_APP": str(ROOT / "app.py"),
        "PORTAL_INSTANCE": str(tmp_path / "instance"),
        "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
        "PATH": f"{tmp_path / 'venv' / 'bin'}:{os.environ['PATH']}",
    }
    command = re.search(r'^CMD \["sh", "-c", "(.+)"\]$', STEPS, re.MULTILINE).group(1)
    if os.geteuid() == 0:  # the image is nobody special; root is refused there, and its own commands do the same
        assert "python3 -m portal" in command
        command = command.replace("python3 -m portal", "python3 -m flask")
    server = subprocess.Popen(
        ["sh", "-c", command.replace("0.0.0.0", f"127.0.0.1 --port {port}")],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert _answers(f"http://127.0.0.1:{port}/healthz", server)
    finally:
        server.terminate()
        server.communicate(timeout=60)


def _answers(address, server):
    for _ in range(600):
        try:
            return requests.get(address, timeout=5).json()["database"] == "ok"
        except requests.ConnectionError:
            if server.poll() is not None:
                pytest.fail(server.stdout.read())
            time.sleep(0.1)
    return False
