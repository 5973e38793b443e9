"""What is told of a ticket after its people did something: mails, answers, notes, files, states, ends."""

from datetime import datetime
from typing import Any

from portal.cores.conformance.promises import BrokenPromise, Ticket, Trial, expect, expect_error, expect_same, promise
from portal.cores.conformance.stage import Missing, file

INSIDE = "Tohle smí číst jen technici."
CZECH = "Příliš žluťoučký kůň – „úpěl“ ďábelské ódy."


@promise(
    "A mail is a ticket of the sender's company, open, with its words, its sender and a number.", verbs=("mail_in",)
)
def a_mail_is_told_whole(trial: Trial) -> None:
    told = trial.told(trial.mail("Kůň", CZECH))
    company = trial.company()
    expect_same(told["company"], company["core_id"], "the company")
    expect_same(told["state"], "open", "the state")
    expect(trial.run in told["subject"] and told["subject"].startswith("Kůň"), f"the subject is {told['subject']!r}")
    expect(told["number"], "there is no number")
    expect_same(told["requester"].get("email"), _address(company["sender"]), "the requester's address")
    (message,) = _messages(told, "employee")
    expect(CZECH in message.get("text", ""), f"the text is {message.get('text')!r:.200}")
    expect_same(message["author"].get("email"), _address(company["sender"]), "the author's address")
    expect_same((told.get("done_at"), told.get("time_entries", [])), (None, []), "done_at and time_entries")


@promise(
    "A sender of another company makes a ticket of that company, and nothing of it is the first one's.",
    verbs=("mail_in",),
)
def companies_are_kept_apart(trial: Trial) -> None:
    first, second = trial.mail("Naše"), trial.mail("Jejich", company=1)
    names = [trial.company(number)["core_id"] for number in (0, 1)]
    expect(names[0] != names[1], "the stage's two companies are one")
    expect_same([trial.told(ticket)["company"] for ticket in (first, second)], names, "whose the tickets are")


@promise("A technician's answer is told as one, and the ticket has changed by it.", verbs=("answer",))
def answers_are_told(trial: Trial) -> None:
    ticket = trial.mail()
    before = trial.told(ticket)
    trial.stage.play("answer", ticket=ticket, text=f"Už to jde. {CZECH}")
    told = trial.told(ticket)
    (message,) = _messages(told, "technician")
    expect(CZECH in message.get("text", ""), f"the text is {message.get('text')!r:.200}")
    expect_same([one["side"] for one in told["messages"]], ["employee", "technician"], "the sides")
    newer = datetime.fromisoformat(told["changed_at"]) > datetime.fromisoformat(before["changed_at"])
    expect(newer, f"changed_at is {told['changed_at']} as before the answer, or earlier")


@promise("The employee's answer belongs to the same ticket.", verbs=("mail_in", "answer"))
def an_employees_answer_is_no_new_ticket(trial: Trial) -> None:
    ticket = trial.mail()
    trial.stage.play("answer", ticket=ticket, text="A teď?")
    sender = trial.company()["sender"]
    same = trial.stage.play("mail_in", sender=sender, subject="Re: Tiskárna", text="Ani teď.", ticket=ticket)
    expect_same(same, ticket, "the ticket of the answer")
    expect_same(len(_messages(trial.told(ticket), "employee")), 2, "the number of the employee's messages")


@promise("An internal note is never told.", verbs=("note_internally",))
def internal_notes_stay_inside(trial: Trial) -> None:
    ticket = trial.mail()
    trial.stage.play("note_internally", ticket=ticket, text=INSIDE)
    told = trial.told(ticket)
    expect(INSIDE not in repr(told), "the words of an internal note are told")
    expect_same(len(told["messages"]), 1, "the number of public messages")


