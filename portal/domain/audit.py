"""The audit log: who did or opened what; appended, never changed, readable by the company."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.db import Base, db
from portal.domain.companies import Company

SIGNED_IN, SIGNED_OUT, SIGN_IN_FAILED = "signed_in", "signed_out", "sign_in_failed"
INVITED, INVITATION_WITHDRAWN, JOINED = "invited", "invitation_withdrawn", "joined"
PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event
ROLE_CHANGED, ACCESS_ENDED = "role_changed", "access_ended"
ADDRESS_WISHED, ADDRESS_STOPPED, ADDRESS_CHANGED = "address_wished", "address_stopped", "address_changed"
SSO_LINKED, SSO_UNLINKED, SSO_REFUSED = "sso_linked", "sso_unlinked", "sso_refused"
ACCOUNT_MADE = "account_made"  # by the person, who had proved who they are to their company
OPENED_TICKET, DOWNLOADED, SETTINGS_CHANGED = "opened_ticket", "downloaded", "settings_changed"
SECOND_FACTOR_ON, SECOND_FACTOR_OFF = "second_factor_on", "second_factor_off"  # codes of an app
PASSKEY_ADDED, PASSKEY_REMOVED = "passkey_added", "passkey_removed"
RECOVERY_CODES_MADE, RECOVERY_CODE_USED = "recovery_codes_made", "recovery_code_used"
SECOND_FACTOR_RESET = "second_factor_reset"  # all of it taken away by an administrator
SECOND_FACTOR_REQUIRED, SECOND_FACTOR_NOT_REQUIRED = "second_factor_required", "second_factor_not_required"
PROOF_FAILED = "proof_failed"  # a wrong second proof, or a wrong answer to "is it still you?"
SESSIONS_ENDED = "sessions_ended"  # by the person, from another session

MOST_CHARACTERS = 200  # of what it was about: a number or a name, never a text


class AuditEvent(Base):
    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_read", "company_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    what: Mapped[str]  # one of a few words: signed_in, opened_ticket, downloaded, decided, …
    about: Mapped[str] = mapped_column(default="")  # a number or a name, never a text
    address: Mapped[str] = mapped_column(default="")  # the client's IP


def of_company(company: Company, *, newest: int = 200) -> list[AuditEvent]:
    """What happened in a company, newest first."""
    wanted = select(AuditEvent).where(AuditEvent.company_id == company.id).order_by(AuditEvent.id.desc())
    return list(db.session.scalars(wanted.limit(newest)))


def note(
    what: str, *, company_id: int | None = None, person_id: int | None = None, about: str = "", address: str = ""
) -> None:
    """Write down that something was done or opened. Commits, so that it is kept whatever comes after."""
    db.session.execute(
        insert(AuditEvent).values(
            company_id=company_id, person_id=person_id, at=clock.now(), what=what,
            about=about[:MOST_CHARACTERS], address=address,
        )
    )  # fmt: skip
    db.session.commit()
