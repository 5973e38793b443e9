"""What is installed is what was locked, and what a linter was told to overlook has its reason."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = [ROOT / "requirements.txt", ROOT / "deploy" / "container" / "requirements.txt"]
OVERLOOKED = re.compile(r"#\s*(?:ruff:\s*)?(?:noqa(?::\s*(?P<codes>[A-Z0-9, ]+))?|nosec\b)(?P<reason>.*)$")
SECURITY = re.compile(r"\bS\d+")
SHORTEST_REASON = 4  # letters
SOURCES = sorted(
    path
    for folder in ("portal", "tests", "bench", "chaos", ".ci", "deploy")
    for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name)
def test_every_package_is_locked_to_one_version_by_its_hashes(lock):
    for entry in _entries(lock):
        assert re.search(r"^[\w.-]+(\[[\w,-]+\])?==[\w.+!]+", entry), f"not one version: {entry[:60]}; run make lock"
        assert "--hash=sha256:" in entry, f"no hash: {entry[:60]}; run make lock"


def test_what_runs_here_is_what_was_locked():
    for entry in _entries(LOCKS[0]):
        wanted = Requirement(entry.split("--hash")[0].strip().rstrip("\\").strip())
        if wanted.marker is None or wanted.marker.evaluate():
            there = metadata.version(wanted.name)
            assert wanted.specifier.contains(there, prereleases=True), (
                f"{wanted.name} is {there}, the lock says {wanted.specifier}: rm -rf .venv and begin anew"
            )


@pytest.mark.parametrize(("lock", "groups"), [(LOCKS[0], ["dev"]), (LOCKS[1], [])], ids=["all", "container"])
def test_everything_asked_for_is_in_the_lock(lock, groups):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + [
        one for group in groups for one in project["dependency-groups"][group]
    ]
    locked = {canonicalize_name(re.split(r"[\[=]", entry)[0]) for entry in _entries(lock)}
    missing = {canonicalize_name(Requirement(one).name) for one in asked} - locked
    assert not missing, f"run make lock: {', '.join(sorted(missing))}"


def test_the_image_has_the_versions_that_were_tested():
    tested, shipped = ({entry.split()[0] for entry in _entries(lock)} for lock in LOCKS)
    assert shipped <= tested


def test_what_the_security_linter_is_told_to_overlook_has_its_reason():
    bare = [
        f"{source.relative_to(ROOT)}:{number}"
        for source in (ROOT / "app.py", *SOURCES)
        for number, line in enumerate(source.read_text().splitlines(), start=1)
        if (found := OVERLOOKED.search(line)) and not _is_explained(found)
    ]
    assert not bare, f"say which rule and why, as 'S603 - reason' behind noqa: {', '.join(bare)}"


@pytest.mark.parametrize(
    ("comment", "is_explained"),
    [
        ("noqa: S603 - our own command", True),
        ("noqa: E501", True),
        ("noqa", False),
        ("noqa: S603", False),
        ("noqa:S603", False),
        ("ruff: noqa: S603", False),
        ("nosec", False),
        ("nosec - our own command", True),
    ],
)
def test_a_reason_is_told_from_none(comment, is_explained):
    found = OVERLOOKED.search(f"run()  # {comment}")
    assert found and _is_explained(found) is is_explained


def _is_explained(found: re.Match[str]) -> bool:
    """Rules of other kinds speak for themselves; all at once, or one of security, need words."""
    if found["codes"] and not SECURITY.search(found["codes"]):
        return True
    return len(found["reason"].strip(" -:")) >= SHORTEST_REASON


def _entries(lock: Path) -> list[str]:
    """One text a package: name, version, marker and hashes."""
    text = lock.read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
