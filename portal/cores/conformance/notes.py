"""What the portal writes: notes, each once a key, and decisions of questions."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from portal.cores.conformance.promises import Trial, expect, expect_error, expect_same, expect_status, promise
from portal.cores.conformance.wire import Wire


@promise("A note is written once a key: 201, then 200 with the same answer.", needs="write")
def notes_are_written_once(trial: Trial) -> None:
    key = trial.key()
    first, second = (trial.note(trial.write_to, "Zkouška shody, nic nedělejte.", key) for _ in range(2))
    expect_status(first, 201)
    expect_status(second, 200)
    said = first.json
    expect(isinstance(said, dict) and {"core_id", "key", "at"} <= said.keys(), "the answer lacks core_id, key or at")
    expect_same((second.json, said["key"]), (said, key), "the second answer, and the key in it")


@promise("Another text under a used key is 409.", needs="write")
def other_words_under_a_key_are_409(trial: Trial) -> None:
    key = trial.key()
    expect_status(trial.note(trial.write_to, "Zkouška shody, nic nedělejte.", key), 201)
    expect_error(trial.note(trial.write_to, "Zkouška shody, jiná slova.", key), 409)


@promise("The same key on another ticket is 409.", verbs=("mail_in",))
def a_key_on_another_ticket_is_409(trial: Trial) -> None:
    first, second, key = trial.mail(), trial.mail(), trial.key()
    expect_status(trial.note(first, "Poznámka.", key), 201)
    expect_error(trial.note(second, "Poznámka.", key), 409)


@promise("A note is there once in the core, however often and by however many it is told.", verbs=("notes_of",))
def a_note_is_there_once(trial: Trial) -> None:
    ticket, key = trial.mail(), trial.key()

    def tell(_: int) -> int:
        wire = Wire(trial.wire.url, trial.wire.token)  # each on a line of its own
        answer = wire.post("tickets", ticket, "notes", body={"text": "Jen jednou.", "key": key})
        trial.wire.exchanges.extend(wire.exchanges)
        return answer.status

    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(pool.map(tell, range(5)))
    expect_same(statuses, [200] * 4 + [201], "the statuses of five at once")
    expect_status(trial.note(ticket, "Podruhé.", trial.key()), 201)
    expect_same(trial.stage.play("notes_of", ticket=ticket), ["Jen jednou.", "Podruhé."], "the notes in the core")


@promise("A note is no public message, and makes no ticket newer for the manager.", verbs=("mail_in",))
def notes_are_not_told(trial: Trial) -> None:
    ticket = trial.mail()
    expect_status(trial.note(ticket, "Manažer se ptá na čas.", trial.key()), 201)
    told = trial.told(ticket)
    expect("Manažer se ptá" not in repr(told), "the note is told in public")
    expect_same(len(told["messages"]), 1, "the number of public messages")


@promise("A note on a ticket that was deleted is 404.", verbs=("remove",))
def notes_on_deleted_tickets_are_404(trial: Trial) -> None:
    ticket = trial.mail()
    trial.stage.play("remove", ticket=ticket)
    expect_error(trial.note(ticket, "Pozdě.", trial.key()), 404)


@promise("A note about disputed time is taken, and the one that ends the dispute.", needs="write")
def disputes_are_taken(trial: Trial) -> None:
    name = trial.key()
    words = "Zkouška shody: čas je zpochybněný."
    expect_status(trial.note(trial.write_to, words, trial.key(), dispute=name), 201)
    expect_status(trial.note(trial.write_to, words, trial.key(), dispute=name, dispute_over=True), 201)


@promise("A question to the manager is told while it is open.", verbs=("ask_approval",))
def questions_are_told(trial: Trial) -> None:
    ticket = trial.mail()
    expect_same(trial.told(ticket).get("approvals", []), [], "the questions of a new ticket")
    asked = _ask(trial, ticket)
    expect_same(asked["question"], "Smíme ho koupit?", "the question")
    expect(asked["asked_by"].get("name"), "nobody is named as who asked")


@promise(
    "A question that the manager asks back about stays open: a note without a decision closes nothing.",
    verbs=("ask_approval",),
)
def asking_back_closes_nothing(trial: Trial) -> None:
    ticket = trial.mail()
    asked = _ask(trial, ticket)
    expect_status(trial.note(ticket, "Kolik to bude stát?", trial.key(), approval=asked["core_id"]), 201)
    expect_same(_open(trial, ticket), [asked["core_id"]], "the open questions")


@promise("A decision without a question closes none.", verbs=("ask_approval",))
def a_decision_without_a_question_closes_none(trial: Trial) -> None:
    ticket = trial.mail()
    asked = _ask(trial, ticket)
    expect_status(trial.note(ticket, "Obecně ano.", trial.key(), decision="approved"), 201)
    expect_same(_open(trial, ticket), [asked["core_id"]], "the open questions")


@promise("A note with question and decision closes it, whatever the decision is.", verbs=("ask_approval",))
def decisions_close_questions(trial: Trial) -> None:
    for decision in ("approved", "declined", "expired", "withdrawn"):
        ticket = trial.mail()
        asked, cursor = _ask(trial, ticket), trial.end()
        answer = trial.note(ticket, "Rozhodnuto.", trial.key(), approval=asked["core_id"], decision=decision)
        expect_status(answer, 201)
        expect_same(_open(trial, ticket), [], f"the questions open after {decision}")
        expect(ticket in [one["core_id"] for one in trial.changes(cursor)], "the decision is not told as a change")


@promise("A decision closes its own question only.", verbs=("ask_approval",))
def decisions_close_their_own_question(trial: Trial) -> None:
    first, second = trial.mail(), trial.mail()
    mine, other = _ask(trial, first), _ask(trial, second)
    expect(mine["core_id"] != other["core_id"], "two questions have one id")
    expect_error(trial.note(first, "Ano.", trial.key(), approval=other["core_id"], decision="approved"), 404)
    expect_status(trial.note(first, "Ano.", trial.key(), approval=mine["core_id"], decision="approved"), 201)
    expect_same((_open(trial, first), _open(trial, second)), ([], [other["core_id"]]), "the open questions of both")


def _ask(trial: Trial, ticket: str) -> dict[str, Any]:
    trial.stage.play("ask_approval", ticket=ticket, question="Smíme ho koupit?")
    approvals = trial.told(ticket).get("approvals", [])
    expect_same(len(approvals), 1, "the number of open questions")
    return approvals[0]


def _open(trial: Trial, ticket: str) -> list[str]:
    return [approval["core_id"] for approval in trial.told(ticket).get("approvals", ())]
