"""What a mail does to its ticket: an employee's one, and a technician's one with its lines."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from portal.desk.inbound import auto_replies, entry_corrections, mail_commands, message_text, mime
from portal.desk.inbound.entry_corrections import UnclearCorrection
from portal.desk.inbound.mail_commands import NO_DUE_AT, Instructions, Problem
from portal.desk.inbound.message_text import MessageText
from portal.desk.inbound.mime import Address, Mail
from portal.desk.inbound.senders import forwards
from portal.desk.inbound.threads import Place, Standing
from portal.desk.inbound.worktime import Posting
from portal.desk.memo import Memo
from portal.desk.outbound import outgoing
from portal.desk.outbound.outgoing import LetterKind
from portal.desk.settings import House
from portal.desk.ticketing import directory, prices, tickets
from portal.desk.ticketing.directory import DeskTechnician
from portal.desk.ticketing.tickets import DeskTicket
from portal.lib.mail_quotes import reading
from portal.lib.mail_quotes.reading import About, known_people

MOST_EARLIER = 20  # messages in which a quote is looked for
MOST_COPIES = 20  # colleagues in copy who follow a ticket


@dataclass(frozen=True, slots=True)
class Handling:
    """One mail's turn in a conversation, inside the transaction that does all of it."""

    db: sqlite3.Connection
    house: House
    ticket: DeskTicket
    said: Mail
    is_new: bool  # the mail opened the ticket
    sent_to: str = ""  # the envelope's addressees, comma-separated
    received_at: datetime | None = None  # when the mail came in, however late it is read
    memo: Memo = field(default_factory=Memo)

    @property
    def posting(self) -> Posting:
        return Posting(self.db, self.ticket, self.said, opens_ticket=self.is_new, received_at=self.received_at)

    @property
    def copies(self) -> tuple[Address, ...]:
        """Whom else the sender wrote to; nobody when we were in Bcc, for then the sender talks to us alone."""
        ours = {self.house.address.lower(), *self.sent_to.lower().replace(",", " ").split()}
        seen = {person.email for person in self.said.copies if person.email.endswith(f"@{self.house.domain}")}
        return self.said.copies if ours & seen else ()

    def write(self, kind: LetterKind, recipients: Iterable[Address], **facts: Any) -> bool:
        """Write a letter to colleagues; whether there was anybody to write to."""
        return outgoing.write(self.db, self.house, kind, self.ticket, recipients, memo=self.memo, **facts)

    def write_to_company(self, kind: LetterKind, recipients: Iterable[Address], **facts: Any) -> bool:
        """Write a letter in the language of the ticket's company."""
        return self.write(kind, recipients, language=outgoing.language_of(self.db, self.ticket), **facts)

    def write_to_requester(self, kind: LetterKind, **facts: Any) -> None:
        """Write a letter to the requester, who hears from it who joined since the last one."""
        joined = tickets.unannounced(self.db, self.ticket)
        if self.write_to_company(kind, [self.ticket.requester], joined=joined, **facts):
            tickets.note_announced(self.db, self.ticket)

    @property
    def company_name(self) -> str:
        return directory.company(self.db, self.ticket.company).name


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """What the manager decided (approved | declined | expired | withdrawn), on which question, with which words."""

    word: str
    question: str
    note: str


def employee_wrote(turn: Handling, *, proved_by: str, place: Place) -> None:
    """Add the message, reopen what had ended, tell the technician; confirm a new ticket to its requester."""
    db, ticket, said = turn.db, turn.ticket, turn.said
    read = _read(turn, said.sender)
    tickets.add_message(
        db,
        ticket,
        said.sender,
        side="employee",
        text=read.words.text(),
        html=read.html(()),
        files=said.files,
        verified=bool(proved_by),
        proved_by=proved_by,
        dated=mime.dated(said),
    )
    is_outside = place.standing is Standing.OUTSIDE
    if not is_outside:
        tickets.take_part(db, ticket.id, _followers(turn))
    if place.related:
        _link(turn, place.related)
    if turn.is_new:
        _confirm(turn)
    # Whatever state it was in: a mail from an employee is never left unseen.
    reopened = not turn.is_new and tickets.set_state(db, ticket, "open", by=said.sender.name)
    technician = directory.technician_by_login(db, ticket.technician)
    facts = {
        "author": said.sender,
        "text": read.words.told() or read.words.text(),
        "verified": bool(proved_by),
        "is_outside": is_outside,
        "files": said.files,
        # A name that nothing ties to the ticket does not stand beside ours.
        "speaker": said.sender.email if is_outside else said.sender.name,
    }
    if technician:
        to = [outgoing.address_of(technician)]
        turn.write(outgoing.EMPLOYEE_WROTE, to, reopened=reopened, **facts)
    else:
        to = outgoing.dispatchers(db, turn.house)
        company = turn.company_name
        turn.write(outgoing.NEW_TICKET, to, is_new=turn.is_new, company=company, related=place.related, **facts)


