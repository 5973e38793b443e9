"""Broken cores: the desk's own API, each with one promise broken, by the name of the promise that finds it."""

import base64
import copy
import io
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from werkzeug.wrappers import Request, Response

from portal import clock
from portal.desk.database import Store, written

Ask = Callable[[Request], Response]
Record = dict[str, Any]


@dataclass(slots=True)
class Core:
    """The honest core behind a mutant."""

    ask: Ask
    store: Store
    token: str


Mutant = Callable[[Core, Request], Response]


def application(honest: Any, store: Store, token: str, mutant: Mutant) -> Any:
    """The WSGI application of a broken core."""
    core = Core(lambda request: Response.from_app(honest, request.environ), store, token)

    def answer(environ: dict[str, Any], start: Any) -> Any:
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        return mutant(core, Request(environ))(environ, start)

    return answer


def _told(answer: Response, said: Any) -> Response:
    answer.set_data(json.dumps(said, ensure_ascii=False))
    return answer


def page(change: Callable[[Core, Request, Record], Any]) -> Mutant:
    """What becomes of a page of changes."""

    def mutant(core: Core, request: Request) -> Response:
        answer = core.ask(request)
        if not request.path.endswith("/changes") or answer.status_code != 200:
            return answer
        said = json.loads(answer.get_data())
        change(core, request, said)
        return _told(answer, said)

    return mutant


def ticket(change: Callable[[Record], Any]) -> Mutant:
    """What becomes of every ticket."""
    return page(lambda core, request, said: [change(one) for one in said["changes"] if one["type"] == "ticket"])


def each(name: str, change: Callable[[Record], Any]) -> Mutant:
    """What becomes of every part of that name of a ticket."""
    return ticket(lambda one: [change(part) for part in one[name]])


def put(**values: Any) -> Callable[[Record], None]:
    """Fields are these; a function makes one of the record."""

    def change(record: Record) -> None:
        record |= {name: value(record) if callable(value) else value for name, value in values.items()}

    return change


def instead(status: int, other: int) -> Mutant:
    """Another status for every answer of this one."""

    def mutant(core: Core, request: Request) -> Response:
        answer = core.ask(request)
        if answer.status_code == status:
            answer.status_code = other
        return answer

    return mutant


def asked(change: Callable[[Core, Request], None]) -> Mutant:
    """The question is another one before it is answered."""

    def mutant(core: Core, request: Request) -> Response:
        change(core, request)
        return core.ask(Request(request.environ))

    return mutant


def noted(change: Callable[[Core, Request, Record], None]) -> Mutant:
    """A note is another one before it is taken."""

    def change_body(core: Core, request: Request) -> None:
        said = request.get_json(silent=True) if request.method == "POST" else None
        if isinstance(said, dict):
            change(core, request, said)
            _body(request, json.dumps(said).encode())

    return asked(change_body)


def headers(change: Callable[[Response], Any], *, path: str = "") -> Mutant:
    """What becomes of an answer's head."""

    def mutant(core: Core, request: Request) -> Response:
        answer = core.ask(request)
        if path in request.path:
            change(answer)
        return answer

    return mutant


def listed(name: str, change: Callable[[Record], Any]) -> Mutant:
    """What becomes of each row of /companies or /prices."""

    def mutant(core: Core, request: Request) -> Response:
        answer = core.ask(request)
        if not request.path.endswith(f"/{name}") or answer.status_code != 200:
            return answer
        said = json.loads(answer.get_data())
        for row in said[name]:
            change(row)
        return _told(answer, said)

    return mutant


def _body(request: Request, data: bytes) -> None:
    request.environ["wsgi.input"] = io.BytesIO(data)
    request.environ["CONTENT_LENGTH"] = str(len(data))


def _let_in(core: Core, request: Request) -> None:
    request.environ["HTTP_AUTHORIZATION"] = f"Bearer {core.token}"


def _let_in_if(takes: Callable[[str, str], bool], *, method: str = "") -> Mutant:
    def change(core: Core, request: Request) -> None:
        if takes(request.headers.get("Authorization", ""), core.token) and method in request.method:
            _let_in(core, request)

    return asked(change)


