"""Links that let one approver decide one approval without signing in: shown to nobody else, kept only as a hash."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import now
from portal.db import Base, db
from portal.domain.approvals.models import Approval
from portal.domain.users.models import Person
from portal.errors import NotFound
from portal.lib import tokens

SHOWN_AFTER = timedelta(days=30)  # past the deadline: whoever opens the mail late still learns how it ended


class ApprovalLink(Base):
    """One link in one letter. Used: its one answer was given. Revoked: another came in its place."""

    __tablename__ = "approval_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)  # sha256 of the token, in hex
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


def make(approval: Approval, person: Person) -> str:
    """A new link for this person and this approval, in the caller's transaction; its path is told only once."""
    token, kept = tokens.new()
    db.session.add(
        ApprovalLink(
            approval_id=approval.id,
            person_id=person.id,
            token_hash=kept,
            made_at=now(),
            expires_at=max(approval.expires_at, now()) + SHOWN_AFTER,
        )
    )
    return f"/decide/{token}"


def genuine(token: str) -> ApprovalLink:
    """The link a token belongs to. Raises NotFound for every token that was not made here, was revoked or is over."""
    link = db.session.scalar(select(ApprovalLink).where(ApprovalLink.token_hash == tokens.hash_of(token)))
    if link is None or link.revoked_at is not None or now() >= link.expires_at:
        raise NotFound
    return link


def use_up(approval_id: int, person_id: int) -> None:
    """The answer was given: this person's links for this approval take no other. In the caller's transaction."""
    _mark(ApprovalLink.person_id == person_id, ApprovalLink.approval_id == approval_id, used_at=now())


def kill_all(approval_id: int) -> None:
    """After a decision every link of the approval only tells how it ended. In the caller's transaction."""
    _mark(ApprovalLink.approval_id == approval_id, used_at=now())


def revoke(approval_id: int, person_id: int) -> None:
    """Others may have seen the link, in a reply for instance: it opens nothing now. In the caller's transaction."""
    _mark(ApprovalLink.person_id == person_id, ApprovalLink.approval_id == approval_id, revoked_at=now())


def _mark(*which, **values) -> None:
    (column,) = values
    db.session.execute(update(ApprovalLink).where(*which, getattr(ApprovalLink, column).is_(None)).values(**values))