def understand(
    db: sqlite3.Connection,
    house: House,
    said: Mail,
    *,
    place: Place,
    technician: DeskTechnician | None,
    memo: Memo,
) -> None:
    """Read the mail as handling it will, so that the memo has it."""
    author = outgoing.address_of(technician) if technician else said.sender
    read = memo.of(message_text.of, said.text, said.html, _about(db, house, place.ticket, said.subject, author))
    if technician:
        _asked(read, prices.categories(db), memo)
    if technician and place.ticket is None:
        requester_of(db, house, said, memo)


def requester_of(db: sqlite3.Connection, house: House, said: Mail, memo: Memo) -> Address:
    """For whom a technician's mail opens a ticket: whom `ZA:` names, or whose mail it forwards, or its sender."""
    named = ""
    if mail_commands.may_name_requester(said.text):
        opening = memo.of(reading.read_text, said.text, About(opening=True, subject=said.subject))
        named = memo.of(mail_commands.read, opening, prices.categories(db)).requester
    forwarded = memo.of(forwards.original_sender, said)
    is_theirs = forwarded is not None and bool(directory.company_of(db, forwarded.email).core_id)
    wanted = forwarded if forwarded and named in {"", forwarded.email} else Address(named, named)
    if not (named or is_theirs) or _is_ours(db, house, wanted.email):
        return said.sender
    return wanted


def _is_ours(db: sqlite3.Connection, house: House, email: str) -> bool:
    return email == house.address.lower() or directory.technician_by_email(db, email) is not None


def technician_wrote(turn: Handling, technician: DeskTechnician) -> None:
    """Do what the lines ask, add what was said, answer the employee, and tell the technician what was not done."""
    db, ticket, said = turn.db, turn.ticket, turn.said
    read = _read(turn, outgoing.address_of(technician))
    asked = _asked(read, prices.categories(db), turn.memo)
    told = read.words.told(asked.taken, asked.cut)
    public = not asked.internal and (read.words.says_anything(asked.taken) or bool(said.files))
    message_id = tickets.add_message(
        db,
        ticket,
        outgoing.address_of(technician),
        side="technician",
        text=read.words.text(asked.taken, asked.cut),
        html=_html(read, asked, prices.categories(db), turn.memo),
        files=said.files,
        public=public,
        dated=mime.dated(said),
    )
    unclear, settled = _correct(turn, asked, technician)
    for code in asked.times:
        worked_at = turn.posting.worked_at(code.day or asked.day)
        tickets.add_time(db, ticket, code, technician, message_id if public else None, worked_at=worked_at)
    refused = [*unclear, *_add_people(turn, asked)]
    owner, problems = _owner(turn, asked, technician, public=public)
    if owner and tickets.assign(db, ticket, owner, by=technician.name):
        _tell_of_owner(turn, owner, technician, told)
    if turn.is_new:
        _confirm(turn)
        _tell_founder(turn, technician)
    elif public:
        _answer(turn, technician, told)
    _follow(turn, asked, technician)
    _reply_with_problems(
        turn,
        technician,
        (*asked.problems, *refused, *_misplaced(turn, asked), *problems),
        (*settled, *_warnings(turn, asked)),
    )


def decided(
    db: sqlite3.Connection, house: House, ticket: DeskTicket, asker: Address | None, decision: DecisionLine
) -> None:
    """Tell the ticket's technician, and who asked, what the manager decided."""
    owner = directory.technician_by_login(db, ticket.technician)
    to = [outgoing.address_of(owner)] if owner else []
    to += [asker] if asker else []
    facts: dict[str, Any] = {"decision": decision.word, "question": decision.question, "text": decision.note}
    outgoing.write(db, house, outgoing.DECIDED, ticket, to or outgoing.dispatchers(db, house), **facts)


def _correct(turn: Handling, asked: Instructions, technician: DeskTechnician) -> tuple[list[Problem], list[Problem]]:
    """Put earlier time right: what was not done and why, and what to know of what was done."""
    unclear, settled = [], []
    for wanted in asked.corrections:
        try:
            known = entry_corrections.follow(turn.db, turn.ticket, technician, wanted)
        except UnclearCorrection as error:
            unclear.append(Problem(wanted.line, str(error)))
        else:
            settled += [Problem(wanted.line, known)] if known else []
    return unclear, settled


