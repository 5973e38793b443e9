"""The audit log: who did or opened what; appended, never changed, readable by the company."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


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
