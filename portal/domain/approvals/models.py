"""Approvals: "may we serve this?", asked by staff or a technician, decided once by a manager."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, ScalarSelect, Select, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, db
from portal.db.enums import EnumText
from portal.domain.companies.contacts import Employee
from portal.domain.companies.models import Company
from portal.domain.companies.reader import Reader
from portal.domain.tickets import confidentiality
from portal.domain.tickets.models import State, Ticket
from portal.errors import NotFound
from portal.lib.i18n import msgid
from portal.lib.labels import Labelled
from portal.lib.text import fold


class ApprovalState(Labelled):
    """Every one but open is final."""

    OPEN = "open", msgid("Waiting"), "warn"
    APPROVED = "approved", msgid("Approved"), "ok"
    DECLINED = "declined", msgid("Declined"), "bad"
    EXPIRED = "expired", msgid("Expired"), "muted"
    WITHDRAWN = "withdrawn", msgid("Withdrawn"), "muted"


class AtExpiry(Labelled):
    """What was promised to happen when nobody decides in time."""

    SERVE = "serve", msgid("we will serve it")
    DECLINE = "decline", msgid("we will not serve it")
    STAY = "stay", msgid("it stays open")


class Scope(Labelled):
    """How far a decision reaches beyond its own ticket."""

    TICKET = "ticket", msgid("this ticket only")
    UNTIL = "until", msgid("this employee until a date")
    ALWAYS = "always", msgid("this employee always")
    NEVER = "never", msgid("this employee never")


class Channel(Labelled):
    """The way a decision came."""

    PORTAL = "portal", msgid("in the portal")
    LINK = "link", msgid("by the link in a mail")
    CONSENT = "consent", msgid("by a standing consent")
    EXPIRY = "expiry", msgid("by the deadline")
    CORE = "core", msgid("by Connectica")


class Turn(StrEnum):
    """Whose move an open approval is."""

    MANAGER = "manager"
    STAFF = "staff"


class ApprovalStep(Labelled):
    """What a line of an approval's record says."""

    ASKED = "asked", msgid("asked")
    ASKED_BACK = "asked_back", msgid("asks back")
    ANSWERED = "answered", msgid("answered")
    MAIL = "mail", msgid("wrote by mail, which decides nothing")
    REMINDED = "reminded", msgid("reminded the approvers")
    OVERDUE = "overdue", msgid("nobody decided in time, it stays open")
    APPROVED = "approved", msgid("approved")
    DECLINED = "declined", msgid("declined")
    EXPIRED = "expired", msgid("nobody decided in time")
    WITHDRAWN = "withdrawn", msgid("withdrew the question")


PAGE = 30  # decided approvals of one page


