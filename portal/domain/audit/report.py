"""The log as a company's managers read it: who of them and of Connectica did or opened what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.db import db
from portal.domain.audit import events as audit
from portal.domain.audit.events import NAME_STANDS_HERE, WORDS, AuditEvent, AuditName, EventWord, Group
from portal.domain.companies.reader import Reader
from portal.domain.users.models import Person
from portal.domain.users.permissions import ACCOUNTANT, MANAGER, STAFF, STAFF_ADMIN, VIEWER
from portal.lib import periods, text
from portal.lib.i18n import msgid
from portal.lib.text import fold

ON_A_PAGE = 100
AT_ONCE = 1_000  # rows a batch of a file
TERMS = {  # what stands in `about` as the code calls it: how the page says it
    "password": msgid("by password"),
    "passkey": msgid("by passkey"),
    "sso": msgid("by the company's account"),
    "invitation": msgid("by an invitation"),
    "link": msgid("by a link in a letter"),
    MANAGER: msgid("IT manager"),
    ACCOUNTANT: msgid("Accountant"),
    VIEWER: msgid("Reader"),
    STAFF: msgid("Connectica staff"),
    STAFF_ADMIN: msgid("Connectica administrator"),
    "hours": msgid("hours"),
    "money": msgid("money without VAT"),
    "month": msgid("a month"),
    "year": msgid("a year"),
    "outside hours": msgid("outside working hours"),
    "employees": msgid("employees"),
}
SPOKEN_OF = {
    audit.SIGNED_IN,
    audit.JOINED,
    audit.INVITED,
    audit.ROLE_CHANGED,
    audit.PASSWORD_CHANGED,
    audit.RULE_SET,
    audit.RULE_ENDED,
    audit.BUDGET_SET,
    audit.AGREEMENT_SET,
}
NOBODY = EventWord(msgid("did something"), Group.SETTINGS)  # a word of a release that is no more

_By, _Named = aliased(AuditName), aliased(AuditName)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which events are wanted; nonsense in an address is no wish."""

    person: int | None = None
    group: Group | None = None
    since: date | None = None  # Prague days, both included
    until: date | None = None
    words: str = ""

    @classmethod
    def parse(cls, args: Mapping[str, str]) -> "LogFilter":
        person, group = args.get("person", ""), args.get("group", "")
        return cls(
            person=int(person) if person.isascii() and person.isdigit() and len(person) < 10 else None,
            group=Group(group) if group in set(Group) else None,
            since=periods.day(args.get("since")),
            until=periods.day(args.get("until")),
            words=text.line(args.get("q", "")),
        )

    def as_args(self) -> dict[str, str]:
        """The same as an address says it: parse(as_args()) is equal."""
        said = {"person": self.person, "group": self.group, "since": self.since, "until": self.until, "q": self.words}
        return {name: str(value) for name, value in said.items() if value}

    @property
    def narrows(self) -> bool:
        return self != LogFilter()


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event. `by` is empty for a stranger, and for Connectica's operator at the server."""

    id: int
    at: datetime
    what: str
    about: str
    address: str
    person_id: int | None
    by: str
    is_connecticas: bool

    @property
    def about_parts(self) -> tuple[str, ...]:
        """What it was about, part by part, ways in and roles as msgids."""
        parts = tuple(part for part in self.about.split(": ") if part)
        return tuple(TERMS.get(part, part) for part in parts) if self.what in SPOKEN_OF else parts

    @property
    def word(self) -> EventWord:
        return WORDS.get(self.what, NOBODY)


def find(reader: Reader, wanted: LogFilter, *, before: int | None = None) -> tuple[list[AuditRow], int | None]:
    """One page, newest first, and the event before which the next page begins, if there is one."""
    found = _lines(reader, wanted, before=before, at_most=ON_A_PAGE + 1)
    return found[:ON_A_PAGE], found[ON_A_PAGE - 1].id if len(found) > ON_A_PAGE else None


def everything(reader: Reader, wanted: LogFilter) -> Iterator[AuditRow]:
    """All pages of find() one after the other, for a file: memory stays level."""
    before = None
    while batch := _lines(reader, wanted, before=before, at_most=AT_ONCE):
        yield from batch
        before = batch[-1].id


def people(reader: Reader) -> list[tuple[int, str, bool]]:
    """Whose events there are, as (id, name now, whether of Connectica), the company's own first, by name."""
    theirs = exists().where(AuditEvent.company_id == reader.company_id, AuditEvent.person_id == Person.id)
    found = db.session.execute(select(Person.id, Person.name, Person.company_id).where(theirs)).all()
    by_name = sorted(found, key=lambda row: (row.company_id is None, fold(row.name)))
    return [(row.id, row.name, row.company_id is None) for row in by_name]


def _lines(reader: Reader, wanted: LogFilter, *, before: int | None, at_most: int) -> list[AuditRow]:
    newest = _visible_to(reader).where(*_conditions(wanted)).order_by(AuditEvent.id.desc()).limit(at_most)
    if before is not None:
        newest = newest.where(AuditEvent.id < before)
    return [_line(row) for row in db.session.execute(newest)]


def _visible_to(reader: Reader) -> Select[*tuple[Any, ...]]:
    columns = (
        AuditEvent.id,
        AuditEvent.at,
        AuditEvent.what,
        AuditEvent.about,
        AuditEvent.address,
        AuditEvent.person_id,
        _By.text.label("by"),
        _Named.text.label("named"),
        Person.company_id.label("owner"),
    )
    return (
        select(*columns)
        .select_from(AuditEvent)
        .outerjoin(_By, _By.id == AuditEvent.by_id)
        .outerjoin(_Named, _Named.id == AuditEvent.name_id)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .where(AuditEvent.company_id == reader.company_id)
    )


def _conditions(wanted: LogFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.person:
        yield AuditEvent.person_id == wanted.person
    if wanted.group:
        yield AuditEvent.what.in_([what for what, word in WORDS.items() if word.group is wanted.group])
    if wanted.since:
        yield AuditEvent.at >= clock.start_of(wanted.since)
    if wanted.until:
        yield AuditEvent.at < clock.end_of(wanted.until)
    for word in fold(wanted.words).split():
        named = or_(*(and_(one.id.is_not(None), one.folded.contains(word, autoescape=True)) for one in (_By, _Named)))
        yield or_(AuditEvent.about.icontains(word, autoescape=True), AuditEvent.address == word, named)


def _line(row: Any) -> AuditRow:
    is_strangers = row.person_id is None and row.what == audit.SIGN_IN_FAILED
    return AuditRow(
        id=row.id,
        at=row.at,
        what=row.what,
        about=row.about.replace(NAME_STANDS_HERE, row.named or "…"),
        address=row.address,
        person_id=row.person_id,
        by=row.by or "",
        is_connecticas=row.owner is None and not is_strangers,
    )
