"""The year played: every mail of the programme goes into the desk by its own intake, at its own minute."""

import email
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path

from portal import clock
from portal.demo import mail_programs, people, schedule, stories
from portal.demo.mail_programs import ComposedMail, Quoted
from portal.demo.people import Player
from portal.demo.schedule import Act, Performance
from portal.desk.database import Store, written
from portal.desk.inbound import intake
from portal.desk.outbound import outbox
from portal.desk.settings import House
from portal.desk.ticketing import agreements, directory, invoicing, prices
from portal.desk.ticketing.agreements import DeskAgreement

AUTHSERV = "mx.connectica.example"  # vouches for the senders, as Connectica's mail server does
KEPT_LETTERS = timedelta(days=7)  # younger letters of the desk lie in the folder of outgoing mail

Progress = Callable[[int, int], None]  # mails played, mails in all

_LATER = timedelta(minutes=10)  # what is sent again sooner is the same letter once more
_DIRECTIVE = re.compile(r"^([A-Z]{3,}[0-9]*:.*|OPRAVA .*|INTERNI)$")
_DUE = re.compile(r"^TERMIN: \{\+(\d+)\}$", re.MULTILINE)
_SIGNED = {people.OUTLOOK, people.OUTLOOK_OLD, people.GMAIL, people.THUNDERBIRD, people.APPLE}


PREPAYS = "hora"  # the company with an agreement, and the rule of the demo
FORGOTTEN_FOR = 20  # days after its invoice a month is invoiced once more, for what was closed late


@dataclass(slots=True)
class Played:
    """What the year came to. surprises: mails that did not become what the story wanted."""

    tickets: int = 0
    mails: int = 0
    letters: int = 0
    invoiced: list[date] = field(default_factory=list)
    supplements: list[date] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)


class DemoMailbox:
    """Everybody's mailbox: carries the desk's letters, remembers what each person has to answer."""

    def __init__(self, folder: Path, young_from: datetime) -> None:
        self._folder = outbox.OutboxFolder(folder)
        self._young_from = young_from
        self._newest: dict[tuple[str, str], Quoted] = {}
        self.carried = 0

    def carry(self, letter: outbox.OutgoingMail, raw: bytes) -> None:
        self.carried += 1
        mail = email.message_from_bytes(raw)
        name, address = parseaddr(str(make_header(decode_header(mail["From"]))))
        body = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
        quoted = Quoted(
            name=name,
            email=address,
            at=letter.queued_at,
            subject=letter.subject,
            message_id=letter.message_id,
            text=bytes(body.get_payload(decode=True)).decode().strip(),
        )
        for recipient in letter.recipients:
            self._newest[letter.ticket, recipient] = quoted
        if letter.queued_at >= self._young_from:
            self._folder.carry(letter, raw)

    def newest(self, ticket: str, recipient: str) -> Quoted | None:
        """The letter of a ticket a person would answer."""
        return self._newest.get((ticket, recipient))


class HastyStore(Store):
    """A store for playing only: a made-up year need not survive a power cut, so nothing waits for the disk."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def house(address: str) -> House:
    """The desk's rules in the demo: the mail server of the made-up Connectica is believed."""
    return House(address=address, trusted_authserv=AUTHSERV)


def set_up(store: Store, today: date) -> None:
    """The companies, the technicians and the price list."""
    for troupe in people.COMPANIES:
        directory.add_company(store, troupe.core_id, troupe.name, [troupe.domain])
    for technician in people.TECHNICIANS:
        directory.add_technician(store, technician.login, technician.name, technician.email)
    for rate in people.RATES:
        prices.add_price(store, rate.category, rate.name, rate.rate, rate.valid_from(today), company=rate.company)


def play(
    store: Store,
    now: datetime,
    *,
    mail_out: Path,
    seed: int = 2026,
    tickets: int = schedule.TICKETS,
    progress: Progress = lambda done, total: None,
) -> Played:
    """Play the year up to now into an empty desk; each past month is invoiced on the next one's first working day."""
    today = clock.prague_day(now)
    programme = schedule.programme(now, seed=seed, tickets=tickets)
    acts = sorted(
        (
            (act.at, number, position)
            for number, story in enumerate(programme)
            for position, act in enumerate(story.acts)
        )
    )
    stage = _Stage(store, programme, DemoMailbox(mail_out, now - KEPT_LETTERS))
    invoices = _invoice_days(today)
    with clock.set_to(clock.start_of(schedule.first_day(today))):
        set_up(store, today)
    for done, (at, number, position) in enumerate(acts, 1):
        while invoices and invoices[0][0] <= at:
            stage.invoice(*invoices.pop(0))
        with clock.set_to(at):
            stage.perform(number, position)
        progress(done, len(acts))
    for moment, month in invoices:
        if moment <= now:
            stage.invoice(moment, month)
    _prepay(store, today)
    return stage.result()


