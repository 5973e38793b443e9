"""The sequence of changes and its cursor."""

from portal.cores.conformance.promises import (
    LEAST_LIMIT,
    BrokenPromise,
    Trial,
    expect,
    expect_error,
    expect_same,
    promise,
)

FIRST = 100  # changes of a large core that are read in short pages


@promise("A page has at most as many changes as were asked for, and two at least while there are more.")
def limits_are_kept(trial: Trial) -> None:
    for limit in (2, 3, 7):
        page = trial.page(limit=limit)
        many = len(page["changes"])
        expect(many <= limit, f"a page of {limit} has {many} changes")
        expect(many >= LEAST_LIMIT or not page["more"], f"a page with more after it has {many} changes")


@promise("Read in pages of two, everything is told that one long page tells, in the same order.")
def short_pages_tell_the_same(trial: Trial) -> None:
    whole = trial.page()
    long = [change["core_id"] for change in whole["changes"][:FIRST]]
    short: dict[str, None] = {}
    for page in trial.pages(limit=2):
        short |= {change["core_id"]: None for change in page["changes"]}
        if len(short) >= len(long) and (page["more"] or whole["more"]):
            break
    expect_same(list(short)[: len(long)], long, "what pages of two tell")


@promise("A ticket is told once in a run from the beginning to the end, at its newest change.")
def tickets_are_told_once(trial: Trial) -> None:
    seen: dict[str, int] = {}
    for number, page in enumerate(trial.pages(limit=5)):
        names = [change["core_id"] for change in page["changes"]]
        fresh = names[1:] if number and names and names[0] in seen else names  # the cursor's own is told again
        for name in fresh:
            expect(name not in seen, f"{name!r} is told on the pages {seen.get(name)} and {number}")
            seen[name] = number
        if len(seen) >= FIRST:
            break


@promise("A cursor is inclusive: the change it stands on is told again.")
def cursors_are_inclusive(trial: Trial) -> None:
    page = trial.page(limit=2)
    if page["changes"]:
        again = [change["core_id"] for change in trial.page(page["cursor"], limit=2)["changes"]]
        last = page["changes"][-1]["core_id"]
        expect(again[:1] == [last], f"after a page that ended with {last!r} comes {again}")


@promise("At the end the cursor stays, and can be asked with again and again.")
def the_end_can_be_asked_again(trial: Trial) -> None:
    end = trial.end()
    page = trial.page(end)
    expect_same((page["cursor"], page["more"]), (end, False), "the page at the end")


@promise("An empty cursor is the beginning.")
def an_empty_cursor_is_the_beginning(trial: Trial) -> None:
    empty, none = trial.wire.get("changes", cursor="", limit=2), trial.wire.get("changes", limit=2)
    expect_same(empty.body, none.body, "the page for an empty cursor")


@promise("What changed is told after the cursor, whole, and stands at the end of the sequence.", verbs=("answer",))
def changes_go_to_the_end(trial: Trial) -> None:
    tickets = [trial.mail(f"Požadavek {n}") for n in range(4)]
    cursor = trial.end()
    trial.stage.play("answer", ticket=tickets[1], text="Hotovo.")
    told = {change["core_id"]: change for change in trial.changes(cursor)}
    expect(tickets[1] in told, "an answered ticket is not told after the cursor")
    expect_same(len(told[tickets[1]]["messages"]), 2, "the number of its messages")
    order = [change["core_id"] for change in trial.changes()]
    expect_same(order[-1], tickets[1], "the newest change")
    expect_same(order.count(tickets[1]), 1, "how often it stands in the sequence")
    expect_same([name for name in order if name in tickets], [tickets[n] for n in (0, 2, 3, 1)], "the order")


@promise("A run may stop at any page while tickets change, and misses nothing.", verbs=("answer",))
def nothing_is_missed_while_things_change(trial: Trial) -> None:
    tickets = [trial.mail(f"Pohyb {n}") for n in range(8)]
    met: dict[str, int] = {}
    cursor = ""
    for turn in range(10_000):
        page = trial.page(cursor, limit=3)
        met |= {change["core_id"]: len(change.get("messages", ())) for change in page["changes"]}
        cursor = page["cursor"]
        if turn < 6:
            trial.stage.play("answer", ticket=tickets[turn], text=f"Odpověď {turn}.")
        elif not page["more"]:
            break
    expect_same([met.get(name) for name in tickets], [2] * 6 + [1] * 2, "the number of messages met")


@promise("A core put back from a backup refuses cursors that are newer than itself.", verbs=("back_up", "restore"))
def newer_cursors_are_400(trial: Trial) -> None:
    trial.stage.play("back_up")
    trial.mail("Ztracený")
    newer = trial.end()
    trial.restore()
    expect_error(trial.wire.get("changes", cursor=newer), 400)


@promise(
    "… also when it has grown past them since: the name of the store is part of the cursor.",
    verbs=("back_up", "restore"),
)
def outgrown_cursors_are_400(trial: Trial) -> None:
    trial.stage.play("back_up")
    trial.mail("Ztracený")
    newer = trial.end()
    trial.restore()
    for number in range(3):
        trial.mail(f"Nový {number}")
    answer = trial.wire.get("changes", cursor=newer)
    if answer.status == 200:
        raise BrokenPromise(
            "a cursor from before the restore is taken: what changed between them is lost to the reader"
        )
    expect_error(answer, 400)
