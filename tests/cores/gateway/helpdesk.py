"""A helpdesk that keeps no sequence of changes, as a source of the gateway and as a stage of the suite."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from portal import clock
from portal.cores.conformance.stage import Missing

COMPANIES = {"acme": "Jana <Jana@acme.example>", "beta": "Petr <petr@beta.example>"}
RADEK = {"name": "Radek Vymazal", "email": "radek@connectica.example"}


class Helpdesk:
    """Tickets as its database has them: rows that are overwritten and deleted."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.notes: dict[str, list[tuple[str, str]]] = {}  # ticket: key and text
        self.is_down = False
        self._numbers = count(1)

    def all_ids(self) -> Iterable[str]:
        return [*self.rows, *self.gone]

    def changed_since(self, moment: datetime | None) -> Iterable[str]:
        if self.is_down:
            raise ConnectionError("the database is closed")
        return [
            name
            for name, row in (self.rows | self.gone).items()
            if moment is None or datetime.fromisoformat(row.get("changed_at") or row["at"]) >= moment
        ]

    def ticket(self, core_id: str) -> dict[str, Any] | None:
        return self.rows.get(core_id) or self.gone.get(core_id)

    def file(self, core_id: str) -> bytes | None:
        return self.files.get(core_id)

    def write_note(self, ticket: str, text: str, key: str) -> str:
        notes = self.notes.setdefault(ticket, [])
        if key not in [known for known, _ in notes]:
            notes.append((key, text))
        return f"n{key}"

    def companies(self) -> list[dict[str, Any]]:
        return [{"core_id": name, "name": name.title(), "domains": [f"{name}.example"]} for name in COMPANIES]

    def prices(self) -> list[dict[str, Any]] | None:
        return None

    def play(self, verb: str, **what: Any) -> Any:
        play = getattr(self, f"_{verb}", None)
        if play is None:
            raise Missing(verb)
        return play(**what)

    def _facts(self) -> dict[str, Any]:
        companies = [{"core_id": name, "sender": sender} for name, sender in COMPANIES.items()]
        return {"companies": companies, "category": "PRACE", "states": ["open", "to_be_invoiced", "done"]}

    def _mail_in(self, sender: str, subject: str, text: str, ticket: str = "", files: Iterable[Any] = ()) -> str:
        name, _, address = sender.removesuffix(">").partition(" <")
        person = {"name": name, "email": address.lower()}
        if not ticket:
            ticket = f"h{next(self._numbers)}"
            self.rows[ticket] = {
                "type": "ticket",
                "core_id": ticket,
                "number": f"2026{ticket[1:]:>04}",
                "company": next(each for each, known in COMPANIES.items() if known == sender),
                "subject": subject,
                "state": "open",
                "requester": person,
                "technician": None,
                "opened_at": _now(),
                "due_at": None,
                "done_at": None,
                "messages": [],
                "time_entries": [],
                "events": [],
                "approvals": [],
            }
        row = self.rows[ticket]
        row["messages"].append(self._message("employee", person, text, files))
        self._set_state(row, "open")
        return self._touched(ticket)

    def _answer(self, ticket: str, text: str, category: str = "", hours: str = "", state: str = "") -> None:
        row = self.rows[ticket]
        message = self._message("technician", RADEK, text)
        row["messages"].append(message)
        self._work(row, category, hours, message["core_id"])
        if state:
            self._set_state(row, state)
        self._touched(ticket)

    def _note_internally(
        self, ticket: str, text: str, category: str = "", hours: str = "", files: Iterable[Any] = ()
    ) -> dict[str, list[str]]:
        self._work(self.rows[ticket], category, hours, "")
        hidden = self._message("technician", RADEK, text, files)
        self._touched(ticket)
        return {"files": [file["core_id"] for file in hidden["attachments"]]}

    def _assign(self, ticket: str, **_: Any) -> dict[str, str]:
        self.rows[ticket]["technician"] = RADEK
        self._event(self.rows[ticket], "technician", "", RADEK["name"])
        self._touched(ticket)
        return RADEK

    def _due(self, ticket: str, day: str, **_: Any) -> None:
        self.rows[ticket]["due_at"] = f"{day}T16:00:00+00:00"
        self._event(self.rows[ticket], "due", "", f"{day}T16:00:00+00:00")
        self._touched(ticket)

    def _ask_approval(self, ticket: str, question: str, **_: Any) -> None:
        name = f"q{next(self._numbers)}"
        asked = {"core_id": name, "question": question, "asked_by": RADEK, "asked_at": _now()}
        self.rows[ticket]["approvals"].append(asked)
        self._touched(ticket)

    def _remove(self, ticket: str) -> None:
        del self.rows[ticket]

    def _merge(self, ticket: str, into: str) -> None:
        self.rows[into]["messages"] += self.rows.pop(ticket)["messages"]
        stone = {"type": "tombstone", "core_id": ticket, "reason": "merged", "at": _now(), "merged_into": into}
        self.gone[ticket] = stone
        self._touched(into)

    def _invoice(self, ticket: str) -> dict[str, str]:
        day = "2026-11-30"
        for entry in self.rows[ticket]["time_entries"]:
            entry["invoiced_on"] = entry["invoiced_on"] or day
        self._set_state(self.rows[ticket], "done")
        self._touched(ticket)
        return {"invoiced_on": day}

    def _notes_of(self, ticket: str) -> list[str]:
        return [text for _, text in self.notes.get(ticket, ())]

    def _message(self, side: str, author: dict[str, str], text: str, files: Iterable[Any] = ()) -> dict[str, Any]:
        told = []
        for file in files:
            name = f"f{next(self._numbers)}"
            self.files[name] = base64.b64decode(file["content"])
            told.append({"core_id": name, "name": file["name"], "size": len(self.files[name])})
        name = f"m{next(self._numbers)}"
        return {
            "core_id": name,
            "side": side,
            "author": author,
            "sent_at": _now(),
            "text": text,
            "attachments": told,
        }

    def _work(self, row: dict[str, Any], category: str, hours: str, message: str) -> None:
        if hours:
            row["time_entries"].append(
                {
                    "core_id": f"t{next(self._numbers)}",
                    "category": category,
                    "hours": hours,
                    "technician": RADEK,
                    "worked_at": _now(),
                    "message": message,
                    "invoiced_on": None,
                }
            )

    def _set_state(self, row: dict[str, Any], state: str) -> None:
        if row["state"] != state:
            self._event(row, "state", row["state"], state)
            row["state"], row["done_at"] = state, None if state == "open" else _now()

    def _event(self, row: dict[str, Any], kind: str, old: str, new: str) -> None:
        name = f"e{next(self._numbers)}"
        row["events"].append({"core_id": name, "kind": kind, "at": _now(), "old": old, "new": new, "by": "Radek"})

    def _touched(self, ticket: str) -> str:
        self.rows[ticket]["changed_at"] = _now()
        return ticket


def _now() -> str:
    return clock.now().astimezone(UTC).isoformat()