def _prepay(store: Store, today: date) -> None:
    """One company has prepaid hours of the present month, nearly used up; its rates stay those of the price list."""
    since = today.replace(day=1)
    with store.read() as db:
        worked = db.execute(
            "SELECT coalesce(sum(hundredths), 0) AS hundredths FROM time_entry"
            " JOIN ticket ON ticket.id = time_entry.ticket"
            " WHERE ticket.company = ? AND worked_at >= ? AND removed_at IS NULL",
            (PREPAYS, written(clock.start_of(since))),
        ).fetchone()["hundredths"]
    hours = max(1, -(-worked // 90))  # so that nine tenths of it are used, or a little less
    agreements.set_agreement(store, DeskAgreement(PREPAYS, since, f"{hours}.00", carries="5"))


def _invoice_days(today: date) -> list[tuple[datetime, date]]:
    """When each past month is invoiced, oldest first; one of them again for what was closed a week too late."""
    found = []
    month = schedule.first_day(today)
    while (following := (month + timedelta(days=32)).replace(day=1)) <= today:
        day = schedule.working_day_after(following, 0)
        found.append((datetime.combine(day, time(9, 0), clock.PRAGUE), month))
        month = following
    if len(found) > 1:
        moment, month = found[-2]
        found.insert(-1, (moment + timedelta(days=FORGOTTEN_FOR), month))
    return found


class _Stage:
    """One run of the year: which ticket a story became, and what its people have in their mailboxes."""

    def __init__(self, store: Store, programme: list[Performance], postbox: DemoMailbox) -> None:
        self._store, self._programme, self._postbox = store, programme, postbox
        self._tickets: dict[int, str] = {}
        self._result = Played()

    def perform(self, number: int, position: int) -> None:
        performance = self._programme[number]
        act = performance.acts[position]
        ticket = self._tickets.get(number, "")
        is_technician = act.line.speaker == "technician"
        answers = self._postbox.newest(ticket, act.speaker.email)
        if not answers and act.line.speaker == "colleague":  # the employee forwards them the letter
            answers = self._postbox.newest(ticket, performance.employee.email)
        letter = _letter(performance, number, position, answers)
        raw = mail_programs.written(letter)
        if not is_technician:
            domain = act.speaker.email.partition("@")[2]
            raw = f"Authentication-Results: {AUTHSERV}; dkim=pass header.d={domain}\r\n".encode() + raw
        received = intake.receive(self._store, raw, trusted=is_technician)
        outbox.deliver(self._store, self._postbox)
        self._result.mails += 1
        wanted = "answered" if ticket else "opened"
        if received.outcome != wanted or (ticket and received.ticket != ticket):
            self._result.surprises.append(f"{letter.subject} ({letter.sender.email}): {received}")
        self._tickets.setdefault(number, received.ticket)

    def invoice(self, moment: datetime, month: date) -> None:
        with clock.set_to(moment):
            invoicing.invoice(self._store, month, dry_run=False)
        (self._result.supplements if month in self._result.invoiced else self._result.invoiced).append(month)

    def result(self) -> Played:
        self._result.tickets = len(self._tickets)
        self._result.letters = self._postbox.carried
        return self._result


def _letter(performance: Performance, number: int, position: int, answers: Quoted | None) -> ComposedMail:
    """The mail of an act; who has no letter to answer writes under the subject of the story."""
    act = performance.acts[position]
    words = performance.words
    title = _said(performance, act, performance.title)
    subject = f"Re: {answers.subject.removeprefix('Re: ')}" if answers else title
    own = _said(performance, act, _DUE.sub(lambda found: _due(found, act, words), act.line.text))
    files = tuple(_said(performance, act, name) for name in act.line.files)
    return ComposedMail(
        sender=act.speaker,
        to="noc@connectica.cz",
        at=act.at,
        subject=subject,
        message_id=f"<{number:04}.{position}.{int(act.at.timestamp())}@{act.speaker.email.partition('@')[2]}>",
        text=_dressed(own, act, number, position),
        signature=_signature(performance, act.speaker) if _is_signed(act, position) else "",
        files=files,
        inline=act.speaker.program in {people.OUTLOOK, people.GMAIL, people.APPLE} and performance.choice % 2 == 0,
        answers=answers,
    )


def _said(performance: Performance, act: Act, text: str) -> str:
    return stories.say(
        text,
        performance.words,
        choice=performance.choice,
        is_woman=act.speaker.is_woman,
        to_woman=act.addressee.is_woman,
    )


def _due(found: re.Match[str], act: Act, words: dict[str, str]) -> str:
    """A due date is never behind the mail that sets it."""
    day, month, year = (int(part) for part in words[f"+{found.group(1)}"].split(".\u00a0"))
    due = max(date(year, month, day), schedule.working_day_after(clock.prague_day(act.at), 1))
    return f"TERMIN: {due.day}.{due.month}.{due.year}"


def _dressed(own: str, act: Act, number: int, position: int) -> str:
    """The text between a greeting and a farewell, with the technician's lines below it."""
    lines = own.splitlines()
    directives = [line for line in lines if _DIRECTIVE.match(line)]
    text = "\n".join(line for line in lines if line not in directives)
    is_note = "INTERNI" in directives or act.line.speaker == "machine"
    speaker, addressee = act.speaker, act.addressee
    greeting, farewell = "", ""
    if not is_note:
        is_first = position < 2 or (act.line.wait or _LATER) < _LATER
        if act.line.speaker == "technician":
            greeting = f"Dobrý den, {addressee.vocative}," if is_first or number % 3 == 0 else "Dobrý den,"
            farewell = speaker.farewell if is_first else ""
        elif is_first or (number + position) % 3 == 0:
            greeting = speaker.greeting
            farewell = speaker.farewell
    if not greeting:
        text = text[:1].upper() + text[1:]
    return "\n\n".join(part for part in (greeting, text, farewell, "\n".join(directives)) if part)


def _is_signed(act: Act, position: int) -> bool:
    if act.line.speaker == "technician":
        return True
    return act.speaker.program in _SIGNED and (position == 0 or act.speaker.program == people.OUTLOOK)


def _signature(performance: Performance, person: Player) -> str:
    if person in people.TECHNICIANS:
        return f"{person.name}\n{person.work}\nConnectica, s. r. o. · noc@connectica.cz"
    troupe = performance.troupe
    line = sum(map(ord, person.email)) % 90 + 10
    return f"{person.name}\n{person.work}\n{troupe.name}\ntel. {troupe.phone}{line}"
