"""Data for tests of the domain and of pages: rows as the sync would have written them, told in few words."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from pathlib import Path

from sqlalchemy import delete, select

from portal import clock
from portal.db import collation, db
from portal.domain.accounts.passkeys import Passkey
from portal.domain.companies.contacts import Employee, Technician
from portal.domain.companies.models import Company
from portal.domain.sync_state import MirrorState
from portal.domain.tickets.attachments import Attachment, path_of
from portal.domain.tickets.models import Message, State, Ticket, TicketCount, TicketEvent, TicketText
from portal.domain.tickets.time_entries import TimeEntry
from portal.domain.users import models as people
from portal.domain.users.models import Person

PASSWORD = "correct horse"
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$ESLEuPc+B2BsLWVsbc0Z4w$aNj0qVqJKz0fv8xvTt9N6CoLhxGGYAzAuSu2xOSwxyk"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

_numbers = count(1)


def company(name: str, **values) -> Company:
    return _kept(Company(core_id=_core_id(), name=name, **values))


def person(
    owner: Company | None, *, role: str, email: str, name: str = "Jana Nováková", language: str = "cs"
) -> Person:
    """An account whose password is "correct horse": hashed cheaply, tests sign in often."""
    return people.add(
        email=email, name=name, company=owner, role=role, language=language, password_hash=PASSWORD_HASH
    )


def employee(owner: Company, name: str = "Řehoř Kučera", email: str = "") -> Employee:
    email = email or f"{collation.fold(name).replace(' ', '.')}@company{owner.id}.example"
    found = db.session.scalar(select(Employee).where(Employee.company_id == owner.id, Employee.email == email))
    return found or _kept(Employee(company_id=owner.id, email=email, name=name))


def technician(name: str = "Petr Svoboda") -> Technician:
    email = f"{collation.fold(name).replace(' ', '.')}@connectica.example"
    return db.session.scalar(select(Technician).where(Technician.email == email)) or _kept(
        Technician(email=email, name=name)
    )


def ticket(
    owner: Company,
    subject: str = "Nefunguje tiskárna v účtárně",
    *,
    state: State = State.OPEN,
    number: str = "",
    requester: Employee | None = None,
    served_by: Technician | None = None,
    opened_at: datetime | None = None,
    **values,
) -> Ticket:
    """A ticket of a company, opened an hour ago by Řehoř Kučera unless said otherwise."""
    opened_at = opened_at or clock.now() - timedelta(hours=1)
    made = Ticket(
        core_id=_core_id(),
        company_id=owner.id,
        number=number or str(20260000 + next(_numbers)),
        subject=subject,
        state=state.value,
        requester_id=(requester or employee(owner)).id,
        technician_id=served_by and served_by.id,
        opened_at=opened_at,
        **({"changed_at": opened_at} | values),
    )
    return _kept(made)


def message(
    of: Ticket,
    body: str = "<p>Dobrý den, prosím o pomoc.</p>",
    *,
    side: str = "employee",
    author: str = "Řehoř Kučera",
    sent_at: datetime | None = None,
    **values,
) -> Message:
    made = Message(
        core_id=_core_id(),
        ticket_id=of.id,
        side=side,
        author_name=author,
        author_email="someone@somewhere.example",
        sent_at=sent_at or of.opened_at,
        body=body,
        **values,
    )
    return _kept(made)


def time_entry(
    of: Ticket,
    hours: str = "1.00",
    category: str = "PROGP85",
    *,
    under: Message | None = None,
    by: Technician | None = None,
    worked_at: datetime | None = None,
    **values,
) -> TimeEntry:
    worked_at = worked_at or (under.sent_at if under else of.opened_at)
    made = TimeEntry(
        core_id=_core_id(),
        company_id=of.company_id,
        ticket_id=of.id,
        message_id=under and under.id,
        technician_id=(by or technician()).id,
        category=category,
        hours=Decimal(hours),
        worked_at=worked_at,
        worked_day=clock.prague_day(worked_at),
        **({"first_noticed_at": worked_at} | values),
    )
    of.hours = (of.hours or Decimal(0)) + Decimal(hours)
    return _kept(made)


def event(of: Ticket, kind: str, new: str, *, old: str = "", by: str = "", at: datetime | None = None) -> TicketEvent:
    return _kept(
        TicketEvent(core_id=_core_id(), ticket_id=of.id, kind=kind, at=at or of.opened_at, old=old, new=new, by=by)
    )


def attachment(
    of: Message,
    name: str = "snímek.png",
    *,
    media_type: str = "image/png",
    data: bytes | None = b"bytes",
    folder: Path | None = None,
    **values,
) -> Attachment:
    """A file of a message; its bytes are put into the folder of attachments when one is given."""
    digest = sha256(data).hexdigest() if data is not None and folder else None
    if digest:
        path = path_of(folder, digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    made = Attachment(
        core_id=_core_id(),
        message_id=of.id,
        name=name,
        media_type=media_type,
        size=len(data or b""),
        sha256=digest,
        **values,
    )
    return _kept(made)


def passkey(of: Person, name: str = "Telefon") -> Passkey:
    """A passkey no device has: it can be listed and removed."""
    made = Passkey(
        person_id=of.id,
        credential_id=_core_id(),
        public_key=b"",
        sign_count=0,
        user_handle="",
        name=name,
        added_at=clock.now(),
    )
    return _kept(made)


def settle(*, reached_at: datetime | None = None) -> None:
    """Counters, search texts and the mirror's age as the sync leaves them. Commits."""
    db.session.execute(delete(TicketCount))
    db.session.execute(delete(TicketText))
    visible = list(db.session.scalars(select(Ticket).where(Ticket.withdrawn_at.is_(None))))
    for (company_id, state), tickets in Counter((one.company_id, one.state) for one in visible).items():
        db.session.add(TicketCount(company_id=company_id, state=state, tickets=tickets))
    for one in visible:
        said = db.session.scalars(select(Message.body).where(Message.ticket_id == one.id))
        asked_by = db.session.get(Employee, one.requester_id)
        words = [one.number, one.subject, asked_by.name, asked_by.email, *said]
        if one.technician_id:
            words.append(db.session.get(Technician, one.technician_id).name)
        db.session.add(TicketText(ticket_id=one.id, company_id=one.company_id, text=collation.fold(" ".join(words))))
    state = db.session.get(MirrorState, 1) or MirrorState(id=1)
    state.reached_at = reached_at or clock.now()
    db.session.add(state)
    db.session.commit()


def _kept(row):
    db.session.add(row)
    db.session.flush()
    return row


def _core_id() -> str:
    return f"sample-{next(_numbers)}"