@promise("The files of an internal note are neither named nor given.", verbs=("note_internally",))
def files_of_internal_notes_stay_inside(trial: Trial) -> None:
    ticket = trial.mail()
    hidden = file("tajna-smlouva.bin", b"tajne")
    answer = trial.stage.play("note_internally", ticket=ticket, text=INSIDE, files=[hidden])
    expect("tajna-smlouva" not in repr(trial.told(ticket)), "the file of an internal note is named")
    for name in (answer or {}).get("files", ()):
        expect_error(trial.wire.get("attachments", name), 404)


@promise("A file is named with its size, and given byte for byte as a harmless download.", verbs=("mail_in",))
def files_are_given(trial: Trial) -> None:
    content = bytes(range(256)) * 300
    ticket = trial.mail("Výkaz", files=[file("výkaz č. 1.bin", content)])
    found = _file(trial.told(ticket))
    expect_same((found["name"], found.get("size")), ("výkaz č. 1.bin", len(content)), "name and size")
    answer = trial.wire.get("attachments", found["core_id"])
    expect_same((answer.status, answer.body == content), (200, True), "status, and whether the bytes are the file's")
    sent_as = answer.headers.get("content-disposition", "")
    expect(sent_as.lower().startswith("attachment"), f"Content-Disposition is {sent_as!r}, not attachment")
    expect_same(answer.headers.get("x-content-type-options"), "nosniff", "X-Content-Type-Options")
    expect_error(trial.wire.get("attachments", found["core_id"], headers={}), 401)


@promise("Files of one name are as many files, whoever sent them.", verbs=("mail_in",))
def files_of_one_name_are_apart(trial: Trial) -> None:
    contents = [b"prvni firma", b"druha firma"]
    tickets = [trial.mail("Výkaz", company=number, files=[file("vykaz.csv", contents[number])]) for number in (0, 1)]
    found = [trial.wire.get("attachments", _file(trial.told(ticket))["core_id"]).body for ticket in tickets]
    expect_same(found, contents, "what the two files hold")


@promise("A page that somebody attached is not shown by a browser that opens its address.", verbs=("mail_in",))
def pages_are_no_pages(trial: Trial) -> None:
    ticket = trial.mail("Stránka", files=[file("a.html", b"<script>alert(1)</script>")])
    answer = trial.wire.get("attachments", _file(trial.told(ticket))["core_id"])
    sent_as = answer.headers.get("content-disposition", "")
    expect(sent_as.lower().startswith("attachment"), f"Content-Disposition is {sent_as!r}, not attachment")


@promise("A deleted ticket is a tombstone, and its files are given no more.", verbs=("remove",))
def deleted_tickets_are_tombstones(trial: Trial) -> None:
    ticket = trial.mail("Omyl", files=[file("a.bin", b"a")])
    name, cursor = _file(trial.told(ticket))["core_id"], trial.end()
    trial.stage.play("remove", ticket=ticket)
    stone = _stone(trial.told(ticket))
    expect_same(stone["reason"], "deleted", "the reason")
    after = [change["core_id"] for change in trial.changes(cursor) if change["type"] == "tombstone"]
    expect(ticket in after, "the deletion is not told after the cursor of before")
    expect_error(trial.wire.get("attachments", name), 404)


@promise("A merged ticket is a tombstone that says into which one; that one has its messages.", verbs=("merge",))
def merged_tickets_say_where(trial: Trial) -> None:
    gone, kept = trial.mail("Totéž", "Slova prvního."), trial.mail("Požadavek", "Slova druhého.")
    cursor = trial.end()
    trial.stage.play("merge", ticket=gone, into=kept)
    stone = _stone(trial.told(gone))
    expect_same((stone["reason"], stone.get("merged_into")), ("merged", kept), "reason and merged_into")
    texts = " ".join(message.get("text", "") for message in trial.told(kept)["messages"])
    expect("Slova prvního." in texts and "Slova druhého." in texts, "the messages of both are not with the one")
    after = {change["core_id"] for change in trial.changes(cursor)}
    expect({gone, kept} <= after, "both are not told after the cursor of before")