def _follow(turn: Handling, asked: Instructions, technician: DeskTechnician) -> None:
    if asked.due:
        due = None if asked.due == NO_DUE_AT else asked.due
        tickets.set_due(turn.db, turn.ticket, due, by=technician.name)
    if asked.confidential is not None:
        tickets.set_confidential(turn.db, turn.ticket, confidential=asked.confidential)
    if asked.state:
        tickets.set_state(turn.db, turn.ticket, asked.state, by=technician.name)
    for question in asked.questions:
        tickets.ask_approval(turn.db, turn.ticket, question, technician)


def _link(turn: Handling, related: DeskTicket) -> None:
    """Tell technicians that a mail named a ticket its sender has no part in; each of the two names the other."""
    sender = turn.said.sender.email
    tickets.add_note(
        turn.db,
        turn.ticket,
        f"{sender} píše k požadavku {related.number}, ale nemá v něm účast. Přidáte ho tam řádkem PRIDAT: {sender}",
    )
    tickets.add_note(turn.db, related, f"{sender} psal k tomuto požadavku a má vlastní: {turn.ticket.number}.")


def _followers(turn: Handling) -> list[Address]:
    """The sender and colleagues in copy, all of the ticket's company: a stranger never gets to read along.

    A confidential ticket gets further readers by a technician's line only.
    """
    home = turn.ticket.company
    people = [] if turn.ticket.confidential else [turn.said.sender, *turn.copies[:MOST_COPIES]]
    return [person for person in people if home and directory.company_of(turn.db, person.email).core_id == home]


def _confirm(turn: Handling) -> None:
    if auto_replies.is_quiet(turn.said):
        return
    kind = outgoing.RECEIVED if turn.ticket.company else outgoing.RECEIVED_FROM_STRANGER
    turn.write_to_requester(kind)


def _answer(turn: Handling, technician: DeskTechnician, words: str) -> None:
    """Each follower gets a letter of their own, and so nobody learns whom else we wrote to."""
    for person in tickets.participants(turn.db, turn.ticket):
        facts = {"speaker": technician.name, "text": words, "files": turn.said.files}
        if person.email == turn.ticket.requester.email and person.email != technician.email:
            turn.write_to_requester(outgoing.ANSWER, **facts)
        elif person.email != technician.email:
            turn.write_to_company(outgoing.ANSWER, [person], **facts)


def _owner(
    turn: Handling, asked: Instructions, technician: DeskTechnician, *, public: bool
) -> tuple[DeskTechnician | None, list[Problem]]:
    """Who is responsible from now on (None: as before), and what was wrong with the one who was named."""
    db = turn.db
    if not asked.technician:
        does_something = public or bool(asked.times) or bool(asked.state)
        founds = turn.is_new and turn.ticket.requester.email != technician.email
        takes_it = turn.ticket.technician is None and (does_something or founds)
        return (technician if takes_it else None), []
    named = directory.technician_by_login(db, asked.technician) or directory.technician_by_email(db, asked.technician)
    if named:
        return named, []
    known = ", ".join(person.login for person in directory.technicians(db))
    return None, [Problem(f"RESI: {asked.technician}", f"takového technika neznáme; známe: {known}")]


def _add_people(turn: Handling, asked: Instructions) -> list[Problem]:
    """Let those take part whom the technician named; who was refused, and why."""
    refused = []
    for address in asked.people:
        company = directory.company_of(turn.db, address)
        if company.core_id and company.core_id != turn.ticket.company:
            reason = f"adresa patří společnosti {company.name}, cizí požadavek číst nemůže"
            refused.append(Problem(f"PRIDAT: {address}", reason))
        else:
            tickets.take_part(turn.db, turn.ticket.id, [Address(address, address)])
    return refused


def _misplaced(turn: Handling, asked: Instructions) -> list[Problem]:
    if not asked.requester or asked.requester == turn.ticket.requester.email:
        return []
    reason = "zadavatele určuje jen e-mail, kterým požadavek vzniká, a technik jím být nemůže"
    return [Problem(f"ZA: {asked.requester}", reason)]


def _tell_founder(turn: Handling, technician: DeskTechnician) -> None:
    """Tell a technician whose ticket they opened."""
    if turn.ticket.requester.email != technician.email:
        turn.write(outgoing.FOUNDED, [outgoing.address_of(technician)], company=turn.company_name)


