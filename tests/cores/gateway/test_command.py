"""connectica-portal core gateway, as an administrator types it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from portal.cores.core_api import DeskCore

ROOT = Path(__file__).parents[3]
TOKEN = "a token of the tests, long enough"
SOURCE = """
def all_ids():
    return ["1"]
def changed_since(moment):
    return ["1"]
def ticket(core_id):
    at = "2026-11-02T10:00:00+00:00"
    requester = {"name": "Jana", "email": "jana@acme.example"}
    return {"type": "ticket", "core_id": core_id, "number": core_id, "company": "acme", "subject": "Nejde to",
            "state": "open", "requester": requester, "opened_at": at, "changed_at": at}
def file(core_id):
    return None
def write_note(ticket, text, key):
    return key
def companies():
    return [{"core_id": "acme", "name": "Acme"}]
"""


def test_the_gateway_serves_the_functions_of_a_file_until_sigterm(tmp_path):
    source = tmp_path / "source.py"
    source.write_text(SOURCE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{free.getsockname()[1]}"
    where = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_CORE_TOKEN": TOKEN * 2}
    command = [sys.executable, "-m", "flask", "--app", "app.py", "core", "gateway", str(source), "--http", at]
    gateway = subprocess.Popen(
        [*command, "--every", "0.1"], cwd=ROOT, env={**os.environ, **where}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert f"Core API v1 at http://{at}/core/v1" in gateway.stdout.readline()
        core = DeskCore(f"http://{at}/core/v1", TOKEN * 2)
        assert ([company.core_id for company in core.companies()], core.price_list()) == (["acme"], None)
        told = []
        while not told:
            told = [change.subject for page in core.changes(None) for change in page.changes]
        assert told == ["Nejde to"]
    finally:
        gateway.terminate()
    assert (gateway.wait(20), "ended" in gateway.stdout.read()) == (0, True)
    assert (tmp_path / "gateway.db").stat().st_mode & 0o077 == 0
