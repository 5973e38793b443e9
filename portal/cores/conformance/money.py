"""Time and what becomes of it: exact hours, the internal note's time, what was invoiced."""

from decimal import Decimal
from typing import Any

from portal.cores.conformance.promises import Ticket, Trial, expect, expect_same, promise


@promise(
    "Time is told exactly, in its category, under the message it was written with, with who worked.",
    verbs=("answer",),
)
def time_is_told_exactly(trial: Trial) -> None:
    ticket = trial.mail()
    for hours in ("1.25", "0.10", "0.20"):
        trial.stage.play("answer", ticket=ticket, text=f"Práce {hours}.", category=trial.category, hours=hours)
    told = trial.told(ticket)
    entries = told["time_entries"]
    expect(all(isinstance(entry["hours"], str) for entry in entries), "hours are numbers, not decimal strings")
    expect_same(
        [Decimal(entry["hours"]) for entry in entries], [Decimal(n) for n in ("1.25", "0.10", "0.20")], "hours"
    )
    expect_same({entry["category"] for entry in entries}, {trial.category}, "the categories")
    under = [message["core_id"] for message in told["messages"] if message["side"] == "technician"]
    expect_same([entry.get("message") for entry in entries], under, "the messages they stand under")
    expect(all(entry["technician"].get("name") for entry in entries), "an entry does not say who worked")
    expect_same({entry.get("invoiced_on") for entry in entries}, {None}, "invoiced_on before any invoice")


@promise("The time of an internal note is told, under no message.", verbs=("note_internally",))
def time_of_internal_notes_is_told(trial: Trial) -> None:
    ticket = trial.mail()
    trial.stage.play("note_internally", ticket=ticket, text="Uvnitř.", category=trial.category, hours="0.50")
    (entry,) = _entries(trial.told(ticket), 1)
    expect_same((Decimal(entry["hours"]), entry.get("message", "")), (Decimal("0.50"), ""), "hours and message")


@promise(
    "What was invoiced says for which period, its ticket is done, and later time is not invoiced yet.",
    verbs=("invoice", "answer"),
)
def invoiced_time_says_so(trial: Trial) -> None:
    ticket = trial.mail()
    work = {"ticket": ticket, "text": "Hotovo.", "category": trial.category}
    trial.stage.play("answer", **work, hours="1.00", state="to_be_invoiced")
    cursor = trial.end()
    day = trial.stage.play("invoice", ticket=ticket)["invoiced_on"]
    told = trial.told(ticket)
    (entry,) = _entries(told, 1)
    expect_same((entry.get("invoiced_on"), told["state"]), (day, "done"), "invoiced_on and the state")
    expect(told.get("done_at"), "done_at is null")
    expect(ticket in [change["core_id"] for change in trial.changes(cursor)], "invoicing is not told as a change")
    trial.stage.play("answer", **work, hours="0.50")
    days = [entry.get("invoiced_on") for entry in _entries(trial.told(ticket), 2)]
    expect_same(days, [day, None], "invoiced_on of the old and the new entry")


@promise("Invoiced time stays invoiced when the ticket is opened again.", verbs=("invoice", "answer"))
def invoiced_time_stays_so(trial: Trial) -> None:
    ticket = trial.mail()
    trial.stage.play(
        "answer", ticket=ticket, text="Hotovo.", category=trial.category, hours="1.00", state="to_be_invoiced"
    )
    day = trial.stage.play("invoice", ticket=ticket)["invoiced_on"]
    sender = trial.company()["sender"]
    trial.stage.play("mail_in", sender=sender, subject="Re: Tiskárna", text="Nejde to zas.", ticket=ticket)
    told = trial.told(ticket)
    (entry,) = _entries(told, 1)
    expect_same((told["state"], entry.get("invoiced_on")), ("open", day), "the state and invoiced_on")


def _entries(told: Ticket, many: int) -> list[dict[str, Any]]:
    entries = told.get("time_entries", [])
    expect_same(len(entries), many, "the number of time entries")
    return entries
