"""Who is let in, and how a core refuses: statuses and plain words."""

from typing import Any

from portal.cores.conformance.promises import BrokenPromise, Trial, expect, expect_error, expect_status, promise
from portal.cores.conformance.wire import Answer

ADDRESSES = (("changes",), ("companies",), ("prices",), ("attachments", "1"))
LARGE = 16 * 1024 * 1024  # bytes of a note
NOTE = {"text": "Nikdy nenapsáno.", "key": "conformance-never"}


@promise("Without the token nothing is told: 401.")
def token_is_needed(trial: Trial) -> None:
    for path in ADDRESSES:
        expect_error(trial.wire.get(*path, headers={}), 401)


@promise("A wrong token, a longer one, an empty one and another scheme are 401.")
def wrong_tokens_are_refused(trial: Trial) -> None:
    token = trial.wire.token
    for said in ("Bearer", "Bearer ", f"Bearer {token}x", f"Bearer {token[:-1]}", f"Basic {token}", "Bearer null"):
        expect_error(trial.wire.get("changes", headers={"Authorization": said}), 401)


@promise("A note without the token is 401, whether the ticket is there or not.")
def notes_need_the_token(trial: Trial) -> None:
    for headers in ({}, {"Authorization": f"Bearer {trial.wire.token}x"}):
        expect_error(trial.wire.post("tickets", trial.write_to or "1", "notes", body=NOTE, headers=headers), 401)


@promise("An address that is none is 404, in plain words.")
def unknown_addresses_are_404(trial: Trial) -> None:
    expect_error(trial.wire.get("there-is-no-such-address"), 404)


@promise("A method that an address does not have is 405, or 404.")
def wrong_methods_are_405(trial: Trial) -> None:
    expect_error(trial.wire.post("changes", body={}), 405, 404)
    expect_error(trial.wire.get("tickets", "1", "notes"), 405, 404)


@promise("A limit that is none, or not from 2 to 500, is 400.")
def wrong_limits_are_400(trial: Trial) -> None:
    for limit in ("0", "1", "-5", "501", "many", "2.5", ""):
        expect_error(trial.wire.get("changes", limit=limit), 400)


@promise("A cursor that this core never gave is 400: the portal begins again without one.")
def unknown_cursors_are_400(trial: Trial) -> None:
    real = trial.end()
    for cursor in ("no-such-cursor", f"{real}x", f"x{real}", "%00", "é", "9" * 400):
        expect_error(trial.wire.get("changes", cursor=cursor), 400)


@promise("An attachment that is not there is 404.")
def unknown_files_are_404(trial: Trial) -> None:
    for name in ("there-is-none", "-1", "9" * 40, "1 OR 1=1", "../companies", "%2e%2e"):
        expect_error(trial.wire.get("attachments", name), 404)


@promise("A note on a ticket that is not there is 404.", needs="write")
def notes_on_no_ticket_are_404(trial: Trial) -> None:
    for ticket in ("there-is-none", "9" * 40):
        expect_error(trial.note(ticket, "Nikam.", trial.key()), 404)


@promise("A note about a question that this ticket does not have is 404.", needs="write")
def notes_on_no_question_are_404(trial: Trial) -> None:
    answer = trial.note(trial.write_to, "Nikam.", trial.key(), approval="there-is-none", decision="approved")
    expect_error(answer, 404)


@promise("A note without text or key, with a wrong decision or of wrong types is 400.", needs="write")
def senseless_notes_are_400(trial: Trial) -> None:
    senseless: tuple[Any, ...] = (
        {"text": "", "key": trial.key()},
        {"text": " \n", "key": trial.key()},
        {"text": "x"},
        {"key": trial.key()},
        {"text": "x", "key": ""},
        {"text": "x", "key": "a b"},
        {"text": "x", "key": "k" * 201},
        {"text": 7, "key": trial.key()},
        {"text": "x", "key": trial.key(), "decision": "maybe"},
        [],
        "x",
    )
    for body in senseless:
        expect_error(trial.wire.post("tickets", trial.write_to, "notes", body=body), 400)


@promise("A body that is no JSON is 400.", needs="write")
def broken_json_is_400(trial: Trial) -> None:
    for data in (b"{", b"\xff", b"", b"null"):
        expect_error(_sent(trial, data, "application/json"), 400)


@promise("A body that does not say that it is JSON is 415.", needs="write")
def other_types_are_415(trial: Trial) -> None:
    body = b'{"text": "x", "key": "conformance-415"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        expect_error(_sent(trial, body, kind), 415)


@promise("A request larger than the core takes is 413; a core may take it, and never fails.", needs="write")
def large_notes_are_413(trial: Trial) -> None:
    answer = trial.note(trial.write_to, "a" * LARGE, trial.key())
    expect_status(answer, 200, 201, 413)
    if answer.status == 413:
        expect_error(answer, 413)


@promise("Every error is JSON, and shows nothing of the program's inside.")
def errors_are_plain(trial: Trial) -> None:
    for answer in (
        trial.wire.get("changes", headers={}),
        trial.wire.get("changes", cursor="no-such-cursor"),
        trial.wire.get("attachments", "there-is-none"),
    ):
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        expect(kind.endswith("json"), f"an error is of the type {kind!r}, not application/json")
        if b"Traceback" in answer.body or b"<html" in answer.body.lower():
            raise BrokenPromise("an error shows a page or a traceback")


def _sent(trial: Trial, data: bytes, kind: str) -> Answer:
    headers = {"Authorization": f"Bearer {trial.wire.token}", "Content-Type": kind}
    return trial.wire.ask("POST", ("tickets", trial.write_to, "notes"), headers=headers, data=data)
