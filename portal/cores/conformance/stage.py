"""The stage: a program that does in the core what its users do, so that the suite sees what the core tells of it."""

import base64
import json
import shlex
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from portal.errors import PortalError

VERBS: dict[str, str] = {  # what each is asked for and answers; a program may lack any but facts and mail_in
    "facts": "{} → {companies: [{core_id, sender}, …two], category, states: [those that an answer can set]}",
    "mail_in": "{sender, subject, text, ticket?: an answer to it, files?: [{name, content: base64}]} → its core_id",
    "answer": "{ticket, text, category?, hours?, state?} a technician writes to the employee",
    "note_internally": "{ticket, text, category?, hours?, files?} → {files: [core_ids the files would be asked by]}",
    "assign": "{ticket} a technician takes it → {name}",
    "due": "{ticket, day} its due date is set, e.g. 2030-01-15",
    "ask_approval": "{ticket, question} a technician asks the company's manager",
    "withdraw_approval": "{ticket} … and takes the question back",
    "remove": "{ticket} it is deleted",
    "merge": "{ticket, into} the first one is merged into the second",
    "invoice": "{ticket} the month in which it was worked is invoiced → {invoiced_on}",
    "notes_of": "{ticket} → [the texts of its internal notes that came over the API]",
    "back_up": "{} the core is kept as it is now",
    "restore": "{} … and put back so",
}


class StageFailed(PortalError):
    """The stage could not do what was asked of it: nothing is known of the core by that."""


class Missing(PortalError):
    """The stage has no such verb: what needs it is left out, and the report says so."""


class Stage(Protocol):
    """Whoever plays the core's users."""

    def play(self, verb: str, **what: Any) -> Any:
        """Raises Missing when there is no such verb, StageFailed when it did not work."""
        ...


@dataclass(slots=True)
class NoStage:
    """A core that is only looked at."""

    def play(self, verb: str, **what: Any) -> Any:
        raise Missing(f"no stage to {verb.replace('_', ' ')}")


class ProgramStage:
    """A program that reads one JSON object a line, {"verb": …, …}, and answers each with one: {"result": …}, or
    {"missing": true} for a verb it has not, or {"error": "words"}."""

    def __init__(self, command: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the administrator's own program
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> "ProgramStage":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def play(self, verb: str, **what: Any) -> Any:
        answer = self._answer({"verb": verb, **what})
        if answer.get("missing"):
            raise Missing(f"the stage has no verb {verb!r}")
        if "result" not in answer:
            raise StageFailed(f"{verb}: {answer.get('error') or answer}")
        return answer["result"]

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question, ensure_ascii=False) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            raise StageFailed(f"the stage program ended or did not answer {question['verb']!r} in JSON") from error
        if not isinstance(answer, dict):
            raise StageFailed(f"the stage program answered {line.strip()[:200]!r}")
        return answer


def file(name: str, content: bytes) -> dict[str, str]:
    """A file as stages take it."""
    return {"name": name, "content": base64.b64encode(content).decode()}
