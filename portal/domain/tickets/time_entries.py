"""Time entries: what will be billed, and every earlier version of it."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class TimeEntry(Base):
    """Hours of one technician in one price category, under one message or an internal note."""

    __tablename__ = "time_entry"
    __table_args__ = (
        Index("ix_time_entry_in_order", "company_id", "worked_day", "worked_at", "id"),
        Index("ix_time_entry_invoiced", "company_id", "invoiced_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    core_id: Mapped[str] = mapped_column(unique=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    technician_id: Mapped[int] = mapped_column(ForeignKey("technician.id"))
    category: Mapped[str]
    hours: Mapped[Decimal]
    worked_at: Mapped[datetime]
    worked_day: Mapped[date]  # in Prague: the day it is billed
    invoiced_on: Mapped[date | None]  # the last day of the invoiced period
    first_noticed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class TimeEntryVersion(Base):
    """An earlier state of an entry, written when its hours, category, day or existence changed."""

    __tablename__ = "time_entry_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    time_entry_id: Mapped[int] = mapped_column(ForeignKey("time_entry.id"), index=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    category: Mapped[str]
    hours: Mapped[Decimal]
    worked_at: Mapped[datetime]
    worked_day: Mapped[date]
    invoiced_on: Mapped[date | None]
    was_withdrawn: Mapped[bool] = mapped_column(default=False)  # the entry did not exist before this change
    replaced_at: Mapped[datetime]  # when the mirror noticed the change
