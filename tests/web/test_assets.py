"""Static files: what is not ours is what it says it is, and what is fetched is light."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from tests.factories import mirror

ROOT = Path(__file__).parents[2]
PACKED = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def _pinned():
    for readme in (ROOT / "static/README.md", ROOT / "tests/browser/vendor/README.md"):
        for name, digest in re.findall(
            r"^\| `([^`]+)` .*\| `([0-9a-f]{64})` \|$", readme.read_text(), flags=re.MULTILINE
        ):
            yield readme.parent / name, digest


@pytest.mark.parametrize(("path", "digest"), list(_pinned()), ids=lambda value: getattr(value, "name", ""))
def test_a_vendored_file_is_the_one_its_readme_names(path, digest):
    assert sha256(path.read_bytes()).hexdigest() == digest, f"{path.name} changed: say its new version and hash"


def test_every_foreign_file_is_named_in_the_readme():
    ours = {"README.md", "portal.css", "portal.js", "passkeys.js", "icon.svg"}
    named = {path.name for path, _ in _pinned()}
    assert {path.name for path in (ROOT / "static").iterdir()} - ours <= named


def test_a_static_file_is_kept_for_ever_under_the_hash_of_its_content(manager):
    page = manager.get("/tickets").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert "?v=" in address
        answer = manager.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_without_the_hash_it_is_asked_for_again(manager):
    assert "immutable" not in manager.get("/static/portal.css").headers["Cache-Control"]


def test_the_first_load_of_the_list_weighs_60_kb_and_a_filter_8_kb_at_most(world, manager):
    for number in range(120):
        mirror.ticket(
            world.a.company,
            f"Nefunguje tiskárna HP v účtárně – hlásí chybu 49.{number}",
            requester=mirror.employee(world.a.company, f"Zaměstnanec Číslo {number}"),
            served_by=mirror.technician(f"Technik {number % 9}"),
        )
    mirror.settle()
    page = manager.get("/tickets")
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    first = len(manager.get("/tickets", headers=PACKED).data)
    first += sum(len(manager.get(address, headers=PACKED).data) for address in addresses)
    assert first <= 60_000
    htmx = PACKED | {"HX-Request": "true", "HX-Request-Type": "partial"}
    assert len(manager.get("/tickets?state=open", headers=htmx).data) <= 8_000