def _question(request: Request, **values: str) -> None:
    now = {
        name: found[0] for name, found in parse_qs(request.environ["QUERY_STRING"], keep_blank_values=True).items()
    }
    request.environ["QUERY_STRING"] = urlencode(now | values)


def _any_cursor(core: Core, request: Request) -> Response:
    answer = core.ask(request)
    if answer.status_code == 400 and "cursor" in request.args:
        _question(request, cursor="")
        return core.ask(Request(request.environ))
    return answer


def _no_store_in_cursors(core: Core, request: Request) -> None:
    cursor = request.args.get("cursor", "")
    if cursor and request.path.endswith("/changes"):
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(errors="replace")
        with core.store.read() as db:
            name = db.execute("SELECT value FROM fact WHERE name = 'store'").fetchone()["value"]
        made = f"{name}.{plain.rpartition('.')[2]}".encode()
        _question(request, cursor=base64.urlsafe_b64encode(made).decode().rstrip("="))


def _newer_cursors(core: Core, request: Request) -> Response:
    answer = core.ask(request)
    if answer.status_code == 400 and re.fullmatch(r"[\w-]{12,}", request.args.get("cursor", "")):
        return Response(
            json.dumps({"changes": [], "cursor": request.args["cursor"], "more": False}), mimetype="application/json"
        )
    return answer


def _exclusive(core: Core, request: Request, said: Record) -> None:
    if request.args.get("cursor"):
        said["changes"] = said["changes"][1:]


def _unlimited(core: Core, request: Request) -> None:
    if request.args.get("limit", "").isdigit() and int(request.args["limit"]) >= 2:
        _question(request, limit="500")


def _any_limit(core: Core, request: Request) -> None:
    if "limit" in request.args:
        digits = request.args["limit"]
        _question(request, limit=digits if digits.isdigit() and 2 <= int(digits) <= 500 else "100")


def _internal_messages(core: Core, request: Request, said: Record) -> None:
    for one in said["changes"]:
        if one["type"] == "ticket":
            with core.store.read() as db:
                wanted = (
                    "SELECT message.* FROM message JOIN ticket ON ticket.id = message.ticket"
                    " WHERE public = 0 AND number = ?"
                )
                notes = db.execute(wanted, (one["number"],)).fetchall()
            one["messages"] += [
                {
                    "core_id": str(row["id"]),
                    "side": "technician",
                    "author": {"name": row["author_name"]},
                    "sent_at": row["sent_at"],
                    "text": row["text"],
                }
                for row in notes
            ]


def _internal_files_named(core: Core, request: Request, said: Record) -> None:
    for one in said["changes"]:
        if one["type"] == "ticket":
            with core.store.read() as db:
                wanted = (
                    "SELECT attachment.id, attachment.name FROM attachment JOIN message ON message.id = message"
                    " JOIN ticket ON ticket.id = message.ticket WHERE public = 0 AND number = ?"
                )
                files = db.execute(wanted, (one["number"],)).fetchall()
            one["messages"][0]["attachments"] += [{"core_id": str(row["id"]), "name": row["name"]} for row in files]


def _every_file(core: Core, request: Request) -> Response:
    answer = core.ask(request)
    name = request.path.rpartition("/")[2]
    if "/attachments/" in request.path and answer.status_code == 404 and name.isdigit() and len(name) < 10:
        with core.store.read() as db:
            row = db.execute(
                "SELECT bytes FROM attachment JOIN content USING (digest) WHERE id = ?", (int(name),)
            ).fetchone()
        if row:
            return Response(row["bytes"], headers={"Content-Disposition": "attachment"})
    return answer


def _newest_of_a_name(core: Core, request: Request) -> Response:
    answer, name = core.ask(request), request.path.rpartition("/")[2]
    if "/attachments/" in request.path and answer.status_code == 200:
        with core.store.read() as db:
            row = db.execute(
                "SELECT bytes FROM attachment JOIN content USING (digest)"
                " WHERE name = (SELECT name FROM attachment WHERE id = ?) ORDER BY id DESC",
                (int(name),),
            ).fetchone()
        answer.set_data(row["bytes"])
    return answer


