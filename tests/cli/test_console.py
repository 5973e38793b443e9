"""connectica-portal reads the settings of the machine, never guesses which portal is meant, never works as root."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask.cli import ScriptInfo

from portal import cli, config, create_app
from portal.cli import console, settings_file
from portal.errors import Misconfigured
from tests.conftest import missing

ROOT = Path(__file__).parents[2]


def portal(*words, **settings):
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
    return subprocess.run(
        [sys.executable, "-m", "portal", *words], env=environ, cwd="/", capture_output=True, text=True
    )


def test_it_says_every_command_and_makes_nothing(tmp_path):
    answer = portal("--help", PORTAL_INSTANCE=str(tmp_path / "nothing"))
    for command in ("serve", "sync", "desk", "people", "backup", "restore", "db", "install"):
        assert f"\n  {command} " in answer.stdout
    assert not (tmp_path / "nothing").exists()


def test_without_settings_it_makes_no_database_of_its_own():
    if settings_file.USUAL.exists():
        missing("a machine without an installed portal", "nothing: this one has it")
    answer = portal("people", "list")
    assert answer.returncode == 1
    assert "is not there, so nobody knows which portal is meant" in answer.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("people", "list"),
        ("companies", "second-factor", "Vltava", "on"),
        ("sync", "status"),
        ("sync", "verify"),
        ("letters", "late"),
        ("sso", "list"),
        ("prices", "list"),
    ],
)
def test_a_database_without_tables_is_said_with_the_command_that_makes_them(tmp_path, words):
    commands = click.Group(commands=cli.allowed())
    empty = ScriptInfo(
        create_app=lambda: create_app(INSTANCE=tmp_path, DATABASE_URL="", TESTING=True), set_debug_flag=False
    )
    answer = CliRunner().invoke(commands, words, obj=empty)
    assert answer.exit_code == 1
    assert answer.output == "Error: the database has no tables yet. Run:  connectica-portal db upgrade\n"


def test_a_mistyped_setting_is_said_with_what_was_meant(tmp_path):
    file = tmp_path / "portal.env"
    file.write_text(f"PORTAL_INSTANCE={tmp_path}\nPORTAL_DESK_MAILOUT=smtp://x\n")
    answer = portal("--settings", str(file), "people", "list")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "PORTAL_DESK_MAILOUT is no setting; did you mean PORTAL_DESK_MAIL_OUT?" in answer.stderr


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=b", {"A": "b"}),
        ("# A=b\n\n;x\n", {}),
        ("export A = 'b c' ", {"A": "b c"}),
        ('A="b#c"', {"A": "b#c"}),
        ("A=x=y", {"A": "x=y"}),
        ("A=", {"A": ""}),
    ],
)
def test_lines_of_the_settings_file(text, found):
    assert settings_file.parse(text) == found


def test_a_line_that_is_no_setting_is_named():
    with pytest.raises(Misconfigured, match="line 2: write NAME=value"):
        settings_file.parse("A=b\nthis is wrong\n")


def test_the_template_has_every_setting_and_changes_no_default():
    text = settings_file.template()
    for row in config.SETTINGS:
        assert row.name.startswith("DEMO") or f"PORTAL_{row.name}=" in text
    everything = settings_file.parse(
        "\n".join(line.lstrip("#") for line in text.splitlines() if line.lstrip("#").startswith("PORTAL_"))
    )
    ours = {name: value for name, value in everything.items() if name[7:] not in settings_file.TO_SET}
    assert {name: config.load(ours)[name[7:]] for name in ours if name in ours} == {
        name: config.load({})[name[7:]] for name in ours
    }


def _as_root():
    if os.geteuid():
        missing("root", "run this as root")


def test_root_becomes_the_owner_of_the_instance_folder(tmp_path):
    _as_root()
    os.chown(tmp_path, 65534, 65534)
    script = """if True:
        import os, sys, pathlib
        from portal.cli import console
        console._leave_root(pathlib.Path(sys.argv[1]))
        print(os.getuid(), os.getgid())"""
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split()[0] == "65534"


@pytest.mark.parametrize("there", [True, False])
def test_root_refuses_where_the_folder_is_its_own_or_missing(tmp_path, there):
    _as_root()
    with pytest.raises(Misconfigured, match="install -d -o portal"):
        console._leave_root(tmp_path if there else tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_installing_twice_changes_nothing_the_second_time(tmp_path):
    _as_root()
    words = ("install", "--root", str(tmp_path), "--user", "nobody")
    said = portal(*words, "--dry-run")
    assert "would make" in said.stdout and list(tmp_path.iterdir()) == []
    first = portal(*words)
    assert first.returncode == 0, first.stderr
    file = tmp_path / "etc" / "connectica-portal.env"
    assert oct(file.stat().st_mode)[-3:] == "640"
    file.write_text("PORTAL_BASE_URL=https://mine.example\n")
    second = portal(*words)
    assert second.stdout == "Everything is as it should be; nothing was changed.\n"
    assert file.read_text() == "PORTAL_BASE_URL=https://mine.example\n"
    unit = (tmp_path / "etc" / "systemd" / "system" / "portal.service").read_text()
    assert "User=nobody" in unit and f"WorkingDirectory={ROOT}" in unit
