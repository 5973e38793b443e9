"""Promises: what is tried, in plain words, and what a core that breaks one is told."""

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from portal.cores.conformance.stage import Stage
from portal.cores.conformance.wire import Answer, Wire

Ticket = dict[str, Any]
MOST_PAGES = 100_000
LOOKED_AT = 5_000  # changes of a large core whose fields are looked at: the oldest ones
LARGEST_LIMIT, LEAST_LIMIT = 500, 2


class BrokenPromise(Exception):
    """A promise is broken; the text says how."""


@dataclass(slots=True)
class Trial:
    """What a promise is tried with: the line, the stage, and the ticket that may be written to, if any."""

    wire: Wire
    stage: Stage
    write_to: str = ""
    _facts: dict[str, Any] = field(default_factory=dict)
    _looked_at: list[Ticket] = field(default_factory=list)
    _end: str = ""  # where the core ended when it was last asked: what this run does stands behind it
    _began: str | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    run: str = field(default_factory=lambda: secrets.token_hex(4))  # keys and subjects of this run are its own

    @property
    def facts(self) -> dict[str, Any]:
        """What the stage says of its core: nothing in it is ours."""
        if not self._facts:
            self._facts = self.stage.play("facts")
        return self._facts

    @property
    def category(self) -> str:
        return self.facts["category"]

    def unique(self, words: str) -> str:
        """Words that stand nowhere else in the core."""
        return f"{words} {self.run}-{next(self._numbers)}"

    def key(self) -> str:
        return f"conformance-{self.run}-{next(self._numbers)}"

    def company(self, number: int = 0) -> dict[str, str]:
        return self.facts["companies"][number]

    def mail(self, subject: str = "Tiskárna", text: str = "Netiskne.", *, company: int = 0, **more: Any) -> str:
        """A new ticket of a company's employee; its core_id."""
        sender = self.company(company)["sender"]
        if self._began is None:
            self._began = self.end()
        return self.stage.play("mail_in", sender=sender, subject=self.unique(subject), text=text, **more)

    def pages(self, cursor: str = "", *, limit: int = LARGEST_LIMIT) -> Iterator[dict[str, Any]]:
        """From a cursor to the end. Raises BrokenPromise for what is no page."""
        for _ in range(MOST_PAGES):
            page = self.page(cursor, limit=limit)
            yield page
            if not page["more"]:
                return
            if page["cursor"] == cursor:
                raise BrokenPromise(f"there is more, but the cursor {cursor!r} is given again")
            cursor = page["cursor"]

    def page(self, cursor: str = "", *, limit: int = LARGEST_LIMIT) -> dict[str, Any]:
        return page_of(self.wire.get("changes", limit=limit, cursor=cursor or None))

    def changes(self, cursor: str = "", *, limit: int = LARGEST_LIMIT) -> list[Ticket]:
        return [change for page in self.pages(cursor, limit=limit) for change in page["changes"]]

    def everything(self) -> list[Ticket]:
        """What a core tells from its beginning, as far as a large one is looked at; read once."""
        if not self._looked_at:
            every = (change for page in self.pages() for change in page["changes"])
            self._looked_at = list(itertools.islice(every, LOOKED_AT))
        return self._looked_at

    def end(self) -> str:
        """The cursor of the last page."""
        for page in self.pages(self._end):
            self._end = page["cursor"]
        return self._end

    def restore(self) -> None:
        """The stage puts the core back: cursors of before are worth nothing."""
        self.stage.play("restore")
        self._end = self._began = ""

    def told(self, ticket: str) -> Ticket:
        """A ticket of this run as it is told now. Raises BrokenPromise when it is not."""
        found = [change for change in self.changes(self._began or "") if change.get("core_id") == ticket]
        if not found:
            raise BrokenPromise(f"the ticket {ticket!r} is not told")
        return found[-1]

    def note(self, ticket: str, text: str, key: str, **more: Any) -> Answer:
        return self.wire.post("tickets", ticket, "notes", body={"text": text, "key": key, **more})


def page_of(answer: Answer) -> dict[str, Any]:
    expect_status(answer, 200)
    page = answer.json
    if not isinstance(page, dict):
        raise BrokenPromise("the page is no JSON object")
    for name, kind in (("changes", list), ("cursor", str), ("more", bool)):
        if not isinstance(page.get(name), kind):
            raise BrokenPromise(f"{name} of the page is {page.get(name)!r:.60}, not a {kind.__name__}")
    if not all(isinstance(change, dict) for change in page["changes"]):
        raise BrokenPromise("a change on the page is no JSON object")
    return page


def expect(what: object, words: str) -> None:
    """Raises BrokenPromise with these words unless it holds."""
    if not what:
        raise BrokenPromise(words)


def expect_same(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise BrokenPromise(f"{what} is {found!r:.300}, not {wanted!r:.300}")


def expect_status(answer: Answer, *wanted: int) -> None:
    if answer.status not in wanted:
        raise BrokenPromise(f"the status is {answer.status}, not {' or '.join(map(str, wanted))}")


def expect_error(answer: Answer, *wanted: int) -> None:
    """A refusal in plain words: {"error": "…"} with a fitting status."""
    expect_status(answer, *wanted)
    said = answer.json
    if not isinstance(said, dict) or not isinstance(said.get("error"), str) or not said["error"].strip():
        raise BrokenPromise(f"the {answer.status} has no {{'error': 'plain words'}}")


Needs = Literal["", "write", "stage"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise; words is the sentence that a report says of it."""

    name: str
    words: str
    needs: Needs
    verbs: tuple[str, ...]
    try_it: Callable[[Trial], None]


PROMISES: dict[str, Promise] = {}


def promise(words: str, *, needs: Needs = "", verbs: tuple[str, ...] = ()) -> Callable[..., Callable[[Trial], None]]:
    """Register a function as the trial of a promise, under its own name. verbs: the stage's that it plays."""

    def register(try_it: Callable[[Trial], None]) -> Callable[[Trial], None]:
        name = try_it.__name__
        PROMISES[name] = Promise(name, words, "stage" if verbs else needs, verbs, try_it)
        return try_it

    return register