@promise("Who serves the ticket is told, and when that changed.", verbs=("assign",))
def technicians_are_told(trial: Trial) -> None:
    ticket = trial.mail()
    name = trial.stage.play("assign", ticket=ticket)["name"]
    told = trial.told(ticket)
    expect_same((told.get("technician") or {}).get("name"), name, "the technician")
    _expect_event(told, "technician", name)


@promise("A due date is told, and when it was set.", verbs=("due",))
def due_dates_are_told(trial: Trial) -> None:
    ticket = trial.mail()
    expect_same(trial.told(ticket).get("due_at"), None, "due_at of a new ticket")
    trial.stage.play("due", ticket=ticket, day="2030-01-15")
    told = trial.told(ticket)
    expect((told.get("due_at") or "").startswith(("2030-01-15", "2030-01-14T2")), f"due_at is {told.get('due_at')!r}")
    expect(any(event["kind"] == "due" for event in told.get("events", ())), "there is no event of the kind due")


@promise(
    "A ticket that is solved says so and since when; answered by the employee it is open again.", verbs=("answer",)
)
def ended_tickets_open_again(trial: Trial) -> None:
    ticket = trial.mail()
    for state in _endings(trial):
        trial.stage.play("answer", ticket=ticket, text="Hotovo.", state=state)
        ended = trial.told(ticket)
        expect_same(ended["state"], state, "the state")
        expect(ended.get("done_at") or state != "done", "done_at is null, though the ticket is done")
        _expect_event(ended, "state", state)
    sender = trial.company()["sender"]
    trial.stage.play("mail_in", sender=sender, subject="Re: Tiskárna", text="Nejde to zas.", ticket=ticket)
    again = trial.told(ticket)
    expect_same((again["state"], again.get("done_at")), ("open", None), "state and done_at")
    _expect_event(again, "state", "open")
    kept = {event["core_id"] for event in ended["events"]} <= {event["core_id"] for event in again["events"]}
    expect(kept, "events of before are told no more, or by other names")


@promise("What was told keeps its ids when more comes.", verbs=("answer",))
def ids_are_stable(trial: Trial) -> None:
    ticket = trial.mail("Stálý", files=[file("a.bin", b"a")])
    before = trial.told(ticket)
    trial.stage.play("answer", ticket=ticket, text="Odpověď.", category=trial.category, hours="0.50")
    trial.stage.play("answer", ticket=ticket, text="Další.", category=trial.category, hours="0.25")
    after = trial.told(ticket)
    expect_same(after["messages"][0]["core_id"], before["messages"][0]["core_id"], "the id of the first message")
    expect_same(_file(after)["core_id"], _file(before)["core_id"], "the id of its file")
    expect_same(
        (after["number"], after["opened_at"]), (before["number"], before["opened_at"]), "number and opened_at"
    )


def _endings(trial: Trial) -> list[str]:
    found = [state for state in ("to_be_invoiced", "done") if state in trial.facts["states"]]
    if not found:
        raise Missing("the stage can set neither to_be_invoiced nor done")
    return found


def _expect_event(told: Ticket, kind: str, new: str) -> None:
    events = [(event["kind"], event.get("new")) for event in told.get("events", ())]
    expect((kind, new) in events, f"no event says {kind} → {new!r}; there are {events}")


def _messages(told: Ticket, side: str) -> list[dict[str, Any]]:
    found = [message for message in told.get("messages", ()) if message.get("side") == side]
    if not found:
        raise BrokenPromise(f"no message is of the side {side}")
    return found


def _file(told: Ticket) -> dict[str, Any]:
    found = [file for message in told.get("messages", ()) for file in message.get("attachments", ())]
    expect_same(len(found), 1, "the number of files told")
    return found[0]


def _stone(told: Ticket) -> Ticket:
    expect_same(told.get("type"), "tombstone", "the type of what is told")
    return told


def _address(sender: str) -> str:
    return sender.rpartition("<")[2].removesuffix(">").lower()