def _key_for_other_tickets(core: Core, request: Request) -> Response:
    answer = core.ask(request)
    if answer.status_code == 409:
        with core.store.read() as db:
            row = db.execute(
                "SELECT note.*, number FROM note JOIN ticket ON ticket.id = ticket WHERE key = ?",
                (request.get_json()["key"],),
            ).fetchone()
        if row["number"] != request.path.split("/")[-2]:
            return _told(Response(status=200, mimetype="application/json"), {"core_id": "1", "key": row["key"]})
    return answer


def _new_keys(core: Core, request: Request, note: Record) -> None:
    note["key"] = f"{note.get('key')}-{random.randint(1, 10**9)}" if note.get("key") else note.get("key")


def _decides_when_asked_back(core: Core, request: Request, note: Record) -> None:
    if note.get("approval") and not note.get("decision"):
        note["decision"] = "declined"


def _never_decides(core: Core, request: Request, note: Record) -> None:
    note.pop("approval", None)


def _only_yes_closes(core: Core, request: Request, note: Record) -> None:
    if note.get("decision") in {"expired", "withdrawn"}:
        note.pop("approval", None)


def _decides_all(core: Core, request: Request, note: Record) -> None:
    if note.get("decision") and not note.get("approval"):
        with core.store.write() as db:
            db.execute("UPDATE approval SET closed_at = ?", (written(clock.now()),))


def _public_notes(core: Core, request: Request, said: Record) -> None:
    for one in said["changes"]:
        if one["type"] == "ticket":
            with core.store.read() as db:
                wanted = "SELECT note.* FROM note JOIN ticket ON ticket.id = ticket WHERE number = ?"
                notes = db.execute(wanted, (one["number"],)).fetchall()
            author = {"name": "Portál"}
            one["messages"] += [
                {
                    "core_id": f"note-{row['id']}",
                    "side": "technician",
                    "author": author,
                    "sent_at": row["at"],
                    "text": row["text"],
                }
                for row in notes
            ]


def _no_tombstones(core: Core, request: Request, said: Record) -> None:
    said["changes"] = [one for one in said["changes"] if one["type"] == "ticket"]


def _merged_is_deleted(core: Core, request: Request, said: Record) -> None:
    for one in said["changes"]:
        if one["type"] == "tombstone":
            one |= {"reason": "deleted", "merged_into": ""}


def _in_order_of_ids(core: Core, request: Request, said: Record) -> None:
    said["changes"].sort(key=lambda one: one["core_id"])


def _tells_twice(core: Core, request: Request, said: Record) -> None:
    said["changes"] += copy.deepcopy(said["changes"][:1])


def _all_invoiced(one: Record) -> None:
    days = [entry["invoiced_on"] for entry in one["time_entries"] if entry["invoiced_on"]]
    for entry in one["time_entries"]:
        entry["invoiced_on"] = days[0] if days else None


def _forgets_invoices(one: Record) -> None:
    for entry in one["time_entries"]:
        entry["invoiced_on"] = None if one["state"] == "open" else entry["invoiced_on"]


def _numbered(name: str) -> Callable[[Record], None]:
    def change(one: Record) -> None:
        for number, part in enumerate(one[name]):
            part["core_id"] = str(number)
        if name == "messages":
            for entry in one["time_entries"]:
                entry["message"] = ""

    return change


def _positions(one: Record) -> None:
    for number, part in enumerate(reversed(one["messages"])):
        part["core_id"] = f"{one['core_id']}.{number}"
    for entry in one["time_entries"]:
        entry["message"] = ""


def _bare(at: str | None) -> str | None:
    return at and datetime.fromisoformat(at).replace(tzinfo=None).isoformat()


def _says_html(answer: Response) -> None:
    if answer.status_code >= 400:
        answer.set_data("<html><h1>Traceback</h1></html>")
        answer.content_type = "text/html"


def _float(record: Record, name: str) -> float:
    return float(record[name])


