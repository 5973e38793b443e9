"""The frame: the numbers around every page of a company, asked for with one statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Select, String, literal, select, type_coerce, union_all

from portal.db import Moment, db
from portal.domain import sync_state
from portal.domain.accounts.saved_views import SavedView
from portal.domain.approvals import deputies
from portal.domain.approvals import models as approvals
from portal.domain.companies.reader import Reader
from portal.domain.questions import models as questions
from portal.domain.sync_state import Age, MirrorState
from portal.domain.tickets.models import State, TicketCount
from portal.domain.users.models import Person, Visitor


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a page, and beside every time entry on it."""

    age: Age
    counts: dict[State, int]  # tickets
    approvals: int  # that wait for this person's company
    answered: int  # questions with an answer nobody has closed
    in_question: dict[int, int]  # entry: its open question
    views: list[tuple[str, str]]  # name and query of the filters a person saved


def around(person: Person | Visitor, reader: Reader) -> Around:
    """The numbers for a person of a company; asked for once however many parts of a page show them."""
    return reader.once(_around, person)


def _around(reader: Reader, person: Person | Visitor) -> Around:
    approver = deputies.reading(person, reader)
    found: dict[str, list[Any]] = {}
    for row in db.session.execute(union_all(*_parts(reader, approver, person))):
        found.setdefault(row.part, []).append(row)
    tickets = {row.word: row.number for row in found.get("tickets", [])}
    return Around(
        age=_age(found.get("mirror", [])),
        counts={state: tickets.get(state, 0) for state in State},
        approvals=found["approvals"][0].number,
        answered=found["answered"][0].number,
        in_question={row.number: row.other for row in found.get("question", [])},
        views=[(row.word, row.query) for row in sorted(found.get("view", []), key=lambda row: row.number)],
    )


def _parts(reader: Reader, approver: Reader, person: Person | Visitor) -> Iterable[Select[Any]]:
    yield _part("tickets", word=type_coerce(TicketCount.state, String), number=TicketCount.tickets).where(
        TicketCount.company_id == reader.company_id
    )
    yield _part("approvals", number=approvals.how_many_wait(approver))
    yield _part("answered", number=questions.how_many_answered(reader))
    in_question = questions.in_question(reader).subquery()
    yield _part("question", number=in_question.c.entry, other=in_question.c.question)
    yield _part("view", word=SavedView.name, query=SavedView.query, number=SavedView.id).where(
        SavedView.person_id == person.id
    )
    yield _part("mirror", word=MirrorState.trouble, at=MirrorState.reached_at, then=MirrorState.tried_at)


_COLUMNS: dict[str, Any] = {  # of all kinds of rows; each kind fills some
    "word": String(),
    "query": String(),
    "number": BigInteger(),
    "other": BigInteger(),
    "at": Moment(),
    "then": Moment(),
}


def _part(name: str, **columns: Any) -> Select[Any]:
    filled = (columns.get(column, literal(None, type_)).label(column) for column, type_ in _COLUMNS.items())
    return select(literal(name).label("part"), *filled)


def _age(rows: list[Any]) -> Age:
    if not rows:
        return sync_state.NEVER_READ
    return Age(reached_at=rows[0].at, tried_at=rows[0].then, trouble=rows[0].word)
