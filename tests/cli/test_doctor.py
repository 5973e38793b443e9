"""The doctor tries an installation, says what to do, and ends with 1 when something is ill."""

import json
import os
import time

from portal.cli.doctor import checks


def told(app):
    answer = app.test_cli_runner().invoke(args=["doctor", "--json"])
    return answer.exit_code, {one["what"]: one for one in json.loads(answer.output)}


def test_what_is_ill_is_said_with_what_to_do_and_is_the_exit_status(app):
    app.config.update(
        CORE_URL="http://127.0.0.1:1/core/v1",
        CORE_TOKEN="c" * 40,
        DESK_IMAP_URL="imap://noc:wrong@127.0.0.1:1/INBOX",
        MAIL_OUT="smtp://127.0.0.1:1",
    )
    status, found = told(app)
    assert status == 1
    assert found["database"]["state"] == "well"
    for what in ("core", "IMAP", "SMTP"):
        assert found[what]["state"] == "ill" and "PORTAL_" in found[what]["mend"], found[what]
    assert app.test_cli_runner().invoke(args=["doctor"]).exit_code == 1


def test_a_database_of_no_release_is_ill(tmp_path):
    from portal import create_app

    app = create_app(INSTANCE=tmp_path, DATABASE_URL="", TESTING=True, CORE_TOKEN="c" * 40)
    assert told(app)[1]["database"]["state"] == "ill"


def test_a_folder_open_to_everybody_is_a_doubt(tmp_path):
    tmp_path.chmod(0o755)
    assert checks._folder(tmp_path).state == "doubt"
    tmp_path.chmod(0o700)
    assert checks._folder(tmp_path).state == "well"


def test_the_age_of_the_newest_backup_is_told(tmp_path):
    assert checks._backup(tmp_path).state == "doubt"
    (tmp_path / "portal.tar").touch()
    assert checks._backup(tmp_path).state == "well"
    old = time.time() - 30 * 3600
    os.utime(tmp_path / "portal.tar", (old, old))
    assert (checks._backup(tmp_path).state, checks._backup(tmp_path).found) == ("ill", "the newest is 30 hours old")
