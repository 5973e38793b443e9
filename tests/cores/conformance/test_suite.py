"""The conformance suite on the desk: it keeps every promise, and what cannot be tried is said."""

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from portal.cores.conformance import report, suite
from portal.cores.conformance.promises import PROMISES
from portal.cores.conformance.suite import Verdict
from portal.desk.api import create_api
from portal.errors import CoreAway
from tests.cores.conformance.desk_stage import DeskStage, furnished
from tests.cores.conformance.serving import served

TOKEN = "a token of the tests, long enough"
STAGE = f"{sys.executable} -m tests.cores.conformance.program"


@pytest.fixture
def store(tmp_path: Path):
    store = furnished(tmp_path / "desk.db")
    yield store
    store.close()


def test_the_desk_keeps_every_promise(store):
    with served(create_api(store, TOKEN)) as url:
        outcomes = suite.run(url, TOKEN, stage=DeskStage(store))
    assert [(one.promise.name, one.why) for one in outcomes if one.verdict is not Verdict.KEPT] == []
    assert len(outcomes) == len(PROMISES) >= 45


def test_a_core_that_is_only_looked_at_keeps_what_can_be_seen_and_gets_no_note(store):
    DeskStage(store).play("mail_in", sender="jana@vltava.example", subject="x", text="y")
    with served(create_api(store, TOKEN)) as url:
        outcomes = suite.run(url, TOKEN)
    verdicts = Counter(one.verdict for one in outcomes)
    assert (verdicts[Verdict.BROKEN], verdicts[Verdict.UNKNOWN]) == (0, 0)
    assert verdicts[Verdict.KEPT] >= 20
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM note").fetchone()[0] == 0


def test_a_ticket_to_write_to_lets_notes_be_tried_without_a_stage(store):
    ticket = DeskStage(store).play("mail_in", sender="jana@vltava.example", subject="x", text="y")
    with served(create_api(store, TOKEN)) as url:
        outcomes = suite.run(url, TOKEN, write_to=ticket)
    kept = {one.promise.name for one in outcomes if one.verdict is Verdict.KEPT}
    assert {"notes_are_written_once", "other_words_under_a_key_are_409", "senseless_notes_are_400"} <= kept


def test_an_empty_core_breaks_nothing(store):
    with served(create_api(store, TOKEN)) as url:
        assert {one.verdict for one in suite.run(url, TOKEN)} == {Verdict.KEPT, Verdict.LEFT_OUT}


def test_nobody_at_the_address_is_said():
    with pytest.raises(CoreAway, match=r"127\.0\.0\.1"):
        suite.run("http://127.0.0.1:9/core/v1", TOKEN)


def test_reports_say_the_promise_what_was_asked_and_what_came(store):
    with served(create_api(store, TOKEN)) as url:
        outcomes = suite.run(url, "wrong token", only=["records_are_well_formed", "token_is_needed"])
    broken, kept = outcomes
    assert (broken.verdict, kept.verdict) == (Verdict.BROKEN, Verdict.KEPT)
    said = report.line(broken)
    assert "the status is 401, not 200" in said
    assert "GET http://127.0.0.1" in said
    assert "wrong token" not in said
    assert report.summary(outcomes) == "1 kept, 1 broken, 0 left out, 0 unknown"
    (first, _) = json.loads(report.as_json(url, outcomes))["promises"]
    assert (first["name"], first["verdict"]) == ("records_are_well_formed", "broken")
    tree = ET.fromstring(report.as_junit(outcomes))
    assert (tree.get("tests"), tree.get("failures")) == ("2", "1")
    assert [case.get("name") for case in tree.iter("testcase") if case.find("failure") is not None] == [
        "records_are_well_formed"
    ]


def test_the_command_checks_a_core_with_a_program_as_its_stage(app, tmp_path):
    """The program holds its own desk: it says where, and the command asks there."""
    store = furnished(tmp_path / "desk.db")
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    with served(create_api(store, TOKEN)) as url:
        asked = ["core", "check", url, "--token-file", str(token), "--stage", f"{STAGE} {store.path}"]
        asked += ["--only", "a_mail_is_told_whole", "--only", "files_of_internal_notes_stay_inside"]
        asked += ["--json", str(tmp_path / "report.json"), "--junit", str(tmp_path / "report.xml")]
        result = app.test_cli_runner().invoke(args=asked)
        without = app.test_cli_runner().invoke(args=["core", "check", url])
        token.write_text("another one")
        wrong = app.test_cli_runner().invoke(args=[*asked[:5], "--only", "records_are_well_formed"])
    store.close()
    assert (without.exit_code, "write --token-file" in without.output) == (1, True)
    assert (result.exit_code, "2 kept, 0 broken" in result.output) == (0, True), result.output
    assert (tmp_path / "report.json").exists()
    assert (tmp_path / "report.xml").exists()
    assert (wrong.exit_code, "✗" in wrong.output) == (1, True)