def _tell_of_owner(turn: Handling, owner: DeskTechnician, by: DeskTechnician, words: str) -> None:
    # A stranger is told no more than that the mail arrived, and what technicians answer.
    if turn.ticket.company and turn.ticket.requester.email != owner.email:
        turn.write_to_requester(outgoing.ASSIGNED, speaker=owner.name)
    if owner.login != by.login:
        to = [outgoing.address_of(owner)]
        turn.write(outgoing.HANDED_OVER, to, speaker=by.name, company=turn.company_name, text=words)


def _warnings(turn: Handling, asked: Instructions) -> list[Problem]:
    """What was done, and is probably not what the technician wanted."""
    known = prices.categories(turn.db)
    found = [
        Problem(str(code), "tuto kategorii ceník nezná, čas zatím nemá cenu")
        for code in asked.times
        if code.category not in known
    ]
    if any(not (code.day or asked.day) for code in asked.times) and turn.posting.is_misdated:
        advice = "takové datum e-mailu nebereme, čas je na den, kdy přišel; jiný den napište řádkem DNE: 26.11.2026"
        found.append(Problem(f"Date: {turn.said.header('Date')}", advice))
    state = asked.state or turn.ticket.state
    if state == "done" and (asked.state or asked.times) and tickets.has_time_to_invoice(turn.db, turn.ticket):
        advice = "na požadavku je nevyfakturovaný čas; k fakturaci pošlete STAV: be invoiced"
        found.append(Problem("STAV: dokončené", advice))
    return found


def _reply_with_problems(
    turn: Handling, technician: DeskTechnician, problems: Iterable[Problem], warnings: Iterable[Problem]
) -> None:
    told = {"problems": [_short(it) for it in problems], "warnings": [_short(it) for it in warnings]}
    if any(told.values()):
        turn.write(outgoing.NOT_UNDERSTOOD, [outgoing.address_of(technician)], **told)


def _short(problem: Problem) -> Problem:
    return replace(problem, line=mime.one_line(problem.line, 200), reason=mime.one_line(problem.reason, 300))


def _read(turn: Handling, author: Address) -> MessageText:
    """The mail read with what the desk knows: who took part, what was said before."""
    ticket = None if turn.is_new else turn.ticket
    about = _about(turn.db, turn.house, ticket, turn.said.subject, author)
    return turn.memo.of(message_text.of, turn.said.text, turn.said.html, about)


def _about(db: sqlite3.Connection, house: House, ticket: DeskTicket | None, subject: str, author: Address) -> About:
    """What the desk knows of a mail. ticket: None when the mail opens it."""
    ours = [house.address, *(technician.email for technician in directory.technicians(db))]
    names = [house.name, author.name, *(technician.name for technician in directory.technicians(db))]
    people = [ticket.requester, *tickets.participants(db, ticket)] if ticket else []
    return About(
        opening=ticket is None,
        subject=subject,
        author=(author.name, author.email),
        known=known_people(
            addresses=[author.email, *ours, *(person.email for person in people)],
            domains={address.rpartition("@")[2] for address in ours},
            names=[*names, *(person.name for person in people)],
        ),
        earlier=tuple(tickets.texts(db, ticket, newest=MOST_EARLIER)) if ticket else (),
    )


def _asked(read: MessageText, categories: frozenset[str], memo: Memo) -> Instructions:
    """What the mail's lines ask for. Where text and HTML say different times, the technician is told."""
    asked = memo.of(mail_commands.read, read.words.reading, categories)
    version = read.plain if read.words is read.rich else read.rich
    times = memo.of(mail_commands.read, version.reading, categories).times if version else ()
    if not times or Counter(asked.times) == Counter(times):
        return asked
    if not asked.times:
        return replace(asked, times=times)
    said, booked = (", ".join(str(code) for code in codes) for codes in (times, asked.times))
    differs = Problem(said, f"v textu a v HTML e-mailu jsou různé časy, započítali jsme {booked}")
    return replace(asked, problems=(*asked.problems, differs))


def _html(read: MessageText, asked: Instructions, categories: frozenset[str], memo: Memo) -> str:
    """The HTML without the lines meant for us; none when they cannot be told apart in it."""
    if read.rich is None or read.words is read.rich:
        return read.html(asked.taken, asked.cut)
    there = memo.of(mail_commands.read, read.rich.reading, categories)
    return read.html(there.taken, there.cut, also=[read.words.written[at] for at in sorted(asked.taken)])
