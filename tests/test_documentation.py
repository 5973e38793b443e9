"""What the documents say is so: every setting, every part of the map, every command and file they name."""

import re

import click
import pytest

from portal.cli import console
from portal.config import ROOT, SETTINGS

OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
README = (ROOT / "README.md").read_text()


def test_operations_list_every_setting_as_the_code_has_it():
    rows = re.findall(r"^\| `PORTAL_(\w+)` \| (.*?) \| (.*?) \|$", OPERATIONS, re.MULTILINE)
    wanted = [(one.name, f"`{one.default}`" if one.default != "" else "", one.meaning) for one in SETTINGS]
    assert rows == wanted, "write the table of docs/operations.md anew from portal/config.py"


def test_no_document_names_a_setting_that_is_not():
    named = set(re.findall(r"PORTAL_([A-Z_]+[A-Z])", OPERATIONS + README))
    assert named <= {one.name for one in SETTINGS}


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md", "docs/single-sign-on.md"])
def test_documents_name_the_command_that_reads_the_settings_file(document):
    said = (ROOT / document).read_text()
    assert not re.findall(r"(?:^    |`)flask [a-z].*", said, re.MULTILINE), "write connectica-portal"


def test_the_map_shows_every_part_of_the_portal():
    parts = {path.parent.name for path in (ROOT / "portal").glob("*/__init__.py")} | {"migrations"}
    shown = set(re.findall(r"`portal/(\w+)/`", README))
    assert shown == parts, "the map in README.md and the folders of portal/ differ"


@pytest.mark.parametrize(
    "document",
    ["README.md", "docs/operations.md", "docs/security.md", "docs/single-sign-on.md", "docs/technicians.md"],
)
def test_every_file_a_document_points_to_is_there(document):
    text = (ROOT / document).read_text()
    linked = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link}
    missing = {link for link in linked if not ((ROOT / document).parent / link).exists()}
    assert not missing
    named = set(re.findall(r"`((?:portal|tests|templates|static|bench)/[\w./]+)`", text))
    assert not {name for name in named if not (ROOT / name).exists()}


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md", "docs/single-sign-on.md"])
def test_every_command_a_document_names_is_there(document):
    said = (ROOT / document).read_text()
    for name, word in re.findall(
        r"(?:^    |`)connectica-portal ([a-z][\w-]*)(?: ([a-z][\w-]*))?", said, re.MULTILINE
    ):
        command = console.commands().commands[name]
        known = command.commands if isinstance(command, click.Group) else {word}
        assert not word or word in known, f"{document}: connectica-portal {name} {word}"


CLASSES = 20  # of flaws that hit comparable systems; each can be met here


def test_every_class_of_flaw_names_tests_that_are_there():
    page = (ROOT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| (?:(\d+) )?([^|]+) \| (`tests/[^|]+) \|$", page, re.MULTILINE)
    assert [int(number) for number, *_ in rows if number] == list(range(1, CLASSES + 1))
    for _number, name, tests in rows:
        for path, claims in re.findall(r"`(tests/[\w/]+\.py)`(?:: ([^;|]+))?", tests):
            assert (ROOT / path).exists(), f"{name}: there is no {path}"
            written = set(re.findall(r"^def (test_\w+)", (ROOT / path).read_text(), re.MULTILINE))
            missing = set(re.findall(r"`(test_\w+)`", claims)) - written
            assert not missing, f"{name}: {path} has no {', '.join(missing)}"


def test_every_target_of_make_says_what_it_is_for():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()
    for target in targets:
        assert re.search(rf"^{target}:.* ## \w", makefile, re.MULTILINE), target
    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", README, re.MULTILINE)) <= set(targets)


def test_the_index_of_decisions_lists_every_record_in_order():
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^\| (\d{4}) \| \[.+\]\((.+)\) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    there = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for _number, name in listed] == there, "docs/decisions/README.md: one row a record, by number"
    numbers = [int(name[:4]) for name in there]
    assert numbers == list(range(1, len(numbers) + 1)), "docs/decisions: the numbers have a hole, or one twice"
