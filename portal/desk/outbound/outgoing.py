"""Letters written: which ones there are, in whose language, from templates under letters/, as safe mails."""

import secrets
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import jinja2

from portal import clock
from portal.desk.inbound import auto_replies, threads
from portal.desk.inbound.mime import Address, MailFile, is_address, one_line, plain
from portal.desk.memo import Memo
from portal.desk.outbound import outbox
from portal.desk.settings import House
from portal.desk.ticketing import directory
from portal.desk.ticketing.directory import DeskTechnician
from portal.desk.ticketing.tickets import DeskTicket
from portal.lib.smtp import SENT

MOST_AN_HOUR = 30  # automatic letters to one employee; more is a loop we have not recognised
MOST_TO_A_STRANGER = 3  # automatic letters an hour; a forged sender must not become our victim
LANGUAGES = ("cs", "en")


@dataclass(frozen=True, slots=True)
class LetterKind:
    """A sort of letter. automatic: no person wrote it, so nobody's machine should answer it."""

    template: str
    automatic: bool = True
    most_an_hour: int | None = None  # to one recipient


RECEIVED = LetterKind("received", most_an_hour=MOST_AN_HOUR)
RECEIVED_FROM_STRANGER = LetterKind("received_stranger", most_an_hour=MOST_TO_A_STRANGER)
ASSIGNED = LetterKind("assigned", most_an_hour=MOST_AN_HOUR)
ANSWER = LetterKind("answer", automatic=False)
NEW_TICKET = LetterKind("new_ticket")
EMPLOYEE_WROTE = LetterKind("employee_wrote", automatic=False)
HANDED_OVER = LetterKind("handed_over")
FOUNDED = LetterKind("founded")
NOT_UNDERSTOOD = LetterKind("not_understood")
DECIDED = LetterKind("decided")
UNDELIVERED = LetterKind("undelivered", most_an_hour=MOST_AN_HOUR)


def write(
    db: sqlite3.Connection,
    house: House,
    kind: LetterKind,
    ticket: DeskTicket,
    recipients: Iterable[Address],
    *,
    language: str = "cs",
    speaker: str = "",
    files: Iterable[MailFile] = (),
    joined: Collection[Address] = (),
    memo: Memo | None = None,
    **facts: Any,
) -> bool:
    """Write a letter and queue it, in the caller's transaction; whether there was anybody to write to.

    speaker: whose words it carries, named beside the house in From. An answer to the letter finds the ticket.
    joined: who takes part since the last letter; the requester is told of them.
    memo: has what a letter holds when others get the same: a long one is not written a hundred times.
    """
    people = _reachable(db, house, kind, recipients)
    if not people:
        return False
    lines = _rendered(kind, language, house=house, ticket=ticket, speaker=speaker, joined=joined, **facts)
    subject = f"{ticket.tag(house.name)} {lines.pop(0)}"
    message_id = f"<{ticket.number}.{kind.template}.{secrets.token_hex(8)}@{house.domain}>"
    letter = _letter(house, kind, people, speaker=speaker)
    letter["Subject"] = one_line(subject, 200)
    letter["Message-ID"] = message_id
    _put_in_thread(letter, threads.mails_of(db, ticket, people[0]))
    content = (memo or Memo()).of(_content, "\n".join(lines).strip(), tuple(files))
    threads.remember(db, ticket, message_id, people)
    outbox.queue(
        db,
        ticket_id=ticket.id,
        kind=kind.template,
        recipients=[person.email for person in people],
        subject=letter["Subject"],
        message_id=message_id,
        raw=_head(letter) + content,
        automatic=kind.automatic,
    )
    return True


def language_of(db: sqlite3.Connection, ticket: DeskTicket) -> str:
    """The language of the ticket's company; Czech for strangers."""
    language = directory.company(db, ticket.company).language
    return language if language in LANGUAGES else "cs"


def dispatchers(db: sqlite3.Connection, house: House) -> list[Address]:
    """Who is told of mail that no technician cares for yet."""
    named = [Address(email.strip(), email.strip()) for email in house.dispatch.split(",") if email.strip()]
    return named or [address_of(technician) for technician in directory.technicians(db)]


def address_of(technician: DeskTechnician) -> Address:
    return Address(technician.name, technician.email)


def _reachable(
    db: sqlite3.Connection, house: House, kind: LetterKind, recipients: Iterable[Address]
) -> list[Address]:
    """The recipients that can be written to and have not had too much of us in the last hour."""
    since = clock.now() - timedelta(hours=1)
    most = kind.most_an_hour
    people = []
    for person in {person.email: person for person in recipients}.values():
        is_ours = person.email == house.address.lower()
        is_flooded = most is not None and outbox.automatic_since(db, person.email, since) >= most
        if is_address(person.email) and not is_ours and not is_flooded:
            people.append(person)
    return people


def _rendered(kind: LetterKind, language: str, **facts: Any) -> list[str]:
    return _TEMPLATES.get_template(f"{language}/{kind.template}.txt").render(**facts).split("\n")


def _letter(house: House, kind: LetterKind, people: list[Address], *, speaker: str) -> EmailMessage:
    letter = EmailMessage(policy=SENT)
    letter["From"] = _shown(Address(f"{speaker} ({house.name})" if speaker else house.name, house.address))
    # Several recipients never see each other's addresses: they may be of different teams.
    letter["To"] = _shown(people[0]) if len(people) == 1 else _shown(Address(house.name, house.address))
    letter["Date"] = format_datetime(clock.now())
    letter[auto_replies.OURS] = "1"
    if kind.automatic:
        letter["Auto-Submitted"] = "auto-replied"
        letter["X-Auto-Response-Suppress"] = "All"
    return letter


def _content(text: str, files: tuple[MailFile, ...]) -> bytes:
    """What a letter says and brings, with the headers that tell how it is written."""
    content = EmailMessage(policy=SENT)
    content.set_content(plain(text) + "\n", cte="quoted-printable")
    for file in files:
        _attach(content, file)
    return content.as_bytes()


def _head(letter: EmailMessage) -> bytes:
    """The letter's own headers, for the content's to follow."""
    return letter.as_bytes().removesuffix(SENT.linesep.encode())


def _shown(person: Address) -> MailAddress | str:
    try:
        return MailAddress(display_name=one_line(person.name, 80), addr_spec=person.email)
    except (ValueError, IndexError):  # a name or address the standard library finds impossible
        return person.email


def _put_in_thread(letter: EmailMessage, message_ids: list[str]) -> None:
    known = [message_id for message_id in message_ids if message_id.isascii() and len(message_id) < 250]
    if known:
        letter["In-Reply-To"] = known[-1]
        letter["References"] = " ".join(known)


def _attach(letter: EmailMessage, file: MailFile) -> None:
    main, _, sub = file.media_type.partition("/")
    if main in {"message", "multipart", "text"}:  # carried as bytes, never taken apart or recoded on the way
        main, sub = ("application", "octet-stream")
    letter.add_attachment(file.content, maintype=main, subtype=sub, filename=one_line(file.name, 150))


def _when(moment: datetime) -> str:
    """A moment in Prague as Czechs and the English read it in a sentence."""
    local = clock.prague(moment)
    return f"{local.day}. {local.month}. {local.year} {local:%H:%M}"


def _days_ago(days: int) -> str:
    """A day as technicians write it, for examples that hold today."""
    day = clock.today() - timedelta(days=days)
    return f"{day.day}.{day.month}.{day.year}"


_TEMPLATES = jinja2.Environment(  # noqa: S701 - plain text, nothing to escape
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "letters"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["when"] = _when
_TEMPLATES.globals["days_ago"] = _days_ago