class Approval(Base):
    """One question about one ticket, and its one decision. Names are kept as they were when it happened."""

    __tablename__ = "approval"
    __table_args__ = (
        Index(
            "uq_approval_open",
            "ticket_id",
            "question_key",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_approval_listed", "company_id", "state", "id"),
        Index("ix_approval_due", "state", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    core_id: Mapped[str | None] = mapped_column(unique=True)  # None when it was asked in the portal
    question: Mapped[str]
    question_key: Mapped[str]  # the same words are the same question
    reason: Mapped[str] = mapped_column(default="")
    asked_by: Mapped[str]
    asked_by_email: Mapped[str] = mapped_column(default="")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("approval_rule.id"))  # the company's rule that asked it
    asked_at: Mapped[datetime]
    state: Mapped[ApprovalState] = mapped_column(EnumText(ApprovalState), default=ApprovalState.OPEN)
    turn: Mapped[Turn] = mapped_column(EnumText(Turn), default=Turn.MANAGER)
    expires_at: Mapped[datetime]
    at_expiry: Mapped[AtExpiry] = mapped_column(EnumText(AtExpiry))
    overdue_at: Mapped[datetime | None]  # when it was found undecided and stayed open, as promised
    reminders_sent: Mapped[int] = mapped_column(default=0)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_for: Mapped[str] = mapped_column(default="")  # the manager in whose place a deputy decided
    decided_for_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[Channel | None] = mapped_column(EnumText(Channel, nothing=""), nullable=False)
    note: Mapped[str] = mapped_column(default="")
    scope: Mapped[Scope | None] = mapped_column(EnumText(Scope, nothing=""), nullable=False)
    valid_until: Mapped[date | None]
    own_request: Mapped[bool] = mapped_column(default=False)  # decided by its requester, the only manager

    @property
    def is_open(self) -> bool:
        return self.state == ApprovalState.OPEN

    @property
    def may_be_served(self) -> bool | None:
        """The answer to the question; None while there is none."""
        if self.state == ApprovalState.EXPIRED:
            return self.at_expiry == AtExpiry.SERVE
        return _MEANINGS.get(self.state)

    @property
    def reference(self) -> str:
        """The mark in a letter by which a reply that quotes it is recognised."""
        return f"[S{self.id}]"

    @property
    def waits_for_manager(self) -> bool:
        """The deadline runs only then: nobody loses time to a question they asked back."""
        return self.is_open and self.turn == Turn.MANAGER

    @property
    def is_overdue(self) -> bool:
        return self.waits_for_manager and now() >= self.expires_at

    @property
    def is_too_late(self) -> bool:
        """Past the deadline with a promise that ends it: no answer counts any more."""
        return self.is_overdue and self.at_expiry != AtExpiry.STAY


_MEANINGS = {ApprovalState.APPROVED: True, ApprovalState.DECLINED: False}


class ApprovalEvent(Base):
    """One line of an approval's record: appended, never changed."""

    __tablename__ = "approval_event"
    __table_args__ = (UniqueConstraint("approval_id", "message_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[ApprovalStep] = mapped_column(EnumText(ApprovalStep))
    by: Mapped[str] = mapped_column(default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(default="")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # the mail it was read from


@dataclass(frozen=True, slots=True)
class ApprovalCard:
    """An approval with what a list shows of its ticket."""

    approval: Approval
    ticket_number: str
    ticket_tag: str  # leads the subjects of letters
    ticket_subject: str
    ticket_state: State
    requester_id: int
    requester: str
    requester_email: str
    company: str
    company_id: int
    is_confidential: bool
    language: str = field(default="cs")  # of the company


def waiting(reader: Reader) -> list[ApprovalCard]:
    """Open approvals on which it is the company's move, the soonest due first."""
    mine = _visible_to(reader).where(Approval.state == ApprovalState.OPEN, Approval.turn == Turn.MANAGER)
    return _cards(mine.order_by(Approval.expires_at, Approval.id))


def waiting_count(reader: Reader) -> int:
    """How many of them."""
    return db.session.scalar(select(how_many_wait(reader))) or 0


def how_many_wait(reader: Reader) -> ScalarSelect[int]:
    """The same as a part of a statement."""
    mine = _visible_to(reader).where(Approval.state == ApprovalState.OPEN, Approval.turn == Turn.MANAGER)
    return mine.with_only_columns(func.count(Approval.id)).scalar_subquery()


def staff_count() -> int:
    """How many open approvals of all companies wait for Connectica's words: staff only."""
    wanted = select(func.count(Approval.id)).where(Approval.state == ApprovalState.OPEN, Approval.turn == Turn.STAFF)
    return db.session.scalar(wanted) or 0


def asked_back(reader: Reader) -> list[ApprovalCard]:
    """Open approvals on which the company waits for Connectica's words."""
    mine = _visible_to(reader).where(Approval.state == ApprovalState.OPEN, Approval.turn == Turn.STAFF)
    return _cards(mine.order_by(Approval.expires_at, Approval.id))


def decided(reader: Reader, *, before: int | None = None, limit: int = PAGE) -> list[ApprovalCard]:
    """Approvals that are over, the newest first; before is the id the last page ended with."""
    mine = _visible_to(reader).where(Approval.state != ApprovalState.OPEN)
    if before is not None:
        mine = mine.where(Approval.id < before)
    return _cards(mine.order_by(Approval.id.desc()).limit(limit))


def show(reader: Reader, approval_id: int) -> ApprovalCard:
    """One approval of the company. Raises NotFound."""
    return _only(_visible_to(reader).where(Approval.id == approval_id))


def of_ticket(reader: Reader, ticket_id: int) -> list[Approval]:
    """All approvals of one ticket, oldest first: quiet lines of its conversation."""
    mine = _visible_to(reader).where(Approval.ticket_id == ticket_id).order_by(Approval.id)
    return [card.approval for card in _cards(mine)]


def of_ticket_for_staff(ticket_id: int) -> list[Approval]:
    """All approvals of one ticket of any company, the newest first: staff only."""
    wanted = _with_ticket().where(Approval.ticket_id == ticket_id).order_by(Approval.id.desc())
    return [card.approval for card in _cards(wanted)]


def history(approval: Approval) -> Sequence[ApprovalEvent]:
    """Everything that happened to an approval, in order."""
    mine = select(ApprovalEvent).where(ApprovalEvent.approval_id == approval.id)
    return db.session.scalars(mine.order_by(ApprovalEvent.at, ApprovalEvent.id)).all()


def card(approval_id: int) -> ApprovalCard:
    """One approval of any company: for staff, for links and for what runs by itself. Raises NotFound."""
    return _only(_with_ticket().where(Approval.id == approval_id))


def open_everywhere() -> list[ApprovalCard]:
    """Open approvals of all companies, the oldest first: staff only."""
    return _cards(_with_ticket().where(Approval.state == ApprovalState.OPEN).order_by(Approval.asked_at, Approval.id))


def decided_everywhere(since: datetime) -> list[ApprovalCard]:
    """Approvals of all companies that ended at that moment or later, the newest first: staff only."""
    ended = _with_ticket().where(Approval.state != ApprovalState.OPEN, Approval.decided_at >= since)
    return _cards(ended.order_by(Approval.decided_at.desc(), Approval.id.desc()).limit(PAGE))


def is_closed(ticket_state: State, withdrawn_at: datetime | None) -> bool:
    """Nothing can be asked or decided any more about a ticket that is done, in error or gone."""
    return withdrawn_at is not None or ticket_state in {State.DONE, State.ERROR}


def question_key(question: str) -> str:
    """The same words, however spaced, cased or accented, are the same question."""
    return hashlib.sha256(fold(question).encode()).hexdigest()


def wrote_down(
    approval: Approval,
    kind: ApprovalStep,
    *,
    by: str = "",
    by_id: int | None = None,
    text: str = "",
    message_id: int | None = None,
) -> None:
    """Append one line to an approval's record, in the caller's transaction."""
    event = ApprovalEvent(approval_id=approval.id, at=now(), kind=kind, by=by, by_id=by_id, text=text)
    event.message_id = message_id
    db.session.add(event)


def _visible_to(reader: Reader) -> Select:
    """A question about a confidential ticket is there for those alone who may read that: see deputies.deciding."""
    mine = _with_ticket().where(Approval.company_id == reader.company_id, Ticket.withdrawn_at.is_(None))
    return mine.where(confidentiality.tells(reader))


def _with_ticket() -> Select:
    return (
        select(Approval, Ticket, Employee, Company)
        .join(Ticket, Ticket.id == Approval.ticket_id)
        .join(Employee, Employee.id == Ticket.requester_id)
        .join(Company, Company.id == Approval.company_id)
    )


def _only(wanted: Select) -> ApprovalCard:
    for found in _cards(wanted):
        return found
    raise NotFound


def _cards(wanted: Select) -> list[ApprovalCard]:
    return [_card(row.Approval, row.Ticket, row.Employee, row.Company) for row in db.session.execute(wanted)]


def _card(approval: Approval, ticket: Ticket, requester: Employee, company: Company) -> ApprovalCard:
    return ApprovalCard(
        approval=approval,
        ticket_number=ticket.number,
        ticket_tag=ticket.mail_tag,
        ticket_subject=ticket.subject,
        ticket_state=ticket.state,
        requester_id=requester.id,
        requester=requester.name or requester.email,
        requester_email=requester.email,
        company=company.name,
        company_id=company.id,
        is_confidential=ticket.is_confidential,
        language=company.language,
    )