MUTANTS: dict[str, tuple[str, Mutant]] = {  # what it does: the promise that finds it, and how
    "lets everybody in": ("token_is_needed", asked(_let_in)),
    "lets everybody write": ("notes_need_the_token", _let_in_if(lambda said, token: True, method="POST")),
    "takes a token that begins well": (
        "wrong_tokens_are_refused",
        _let_in_if(lambda said, token: said.startswith(f"Bearer {token}")),
    ),
    "takes the beginning of a token": (
        "wrong_tokens_are_refused",
        _let_in_if(lambda said, token: len(said) > 9 and f"Bearer {token}".startswith(said)),
    ),
    "takes the token by any scheme": (
        "wrong_tokens_are_refused",
        _let_in_if(lambda said, token: said.endswith(token)),
    ),
    "takes an empty token": ("wrong_tokens_are_refused", _let_in_if(lambda said, token: said.strip() == "Bearer")),
    "answers 403 without a token": ("token_is_needed", instead(401, 403)),
    "shows errors as pages": ("errors_are_plain", headers(_says_html)),
    "answers 200 for what is not there": ("unknown_files_are_404", instead(404, 200)),
    "answers 500 for a ticket that is not there": ("notes_on_no_ticket_are_404", instead(404, 500)),
    "answers 500 for a note without sense": ("senseless_notes_are_400", instead(400, 500)),
    "answers 422 for a note without sense": ("senseless_notes_are_400", instead(400, 422)),
    "answers 400 for another type": ("other_types_are_415", instead(415, 400)),
    "fails over a large note": ("large_notes_are_413", instead(413, 500)),
    "answers 500 for a wrong method": ("wrong_methods_are_405", instead(405, 500)),
    "takes every cursor for none": ("unknown_cursors_are_400", _any_cursor),
    "takes a newer cursor for its end": ("newer_cursors_are_400", _newer_cursors),
    "has no name of its store in cursors": ("outgrown_cursors_are_400", asked(_no_store_in_cursors)),
    "tells what comes after the cursor only": ("cursors_are_inclusive", page(_exclusive)),
    "heeds no limit": ("limits_are_kept", asked(_unlimited)),
    "takes every limit": ("wrong_limits_are_400", asked(_any_limit)),
    "never has more": ("short_pages_tell_the_same", page(lambda core, request, said: said.update(more=False))),
    "says for ever that there is more": (
        "the_end_can_be_asked_again",
        page(lambda core, request, said: said.update(more=True)),
    ),
    "tells in the order of ids": ("changes_go_to_the_end", page(_in_order_of_ids)),
    "tells a ticket twice": ("tickets_are_told_once", page(_tells_twice)),
    "tells every ticket as one company's": ("companies_are_kept_apart", ticket(put(company="vltava"))),
    "tells no company": ("a_mail_is_told_whole", ticket(put(company=""))),
    "tells a company that nobody knows": ("companies_are_told", ticket(put(company="kdosi"))),
    "tells internal notes": ("internal_notes_stay_inside", page(_internal_messages)),
    "names the files of internal notes": ("files_of_internal_notes_stay_inside", page(_internal_files_named)),
    "gives the files of internal notes": ("files_of_internal_notes_stay_inside", _every_file),
    "gives the newest file of a name": ("files_of_one_name_are_apart", _newest_of_a_name),
    "gives the files of deleted tickets": ("deleted_tickets_are_tombstones", _every_file),
    "shows attached pages": (
        "pages_are_no_pages",
        headers(lambda it: it.headers.set("Content-Disposition", "inline")),
    ),
    "lets browsers guess types": (
        "files_are_given",
        headers(lambda it: it.headers.remove("X-Content-Type-Options"), path="/attachments/"),
    ),
    "cuts files": (
        "files_are_given",
        headers(lambda it: it.set_data(it.get_data()[:1000]), path="/attachments/"),
    ),
    "takes another text under a used key": ("other_words_under_a_key_are_409", instead(409, 200)),
    "takes a used key on another ticket": ("a_key_on_another_ticket_is_409", _key_for_other_tickets),
    "heeds no key": ("notes_are_written_once", noted(_new_keys)),
    "writes a note as often as it is told": ("a_note_is_there_once", noted(_new_keys)),
    "answers 201 every time": ("notes_are_written_once", instead(200, 201)),
    "shows notes to the client": ("notes_are_not_told", page(_public_notes)),
    "takes notes on deleted tickets": ("notes_on_deleted_tickets_are_404", instead(404, 201)),
    "closes a question that is asked back": ("asking_back_closes_nothing", noted(_decides_when_asked_back)),
    "closes all questions by one decision": ("a_decision_without_a_question_closes_none", noted(_decides_all)),
    "never closes a question": ("decisions_close_questions", noted(_never_decides)),
    "leaves a question open that nobody decided in time": ("decisions_close_questions", noted(_only_yes_closes)),
    "takes a decision of another ticket's question": ("decisions_close_their_own_question", instead(404, 201)),
    "tells no questions": ("questions_are_told", ticket(put(approvals=[]))),
    "never says that time was invoiced": ("invoiced_time_says_so", each("time_entries", put(invoiced_on=None))),
    "says that all time of a ticket was invoiced": ("invoiced_time_says_so", ticket(_all_invoiced)),
    "forgets invoices when a ticket opens again": ("invoiced_time_stays_so", ticket(_forgets_invoices)),
    "tells hours as floats": (
        "time_is_told_exactly",
        each("time_entries", put(hours=lambda entry: _float(entry, "hours"))),
    ),
    "tells hours of one place": (
        "records_are_well_formed",
        each("time_entries", put(hours=lambda entry: entry["hours"][:-1])),
    ),
    "rounds hours up to quarters": (
        "time_is_told_exactly",
        each("time_entries", put(hours=lambda entry: f"{-(-_float(entry, 'hours') // 0.25) * 0.25:.2f}")),
    ),
    "tells rates as floats": ("prices_are_told", listed("prices", put(rate=lambda row: _float(row, "rate")))),
    "tells companies without names": ("companies_are_told", listed("companies", lambda row: row.pop("name"))),
    "puts all time under no message": ("time_is_told_exactly", each("time_entries", put(message=""))),
    "puts time under another ticket's message": (
        "parts_point_to_their_own_ticket",
        each("time_entries", put(message="m-elsewhere")),
    ),
    "leaves out the time of internal notes": (
        "time_of_internal_notes_is_told",
        ticket(put(time_entries=lambda one: [entry for entry in one["time_entries"] if entry["message"]])),
    ),
    "tells moments without a zone": (
        "records_are_well_formed",
        ticket(put(opened_at=lambda one: _bare(one["opened_at"]))),
    ),
    "tells ids as numbers": ("records_are_well_formed", ticket(put(core_id=lambda one: int(one["core_id"])))),
    "tells states of its own": ("records_are_well_formed", ticket(put(state="solved"))),
    "tells no requester": ("records_are_well_formed", ticket(lambda one: one.pop("requester"))),
    "keeps changed_at at the opening": ("answers_are_told", ticket(put(changed_at=lambda one: one["opened_at"]))),
    "numbers messages by ticket": ("ids_are_unique", ticket(_numbered("messages"))),
    "numbers time entries by ticket": ("ids_are_unique", ticket(_numbered("time_entries"))),
    "numbers questions by ticket": ("ids_are_unique", ticket(_numbered("approvals"))),
    "calls all tickets by one number": ("ids_are_unique", ticket(put(number="1"))),
    "names messages by their place": ("ids_are_stable", ticket(_positions)),
    "tells no tombstones": ("deleted_tickets_are_tombstones", page(_no_tombstones)),
    "calls merged tickets deleted": ("merged_tickets_say_where", page(_merged_is_deleted)),
    "says that everybody is an employee": ("answers_are_told", each("messages", put(side="employee"))),
    "tells no technician": ("technicians_are_told", ticket(put(technician=None))),
    "tells no events": ("ended_tickets_open_again", ticket(put(events=[]))),
    "tells no due date": ("due_dates_are_told", ticket(put(due_at=None))),
    "never says since when a ticket is done": ("ended_tickets_open_again", ticket(put(done_at=None))),
    "keeps done_at of a ticket that is open again": (
        "ended_tickets_open_again",
        ticket(put(done_at=lambda one: one["changed_at"])),
    ),
    "tells only HTML": ("a_mail_is_told_whole", each("messages", lambda one: one.update(html=one["text"], text=""))),
    "tells addresses in capitals": (
        "records_are_well_formed",
        ticket(lambda one: one["requester"].update(email=one["requester"]["email"].title())),
    ),
}
